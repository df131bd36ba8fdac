"""Nikon ND2 files."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.container_index import container_sources

    return container_sources(folder, ending=".nd2")


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.container_index import container_index

    return container_index(sources, folder=folder, name="nd2")


READER = PlateReader("nd2", "wellspring.raw.vendors.container_index", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="Nikon ND2 files (extra `nd2` of the package); images named by well, files named by well, or a file a well",
)
