"""A raw format whose plates have an index, from what reads that index: its keys are the same for all such formats."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.raw.formats import RawFormat
from wellspring.raw.index import ImageHeader, WellIndex
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["format_of_plates"]

_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True}
_SETTINGS: dict[str, dict[str, Any]] = {
    "channels": {
        "description": "Channels that are used, in the order wanted; a site without one of them is left out. null = "
        "all, in the order of the index.",
        "oneOf": [{"type": "null"}, _NAMES],
        "default": None,
    },
    "rename": {
        "description": "Other names of channels, as {name in the index: name}. All other keys use the new names.",
        "type": "object",
        "additionalProperties": {"type": "string", "minLength": 1},
        "default": {},
    },
    "time": {
        "description": "Time point that is used, by its number in the index. null = the only one.",
        "oneOf": [{"type": "null"}, {"type": "integer", "minimum": 0}],
        "default": None,
    },
    "mosaic": {
        "description": "What the fields of a well are, where their positions are known.",
        "enum": ["fields", "cut"],
        "meanings": {
            "fields": "each field is a site",
            "cut": "fields that form a complete grid become one image; overlaps are cut at the middle",
        },
        "default": "fields",
    },
    "projection": {
        "description": "How the planes of a z-stack become one image.",
        "enum": ["max", "mean"],
        "meanings": {"max": "the brightest plane at each pixel", "mean": "the mean over the planes"},
        "default": "max",
    },
    "pixel_size_um": {
        "description": "Side of a pixel. null = from the index or the files; the report shows both.",
        "unit": "µm",
        "oneOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0, "maximum": 50}],
        "default": None,
    },
    "background": {
        "description": "Background of each channel, as channel and intensity; it is subtracted from the intensities, "
        "and the result is at least 0. Channels that are not listed have none.",
        "unit": "intensity",
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 0},
        "default": {},
    },
}


def format_of_plates(reader: PlateReader, *, meaning: str) -> RawFormat:
    """The raw format that reads wells through the index of their plate."""
    return RawFormat(
        name=reader.name,
        meaning=meaning,
        settings=_SETTINGS,
        files=partial(_files, reader=reader),
        describe=partial(_describe, reader=reader),
        planes=_planes,
        reader=reader,
        state=partial(_state, reader=reader),
        indexed=("channels", "rename", "time", "mosaic", "pixel_size_um"),
    )


def _files(path: Path, *, well: str, raw: Mapping[str, Any], reader: PlateReader) -> list[Path]:
    from wellspring.raw.indexed import files_of_indexed_well

    return files_of_indexed_well(path, well=well, raw=raw, reader=reader)


def _describe(path: Path, *, plate: str, well: str, raw: Mapping[str, Any], reader: PlateReader) -> WellIndex:
    from wellspring.raw.indexed import describe_indexed

    return describe_indexed(path, plate=plate, well=well, raw=raw, reader=reader)


def _state(path: Path, *, well: str, raw: Mapping[str, Any], reader: PlateReader) -> str:
    from wellspring.raw.indexed import digest_of_rows

    return digest_of_rows(path, well=well, raw=raw, reader=reader)


def _planes(header: ImageHeader, *, path: Path) -> "Iterator[NDArray[np.uint16]]":
    from wellspring.raw.plane_files import read_plane

    yield read_plane(path, header.number)[None]
