"""CellProfiler's LoadData table."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.loaddata import loaddata_sources

    return loaddata_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.loaddata import loaddata_index

    return loaddata_index(sources, folder=folder)


READER = PlateReader("loaddata", "wellspring.raw.vendors.loaddata", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="CellProfiler's LoadData table (load_data.csv), as the Cell Painting Gallery has them",
)
