"""Molecular Devices ImageXpress."""

from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.raw.format_of_plates import format_of_plates
from wellspring.raw.plate_readers import PlateReader

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.raw.plate_index import PlateIndex

__all__ = ["METHOD", "READER"]


def _sources(folder: Path) -> list[Path]:
    from wellspring.raw.vendors.metaxpress import metaxpress_sources

    return metaxpress_sources(folder)


def _parse(sources: list[Path], *, folder: Path) -> "PlateIndex":
    from wellspring.raw.vendors.metaxpress import metaxpress_index

    return metaxpress_index(sources, folder=folder)


def _refined(rows: "pd.DataFrame", *, root: Path) -> "tuple[pd.DataFrame, list[str]]":
    from wellspring.raw.vendors.metaxpress import without_copies

    return without_copies(rows, root=root)


READER = PlateReader("metaxpress", "wellspring.raw.vendors.metaxpress", _sources, _parse, refined=_refined)
METHOD = format_of_plates(
    READER, meaning="Molecular Devices ImageXpress: exports of MetaXpress (HTD), folders of its database, HCS.ai"
)
