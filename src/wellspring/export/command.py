"""The command ``wellspring view``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    view = commands.add_parser("view", help="show the images, labels and spots of a well in napari")
    view.add_argument("plate")
    view.add_argument("well")
    view.add_argument("--results", type=Path, default=Path("results"), help="folder of the results; default: results")
    view.add_argument("--projection", choices=("max", "mean"), default="max", help="of stacks; default: max")
    view.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.export.view import show, view_layers

    layers = view_layers(args.results, plate=args.plate, well=args.well, projection=args.projection)
    show(layers, title=f"{args.plate} / {args.well}")
