"""How much the area of a cell depends on the exact threshold."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.territories import Territories

__all__ = ["edge_softness"]

# The threshold is moved by this factor either way.
_FACTOR = np.float32(1.5)
_ROWS = 256


def edge_softness(
    height: NDArray[np.float32],
    edges: NDArray[np.float32],
    *,
    labels: NDArray[np.integer],
    nuclei: NDArray[np.integer],
    near: Territories,
    reach_px: float,
) -> NDArray[np.float64]:
    """By label, the pixels that a cell gains at 2/3 of its threshold and loses at 1.5 times, over its own.

    A blurred edge of a few pixels gives 0.1; a cell whose rim fades into the background 0.5 and more. Only background
    closer than `reach_px` to the nucleus is gained, no pixel of another cell, and the nucleus is never lost.

    Parameters
    ----------
    height, edges : (Y, X) float32
        Stain, and the threshold of the nearest nucleus' cell, above the background.
    labels, nuclei : (Y, X) int
        Cells by the labels of their nuclei.
    near
        Of `nuclei`.

    Returns
    -------
    (near.owner.max() + 1,) float64
    """
    n_labels = int(near.owner.max()) + 1
    changed, sizes = np.zeros((2, n_labels), dtype=np.int64)
    # Some rows at a time, for there are many arrays of an image already.
    for first in range(0, len(labels), _ROWS):
        rows = np.s_[first : first + _ROWS]
        own, high, limit = labels[rows], height[rows], edges[rows]
        is_gained = (own == 0) & (high * _FACTOR > limit) & (near.distance[rows] <= reach_px)
        is_lost = (own > 0) & (nuclei[rows] == 0) & (high < limit * _FACTOR)
        changed += np.bincount(near.owner[rows][is_gained], minlength=n_labels)
        changed += np.bincount(own[is_lost], minlength=n_labels)
        sizes += np.bincount(own.ravel(), minlength=n_labels)
    return np.asarray(changed / np.maximum(sizes, 1))
