"""The command ``wellspring plan``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]

_SNAKEFILE = Path(__file__).resolve().parents[3] / "Snakefile"


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    plan = commands.add_parser("plan", help="what a run will take, from the records of earlier runs; runs nothing")
    plan.add_argument("targets", nargs="*", help="files that are wanted; default: the report")
    plan.add_argument("--configfile", type=Path, help="default: config/config.yaml in the folder of the run")
    plan.add_argument("--directory", type=Path, default=Path(), help="folder of the run; default: this one")
    plan.add_argument("--snakefile", type=Path, default=_SNAKEFILE, help="default: that of this checkout")
    plan.add_argument(
        "--records",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="folders of earlier runs, in addition to the folder of the run itself",
    )
    plan.add_argument("--forceall", action="store_true", help="count jobs whose results are there already, too")
    plan.add_argument(
        "--other-settings", action="store_true", help="use records made with other settings, or that do not say theirs"
    )
    plan.add_argument("--cores", type=int, nargs="+", default=[], help="bounds of the wall time on this many cores")
    plan.add_argument("--gpus", type=int, default=1, help="GPUs in addition; default: 1")
    plan.add_argument(
        "--job-overhead-s", type=float, default=0.0, help="time of a job before its work begins, s; default: 0"
    )
    plan.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.plan.printing import print_plan

    print_plan(args)
