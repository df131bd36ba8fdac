"""Tables of molecules and outlines: a well as points, with cells and nuclei as polygons or labels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.raw.formats import RawFormat
from wellspring.raw.index import WellIndex

__all__ = ["METHOD"]

_KEYS = ("points", "outlines", "nuclei")


def _files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    from wellspring.raw.points import parts_of, point_files

    return [part for file in point_files(path, well=well, raw=raw).values() for part in parts_of(file)]


def _describe(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    from wellspring.raw.points import describe_points

    return describe_points(path, plate=plate, well=well, raw=raw)


_NAME = {"type": "string", "minLength": 1}

METHOD = RawFormat(
    name="points",
    meaning="tables of molecules and of outlines of cells and nuclei",
    required=("points", "outlines", "pixel_size_um"),
    settings={
        "points": {
            "description": "Table of molecules in the well's folder; {well} is replaced by the well's name. CSV, "
            "Parquet or Bento's H5AD with the columns cell, gene, x, y and perhaps z. Without cell, molecules belong "
            "to the cell that they are in.",
            **_NAME,
        },
        "outlines": {
            "description": "Outlines of cells, and of nuclei: CSV (cell, shape, vertex, x, y), GeoJSON, GeoParquet, "
            "H5AD, or a label image of cells (TIFF).",
            **_NAME,
        },
        "nuclei": {
            "description": "Outlines or labels of nuclei, if they are in a file of their own. null = they are not.",
            "oneOf": [{"type": "null"}, _NAME],
            "default": None,
        },
        "pixel_size_um": {
            "description": "By which the coordinates of all files are multiplied; 1 if they are in µm.",
            "unit": "µm",
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 50,
        },
        "z_step_um": {
            "description": "By which z is multiplied. null = as x and y.",
            "unit": "µm",
            "oneOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0}],
            "default": None,
        },
    },
    files=_files,
    describe=_describe,
    indexed=(*_KEYS, "pixel_size_um", "z_step_um"),
)
