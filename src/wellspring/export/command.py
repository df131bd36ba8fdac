"""The commands ``wellspring view`` and ``wellspring crate``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands; each sets ``run``, a function of the parsed arguments."""
    view = commands.add_parser("view", help="show the images, labels and spots of a well in napari")
    view.add_argument("plate")
    view.add_argument("well")
    view.add_argument("--results", type=Path, default=Path("results"), help="folder of the results; default: results")
    view.add_argument("--projection", choices=("max", "mean"), default="max", help="of stacks; default: max")
    view.set_defaults(run=_view)
    crate = commands.add_parser("crate", help="describe a finished run as a Workflow Run RO-Crate")
    crate.add_argument("--results", default="results", help="folder of the results, below this one; default: results")
    crate.add_argument("--title", default="Results of wellspring", help="of the study")
    crate.add_argument(
        "--license",
        default="https://spdx.org/licenses/CC-BY-4.0",
        help="address of the licence of the results; default: CC BY 4.0",
    )
    crate.set_defaults(run=_crate)


def _view(args: argparse.Namespace) -> None:
    from wellspring.export.view import show, view_layers

    layers = view_layers(args.results, plate=args.plate, well=args.well, projection=args.projection)
    show(layers, title=f"{args.plate} / {args.well}")


def _crate(args: argparse.Namespace) -> None:
    import wellspring
    from wellspring.errors import InputError
    from wellspring.export.crate import write_crate

    results = Path(args.results)
    if results.is_absolute() or ".." in results.parts:
        raise InputError(
            f"--results: expected a folder below this one, got {args.results}. Change to the study's folder."
        )
    snakefile = Path(wellspring.__file__).parents[2] / "workflow" / "Snakefile"
    path, n_jobs = write_crate(
        Path(), results=results.as_posix(), snakefile=snakefile, title=args.title, license_=args.license
    )
    print(f"{path}: {n_jobs:,} jobs")
