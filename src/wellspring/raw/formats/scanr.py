"""Evident (Olympus) scanR."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.ome_sets import scanr_sources

    return scanr_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.ome_sets import scanr_index

    return scanr_index(sources, folder=folder)


READER = PlateReader("scanr", "wellspring.raw.vendors.ome_sets", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="Evident (Olympus) scanR: metadata.ome.xml and its TIFF files",
)
