"""The command line: ``wellspring sheet``, ``wellspring plan``, ``wellspring simulate``, ..."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from wellspring.errors import InputError
from wellspring.plan.command import add_command as add_plan
from wellspring.sheet.writing import mpm_wells, tiff_wells, write_sheet
from wellspring.simulation.command import add_commands
from wellspring.spots.points import add_command as add_points

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
    parser = argparse.ArgumentParser(prog="wellspring", description="From raw microscopy wells to paper figures.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_sheet(commands)
    add_commands(commands)
    add_points(commands)
    add_plan(commands)
    return parser


def _add_sheet(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sheet = commands.add_parser("sheet", help="write the sheet of wells from what lies in a folder")
    sheet.add_argument("folder", type=Path, help="folder of the plate, or of several")
    sheet.add_argument("--format", choices=["tiff", "mpm"], default="tiff", help="default: tiff")
    sheet.add_argument(
        "--pattern",
        help="file names (tiff), for instance '{well}_s{site}_{channel}.tif'; parts: {plate} {well} {site} {channel} "
        "{z}, {_} to ignore; without {well}, each subfolder is a well",
    )
    sheet.add_argument("--plate", help="name of the plate; default: {plate} in the pattern, or the folder's name")
    sheet.add_argument("--output", type=Path, default=Path("wells.tsv"), help="default: wells.tsv")
    sheet.add_argument("--force", action="store_true", help="replace a sheet that is there")
    sheet.set_defaults(run=_run_sheet, parser=sheet)


def _run_sheet(args: argparse.Namespace) -> None:
    if (args.format == "tiff") != (args.pattern is not None):
        args.parser.error("--pattern is needed for tiff, and only for tiff (for MPM wells: --format mpm)")
    if args.format == "mpm":
        wells = mpm_wells(args.folder, plate=args.plate)
    else:
        wells = tiff_wells(args.folder, pattern=args.pattern, plate=args.plate)
    write_sheet(args.output, wells, force=args.force)
    print(f"{args.output}: {len(wells)} wells of {len({well.plate for well in wells})} plate(s)")


if __name__ == "__main__":
    sys.exit(main())
