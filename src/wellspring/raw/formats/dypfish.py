"""Single cells in DypFISH's HDF5 layout: molecules as points, or intensity, with masks and MTOC."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.raw.formats import RawFormat
from wellspring.raw.index import WellIndex

__all__ = ["METHOD"]


def _files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    from wellspring.raw.dypfish import split_path

    return [split_path(path)[0]]


def _describe(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    from wellspring.raw.dypfish import describe_cell_images

    return describe_cell_images(path, plate=plate, well=well)


METHOD = RawFormat(
    name="dypfish",
    meaning="images of single cells in DypFISH's HDF5 layout; a path is FILE.h5/mrna/GENE/TIME or "
    "FILE.h5/protein/GENE/TIME",
    files=_files,
    describe=_describe,
)
