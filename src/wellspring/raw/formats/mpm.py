"""Multiplexed protein maps: a well as a table of pixels that were measured per nucleus."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.raw.formats import RawFormat
from wellspring.raw.index import WellIndex

if TYPE_CHECKING:
    from wellspring.raw.pixels import PixelTable

__all__ = ["METHOD"]

_TABLES = ("cell_cycle_table", "wells_table", "background_table")


def _files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    from wellspring.raw.mpm_files import mpm_files

    return mpm_files(path, tables={key: raw[key] for key in _TABLES})


def _describe(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    from wellspring.raw.mpm import describe_mpm

    return describe_mpm(path, plate=plate, well=well, tables={key: raw[key] for key in _TABLES})


def _pixels(index: WellIndex, *, raw: Mapping[str, Any]) -> "PixelTable":
    from wellspring.raw.mpm import read_mpm

    shape = raw["mosaic_shape_px"]
    size = None if shape is None else (shape[0], shape[1])
    return read_mpm(index, mosaic_shape_px=size, background_rows=raw["background_rows"])


def _columns(path: Path, *, raw: Mapping[str, Any]) -> set[str] | None:
    from wellspring.raw.mpm_files import mpm_columns

    return mpm_columns(path, tables={key: raw[key] for key in _TABLES})


def _table(default: str, description: str) -> dict[str, Any]:
    return {"description": description, "type": ["string", "null"], "default": default}


_LENGTHS = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}

METHOD = RawFormat(
    name="mpm",
    meaning="multiplexed protein maps: a folder per well with mpp.npy, x.npy, y.npy, mapobject_ids.npy, metadata.csv, "
    "channels.csv",
    settings={
        "mosaic_shape_px": {
            "description": "Height and width of the well's mosaic; a coordinate beyond them is an error. null = only "
            "negative coordinates are errors.",
            "unit": "px",
            "oneOf": [{"type": "null"}, _LENGTHS],
            "default": None,
        },
        "cell_cycle_table": _table(
            "cell_cycle_classification.csv",
            "Table of cell cycle phases, looked for in the two folders above the well. null = not used.",
        ),
        "wells_table": _table(
            "wells_metadata.csv",
            "Table of well annotations, looked for in the two folders above the well. null = not used.",
        ),
        "background_table": _table(
            "secondary_only_relative_normalisation.csv",
            "Table of the background of each channel, which is subtracted from the intensities (the result is at "
            "least 0); looked for in the two folders above the well. null = no background.",
        ),
        "background_rows": {
            "description": "Rows of the background table that are used, as column and value.",
            "type": "object",
            "additionalProperties": {"type": ["string", "number"]},
            "default": {"measurement_type": "non-cell", "cell_line": "HeLa"},
        },
    },
    files=_files,
    describe=_describe,
    pixels=_pixels,
    columns=_columns,
    indexed=_TABLES,
)
