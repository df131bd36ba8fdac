"""Where a pixel is between membrane and nucleus, and in which direction: isolines, sectors, segments of cells."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError

__all__ = ["N_ISOLINES", "CellGeometry", "cell_geometry", "ray_isolines", "sectors", "segments"]

N_ISOLINES = 100
"""Isolines from the membrane (near 0) to the nuclear edge (near 100)."""

# Half of a pixel lies between its centre and its edge.
_HALF = 0.5


@dataclass(frozen=True)
class CellGeometry:
    """Maps of a cell image, (Y, X) each; several cells of a label image at once.

    Attributes
    ----------
    cytoplasm : (Y, X) int32
        Label of the cell, 0 outside the cytoplasm (background and nuclei).
    isoline : (Y, X) float32
        Above 0 at the membrane to below 100 at the nuclear edge; NaN outside the cytoplasm, and in a cell without a
        nucleus.
    nucleus_centroids : dict of int to (2,) float64
        y, x in px of the nucleus of each cell that has one.
    """

    cytoplasm: NDArray[np.int32]
    isoline: NDArray[np.float32]
    nucleus_centroids: dict[int, NDArray[np.float64]]


def cell_geometry(cells: NDArray[np.integer], nuclei: NDArray[np.bool_]) -> CellGeometry:
    """Isolines by two distance transforms of the whole image, whatever the number of cells and the form of each.

    The isoline of a pixel is 100 m / (m + n), with its distance m to the edge of its own cell and n to its nucleus. On
    a round cell with a round nucleus in its middle it is the share of the way along the ray that DypFISH takes; where a
    cell is concave, a ray leaves and enters the cell, and distances do not.

    Parameters
    ----------
    cells : (Y, X) int
        Labels, 0 = background. A cell that reaches the border of the image ends there: that part of the border is no
        membrane.
    nuclei : (Y, X) bool
        A nucleus belongs to the cell under each of its pixels; pixels outside of cells are left out.

    Raises
    ------
    ValueError
        When the shapes differ.

    Notes
    -----
    After DypFISH's quantisation by contours (Savulescu et al. 2021); see `ray_isolines` for its form.
    """
    if cells.shape != nuclei.shape:
        raise InputError(
            f"cells and nuclei: expected one shape, got {cells.shape} and {nuclei.shape}. Give masks of one image."
        )
    labels = cells.astype(np.int32)
    inner = (labels > 0) & nuclei
    cytoplasm = np.where(inner, 0, labels)
    membrane = _distance_to(_edges(labels)) + _HALF
    own = _distance_to_own_nucleus(labels, inner)
    with np.errstate(invalid="ignore"):
        isoline = (N_ISOLINES * membrane / (membrane + own)).astype(np.float32)
    isoline[cytoplasm == 0] = np.nan
    return CellGeometry(cytoplasm, isoline, _centroids(labels, inner))


def ray_isolines(cells: NDArray[np.integer], nuclei: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Isolines as DypFISH defines them: the share of the way from the membrane to the nucleus along a ray.

    The rays start at the centroid of the nucleus. Where a ray meets the outlines follows from the outlines' own
    directions, so no ray is cast. Only for cells that every ray leaves once; of others it takes the farthest crossing.

    Parameters
    ----------
    cells, nuclei
        As of `cell_geometry`.

    Returns
    -------
    (Y, X) float32
        0 at the membrane to 100 at the nuclear edge; NaN outside the cytoplasm, and in a cell without a nucleus.
    """
    labels = cells.astype(np.int32)
    inner = (labels > 0) & nuclei
    result = np.full(labels.shape, np.nan, dtype=np.float32)
    centroids = _centroids(labels, inner)
    for name, box in _boxes(labels):
        if name not in centroids:
            continue
        cell = labels[box] == name
        centre = centroids[name] - [box[0].start, box[1].start]
        rows, columns = np.nonzero(cell & ~inner[box])
        y, x = rows - centre[0], columns - centre[1]
        angle = np.arctan2(y, x)
        membrane, nucleus = (_edge_along(mask, centre, angle) for mask in (cell, cell & inner[box]))
        share = (membrane - np.hypot(y, x)) / np.maximum(membrane - nucleus, 1e-6)
        result[box][rows, columns] = np.clip(N_ISOLINES * share, 0, N_ISOLINES)
    return result


