"""The third dimension of a cell: its height over each pixel, from a stack, and depths in its slices."""

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["cell_height", "slice_depths"]

_LEAST_HEIGHT = 0.5
_SMOOTH_PX = 2.0
_TOP = 95


def cell_height(
    stack: NDArray[np.integer], cell: NDArray[np.bool_], *, background: float
) -> tuple[NDArray[np.float32], float]:
    """Height of a cell over each of its pixels, and the slice of its bottom.

    A voxel belongs to the cell if it is brighter than half of what a bright voxel of the cell is above the background.

    Parameters
    ----------
    stack : (Z, Y, X)
        A stain of the whole cell, planes from the bottom.
    cell : (Y, X) bool
    background
        Intensity without a cell.

    Returns
    -------
    height : (Y, X) float32
        Slices; 0.5 where no voxel is bright enough, 0 outside the cell.
    bottom : float
        Number of the lowest slice, the median over the pixels: 0 is the first plane.

    Raises
    ------
    ValueError
        When the stack has no planes or another shape.

    Notes
    -----
    The half-maximum rule makes thin parts as thick as the axial blur of the microscope.
    """
    from scipy import ndimage

    if stack.ndim != 3 or stack.shape[1:] != cell.shape:
        raise InputError(f"height: expected a stack (Z, Y, X) of {cell.shape}, got {stack.shape}.")
    if not cell.any():
        return np.zeros(cell.shape, np.float32), 0.0
    smooth = np.stack([ndimage.gaussian_filter(plane.astype(np.float32), _SMOOTH_PX) for plane in stack])
    top = float(np.percentile(smooth.max(axis=0)[cell], _TOP))
    filled = (smooth > background + (top - background) / 2) & cell
    count = filled.sum(axis=0)
    height = np.where(cell, np.maximum(count, _LEAST_HEIGHT), 0).astype(np.float32)
    known = count > 0
    bottom = float(np.median(np.argmax(filled, axis=0)[known])) if known.any() else 0.0
    return height, bottom


def slice_depths(
    isoline: NDArray[np.floating], height: NDArray[np.floating], points: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Pseudo-3D isoline of each point: that of its pixel, times √(area of the cell's slice / area of the cell).

    A slice of a dome is smaller than the cell as seen from above, and so is the way from its own membrane.

    Parameters
    ----------
    isoline : (Y, X) float
        Of `wellspring.localization.interaction.geometry.cell_geometry`, of one cell.
    height : (Y, X) float
        Of that cell, slices, 0 outside.
    points : (n, 3) float
        z (slices above the bottom), y and x (px).

    Returns
    -------
    (n,) float64
        0 membrane to 100 nuclear edge; NaN outside the cytoplasm, and above the cell.

    Notes
    -----
    Slice k holds the pixels of height k + 0.5 or more (Savulescu et al. 2021, code cbib/dypfish).
    """
    rows, columns = (np.rint(points[:, axis]).astype(np.intp) for axis in (1, 2))
    level = np.maximum(np.floor(points[:, 0]), 0)
    found = np.full(len(points), np.nan)
    is_inside = (rows >= 0) & (rows < isoline.shape[0]) & (columns >= 0) & (columns < isoline.shape[1])
    at = np.flatnonzero(is_inside)
    # Half a slice is the least height, so that every pixel of the cell is in its first slice.
    at = at[height[rows[at], columns[at]] >= level[at] + _LEAST_HEIGHT]
    heights = np.sort(height[height > 0].ravel())
    areas = len(heights) - np.searchsorted(heights, level[at] + _LEAST_HEIGHT, side="left")
    found[at] = isoline[rows[at], columns[at]] * np.sqrt(areas / max(len(heights), 1))
    return found
