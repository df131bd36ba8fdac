"""Nuclei and cells of each well, and how many of them are flagged."""

from collections.abc import Sequence

import pandas as pd

from wellspring.segmentation.flags import count_flags
from wellspring.segmentation.tables import WELL_SEGMENTED_COUNTS

__all__ = ["segmentation_table"]


def segmentation_table(objects: pd.DataFrame, *, wells: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """One row per well (table `WELL_SEGMENTED_COUNTS`).

    Parameters
    ----------
    objects
        Table `WELL_SEGMENTED` of all wells.
    wells
        (plate, well) of every well, since one without objects has no row there.
    """
    rows = []
    for plate, well in wells:
        own = objects[(objects["plate"] == plate) & (objects["well"] == well)]
        rows.append(count_flags(own).assign(plate=plate, well=well))
    return pd.concat(rows, ignore_index=True)[WELL_SEGMENTED_COUNTS.names]
