"""Micro-Manager's image stacks."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.micromanager import micromanager_sources

    return micromanager_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.micromanager import micromanager_index

    return micromanager_index(sources, folder=folder)


READER = PlateReader("micromanager", "wellspring.raw.vendors.micromanager", _sources, _parse)
METHOD = format_of_plates(
    READER,
    meaning="Micro-Manager image stacks (NAME_MMStack_Pos0.ome.tif); a folder is a well, "
    "or a plate where positions are named so",
)
