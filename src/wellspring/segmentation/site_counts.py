"""Cells and nuclei of each site, counted apart: there are nuclei in no cell, and cells without a nucleus."""

import pandas as pd

from wellspring.segmentation.flags import labelled_cells

__all__ = ["with_cells"]

_SITE = ["plate", "well", "site"]


def with_cells(
    sites: pd.DataFrame, objects: pd.DataFrame | None, *, has_nuclei: bool, are_all_labelled: bool
) -> pd.DataFrame:
    """The sites with the numbers of their nuclei and cells.

    Parameters
    ----------
    sites
        Table `SITE_NUCLEI`.
    objects
        Table `WELL_SEGMENTED` of the same wells; None where no cells are segmented or given.
    has_nuclei
        Whether the nuclei are nuclei, and not the places that cells without a stained nucleus grew from.
    are_all_labelled
        Whether cells without a nucleus are in the label images of cells; else they are no more than a doubt.

    Returns
    -------
    DataFrame
        `sites` with ``n_nuclei`` (missing where there are none to count) and ``n_cells`` (missing without cells),
        float64. A nucleus in no cell is no cell.
    """
    n_nuclei = sites["n_nuclei"].astype("float64")
    found = sites.assign(n_nuclei=n_nuclei if has_nuclei else float("nan"))
    if objects is None:
        return found.assign(n_cells=float("nan"))
    n_cells = labelled_cells(objects, are_all_labelled=are_all_labelled).groupby(_SITE).size()
    keys = pd.MultiIndex.from_frame(sites[_SITE])
    return found.assign(n_cells=n_cells.reindex(keys, fill_value=0).to_numpy(dtype="float64"))
