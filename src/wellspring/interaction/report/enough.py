"""How many cells suffice for a mean profile, by gene."""

import numpy as np
import pandas as pd

from wellspring.interaction.tables import columns_of
from wellspring.localization.interaction.quantities import stability

__all__ = ["CELLS_THAT_SUFFICE", "cells_that_suffice"]

_WITHIN = 1.05
_N_DRAWS = 200
_FEWEST = 4

CELLS_THAT_SUFFICE = (
    "The mean profile over the segments of k cells is compared with that of another cell of the same gene, molecule, "
    "condition and time, in 200 draws. Enough is the number of cells from which on the difference is within 5 % of "
    "what all cells reach; nothing is given where all cells are needed. More cells than that make no profile better. "
    "That wells differ is not part of it: against that only more wells help."
)


def cells_that_suffice(images: pd.DataFrame) -> pd.DataFrame:
    """How many cells a mean profile needs.

    Parameters
    ----------
    images
        Table `INTERACTION` with gene, molecule, condition and time; cells without segments are left out.

    Returns
    -------
    DataFrame
        A row per gene, molecule and condition: ``n_cells`` of the time that has fewest, ``enough``, the largest number
        over the times; missing where a time has fewer than four cells, or where all its cells are needed.
    """
    columns = columns_of([str(name) for name in images.columns], "segment")
    known = images.dropna(subset=columns)
    rows = []
    for (gene, molecule, condition), own in known.groupby(["gene", "molecule", "condition"], sort=True):
        times = [one[columns].to_numpy(np.float64) for _, one in own.groupby("time", sort=True)]
        needed = [_enough(one) for one in times]
        rows.append(
            {
                "gene": gene,
                "molecule": molecule,
                "condition": condition,
                "n_cells": min(len(one) for one in times),
                "enough": max((one for one in needed if one is not None), default=None) if all(needed) else None,
            }
        )
    return pd.DataFrame(rows, columns=["gene", "molecule", "condition", "n_cells", "enough"])


def _enough(profiles: np.ndarray) -> int | None:
    """Cells from which on the deviation stays within a twentieth of the last; None if that is all of them."""
    if len(profiles) < _FEWEST:
        return None
    deviation = stability(profiles, n_draws=_N_DRAWS, rng=np.random.default_rng(0))
    beyond = np.flatnonzero(deviation > _WITHIN * deviation[-1])
    first = int(beyond[-1]) + 2 if len(beyond) else 1
    return first if first < len(deviation) else None