def sectors(geometry: CellGeometry, *, n: int, towards: dict[int, ArrayLike] | None = None) -> NDArray[np.int32]:
    """Number of the sector around the nucleus of each pixel of the cytoplasm.

    Parameters
    ----------
    n
        Sectors of a full turn, 1 or more.
    towards
        By cell, y and x (px) of the point, the MTOC, that the bisector of sector 1 runs through; by default along x.
        Sectors are counted from there, from x towards y.

    Returns
    -------
    (Y, X) int32
        1 to n; 0 outside the cytoplasm, and in a cell without a nucleus or a point. Directions are those of `atan2`, so
        that each of the four quarters is its own.

    Raises
    ------
    ValueError
        When `n` is below 1.
    """
    if n < 1:
        raise InputError(f"sectors: expected 1 or more, got {n}. Correct the config.")
    result = np.zeros(geometry.cytoplasm.shape, dtype=np.int32)
    for name, centre in geometry.nucleus_centroids.items():
        if towards is not None and name not in towards:
            continue
        rows, columns = np.nonzero(geometry.cytoplasm == name)
        point = np.add(centre, [0, 1]) if towards is None else np.asarray(towards[name], dtype=np.float64)
        first = np.arctan2(point[0] - centre[0], point[1] - centre[1])
        angle = np.arctan2(rows - centre[0], columns - centre[1])
        share = ((angle - first) / (2 * np.pi) + 0.5 / n) % 1.0
        result[rows, columns] = 1 + np.minimum((share * n).astype(np.int32), n - 1)
    return result


def segments(
    isoline: NDArray[np.float32], sector: NDArray[np.int32], *, n_sectors: int, n_stripes: int
) -> NDArray[np.int32]:
    """Segments: stripes of equal depth between membrane and nucleus, divided by sector.

    Returns
    -------
    (Y, X) int32
        1 to n_sectors * n_stripes, stripe by stripe from the membrane inwards, in a stripe sector by sector; 0 where
        the isoline or the sector is not defined.
    """
    is_known = np.isfinite(isoline) & (sector > 0)
    depth = np.where(is_known, isoline, 0.0)
    stripe = np.minimum((depth * n_stripes / N_ISOLINES).astype(np.int32), n_stripes - 1)
    return np.asarray(np.where(is_known, stripe * n_sectors + sector, 0), dtype=np.int32)


def _edges(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of cells with a neighbour (sharing a side) of another label."""
    edge = np.zeros(labels.shape, dtype=bool)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        differs = one != other
        first = edge[1:] if one.shape[0] < labels.shape[0] else edge[:, 1:]
        second = edge[:-1] if one.shape[0] < labels.shape[0] else edge[:, :-1]
        first |= differs
        second |= differs
    return edge & (labels > 0)


def _distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each pixel to the nearest pixel of the mask, px; infinite without any."""
    if not mask.any():
        return np.full(mask.shape, np.inf, dtype=np.float32)
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def _distance_to_own_nucleus(labels: NDArray[np.int32], inner: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Of each pixel of a cell to the edge of that cell's own nucleus, px; NaN in a cell without one."""
    names = np.unique(labels[inner])
    if len(names) == 1:
        own = np.where(labels == names[0], _distance_to(inner), np.nan)
    else:
        own = np.full(labels.shape, np.nan, dtype=np.float32)
        for name, box in _boxes(labels):
            if name in names:
                is_own = labels[box] == name
                own[box][is_own] = _distance_to(inner[box] & is_own)[is_own]
    return np.asarray(np.maximum(own - _HALF, 0.0), dtype=np.float32)


def _boxes(labels: NDArray[np.int32]) -> list[tuple[int, tuple[slice, slice]]]:
    from scipy import ndimage

    return [(name, box) for name, box in enumerate(ndimage.find_objects(labels), start=1) if box is not None]


def _centroids(labels: NDArray[np.int32], inner: NDArray[np.bool_]) -> dict[int, NDArray[np.float64]]:
    rows, columns = np.nonzero(inner)
    names, number = np.unique(labels[rows, columns], return_inverse=True)
    counts = np.bincount(number, minlength=len(names))
    sums = [np.bincount(number, weights=values, minlength=len(names)) for values in (rows, columns)]
    return {int(name): np.array([sums[0][i], sums[1][i]]) / counts[i] for i, name in enumerate(names)}


def _edge_along(
    mask: NDArray[np.bool_], centre: NDArray[np.float64], angle: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance from `centre` to the edge of a mask in each direction, px; of several crossings the farthest."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.concatenate(outlines)[:, 0, ::-1] - centre
    radius = np.hypot(points[:, 0], points[:, 1]) + _HALF
    turn = np.arctan2(points[:, 0], points[:, 1])
    order = np.lexsort((-radius, np.round(turn, 3)))
    _, first = np.unique(np.round(turn[order], 3), return_index=True)
    kept = order[first]
    return np.interp(angle, turn[kept], radius[kept], period=2 * np.pi)
