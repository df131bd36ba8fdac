"""Seeds from the cell stain itself, for images without a stain of nuclei."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.nuclei import segment_nuclei, segment_nuclei_3d

__all__ = ["projected_seeds", "seeds_of_cells", "seeds_of_cells_3d"]

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


def projected_seeds(seeds: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Seeds of a stack seen from above, so that those over one another are all seen.

    Where several lie in a column of voxels, it belongs to the one with the smallest outline from above.

    Parameters
    ----------
    seeds : (Z, Y, X) int
        0 = background.

    Returns
    -------
    (Y, X) uint32
        The labels of the seeds; one that smaller ones cover wholly is missing.
    """
    n_labels = int(seeds.max(initial=0)) + 1
    areas = np.zeros(n_labels, dtype=np.int64)
    for label in range(1, n_labels):
        areas[label] = (seeds == label).any(axis=0).sum()
    areas[0] = np.iinfo(np.int64).max
    order = np.argsort(-areas, kind="stable")
    rank = np.empty(n_labels, dtype=np.int64)
    rank[order] = np.arange(n_labels)
    return np.asarray(order[rank[seeds].max(axis=0, initial=0)], dtype=np.uint32)


def _innermost(cells: NDArray[np.uint32], *, grid: Grid) -> NDArray[np.uint32]:
    """Of each cell what is at least half as deep as its deepest place."""
    if not cells.any():
        return cells
    depth = grid.depth(cells)
    deepest = quantile_of_parts(depth, cells, quantile=1.0)
    return np.where(depth >= _DEPTH_SHARE * deepest.astype(np.float32)[cells], cells, 0).astype(np.uint32)
