"""Yokogawa CellVoyager (CV7000, CV8000, CQ1, CQ3000)."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.yokogawa import yokogawa_sources

    return yokogawa_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.yokogawa import yokogawa_index

    return yokogawa_index(sources, folder=folder)


READER = PlateReader("yokogawa", "wellspring.raw.vendors.yokogawa", _sources, _parse)
METHOD = format_of_plates(
    READER, meaning="Yokogawa CellVoyager (CV7000, CV8000, CQ1, CQ3000): MeasurementData.mlf with TIFF or PNG files"
)
