"""Seeds from the cell stain itself, for images without a stain of nuclei."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.nuclei import segment_nuclei, segment_nuclei_3d

__all__ = ["seeds_of_cells", "seeds_of_cells_3d"]

# The innermost part of an object: where it is at least half as deep as at its deepest.
_DEPTH_SHARE = 0.5


def seeds_of_cells(
    image: NDArray[np.number], *, smoothing_sigma_px: float | None = None, min_diameter_px: float | None = None
) -> NDArray[np.uint32]:
    """One seed for each cell: the innermost part of what is stained, split where it is narrow.

    The stained objects are found and split as nuclei are. Round cells are separated that way; cells that
    touch along their whole sides are not, and of a stain of membranes each dark inside is missed. A stain of nuclei is
    always better.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Cell stain; a stack is projected (maximum).
    smoothing_sigma_px, min_diameter_px
        As in `segment_nuclei`, for cells.

    Returns
    -------
    (Y, X) uint32
        For `segment_cells`. 0 = background; empty for an image without stain.

    Raises
    ------
    ValueError
        As `segment_nuclei`.
    """
    plane = image.max(axis=0, initial=0) if image.ndim == 3 else image
    cells = segment_nuclei(plane, smoothing_sigma_px=smoothing_sigma_px, min_diameter_px=min_diameter_px)
    return _innermost(cells, grid=Grid(2))


def seeds_of_cells_3d(stack: NDArray[np.number], *, z_step_px: float) -> NDArray[np.uint32]:
    """As `seeds_of_cells`, in 3D.

    Parameters
    ----------
    stack : (Z, Y, X), uint or float
    z_step_px
        Distance of slices over the side of a pixel.

    Returns
    -------
    (Z, Y, X) uint32

    Raises
    ------
    ValueError
        As `segment_nuclei_3d`.
    """
    return _innermost(segment_nuclei_3d(stack, z_step_px=z_step_px), grid=Grid(3, z_step_px))


def _innermost(cells: NDArray[np.uint32], *, grid: Grid) -> NDArray[np.uint32]:
    if not cells.any():
        return cells
    depth = grid.depth(cells)
    deepest = quantile_of_parts(depth, cells, quantile=1.0)
    return np.where(depth >= _DEPTH_SHARE * deepest.astype(np.float32)[cells], cells, 0).astype(np.uint32)
