"""The command ``wellspring sheet``."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.raw.detection import FoundPlate
    from wellspring.sheet.writing import WellFolder

__all__ = ["add_command"]

_ABOUT = """\
Without --pattern and --format: finds out which microscope or program wrote the folder, prints a map of each plate with
what is missing, and writes the sheet of wells and a commented config.
"""


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it sets ``run``, a function of the parsed arguments."""
    meaning = "write the sheet of wells from what a folder holds"
    sheet = commands.add_parser("sheet", help=meaning, description=f"{meaning.capitalize()}. {_ABOUT}")
    sheet.add_argument("folder", type=Path, help="folder of the plate, or of several")
    sheet.add_argument("--format", help="a raw format of docs/formats.md; default: tiff with --pattern, else found out")
    sheet.add_argument(
        "--pattern",
        help="file names (tiff), for instance '{well}_s{site}_{channel}.tif'; parts: {plate} {well} {site} {channel} "
        "{z}, {_} to ignore; without {well}, each subfolder is a well",
    )
    sheet.add_argument("--plate", help="name of the plate; default: {plate} in the pattern, the index, or the folder's")
    sheet.add_argument("--output", type=Path, default=Path("wells.tsv"), help="default: wells.tsv")
    sheet.add_argument(
        "--config", type=Path, help="config to write, without --pattern; default: config.yaml next to the sheet"
    )
    sheet.add_argument(
        "--append", action="store_true", help="add wells that the sheet does not list yet; all that is there is kept"
    )
    sheet.add_argument("--force", action="store_true", help="replace a sheet that lists wells already, and a config")
    sheet.set_defaults(run=_run, parser=sheet)


def _run(args: argparse.Namespace) -> None:
    from wellspring.raw.finding import mpm_wells, tiff_wells

    kind = args.format or ("tiff" if args.pattern is not None else None)
    if (kind == "tiff") != (args.pattern is not None):
        args.parser.error("--pattern is needed for tiff, and only for tiff (for MPM wells: --format mpm)")
    if kind == "mpm":
        _write(mpm_wells(args.folder, plate=args.plate), args=args)
    elif kind == "tiff":
        _write(tiff_wells(args.folder, pattern=args.pattern, plate=args.plate), args=args)
    else:
        _write_found(kind, args=args)


def _write(wells: "Sequence[WellFolder]", *, args: argparse.Namespace) -> None:
    from wellspring.sheet.writing import append_to_sheet, write_sheet

    if args.append:
        added = append_to_sheet(args.output, wells)
        plates = len({well.plate for well in added})
        print(f"{args.output}: {len(added)} wells of {plates} plate(s) added, {len(wells) - len(added)} were there")
        return
    write_sheet(args.output, wells, force=args.force)
    print(f"{args.output}: {len(wells)} wells of {len({well.plate for well in wells})} plate(s)")


def _write_found(kind: str | None, *, args: argparse.Namespace) -> None:
    from wellspring.errors import InputError
    from wellspring.raw.detection import ORDER, found_plates
    from wellspring.raw.plate_index import plate_notes
    from wellspring.raw.plate_map import checked_images, plate_map, plate_summary

    if kind is not None and kind not in ORDER:
        args.parser.error(f"--format: expected one of tiff, mpm, {', '.join(ORDER)}, got {kind}")
    plates = found_plates(args.folder, only=kind)
    wells: list[WellFolder] = []
    for one in plates:
        index = one.index
        images = checked_images(index)
        print(f"{one.folder}: plate {index.plate}, raw.format {index.format}, from {one.source.name}")
        for name, reason in one.others.items():
            print(f"  not {name}: {reason}")
        for line in [*plate_summary(index, images), *plate_notes(index), *plate_map(index, images)]:
            print(f"  {line}")
        if (images["state"] != "").all():
            raise InputError(
                f"{one.folder}: expected images, but none of the {len(images)} that the index names can be used; the "
                f"first: {images['state'].iloc[0]} ({index.root}/{images['file'].iloc[0]}). Copy the plate again."
            )
        print(f"  {_first_well(one, images)}")
        wells += _wells(one, usable=set(images.loc[images["state"] == "", "well"]), plate=args.plate)
    if args.plate is not None and len(plates) > 1:
        raise InputError(
            f"--plate: expected one plate for the name {args.plate}, found {len(plates)} in {args.folder}."
        )
    _write(wells, args=args)
    _write_config(plates, args=args)


def _first_well(found: "FoundPlate", images: "pd.DataFrame") -> str:
    """What the files of the first well with all images say: their sizes, and planes without copies."""
    from wellspring.errors import InputError
    from wellspring.raw.describe import describe_well

    index = found.index
    bad = images.groupby("well", sort=False)["state"].agg(_any_text)
    names = list(bad.index[~bad]) or list(bad.index)
    raw: dict[str, object] = {"format": index.format, "channels": None, "rename": {}, "pixel_size_um": None}
    try:
        well = describe_well(found.folder, plate="", well=str(names[0]), raw={**raw, "time": int(images["time"].min())})
    except (InputError, OSError) as error:
        return f"the files of well {names[0]} cannot be read: {error}"
    planes = ", ".join(f"{name} {' or '.join(map(str, counts))}" for name, counts in well.n_planes.items())
    height, width = well.headers[0].height_width
    size = "unknown" if well.pixel_size_um is None else f"{well.pixel_size_um:.4g} µm"
    step = "" if well.plane_spacing_um is None else f", {well.plane_spacing_um:.4g} µm apart"
    what = f"well {names[0]}" if names[0] else "the well"
    return (
        f"{what} as its files are read: fields of {height} x {width} px of {size}, {well.dtype}; planes: {planes}{step}"
    )


def _any_text(states: "pd.Series") -> bool:
    return bool((states != "").any())


def _wells(found: "FoundPlate", *, usable: set[str], plate: str | None) -> "list[WellFolder]":
    """The wells with images; of a folder that is one well, the folder."""
    from wellspring.sheet.writing import WellFolder

    folder = found.folder.absolute()
    names = list(dict.fromkeys(name for name in found.index.images["well"] if name in usable))
    if names == [""]:
        return [WellFolder(plate or _name(folder.parent.name), _name(folder.name), folder)]
    return [WellFolder(plate or _name(found.index.plate or folder.name), name, folder) for name in names]


def _name(text: str) -> str:
    """A name as plates and wells may have it: other characters become ``_``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-") or "plate"


def _write_config(plates: "Sequence[FoundPlate]", *, args: argparse.Namespace) -> None:
    from wellspring.files import replaced_when_whole
    from wellspring.raw.proposals import proposed_config

    path = args.config or args.output.with_name("config.yaml")
    if path.exists() and not args.force:
        print(
            f"{path}: kept, there is a config already; add --force to replace it. Its raw.format must be "
            f"{plates[0].index.format}",
            file=sys.stderr,
        )
        return
    text = proposed_config([one.index for one in plates], sheet=str(args.output))
    with replaced_when_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"{path}: written; the channels are to be set in it")
