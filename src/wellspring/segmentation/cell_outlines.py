"""From pixels that are stained to cells that are of one piece, without holes and with smooth outlines."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid

__all__ = ["smooth_outlines"]

_GRID = Grid(2)
_Labels = NDArray[np.int32]


def smooth_outlines(labels: _Labels, nuclei: _Labels, *, sigma_px: float) -> None:
    """Make the cells whole, and their outline against the background free of single pixels, in place."""
    _make_whole(labels, nuclei)
    is_cell = _GRID.blurred((labels > 0).astype(np.float32), sigma_px) > 0.5
    labels[~is_cell] = 0
    _make_whole(labels, nuclei)


def _make_whole(labels: _Labels, nuclei: _Labels) -> None:
    """Leave of each cell the piece that holds its nucleus, with its holes filled; nuclei keep their pixels."""
    from scipy import ndimage

    np.copyto(labels, nuclei, where=nuclei > 0)
    found = np.zeros_like(labels)
    for label, place in enumerate(ndimage.find_objects(labels), 1):
        if place is None:
            continue
        inside = np.pad(labels[place] == label, 1).astype(np.uint8)
        _, parts = cv2.connectedComponents(inside, connectivity=4)
        held = np.zeros(int(parts.max()) + 1, dtype=bool)
        held[parts[1:-1, 1:-1][nuclei[place] == label]] = True
        held[0] = False
        piece = held[parts]
        _, outside = cv2.connectedComponents((~piece).astype(np.uint8), connectivity=4)
        filled = (outside != outside[0, 0])[1:-1, 1:-1]
        is_own = filled & ((labels[place] == label) | (labels[place] == 0))
        found[place][is_own] = label
    labels[...] = found
