"""How much the area of a cell depends on the exact threshold."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.territories import Territories

__all__ = ["edge_softness"]

# The threshold is moved by this factor either way.
_FACTOR = np.float32(1.5)


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
    is_gained = (labels == 0) & (height * _FACTOR > edges) & (near.distance <= reach_px)
    is_lost = (labels > 0) & (nuclei == 0) & (height < edges * _FACTOR)
    changed = np.bincount(near.owner[is_gained], minlength=n_labels) + np.bincount(labels[is_lost], minlength=n_labels)
    return np.asarray(changed / np.maximum(np.bincount(labels.ravel(), minlength=n_labels), 1))
