"""Seeds from the cell stain itself, for images without a stain of nuclei."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.nuclei import segment_nuclei, segment_nuclei_3d

__all__ = ["projected_seeds", "seeds_of_cells", "seeds_of_cells_3d", "seeds_within", "with_unstained"]

# A body without a nucleus is a cell from these shares of the usual one's depth (as in `has_second_body`) and area on.
_LEAST_DEPTH, _LEAST_AREA = 0.6, 0.25
# A tenth of a body is nucleus, or it holds most of one.
_NUCLEUS_SHARE = 0.1
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


def with_unstained(
    image: NDArray[np.number], nuclei: NDArray[np.integer], cells: NDArray[np.integer]
) -> NDArray[np.uint32]:
    """The nuclei, and a seed for each stained body that has none: a cell whose nucleus is not stained.

    Bodies are the objects of the cell stain, split where they are narrow, as nuclei are. One that holds no nucleus is a
    cell if it is 0.6 times as deep and a quarter as large as the median of those that do. Where it lies in the cell of
    a nucleus, that cell must have a second body too (`has_second_body`): a part of a cell is no other.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Cell stain; a stack is projected (maximum).
    nuclei, cells : (Y, X) int
        Labels, 0 = background; a cell has its nucleus' label.

    Returns
    -------
    (Y, X) uint32
        The labels of the nuclei, then those of the seeds from the largest label on. Without nuclei no seed is added,
        for nothing says how large a cell is.
    """
    from wellspring.segmentation.cell_bodies import has_second_body

    own = nuclei.astype(np.uint32)
    bodies = segment_nuclei(image.max(axis=0, initial=0) if image.ndim == 3 else image)
    if not nuclei.any() or not bodies.any():
        return own
    n_bodies, grid = int(bodies.max()) + 1, Grid(2)
    sizes = np.bincount(bodies.ravel(), minlength=n_bodies)
    has_nucleus = np.bincount(bodies[nuclei > 0], minlength=n_bodies) >= _NUCLEUS_SHARE * sizes
    has_nucleus[_most_common(bodies, nuclei)] = True
    has_nucleus[0] = True
    known = has_nucleus[1:] & (sizes[1:] > 0)
    if not known.any():
        return own
    deepest = quantile_of_parts(grid.depth(bodies), bodies, quantile=1.0)
    is_cell = ~has_nucleus & (deepest >= _LEAST_DEPTH * np.median(deepest[1:][known]))
    is_cell &= sizes >= _LEAST_AREA * np.median(sizes[1:][known])
    inner = _innermost(bodies, grid=grid)
    owner = np.zeros(n_bodies, dtype=np.int64)
    owners = _most_common(cells, inner)
    owner[: len(owners)] = owners
    is_cell &= (owner == 0) | has_second_body(cells, nuclei)[owner]
    number = np.zeros(n_bodies, dtype=np.uint32)
    number[is_cell] = int(nuclei.max()) + 1 + np.arange(int(is_cell.sum()))
    return np.where(own > 0, own, number[inner]).astype(np.uint32)


def seeds_within(cells: NDArray[np.integer], nuclei: NDArray[np.integer]) -> NDArray[np.uint32]:
    """The nuclei, and the innermost part of each cell that has the label of none. (Y, X) uint32."""
    others = np.where(np.isin(cells, np.unique(nuclei)), 0, cells).astype(np.uint32)
    return np.where(nuclei > 0, nuclei, _innermost(others, grid=Grid(2))).astype(np.uint32)


def _most_common(values: NDArray[np.integer], parts: NDArray[np.integer]) -> NDArray[np.int64]:
    """(parts.max() + 1,) the value that most pixels of each part have; 0 of labels that do not occur."""
    inside = parts > 0
    pairs, counts = np.unique(np.stack([parts[inside], values[inside]]).astype(np.int64), axis=1, return_counts=True)
    found = np.zeros(int(parts.max(initial=0)) + 1, dtype=np.int64)
    order = np.argsort(counts, kind="stable")
    found[pairs[0][order]] = pairs[1][order]
    return found


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
