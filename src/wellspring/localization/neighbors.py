"""Pairs of molecules of one gene and cell: nearest neighbours, Ripley's K, foci."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from wellspring.localization.grids import CellGrid

__all__ = ["FOCUS_RADIUS_UM", "RADII", "Foci", "foci", "nearest", "neighbor_counts", "pair_shares"]

RADII = (0.03, 0.06, 0.1, 0.2, 0.4)
"""At which pairs are counted, over the radius of a circle of the cell's area."""
FOCUS_RADIUS_UM = 0.5
FOCUS_MIN_MOLECULES = 5
# Pixels that are joined into one before pairs of them are counted.
_COARSE = 4


def pair_shares(grid: CellGrid, radii_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of two positions that are uniform in a cell, the chance that they are no farther apart than each radius.

    By the set covariance of the cell, on its own raster: the edge correction of Ripley's K without an approximation
    of the
    outline, since pairs are compared with pairs in the same cell. Pixels are joined four by four; the covariance is
    averaged over directions and integrated along the distance.

    Returns
    -------
    (len(radii_um),) float64
        0 to 1, ascending with the radius.
    """
    height, width = (int(np.ceil(n / _COARSE)) * _COARSE for n in grid.inside.shape)
    mask = np.zeros((height, width), dtype=np.float64)
    mask[: grid.inside.shape[0], : grid.inside.shape[1]] = grid.inside
    coarse = mask.reshape(height // _COARSE, _COARSE, width // _COARSE, _COARSE).mean(axis=(1, 3))
    size = tuple(2 * n for n in coarse.shape)
    covariance = np.fft.irfft2(np.abs(np.fft.rfft2(coarse, s=size)) ** 2, s=size)
    rows, columns = (np.fft.fftfreq(n) * n for n in size)
    distance = np.hypot(rows[:, None], columns[None])
    ring = np.rint(distance).astype(np.intp).ravel()
    mean = np.bincount(ring, weights=covariance.ravel()) / np.bincount(ring)
    at = np.bincount(ring, weights=distance.ravel()) / np.bincount(ring)
    # Without any shift the covariance is the area, which joined pixels at the edge miss.
    mean[0] = coarse.sum()
    fine = np.linspace(0, at[-1], 20 * len(at))
    density = 2 * np.pi * fine * np.interp(fine, at, mean)
    steps = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2) * (fine[1] - fine[0])])
    cumulative = steps / steps[-1]
    return np.asarray(np.interp(np.asarray(radii_um) / (grid.spacing * _COARSE), fine, cumulative))


def _tree(points: NDArray[np.float64], group: NDArray[np.intp]) -> "tuple[cKDTree, NDArray[np.float64]]":
    """A tree of all groups at once, each on a plane of its own, farther from the next than any two points are apart."""
    span = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    lifted = np.column_stack([points, group * (3 * span + 1)])
    return cKDTree(lifted), lifted


def nearest(points: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """Distance of each point (n, 2) to the nearest of its group; NaN for one that is alone in it."""
    if len(points) < 2:
        return np.full(len(points), np.nan)
    tree, lifted = _tree(points, group)
    distance, other = tree.query(lifted, k=2)
    # A copy at the same place may come first: either way the second is the nearest of the others.
    found = distance[:, 1]
    return np.where(group[other[:, 1]] == group, found, np.nan)


def neighbor_counts(
    points: NDArray[np.float64], group: NDArray[np.intp], radii: NDArray[np.float64] | tuple[float, ...]
) -> NDArray[np.int64]:
    """(n, len(radii)): of each point, the others of its group no farther than each radius."""
    counts = np.zeros((len(points), len(radii)), dtype=np.int64)
    if len(points):
        tree, lifted = _tree(points, group)
        for number, radius in enumerate(radii):
            counts[:, number] = tree.query_ball_point(lifted, radius, return_length=True) - 1
    return counts


@dataclass(frozen=True)
class Foci:
    """Foci of many groups.

    Attributes
    ----------
    focus : (n,) int
        Number of each point's focus, from 0, over all groups; -1: in none.
    """

    focus: NDArray[np.intp]


def foci(
    points: NDArray[np.float64],
    group: NDArray[np.intp],
    *,
    radius_um: float = FOCUS_RADIUS_UM,
    min_molecules: int = FOCUS_MIN_MOLECULES,
) -> Foci:
    """Foci as by DBSCAN: points with `min_molecules` or more within `radius_um`, themselves counted, and all within it.

    Parameters
    ----------
    points : (n, 2) float64
        µm.
    group : (n,) int
        Only points of one group make foci.
    """
    focus = np.full(len(points), -1, dtype=np.intp)
    if not len(points):
        return Foci(focus)
    tree, lifted = _tree(points, group)
    is_core = tree.query_ball_point(lifted, radius_um, return_length=True) >= min_molecules
    core = np.flatnonzero(is_core)
    if not len(core):
        return Foci(focus)
    cores = cKDTree(lifted[core])
    pairs = cores.query_pairs(radius_um, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(core), len(core)))
    _, label = connected_components(graph, directed=False)
    distance, at = cores.query(lifted, distance_upper_bound=radius_um * (1 + 1e-12))
    near = np.isfinite(distance)
    focus[near] = label[at[near]]
    return Foci(focus)
