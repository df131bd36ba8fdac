"""From a well's index to its cells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.cells.crops import extract_cells
from wellspring.quality.correction import Correction, corrected
from wellspring.raw.index import WellIndex
from wellspring.raw.pixels import PixelTable, read_pixels

__all__ = ["run"]


def run(
    index: WellIndex,
    labels: Path | None,
    correction: Correction,
    shard: Path,
    *,
    settings: Mapping[str, Any],
    image_size: int,
    others: Path | None = None,
) -> pd.DataFrame:
    """Write the crops of a well to `shard` and return its table `CELLS`, see `extract_cells`.

    Parameters
    ----------
    labels
        Label images that the wells' sites are cut by; None: the well's format stores pixels of known objects.
    correction
        What is done to images before they are cut.
    settings
        The keys of the config's block ``raw`` that the format reads pixels by: `RawFormat.settings_of_pixels`.
    image_size
        Side in px of the square image that a model will see.
    others
        Label images of the same sites whose ids count too where objects are numbered; see `pixels_of_labels`.
    """
    if labels is None:
        table = read_pixels(index, settings=settings)
    else:
        table = _cut(index, labels, correction, settings, others=others)
    return extract_cells(table, shard, plate=index.plate, well=index.well, image_size=image_size)


def _cut(
    index: WellIndex, labels: Path, correction: Correction, settings: Mapping[str, Any], *, others: Path | None
) -> PixelTable:
    # Pixels of known objects need none of these.
    from wellspring.cells.labelled import pixels_of_labels
    from wellspring.raw.images import read_sites
    from wellspring.segmentation.labels import read_labels

    background = settings["background"]
    sites = corrected(read_sites(index, projection=settings["projection"]), correction, background=background)
    found = read_labels(labels, of_well=True)
    return pixels_of_labels(
        sites,
        found,
        channels=index.channels,
        background=background,
        source=index.path,
        others=None if others is None else read_labels(others, of_well=True),
    )
