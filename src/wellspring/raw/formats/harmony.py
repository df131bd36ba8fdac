"""Revvity Harmony: Opera Phenix and Operetta."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.harmony import harmony_sources

    return harmony_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.harmony import harmony_index

    return harmony_index(sources, folder=folder)


READER = PlateReader("harmony", "wellspring.raw.vendors.harmony", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="Revvity Opera Phenix and Operetta: the index of Harmony (Index.idx.xml, Index.xml) and its TIFF files",
)
