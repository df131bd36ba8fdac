"""What a gene without a pattern would look like in the same cell: uniform in its volume or area, or labels swapped."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from wellspring.localization.grids import OPENING_RADII, CellGrid
from wellspring.localization.measuring import CellMolecules
from wellspring.localization.neighbors import FOCUS_RADIUS_UM
from wellspring.localization.positions import positions_in, ranks_among
from wellspring.statistics import permutation_p_value

__all__ = [
    "NULLS",
    "TESTED",
    "NullModel",
    "PairTest",
    "null_model",
    "one_per_cluster",
    "pair_tests",
    "rank_p_values",
    "thickness",
]

_Array = NDArray[np.float64]
NULLS = {
    "volume": "uniform in the volume of the cell; its thickness is estimated from the z of all molecules, or from the "
    "density of all other genes; without both, the area",
    "area": "uniform in the area of the cell as seen from above",
    "labels": "gene labels swapped among the molecules of the cell",
}
TESTED = ("in_nucleus", "membrane_rank", "nucleus_rank", "opening_40")
"""Statistics that are tested: means over a gene's molecules of these columns of `values_at`."""

# Below, heights say nothing of the shape of a cell.
_FEWEST_HEIGHTS = 30
_LEAST_THICKNESS = 0.05


@dataclass(frozen=True)
class NullModel:
    """A null distribution of the positions in one cell.

    Attributes
    ----------
    kind : str
        ``volume by z``, ``volume by other genes``, ``area`` or ``labels``.
    draw : function (group, n, rng) -> (n, 2) float64
        Positions of `n` molecules in the place of those of a group.
    pool : function (group) -> (n, 2) float64, weights
        The positions that are drawn from, and their weights, sum 1.
    """

    kind: str
    draw: Callable[[int, int, np.random.Generator], _Array]
    pool: Callable[[int], tuple[_Array, _Array]]


def thickness(grid: CellGrid, points: _Array, z: _Array) -> _Array | None:
    """Thickness at each pixel of a cell from the heights of its molecules; None of fewer than 30, or of equal heights.

    The bottom of the cell is taken to be flat, at the 2 % quantile of the heights, and molecules to be anywhere in the
    height on average: thickness = 2 (mean height - bottom). The mean height is fitted by 1, the depth (distance to the
    membrane over the largest), its root, and the depth in the nucleus, with coefficients of 0 or more.

    Parameters
    ----------
    points : (n, 2) float64
    z : (n,) float64

    Returns
    -------
    (n_px,) float64
        In raster order, relative: at least 0.05 of the mean.
    """
    if len(z) < _FEWEST_HEIGHTS or np.ptp(z) == 0:
        return None
    bottom = float(np.quantile(z, 0.02))

    def terms(membrane: _Array, nucleus: _Array) -> _Array:
        depth = np.clip(membrane / float(grid.membrane.max()), 0, 1)
        core = np.clip(-np.nan_to_num(nucleus, nan=0.0) / max(grid.radius_um, 1e-12), 0, None)
        return np.column_stack([np.ones(len(depth)), depth, np.sqrt(depth), core, np.sqrt(core)])

    at = positions_in(grid, points).distances.astype(np.float64)
    coefficients, _ = nnls(terms(at[:, 0], at[:, 1]), np.maximum(z - bottom, 0))
    pixels = positions_in(grid).distances.astype(np.float64)
    found = terms(pixels[:, 0], pixels[:, 1]) @ coefficients
    return np.asarray(np.maximum(found, _LEAST_THICKNESS * found.mean())) if found.mean() > 0 else None


