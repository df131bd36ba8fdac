"""What a cell's count may be at least and at most, where the image does not show whose a spot is."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.segmentation.cell_doubts import spots_in_doubt

__all__ = ["counts_at_borders"]


def counts_at_borders(
    spots: pd.DataFrame, others: NDArray[np.integer] | None, *, cell_ids: Sequence[int]
) -> pd.DataFrame:
    """How many spots each cell would lose, and gain, if all uncertain borders were those of the second method.

    So a count n lies between n - n_spots_uncertain and n + n_spots_beyond.

    Parameters
    ----------
    spots
        With `y_px`, `x_px` and `label_in_site`.
    others : (Y, X) int or None
        Label that a second method gives to a pixel, where it differs; else 0 (`CellDoubts.others`). None: not known.
    cell_ids
        Of which cells.

    Returns
    -------
    pandas.DataFrame
        `n_spots_uncertain` and `n_spots_beyond`, float64, a row per cell in their order; NaN where not known.
    """
    names = ["n_spots_uncertain", "n_spots_beyond"]
    if others is None:
        return pd.DataFrame(dict.fromkeys(names, np.full(len(cell_ids), np.nan)))
    places = spots[["y_px", "x_px"]].to_numpy(dtype=np.float64)
    found = spots_in_doubt(places, spots["label_in_site"].to_numpy(dtype=np.int64), others)
    ids = np.asarray(cell_ids, dtype=np.int64)
    most = max(int(ids.max(initial=0)) + 1 - len(found[0]), 0)
    return pd.DataFrame(
        {name: np.pad(own, (0, most))[ids].astype(np.float64) for name, own in zip(names, found, strict=True)}
    )
