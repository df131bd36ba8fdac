"""TIFF and OME-TIFF: a well as site images, whose names say what they show."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wellspring.raw.formats import RawFormat
from wellspring.raw.index import ImageHeader, WellIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["METHOD"]


def _files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    from wellspring.raw.names import matching_files

    without = raw.get("without", ())
    return [match.path for match in matching_files(path, pattern=raw["pattern"], well=well, without=without)]


def _describe(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    from wellspring.raw.tiff import describe_tiff

    named = {key: raw[key] for key in ("pattern", "channels", "pixel_size_um")}
    rename = {str(old): str(new) for old, new in (raw.get("rename") or {}).items()}
    return describe_tiff(path, plate=plate, well=well, rename=rename, without=raw.get("without", ()), **named)


def _planes(header: ImageHeader, *, path: Path) -> "Iterator[NDArray[np.uint16]]":
    from wellspring.raw.tiff import read_planes

    return read_planes(header, path=path)


_NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "uniqueItems": True}

METHOD = RawFormat(
    name="tiff",
    meaning="site images as plain TIFF, ImageJ or OME-TIFF, planes or z-stacks",
    required=("pattern",),
    settings={
        "pattern": {
            "description": 'File names, with parts in braces, for instance "{well}_s{site}_{channel}.tif". Parts are '
            "{well}, {site}, {channel}, {z}, {plate}, and {_} for what is ignored.",
            "type": "string",
            "minLength": 1,
        },
        "channels": {
            "description": "Names of the channels of a file, in its order, where neither its name nor its metadata "
            "give them. If given, every site must have these channels. null = from names or metadata.",
            "oneOf": [{"type": "null"}, _NAMES],
            "default": None,
        },
        "rename": {
            "description": 'Other names of channels, as {name in the files: name}, for instance {"0": DAPI}. All '
            "other keys use the new names.",
            "type": "object",
            "additionalProperties": {"type": "string", "minLength": 1},
            "default": {},
        },
        "projection": {
            "description": "How the planes of a z-stack become one image.",
            "enum": ["max", "mean"],
            "meanings": {"max": "the brightest plane at each pixel", "mean": "the mean over the planes"},
            "default": "max",
        },
        "pixel_size_um": {
            "description": "Side of a pixel. null = from the file's metadata, where present.",
            "unit": "µm",
            "oneOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0, "maximum": 50}],
            "default": None,
        },
        "background": {
            "description": "Background of each channel, as channel and intensity; it is subtracted from the "
            "intensities, and the result is at least 0. Channels that are not listed have none.",
            "unit": "intensity",
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0},
            "default": {},
        },
    },
    files=_files,
    describe=_describe,
    planes=_planes,
    indexed=("pattern", "channels", "rename", "pixel_size_um"),
)
