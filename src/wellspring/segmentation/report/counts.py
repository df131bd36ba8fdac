"""Nuclei and cells of each well, and how many of them are flagged."""

from collections.abc import Sequence

import pandas as pd

from wellspring.quality.report.left_out import left_out_per_well
from wellspring.segmentation.flags import count_flags
from wellspring.segmentation.tables import WELL_SEGMENTED_COUNTS

__all__ = ["segmentation_table"]


def segmentation_table(
    objects: pd.DataFrame, *, wells: Sequence[tuple[str, str]], left_out: pd.DataFrame
) -> pd.DataFrame:
    """One row per well (table `WELL_SEGMENTED_COUNTS`).

    Parameters
    ----------
    objects
        Table `WELL_SEGMENTED` of all wells.
    wells
        (plate, well) of every well, since one without objects has no row there.
    left_out
        Table `KEPT_SITES` of the sites that were left out.
    """
    rows = []
    for plate, well in wells:
        own = objects[(objects["plate"] == plate) & (objects["well"] == well)]
        rows.append(count_flags(own).assign(plate=plate, well=well))
    table = pd.concat(rows, ignore_index=True)
    return table.assign(n_left_out=left_out_per_well(left_out, table))[WELL_SEGMENTED_COUNTS.names]
