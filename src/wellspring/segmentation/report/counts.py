"""Nuclei and cells of each well, and how many of them are flagged."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd

from wellspring.quality.report.left_out import left_out_per_well
from wellspring.segmentation.flags import count_flags, labelled_cells
from wellspring.segmentation.given.files import counting_of
from wellspring.segmentation.tables import WELL_NUCLEUS_COUNTS, WELL_SEGMENTED_COUNTS

__all__ = ["nucleus_table", "segmentation_table"]


def segmentation_table(
    objects: pd.DataFrame,
    *,
    wells: Sequence[tuple[str, str]],
    left_out: pd.DataFrame,
    segmentation: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """One row per well (table `WELL_SEGMENTED_COUNTS`), of cells and their nuclei.

    Parameters
    ----------
    objects
        Table `WELL_SEGMENTED` of all wells.
    wells
        (plate, well) of every well, since one without objects has no row there.
    left_out
        Table `KEPT_SITES` of the sites that were left out.
    segmentation
        The block ``segmentation``: whether cells without a nucleus are labelled (`counting_of`); None: they are not.
    """
    is_labelled = segmentation is not None and counting_of(segmentation)["are_all_labelled"]
    counted = partial(_count_cells, are_all_labelled=is_labelled)
    return _by_well(objects, counted, wells=wells, left_out=left_out)[WELL_SEGMENTED_COUNTS.names]


def nucleus_table(objects: pd.DataFrame, *, wells: Sequence[tuple[str, str]], left_out: pd.DataFrame) -> pd.DataFrame:
    """One row per well (table `WELL_NUCLEUS_COUNTS`), where there are no cells.

    Parameters
    ----------
    objects
        Table `WELL_NUCLEI` of all wells.
    wells, left_out
        As in `segmentation_table`.
    """
    return _by_well(objects, _count_nuclei, wells=wells, left_out=left_out)[WELL_NUCLEUS_COUNTS.names]


def _count_cells(objects: pd.DataFrame, *, are_all_labelled: bool) -> pd.DataFrame:
    """One row that counts cells, nuclei and their flags."""
    n_cells = len(labelled_cells(objects, are_all_labelled=are_all_labelled))
    return count_flags(objects, are_all_labelled=are_all_labelled).assign(n_cells=n_cells)


def _count_nuclei(nuclei: pd.DataFrame) -> pd.DataFrame:
    """One row that counts the flags of nuclei."""
    flags = {"n_border_nuclei": "is_border_nucleus", "n_nuclei_size_out": "is_nucleus_size_out"}
    flags["n_nuclei_of_several"] = "is_nucleus_of_several"
    counts = {name: int(nuclei[flag].sum()) for name, flag in flags.items()}
    return pd.DataFrame([{"n_nuclei": len(nuclei), **counts}])


def _by_well(
    objects: pd.DataFrame,
    counted: Callable[[pd.DataFrame], pd.DataFrame],
    *,
    wells: Sequence[tuple[str, str]],
    left_out: pd.DataFrame,
) -> pd.DataFrame:
    """A row of counts for each well, also those without objects."""
    rows = []
    for plate, well in wells:
        own = objects[(objects["plate"] == plate) & (objects["well"] == well)]
        rows.append(counted(own).assign(plate=plate, well=well))
    table = pd.concat(rows, ignore_index=True)
    return table.assign(n_left_out=left_out_per_well(left_out, table))
