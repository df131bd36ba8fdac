"""OME-Zarr plates."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.ome_zarr import ome_zarr_sources

    return ome_zarr_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.ome_zarr import ome_zarr_index

    return ome_zarr_index(sources, folder=folder)


def _contents(file: Path) -> list[Path]:
    from wellspring.raw.zarr_arrays import chunks_of

    return chunks_of(file)


READER = PlateReader("ome-zarr", "wellspring.raw.vendors.ome_zarr", _sources, _parse, contents=_contents)
METHOD = format_of_plates(
    READER,
    meaning="OME-Zarr plates, 0.4 and 0.5, sharded or not",
)
