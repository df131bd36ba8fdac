"""Sets of OME files."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.ome_sets import ome_sources

    return ome_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.ome_sets import ome_tiff_index

    return ome_tiff_index(sources, folder=folder)


READER = PlateReader("ome-tiff", "wellspring.raw.vendors.ome_sets", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="sets of OME-TIFF files that belong together, with or without a .companion.ome; a "
    "folder is a well or a plate",
)
