"""Parts of a cell that are like a cell of their own and hold no nucleus: a neighbour whose nucleus is not stained."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["has_second_body"]

# A part counts from this share of the usual cell's depth on. A neck is thinner than the thinner of both parts by a
# twentieth, and by a pixel. Of annotated cells that all had a seed 1 in 300 was doubted; where a quarter had none, two
# to five in ten of those that had swallowed a neighbour.
_LEAST_DEPTH, _NECK, _NECK_PX = 0.6, 0.95, 1.0
# Depths that are tried.
_STEP = 1.1


def has_second_body(cells: NDArray[np.integer], nuclei: NDArray[np.integer]) -> NDArray[np.bool_]:
    """By label, whether a part of a cell beyond a neck, as deep as a cell, holds no nucleus.

    Depth is the distance to what is not of the cell. A place whose own disc holds no nucleus is of another body if it
    is 0.6 times as deep as the median cell at its deepest, and every way to the nucleus is thinner somewhere than both
    ends, by a twentieth and by a pixel. A nucleus at the rim of a large cell is no such case.

    Parameters
    ----------
    cells, nuclei : (Y, X) int
        Labels, 0 = background; a cell has its nucleus' label.

    Returns
    -------
    (cells.max() + 1,) bool
        False for cells without nucleus, and where two cells touch along their whole sides, without a neck.
    """
    from scipy import ndimage

    found = np.zeros(int(cells.max(initial=0)) + 1, dtype=bool)
    places = [(label, place) for label, place in enumerate(ndimage.find_objects(cells), 1) if place is not None]
    depths = {label: _depth(cells[place] == label) for label, place in places}
    if not depths:
        return found
    least = _LEAST_DEPTH * float(np.median([depth.max() for depth in depths.values()]))
    for label, place in places:
        found[label] = _is_apart(depths[label], nuclei[place] == label, least=least)
    return found


def _depth(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of each pixel to what is not inside; the edge of the array is not."""
    padded = np.pad(inside, 1).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1], dtype=np.float32)


def _is_apart(depth: NDArray[np.float32], nucleus: NDArray[np.bool_], *, least: float) -> bool:
    """Whether a part away from the nucleus is at least so deep, and beyond a neck."""
    if not nucleus.any():
        return False
    away = cv2.distanceTransform((~nucleus).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    own, most = np.where(away > depth, depth, 0), float(depth[nucleus].max())
    if own.max() < least:
        return False
    steps = least * _STEP ** np.arange(max(0, np.ceil(np.log(most / least) / np.log(_STEP))))
    for thinner in (*steps.tolist(), most):
        limit = min(_NECK * thinner, thinner - _NECK_PX)
        n_parts, parts = cv2.connectedComponents((depth > limit).astype(np.uint8), connectivity=8)
        is_other = np.zeros(n_parts, dtype=bool)
        is_other[parts[own >= max(thinner, least)]] = True
        is_other[parts[nucleus]] = False
        if is_other.any():
            return True
    return False
