"""The command ``wellspring try``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]

_MEANING = "segment one field and find its spots with several settings, and show them next to each other"
_ABOUT = """\
Nothing of the run's results is read or written but the illumination of the plate, where it is there. A key that is set
several times is tried with each of its values, several keys with all combinations; the config as it is comes first.
"""


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    tried = commands.add_parser("try", help=_MEANING, description=f"{_MEANING.capitalize()}. {_ABOUT}")
    tried.add_argument("config", type=Path, help="config of the study (YAML)")
    tried.add_argument("--well", required=True, help="a well of the sheet, for instance B02")
    tried.add_argument("--plate", help="its plate; needed where several have such a well (or --well plate1/B02)")
    tried.add_argument("--site", help="the field; default: the first of the well")
    tried.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="for instance spots.sigma_px=1.3; the value is YAML; may be repeated, also for one key",
    )
    tried.add_argument("--directory", type=Path, default=Path(), help="folder of the run; default: this one")
    tried.add_argument("--output", type=Path, default=Path("try.html"), help="HTML or PNG file; default: try.html")
    tried.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.tuning.job import try_settings

    for line in try_settings(
        args.config,
        plate=args.plate,
        well=args.well,
        site=args.site,
        settings=args.set,
        folder=args.directory,
        output=args.output,
    ):
        print(line)
