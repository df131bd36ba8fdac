"""The command line: ``wellspring sheet``, ``wellspring config``, ``wellspring plan``, ..."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path

from wellspring.errors import InputError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line on standard error (2: the command line itself is wrong)."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except (InputError, OSError) as error:
        print(f"wellspring {args.command}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    """The commands of all packages that have a module `command`; importing one is quick, running it need not be."""
    parser = argparse.ArgumentParser(prog="wellspring", description="From raw microscopy wells to paper figures.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    folder = Path(__file__).parent
    names = [one.name for one in pkgutil.iter_modules([str(folder)]) if (folder / one.name / "command.py").is_file()]
    for name in names:
        importlib.import_module(f"wellspring.{name}.command").add_command(commands)
    _add_stages(commands)
    return parser


def _add_stages(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    stages = commands.add_parser("stages", help="list the stages of the workflow, in their order")
    stages.set_defaults(run=_run_stages)


def _run_stages(args: argparse.Namespace) -> None:
    from wellspring.stage import stages

    found = stages()
    width = max(len(one.name) for one in found)
    for one in found:
        after = f" (after {', '.join(one.after)})" if one.after else ""
        print(f"{one.name:<{width}}  {one.summary}{after}")


if __name__ == "__main__":
    sys.exit(main())