def null_model(cell: CellMolecules, *, kind: str) -> NullModel:
    """The null of one cell.

    Parameters
    ----------
    kind
        One of `NULLS`. Of ``volume`` without heights of enough molecules, positions are drawn from the molecules of all
        other genes; where the cell has no other gene, from its area.
    """
    if kind == "labels":
        return _labels(cell)
    weights = None
    if kind == "volume":
        weights = thickness(cell.grid, cell.points, cell.z) if cell.z is not None else None
        if weights is None and len(cell.groups.counts) > 1:
            return _others(cell)
    pixels = cell.grid.pixels_um()
    share = np.full(len(pixels), 1 / len(pixels)) if weights is None else weights / weights.sum()
    cumulative = np.cumsum(share)

    def draw(group: int, n: int, rng: np.random.Generator) -> _Array:
        at = np.minimum(np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right"), len(pixels) - 1)
        return np.asarray(pixels[at] + (rng.random((n, 2)) - 0.5) * cell.grid.spacing)

    def pool(group: int) -> tuple[_Array, _Array]:
        return pixels, share

    return NullModel("area" if weights is None else "volume by z", draw, pool)


def _labels(cell: CellMolecules) -> NullModel:
    def draw(group: int, n: int, rng: np.random.Generator) -> _Array:
        return cell.points[rng.permutation(len(cell.points))[:n]]

    def pool(group: int) -> tuple[_Array, _Array]:
        return cell.points, np.full(len(cell.points), 1 / len(cell.points))

    return NullModel("labels", draw, pool)


def _others(cell: CellMolecules) -> NullModel:
    own = cell.groups.of_each

    def pool(group: int) -> tuple[_Array, _Array]:
        points = cell.points[own != group]
        return points, np.full(len(points), 1 / len(points))

    def draw(group: int, n: int, rng: np.random.Generator) -> _Array:
        points, _ = pool(group)
        # Twice at random: what is known of the density, from so many molecules, varies too.
        known = rng.integers(0, len(points), len(points))
        return points[known[rng.integers(0, len(points), n)]]

    return NullModel("volume by other genes", draw, pool)


def rank_p_values(observed: _Array, drawn: _Array, *, rng: np.random.Generator) -> _Array:
    """Two-sided p-values of observed statistics (k,) among drawn ones (B, k): (1 + #) / (1 + B).

    Distances from the mean of all B + 1, the observed one included, are compared, so that under the null all are
    exchangeable; ties are broken at random, so that p is uniform on 1/(B + 1) ... 1 also where statistics are discrete.
    """
    whole = np.concatenate([observed[None], drawn])
    away = np.abs(whole - whole.mean(axis=0))
    away = np.round(away, 12)
    toss = rng.random(away.shape)
    larger = (away[1:] > away[:1]) | ((away[1:] == away[:1]) & (toss[1:] > toss[:1]))
    return permutation_p_value(larger.sum(axis=0), n_permutations=len(drawn))


@dataclass(frozen=True)
class PairTest:
    """Tests of all genes of one cell.

    Attributes
    ----------
    statistic, expected, p_value : (groups, len(TESTED)) float64
        Mean over the molecules, that of the null, and two-sided p; NaN where it is not defined.
    n_units : (groups,) int
        Molecules, or clusters, behind each.
    kind : str
        Of the null that was used.
    """

    statistic: _Array
    expected: _Array
    p_value: _Array
    n_units: NDArray[np.intp]
    kind: str


def pair_tests(
    cell: CellMolecules, *, kind: str, n_draws: int, rng: np.random.Generator, by_cluster: bool = False
) -> PairTest:
    """Test every gene of a cell against a null.

    Parameters
    ----------
    kind
        One of `NULLS`.
    n_draws
        1 or more. If labels can be swapped in no more ways, all are taken, and p is exact.
    by_cluster
        Of molecules of a gene that are linked by steps of 0.5 µm one, at random, is tested: those of one focus are no
        independent witnesses.
    """
    model = null_model(cell, kind=kind)
    values = _tested(cell, cell.points)
    n_groups = len(cell.groups.counts)
    shape = (n_groups, len(TESTED))
    statistic, expected, p_value = (np.full(shape, np.nan) for _ in range(3))
    units = np.zeros(n_groups, np.intp)
    for group, (start, count) in enumerate(zip(cell.groups.starts, cell.groups.counts, strict=True)):
        rows = np.arange(start, start + count)
        if by_cluster:
            rows = rows[one_per_cluster(cell.points[rows], rng=rng)]
        units[group] = len(rows)
        statistic[group] = values[rows].mean(axis=0)
        drawn = _drawn(cell, model, group, n=len(rows), n_draws=n_draws, values=values, rng=rng)
        pool, weights = model.pool(group)
        expected[group] = weights @ (values if model.kind == "labels" else _tested(cell, pool))
        known = np.isfinite(statistic[group])
        p_value[group, known] = rank_p_values(statistic[group][known], drawn[:, known], rng=rng)
    return PairTest(statistic, expected, p_value, units, model.kind)


def _tested(cell: CellMolecules, points: _Array) -> _Array:
    """(n, len(TESTED)) of points, as `wellspring.localization.positions.values_at` has them."""
    at, sorted_px = positions_in(cell.grid, points), cell.reference.sorted_px
    ranks = [ranks_among(sorted_px[:, k], at.distances[:, k]) for k in (0, 1)]
    found = np.column_stack([at.distances[:, 1] < 0, *ranks, at.opened < OPENING_RADII[-1] - 1e-6]).astype(np.float64)
    if cell.grid.nucleus is None:
        found[:, [0, 2]] = np.nan
    return np.asarray(found)


def _drawn(
    cell: CellMolecules,
    model: NullModel,
    group: int,
    *,
    n: int,
    n_draws: int,
    values: _Array,
    rng: np.random.Generator,
) -> _Array:
    """(B, len(TESTED)) statistics of the null."""
    if model.kind != "labels":
        points = np.concatenate([model.draw(group, n, rng) for _ in range(n_draws)])
        return np.asarray(_tested(cell, points).reshape(n_draws, n, -1).mean(axis=1))
    total = len(values)
    if comb(total, n) - 1 <= n_draws:
        # Every choice but the observed one, which is counted by itself.
        start = int(cell.groups.starts[group])
        own = tuple(range(start, start + n))
        chosen = np.array([one for one in combinations(range(total), n) if one != own], dtype=np.intp).reshape(-1, n)
    else:
        chosen = np.argsort(rng.random((n_draws, total)), axis=1)[:, :n]
    return np.asarray(values[chosen].mean(axis=1))


def one_per_cluster(points: _Array, *, rng: np.random.Generator, step_um: float = FOCUS_RADIUS_UM) -> NDArray[np.intp]:
    """Indices of one of each group of points (n, 2) that are linked by steps of `step_um` or less, at random."""
    n = len(points)
    pairs = cKDTree(points).query_pairs(step_um, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    order = rng.permutation(n)
    _, first = np.unique(label[order], return_index=True)
    return np.sort(order[first])
