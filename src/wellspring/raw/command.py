"""The command ``wellspring sheet``."""

import argparse
from pathlib import Path

__all__ = ["add_command"]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    sheet = commands.add_parser("sheet", help="write the sheet of wells from what a folder holds")
    sheet.add_argument("folder", type=Path, help="folder of the plate, or of several")
    sheet.add_argument("--format", choices=["tiff", "mpm"], default="tiff", help="default: tiff")
    sheet.add_argument(
        "--pattern",
        help="file names (tiff), for instance '{well}_s{site}_{channel}.tif'; parts: {plate} {well} {site} {channel} "
        "{z}, {_} to ignore; without {well}, each subfolder is a well",
    )
    sheet.add_argument("--plate", help="name of the plate; default: {plate} in the pattern, or the folder's name")
    sheet.add_argument("--output", type=Path, default=Path("wells.tsv"), help="default: wells.tsv")
    sheet.add_argument(
        "--append", action="store_true", help="add wells that the sheet does not list yet; all that is there is kept"
    )
    sheet.add_argument("--force", action="store_true", help="replace a sheet that lists wells already")
    sheet.set_defaults(run=_run, parser=sheet)


def _run(args: argparse.Namespace) -> None:
    from wellspring.raw.finding import mpm_wells, tiff_wells
    from wellspring.sheet.writing import append_to_sheet, write_sheet

    if (args.format == "tiff") != (args.pattern is not None):
        args.parser.error("--pattern is needed for tiff, and only for tiff (for MPM wells: --format mpm)")
    if args.format == "mpm":
        wells = mpm_wells(args.folder, plate=args.plate)
    else:
        wells = tiff_wells(args.folder, pattern=args.pattern, plate=args.plate)
    if args.append:
        added = append_to_sheet(args.output, wells)
        plates = len({well.plate for well in added})
        print(f"{args.output}: {len(added)} wells of {plates} plate(s) added, {len(wells) - len(added)} were there")
        return
    write_sheet(args.output, wells, force=args.force)
    print(f"{args.output}: {len(wells)} wells of {len({well.plate for well in wells})} plate(s)")
