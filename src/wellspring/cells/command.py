"""The command ``wellspring features``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    features = commands.add_parser("features", help="list the features of cells: unit, meaning, formula")
    features.add_argument("--output", type=Path, help="write the list, Markdown, to this file; without: print it")
    features.add_argument("--force", action="store_true", help="replace the file")
    features.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from wellspring.cells.features.page import features_page
    from wellspring.errors import InputError
    from wellspring.files import replaced_when_whole

    if args.output is None:
        print(features_page(), end="")
        return
    if args.output.exists() and not args.force:
        raise InputError(f"{args.output}: is there already; give --force to replace it, or another name.")
    with replaced_when_whole(args.output) as temporary:
        temporary.write_text(features_page(), encoding="utf-8")
    print(f"{args.output}: written")
