"""What is odd about given cells and the nuclei of the same site: label images that were exchanged, nuclei outside."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.segmentation.given.objects import best_holders

__all__ = ["EXCHANGED", "OUTSIDE", "doubts_of_given"]

# Words of `wellspring.segmentation.doubts.DOUBTS`.
EXCHANGED = "exchanged with cells"
OUTSIDE = "in no cell"
# As of nuclei that look like several: a quarter of them; and three at least, as of any doubt about a well.
_OUTSIDE_SHARE, _LEAST_OUTSIDE = 0.25, 3


def doubts_of_given(nuclei: NDArray[np.integer], cells: NDArray[np.integer] | None, matches: pd.DataFrame) -> list[str]:
    """Doubts about a site whose cells were given, `EXCHANGED` or `OUTSIDE`; none where nothing is odd.

    Parameters
    ----------
    nuclei, cells : (Y, X) int
        Labels of one site, 0 = background; nuclei by ids of their own. No cells (None), no doubts.
    matches
        `Matched.matches` of both.

    Returns
    -------
    list of str
        `EXCHANGED` where half of the cells or more lie in a nucleus that is larger than they are, and more cells so
        than nuclei in a cell that is as large or larger: however much larger. Else `OUTSIDE` where a quarter of the
        nuclei, three at least, is in no cell.
    """
    if cells is None:
        return []
    n_cells = len(np.unique(cells[cells > 0]))
    n_cells_inside = _n_inside(cells, nuclei, is_strict=True)
    if 2 * n_cells_inside >= n_cells > 0 and n_cells_inside > _n_inside(nuclei, cells):
        return [EXCHANGED]
    n_outside = int((matches["n_in_cell_px"] == 0).sum())
    return [OUTSIDE] if n_outside >= max(_LEAST_OUTSIDE, _OUTSIDE_SHARE * len(matches)) else []


def _n_inside(inner: NDArray[np.integer], outer: NDArray[np.integer], *, is_strict: bool = False) -> int:
    """Objects of `inner` with half of their pixels or more in one of `outer` that is as large, or (strict) larger."""
    best = best_holders(inner, outer)
    inner_px = np.bincount(inner.ravel())[best.index.to_numpy(dtype=np.int64)]
    outer_px = np.bincount(outer.ravel())[best["holder"].to_numpy(dtype=np.int64)]
    is_larger = outer_px > inner_px if is_strict else outer_px >= inner_px
    return int(((2 * best["n"].to_numpy() >= inner_px) & is_larger).sum())
