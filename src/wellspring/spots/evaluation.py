"""Found spots against true ones: one-to-one matching, F1 at a distance, and the integral F1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from wellspring.errors import InputError

__all__ = ["Matches", "f1_score", "integral_f1", "match_spots"]

_CUTOFFS = 50


@dataclass(frozen=True)
class Matches:
    """Pairs of a found and a true spot, each spot in one pair at most.

    Attributes
    ----------
    found, true : (n,) int64
        Places in the two lists.
    distances : (n,) float64
        In the unit of the coordinates.
    n_found, n_true : int
        Lengths of the lists.
    """

    found: NDArray[np.int64]
    true: NDArray[np.int64]
    distances: NDArray[np.float64]
    n_found: int
    n_true: int

    @property
    def f1(self) -> float:
        """2 * pairs / (found + true); 1 when both lists are empty, 0 when one is."""
        total = self.n_found + self.n_true
        return 2 * len(self.found) / total if total else 1.0


def match_spots(found: NDArray[np.floating], true: NDArray[np.floating], *, max_distance: float) -> Matches:
    """Match by the Hungarian method: as many pairs as can be, and of those choices the least sum of distances.

    Parameters
    ----------
    found, true : (n, n_axes), (m, n_axes) float
        Coordinates, in px or any other unit.
    max_distance
        Pairs may be as far apart as this, not farther.

    Raises
    ------
    ValueError
        When the two have different axes.
    """
    if found.ndim != 2 or true.ndim != 2 or found.shape[1] != true.shape[1]:
        raise InputError(f"found, true: expected (n, axes) and (m, axes), got {found.shape} and {true.shape}.")
    chosen: list[tuple[int, int, float]] = []
    for rows, columns, costs in _groups(found, true, max_distance=max_distance):
        # A pair that is too far costs more than all pairs that are not.
        far = 1.0 + max_distance * (1 + min(costs.shape))
        for row, column in zip(*linear_sum_assignment(np.where(np.isinf(costs), far, costs)), strict=True):
            if np.isfinite(costs[row, column]):
                chosen.append((int(rows[row]), int(columns[column]), float(costs[row, column])))
    pairs = np.array(chosen, dtype=np.float64).reshape(-1, 3)
    return Matches(pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64), pairs[:, 2], len(found), len(true))


def _groups(
    found: NDArray[np.floating], true: NDArray[np.floating], *, max_distance: float
) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Sets of spots that are linked by possible pairs: their places and their distances (infinite: too far)."""
    if len(found) == 0 or len(true) == 0:
        return []
    near = cKDTree(found).sparse_distance_matrix(cKDTree(true), max_distance, output_type="ndarray")
    n_all = len(found) + len(true)
    links = coo_matrix((np.ones(len(near)), (near["i"], len(found) + near["j"])), shape=(n_all, n_all))
    _, group = connected_components(links, directed=False)
    order = np.argsort(group[near["i"]], kind="stable")
    near = near[order]
    parts = np.split(near, np.flatnonzero(np.diff(group[near["i"]])) + 1) if len(near) else []
    groups = []
    for part in parts:
        rows, row = np.unique(part["i"], return_inverse=True)
        columns, column = np.unique(part["j"], return_inverse=True)
        costs = np.full((len(rows), len(columns)), np.inf)
        costs[row, column] = part["v"]
        groups.append((rows.astype(np.int64), columns.astype(np.int64), costs))
    return groups


def f1_score(found: NDArray[np.floating], true: NDArray[np.floating], *, max_distance: float = 3.0) -> float:
    """F1 of one image: 2 TP / (found + true), matched up to `max_distance`. Both empty: 1; one empty: 0."""
    return match_spots(found, true, max_distance=max_distance).f1


def integral_f1(found: NDArray[np.floating], true: NDArray[np.floating], *, max_distance: float = 3.0) -> float:
    """Mean of F1 over cutoffs from 0 to `max_distance`: 50 equal steps, trapezoids, matched anew for each.

    As deepBlink (Eichenberger et al., NAR 49, 2021), except that two empty lists agree (1, not 0) and that a pair at
    the cutoff itself counts.
    """
    cutoffs = np.linspace(0, max_distance, _CUTOFFS)
    scores = [f1_score(found, true, max_distance=float(cutoff)) for cutoff in cutoffs]
    return float(np.trapezoid(scores, cutoffs) / max_distance)
