"""Spots of each well: the table, and what its figures share."""

import numpy as np
import pandas as pd

from wellspring.quality.report.left_out import left_out_per_well
from wellspring.spots.doubts import NO_DOUBT, joined_doubts
from wellspring.spots.tables import SPOT_QUALITY

__all__ = ["DOUBTFUL", "ImageKey", "joined_of_sites", "number_of_doubtful", "spots_table"]

DOUBTFUL = "#D55E00"
_IMAGE = ["plate", "well", "channel"]

ImageKey = tuple[str, str, str]
"""Plate, well, channel."""


def spots_table(
    thresholds: pd.DataFrame, cells: pd.DataFrame, spots: pd.DataFrame, *, left_out: pd.DataFrame
) -> pd.DataFrame:
    """One row per well and channel (table `SPOT_QUALITY`).

    Parameters
    ----------
    thresholds, cells, spots
        Tables `WELL_SPOT_THRESHOLDS`, `WELL_SPOTS_PER_CELL` and `WELL_SPOTS` of all wells. A well of which every site
        was left out has no row.
    left_out
        Table `KEPT_SITES` of the sites that were left out.
    """
    groups = thresholds.groupby(_IMAGE, sort=False)
    table = groups.agg(
        n_images=("site", "size"),
        n_doubtful=("doubts", number_of_doubtful),
        doubts=("doubts", joined_of_sites),
        instability=("instability", "max"),
        threshold=("threshold", "median"),
        n_added=("n_added", "sum"),
    )
    per_cell = cells.groupby(_IMAGE)["n_spots"]
    in_cell = spots[spots["label_in_site"] > 0]
    counts = {
        "n_cells": per_cell.size(),
        "n_spots": spots.groupby(_IMAGE).size(),
        "n_in_cells": in_cell.groupby(_IMAGE).size(),
        "n_in_foci": in_cell[in_cell["focus_id"] > 0].groupby(_IMAGE).size(),
    }
    for name, values in counts.items():
        table[name] = values.reindex(table.index, fill_value=0).astype(np.int64)
    found = {"mean_per_cell": per_cell.mean(), "median_per_cell": per_cell.median(), **_ranges(cells)}
    for name in ("snr", "contrast", "sigma_px"):
        found[f"{name}_median"] = spots.groupby(_IMAGE)[name].median()
    for name, values in found.items():
        table[name] = values.reindex(table.index).astype(np.float64)
    table = table.reset_index()
    return table.assign(n_left_out=left_out_per_well(left_out, table))[SPOT_QUALITY.names]


def _ranges(cells: pd.DataFrame) -> dict[str, pd.Series]:
    """By image: uncertain spots, and the medians of the least and greatest counts that borders leave open."""
    counts = cells[_IMAGE].assign(
        uncertain=cells["n_spots_uncertain"],
        least=cells["n_spots"] - cells["n_spots_uncertain"],
        most=cells["n_spots"] + cells["n_spots_beyond"],
    )
    groups = counts.groupby(_IMAGE)
    return {
        "n_uncertain": groups["uncertain"].sum(min_count=1),
        "median_least": groups["least"].median(),
        "median_most": groups["most"].median(),
    }


def number_of_doubtful(doubts: pd.Series) -> int:
    """How many of the sites have a doubt."""
    return int((doubts != NO_DOUBT).sum())


def joined_of_sites(doubts: pd.Series) -> str:
    """Those of any site, each once, in the order of `DOUBTS`."""
    return joined_doubts(words for joined in doubts for words in joined.split(", "))
