"""From pixels that are stained to cells that are of one piece, without holes and with smooth outlines."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid

__all__ = ["smoothed"]

_GRID = Grid(2)
_Labels = NDArray[np.int32]


def smoothed(labels: NDArray[np.integer], nuclei: _Labels, *, sigma_px: float) -> _Labels:
    """Whole cells whose outline against the background is free of single pixels."""
    whole = _whole(labels, nuclei)
    is_cell = _GRID.blurred((whole > 0).astype(np.float32), sigma_px) > 0.5
    return _whole(np.where(is_cell, whole, 0), nuclei)


def _whole(labels: NDArray[np.integer], nuclei: _Labels) -> _Labels:
    """Of each cell the piece that holds its nucleus, with its holes filled; nuclei keep their pixels."""
    from scipy import ndimage

    merged = np.where(nuclei > 0, nuclei, labels).astype(np.int32)
    found = np.zeros_like(merged)
    for label, place in enumerate(ndimage.find_objects(merged), 1):
        if place is None:
            continue
        inside = np.pad(merged[place] == label, 1).astype(np.uint8)
        _, parts = cv2.connectedComponents(inside, connectivity=4)
        held = np.zeros(int(parts.max()) + 1, dtype=bool)
        held[parts[1:-1, 1:-1][nuclei[place] == label]] = True
        held[0] = False
        piece = held[parts]
        _, outside = cv2.connectedComponents((~piece).astype(np.uint8), connectivity=4)
        filled = (outside != outside[0, 0])[1:-1, 1:-1]
        is_own = filled & ((merged[place] == label) | (merged[place] == 0))
        found[place][is_own] = label
    return found
