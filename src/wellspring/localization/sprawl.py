"""SPRAWL's four scores of one cell, against gene labels that are shuffled among its spots (Bierman et al., eLife
87517)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = [
    "SPRAWL_COLUMNS",
    "RankScores",
    "cell_scores",
    "median_rank_variance",
    "pair_scores",
    "pair_variance",
    "rank_scores",
]

SPRAWL_COLUMNS = {
    "sprawl_peripheral": "SPRAWL's peripheral score: 1 if nearest to the outline of all molecules, -1 if farthest",
    "sprawl_central": "SPRAWL's central score: 1 if nearest to the cell's centroid of all molecules, -1 if farthest",
    "sprawl_radial": "SPRAWL's radial score: 1 if gathered in one direction, -1 if spread over all",
    "sprawl_punctate": "SPRAWL's punctate score: 1 if near each other, -1 if apart",
    "sprawl_rank_sd": "standard deviation of the peripheral and central scores with labels shuffled, exact",
}
"""What `cell_scores` gives, and what it means."""

_Array = NDArray[np.float64]
N_SHUFFLES = 1000
N_PAIRS = 4


@dataclass(frozen=True)
class RankScores:
    """Scores of the genes of a cell.

    Attributes
    ----------
    genes : (k,) as given
    counts : (k,) int
    score : (k,) float64
        -1 to 1; NaN where the cell has one spot.
    variance : (k,) float64
        Of the score when labels are shuffled.
    """

    genes: NDArray[np.generic]
    counts: NDArray[np.intp]
    score: _Array
    variance: _Array


def median_rank_variance(n: int, m: int) -> float:
    """Variance of the score (E - median) / (E - 1) of `m` ranks drawn from 1..`n` without replacement, E = (n + 1) / 2.

    Exact. Of an odd `m` the median is one order statistic, P(k-th = r) = C(r - 1, k - 1) C(n - r, m - k) / C(n, m);
    of an even one the mean of two, whose joint distribution is summed.

    Parameters
    ----------
    n, m
        1 or more, m no more than n. 0 where n is 1 or m is n.
    """
    if n < 2 or m == n:
        return 0.0
    expected = (n + 1) / 2
    rank = np.arange(1, n + 1, dtype=np.float64)
    if m % 2:
        k = (m + 1) // 2
        log_p = _log_choose(rank - 1, k - 1) + _log_choose(n - rank, m - k) - _log_choose(np.float64(n), m)
        variance = float(np.exp(log_p) @ (rank - expected) ** 2)
    else:
        variance = _even_variance(n, m)
    return variance / (expected - 1) ** 2


def _even_variance(n: int, m: int) -> float:
    """Of the mean of the two middle ranks r < s: by moments of order statistics of 1..n without replacement.

    E[X_k] = k (n + 1) / (m + 1) and Cov(X_j, X_k) = j (m + 1 - k) (n + 1) (n - m) / ((m + 1)² (m + 2)) for j ≤ k.
    """
    common = (n + 1) * (n - m) / ((m + 1) ** 2 * (m + 2))
    j, k = m // 2, m // 2 + 1
    return common * (j * (m + 1 - j) + k * (m + 1 - k) + 2 * j * (m + 1 - k)) / 4


def _log_choose(n: "NDArray[np.float64] | np.float64", k: int) -> _Array:
    with np.errstate(invalid="ignore"):
        found = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.where(n >= k, found, -np.inf))


def rank_scores(distance: _Array, genes: NDArray[np.generic]) -> RankScores:
    """SPRAWL's peripheral score, of distances to the outline; its central score, of distances to the centre.

    All spots of the cell are ranked by `distance`, the nearest first (ties in the order of the file). The score of a
    gene is (E - median rank) / (E - 1), E = (n + 1) / 2: 1 if its spots are the nearest of all, -1 if the farthest.

    Parameters
    ----------
    distance : (n,) float
        Of all spots of the cell, of all genes; in cells outlined plane by plane, to the outline of its own plane.
    genes : (n,)
        Gene of each spot.
    """
    n = len(distance)
    names, of_each, counts = np.unique(genes, return_inverse=True, return_counts=True)
    rank = np.empty(n)
    rank[np.argsort(distance, kind="stable")] = np.arange(1, n + 1)
    expected = (n + 1) / 2
    median = np.array([np.median(rank[of_each == k]) for k in range(len(names))])
    score = (expected - median) / (expected - 1) if n > 1 else np.full(len(names), np.nan)
    variance = np.array([median_rank_variance(n, int(m)) for m in counts])
    return RankScores(names, counts, score, variance)


def pair_variance(n_shuffles: int) -> float:
    """Variance of `pair_scores` when labels are shuffled: ranks of the observed among N + 1 equal ones, (N + 2) / (3
    N)."""
    return (n_shuffles + 2) / (3 * n_shuffles)


def pair_scores(
    points: _Array,
    genes: NDArray[np.generic],
    *,
    kind: str,
    rng: np.random.Generator,
    centre: _Array | None = None,
    n_shuffles: int = N_SHUFFLES,
    n_pairs: int = N_PAIRS,
) -> RankScores:
    """SPRAWL's radial score (`kind` ``radial``) or punctate score (``punctate``).

    For each gene the mean over `n_pairs` random pairs of its spots, of the angle between them as seen from `centre`
    or of
    their distance, is compared with the same of as many spots of any gene: score = (N / 2 - number of shuffles with a
    smaller mean) / (N / 2). 1: seen within the smallest angle (nearest to each other) of all. Ties count one half.

    Parameters
    ----------
    points : (n, 2) float
        All spots of the cell.
    centre : (2,) float
        Of ``radial``.

    Returns
    -------
    RankScores
        NaN for a gene with one spot.
    """
    names, of_each, counts = np.unique(genes, return_inverse=True, return_counts=True)
    score = np.full(len(names), np.nan)
    for k, m in enumerate(counts):
        if m < 2:
            continue
        own = np.flatnonzero(of_each == k)
        observed = _mean_pairs(points[own[_pairs(int(m), (1, n_pairs), rng)]], kind=kind, centre=centre)
        pairs = _compact(_pairs(int(m), (n_shuffles, n_pairs), rng))
        # Of the spots that would have the gene's labels only those in a pair matter.
        chosen = _distinct(len(points), min(int(m), 2 * n_pairs), n_rows=n_shuffles, rng=rng)
        shuffled = points[chosen[np.arange(n_shuffles)[:, None, None], pairs]]
        null = _mean_pairs(shuffled, kind=kind, centre=centre)
        less = (null < observed).sum() + (null == observed).sum() / 2
        score[k] = (n_shuffles / 2 - less) / (n_shuffles / 2)
    variance = np.where(counts > 1, pair_variance(n_shuffles), np.nan)
    return RankScores(names, counts, score, variance)


def cell_scores(
    points: _Array,
    genes: NDArray[np.generic],
    *,
    membrane: _Array,
    centre: _Array,
    n_shuffles: int,
    rng: np.random.Generator,
) -> dict[str, _Array]:
    """The columns `SPRAWL_COLUMNS` of the genes of one cell, in the order of their names.

    Parameters
    ----------
    points : (n, 2) float
    genes : (n,)
    membrane : (n,) float
        Distance of each to the outline.
    centre : (2,) float
        Centroid of the cell.
    n_shuffles
        Behind the radial and punctate scores.

    Returns
    -------
    dict of str to (k,) float64
        NaN in a cell of one gene, whose labels cannot be shuffled; radial and punctate of a gene with one spot.
    """
    names = np.unique(genes)
    if len(names) < 2:
        return {name: np.full(len(names), np.nan) for name in SPRAWL_COLUMNS}
    peripheral = rank_scores(membrane, genes)
    central = rank_scores(np.hypot(*(points - centre).T), genes)
    radial = pair_scores(points, genes, kind="radial", rng=rng, centre=centre, n_shuffles=n_shuffles)
    punctate = pair_scores(points, genes, kind="punctate", rng=rng, n_shuffles=n_shuffles)
    found = (peripheral.score, central.score, radial.score, punctate.score, np.sqrt(peripheral.variance))
    return dict(zip(SPRAWL_COLUMNS, found, strict=True))


def _pairs(m: int, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.intp]:
    """(*shape, 2) pairs of two different numbers below m."""
    first = rng.integers(0, m, shape)
    second = (first + rng.integers(1, m, shape)) % m
    return np.stack([first, second], axis=-1)


def _compact(pairs: NDArray[np.intp]) -> NDArray[np.intp]:
    """(rows, pairs, 2) numbers as their ranks among the different numbers of their row, from 0."""
    flat = pairs.reshape(len(pairs), -1)
    order = np.argsort(flat, axis=1, kind="stable")
    ordered = np.take_along_axis(flat, order, axis=1)
    rank = np.concatenate([np.zeros((len(flat), 1), np.intp), np.cumsum(np.diff(ordered, axis=1) > 0, axis=1)], axis=1)
    found = np.empty_like(flat)
    np.put_along_axis(found, order, rank, axis=1)
    return found.reshape(pairs.shape)


def _distinct(n: int, k: int, *, n_rows: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(n_rows, k) numbers below n, in each row different ones, all choices and orders alike."""
    if n < 8 * k:
        return np.argsort(rng.random((n_rows, n)), axis=1)[:, :k]
    found = rng.integers(0, n, (n_rows, k))
    while True:
        again = np.flatnonzero((np.diff(np.sort(found, axis=1), axis=1) == 0).any(axis=1))
        if not len(again):
            return found
        found[again] = rng.integers(0, n, (len(again), k))


def _mean_pairs(ends: _Array, *, kind: str, centre: _Array | None) -> _Array:
    """Mean over pairs of (shuffles, pairs, 2, 2) points."""
    if kind == "punctate":
        return np.asarray(np.hypot(*np.moveaxis(ends[:, :, 0] - ends[:, :, 1], -1, 0)).mean(axis=1))
    way = ends - (np.zeros(2) if centre is None else centre)
    angle = np.arctan2(way[..., 1], way[..., 0])
    between = np.abs((angle[:, :, 0] - angle[:, :, 1] + np.pi) % (2 * np.pi) - np.pi)
    return np.asarray(between.mean(axis=1))
