"""What `make real` needs in addition to the workflow: the sheet of the three Cell Painting wells."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from wellspring.files import replaced_when_whole
from wellspring.raw.finding import tiff_wells
from wellspring.sheet.writing import write_sheet

__all__ = ["main", "write_real_sheet"]

CONFIG = Path(__file__).parents[1] / "config" / "real" / "config.yaml"
PLATE = "Plate_2"

_IMAGES = "nf1_cellpainting3ch/dev"
# Treatments of these wells are not published; what is known of them is whether they lie at the edge of the plate.
_EDGE = re.compile(r"[AH]\d+|[A-H](0?1|12)")


def write_real_sheet(data: Path, sheet: Path) -> int:
    """Write the sheet of the wells below `data`, with a column `position` (edge or inner); return their number.

    Raises
    ------
    FileNotFoundError
        When the images are not there; the message says how to get them.
    """
    images = data / _IMAGES
    if not images.is_dir():
        raise FileNotFoundError(
            f"{images}: expected the Cell Painting images there. Fetch them with `python bench/download.py "
            "FOLDER` and set WELLSPRING_DATA=FOLDER, or set it to the folder that holds nf1_cellpainting3ch."
        )
    pattern = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["raw"]["pattern"]
    wells = tiff_wells(images, pattern=pattern, plate=PLATE)
    write_sheet(sheet, wells, force=True)
    rows = pd.read_csv(sheet, sep="\t", dtype=str)
    rows = rows.assign(position=["edge" if _EDGE.fullmatch(well) else "inner" for well in rows["well"]])
    with replaced_when_whole(sheet) as temporary:
        rows.to_csv(temporary, sep="\t", index=False)
    return len(wells)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line on standard error."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sheet = commands.add_parser("sheet", help="write the sheet")
    sheet.add_argument("--data", type=Path, required=True, help="folder of the public image sets")
    sheet.add_argument("--output", type=Path, required=True, help="the sheet")
    args = parser.parse_args(arguments)
    try:
        n_wells = write_real_sheet(args.data, args.output)
    except (ValueError, OSError) as error:
        print(f"real: {error}", file=sys.stderr)
        return 1
    print(f"{args.output}: {n_wells} wells")
    return 0


if __name__ == "__main__":
    sys.exit(main())
