"""Features of the cells of a field, summarised: the baseline that learned embeddings have to beat."""

from collections.abc import Sequence

import pandas as pd

from wellspring.cells.features.declared import feature_names

__all__ = ["field_features"]


def field_features(cells: pd.DataFrame, *, sites: Sequence[str]) -> pd.DataFrame:
    """Number of cells of each site, and median and median absolute deviation of every feature over them.

    Parameters
    ----------
    cells
        Table `wellspring.cells.tables.MEASURED` of a well.
    sites
        Those wanted.

    Returns
    -------
    DataFrame
        Columns ``site``, ``n_cells``, ``median <feature>`` and ``spread <feature>``, a row per site in the order of
        `sites`; those without cells have 0 cells, and no other feature (NaN). Where cells lie is no feature. A nucleus
        in no cell is no cell.
    """
    names = feature_names(cells.columns)
    found = []
    for site in sites:
        own = cells.loc[(cells["site"] == site) & ~cells["is_in_no_cell"].astype(bool), names]
        median = own.median()
        spread = (own - median).abs().median()
        values = {f"median {name}": value for name, value in median.items()}
        values |= {f"spread {name}": value for name, value in spread.items()}
        found.append({"site": site, "n_cells": float(len(own)), **values})
    return pd.DataFrame(found, columns=None if found else ["site", "n_cells"])
