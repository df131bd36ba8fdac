"""Difference of two groups of units: its size, its interval, and a p-value by rearranging the groups."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.statistics import percentile_interval, permutation_p_value

__all__ = ["MANY_UNITS", "Effects", "arrangements", "compare_units", "hedges_g"]

MANY_UNITS = 10
"""From as many units in each group on (pairs, where each block has one of each), intervals are bootstrapped."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effects:
    """Of f measures: float64 arrays (f,), NaN where there is no such number, and what holds for all of them.

    Attributes
    ----------
    mean, mean_control, difference, low, high, hedges_g, p_value, p_t : (f,) float64
        `p_t`: of the t-test whose interval `compare_units` describes.
    n_units, n_units_control : int
    p_lowest : float
        Lowest p-value that so many units can give; NaN without a test.
    interval : str
        ``t``, ``bootstrap`` or ``none``.
    """

    mean: Floats
    mean_control: Floats
    difference: Floats
    low: Floats
    high: Floats
    hedges_g: Floats
    p_value: Floats
    p_t: Floats
    n_units: int
    n_units_control: int
    p_lowest: float
    interval: str


def compare_units(
    values: Floats,
    is_treated: NDArray[np.bool_],
    blocks: NDArray[np.integer],
    *,
    n_resamples: int,
    n_permutations: int,
    rng: np.random.Generator,
    confidence: float = 0.95,
) -> Effects:
    """Treated units less control units.

    Parameters
    ----------
    values : (n, f) float64
        A row per unit, a column per measure; finite.
    is_treated : (n,) bool
    blocks : (n,) int
        0, 1, ...; each has units of both groups. The difference is that within blocks, weighted as least squares does:
        by n₁n₀/(n₁ + n₀) of each block.
    n_resamples, n_permutations, confidence
        Of the bootstrap; of the p-value, where there are more arrangements than this; of the interval.

    Notes
    -----
    *Interval.* With fewer than `MANY_UNITS` units: Welch's (1947) of two means, or in blocks the t-interval of the
    additive model of group and block, which for one pair a block is that of the paired t-test. From there on:
    bootstrap-t (Efron and Tibshirani 1993, chapter 12), units resampled within their group, or pairs resampled. Blocks
    that hold several units of a group keep the t-interval: the blocks are taken as they are.

    *P-value.* Groups are rearranged within blocks, which is what chance did if conditions were assigned to units within
    blocks. All arrangements are tried where there are `n_permutations` of them at most, else so many random ones
    (Phipson and Smyth 2010). Two-sided, by the absolute difference. Three units in each group give no p-value below
    0.1, so that of the t-test is given too, which assumes that units are normally distributed.

    A group without units, or one unit against one, has no interval and no p-value: NaN.
    """
    n_measures = values.shape[1]
    nothing = np.full(n_measures, np.nan)
    sizes = (int(is_treated.sum()), int((~is_treated).sum()))
    mean, control = (values[mask].mean(axis=0) if mask.any() else nothing for mask in (is_treated, ~is_treated))
    if 0 in sizes:
        return Effects(
            mean, control, nothing, nothing, nothing, nothing, nothing, nothing, *sizes, float("nan"), "none"
        )
    difference, error, freedom = _fitted(values, is_treated, blocks)
    kind = "none" if not freedom.size or np.isnan(freedom).all() else "t"
    low, high = _t_interval(difference, error, freedom, confidence=confidence)
    drawn = _bootstrap_t(values, is_treated, blocks, n_resamples=n_resamples, rng=rng)
    if drawn is not None:
        kind = "bootstrap"
        lower, upper = percentile_interval(drawn, confidence=confidence)
        low, high = difference - upper * error, difference - lower * error
    p_value, p_lowest = _permutation_p(values, is_treated, blocks, n_permutations=n_permutations, rng=rng)
    size = hedges_g(values, is_treated, difference)
    p_t = _t_p(difference, error, freedom)
    return Effects(mean, control, difference, low, high, size, p_value, p_t, *sizes, p_lowest, kind)


def hedges_g(values: Floats, is_treated: NDArray[np.bool_], difference: Floats) -> Floats:
    """The difference (f,) over the pooled standard deviation of units, corrected for few units (Hedges 1981, J exact).

    NaN with fewer than 4 units, fewer than 2 in a group, or where units of a group do not differ. Blocks are not taken
    off the standard deviation, so that studies with and without blocks have the same scale.
    """
    n = (int(is_treated.sum()), int((~is_treated).sum()))
    freedom = sum(n) - 2
    if min(n) < 2:
        return np.full(values.shape[1], np.nan)
    squares = sum(values[mask].var(axis=0) * mask.sum() for mask in (is_treated, ~is_treated))
    sd = np.sqrt(squares / freedom)
    factor = math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)
    known = sd > 1e-12 * np.abs(values).max(axis=0, initial=0)
    return np.where(known, factor * difference / np.where(known, sd, 1.0), np.nan)


def _fitted(values: Floats, is_treated: NDArray[np.bool_], blocks: NDArray[np.integer]) -> tuple[Floats, ...]:
    """Difference, its standard error and degrees of freedom, (f,) each."""
    n_blocks = int(blocks.max()) + 1
    if n_blocks == 1:
        return _two_means(values, is_treated)
    centred, weight = _centred(values, blocks), _weight(is_treated, blocks)
    difference = centred[is_treated].sum(axis=0) / weight
    freedom = len(values) - n_blocks - 1
    if freedom < 1:
        nothing = np.full(values.shape[1], np.nan)
        return difference, nothing, nothing
    squares = np.maximum((centred**2).sum(axis=0) - weight * difference**2, 0.0)
    return difference, np.sqrt(squares / freedom / weight), np.full(values.shape[1], float(freedom))


def _two_means(values: Floats, is_treated: NDArray[np.bool_]) -> tuple[Floats, ...]:
    difference = values[is_treated].mean(axis=0) - values[~is_treated].mean(axis=0)
    n = np.array([is_treated.sum(), (~is_treated).sum()])
    if n.min() < 2:
        nothing = np.full(values.shape[1], np.nan)
        return difference, nothing, nothing
    parts = np.stack([values[mask].var(axis=0, ddof=1) for mask in (is_treated, ~is_treated)]) / n[:, None]
    total = parts.sum(axis=0)
    below = (parts**2 / (n[:, None] - 1)).sum(axis=0)
    # Welch and Satterthwaite; without any spread the number does not matter.
    freedom = np.where(below > 0, total**2 / np.where(below > 0, below, 1.0), float(n.sum() - 2))
    return difference, np.sqrt(total), freedom


def _t_interval(difference: Floats, error: Floats, freedom: Floats, *, confidence: float) -> tuple[Floats, Floats]:
    from scipy.special import stdtrit

    half = stdtrit(freedom, (1 + confidence) / 2) * error
    return difference - half, difference + half


def _t_p(difference: Floats, error: Floats, freedom: Floats) -> Floats:
    """Two-sided p-value; NaN where units do not vary, which no normal distribution describes."""
    from scipy.special import stdtr

    known = error > 0
    return np.where(known, 2 * stdtr(freedom, -np.abs(difference) / np.where(known, error, 1.0)), np.nan)


def _bootstrap_t(
    values: Floats,
    is_treated: NDArray[np.bool_],
    blocks: NDArray[np.integer],
    *,
    n_resamples: int,
    rng: np.random.Generator,
) -> Floats | None:
    """(n_resamples, f) studentized differences of resamples; None where there are too few units, or mixed blocks."""
    n_blocks = int(blocks.max()) + 1
    if n_blocks == 1:
        parts = [values[is_treated], values[~is_treated]]
    elif len(values) == 2 * n_blocks:
        order = np.argsort(blocks, kind="stable")
        pairs = values[order].reshape(n_blocks, 2, -1)
        first = is_treated[order].reshape(n_blocks, 2)[:, 0]
        parts = [np.where(first[:, None], pairs[:, 0] - pairs[:, 1], pairs[:, 1] - pairs[:, 0])]
    else:
        return None
    if min(len(part) for part in parts) < MANY_UNITS:
        return None
    moved, variance = np.zeros((n_resamples, values.shape[1])), np.zeros((n_resamples, values.shape[1]))
    for sign, part in zip((1.0, -1.0), parts, strict=False):
        n = len(part)
        off = part - part.mean(axis=0)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples) / n
        mean = weights @ off
        moved += sign * mean
        variance += np.maximum(weights @ off**2 - mean**2, 0.0) / (n - 1)
    return np.where(variance > 0, moved / np.sqrt(np.where(variance > 0, variance, 1.0)), np.nan)


def arrangements(
    is_treated: NDArray[np.bool_], blocks: NDArray[np.integer], *, n_permutations: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], bool]:
    """Which units are treated, (k, n) bool, in arrangements within blocks; and whether these are all there are.

    All of them, the given one included, where there are `n_permutations` at most; else so many random ones.
    """
    places = [np.flatnonzero(blocks == block) for block in range(int(blocks.max()) + 1)]
    chosen = [int(is_treated[own].sum()) for own in places]
    n_all = math.prod(math.comb(len(own), k) for own, k in zip(places, chosen, strict=True))
    if n_all <= n_permutations:
        within = [list(itertools.combinations(own, k)) for own, k in zip(places, chosen, strict=True)]
        found = np.zeros((n_all, len(is_treated)), dtype=bool)
        for row, parts in enumerate(itertools.product(*within)):
            found[row, list(itertools.chain.from_iterable(parts))] = True
        return found, True
    found = np.zeros((n_permutations, len(is_treated)), dtype=bool)
    for own, k in zip(places, chosen, strict=True):
        order = rng.random((n_permutations, len(own))).argsort(axis=1)
        np.put_along_axis(found, own[order[:, :k]], True, axis=1)
    return found, False


def _permutation_p(
    values: Floats,
    is_treated: NDArray[np.bool_],
    blocks: NDArray[np.integer],
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[Floats, float]:
    found, are_all = arrangements(is_treated, blocks, n_permutations=n_permutations, rng=rng)
    sizes = [is_treated[blocks == block] for block in range(int(blocks.max()) + 1)]
    is_symmetric = all(2 * own.sum() == len(own) for own in sizes)
    lowest = (2 if is_symmetric else 1) / len(found) if are_all else 1 / (1 + n_permutations)
    if lowest >= 1:
        return np.full(values.shape[1], np.nan), float("nan")
    # Within blocks, the difference is a sum over the treated units.
    centred = _centred(values, blocks)
    observed = np.abs(centred[is_treated].sum(axis=0))
    rounding = 1e-10 * np.abs(centred).sum(axis=0)
    as_extreme = (np.abs(found.astype(np.float64) @ centred) >= observed - rounding).sum(axis=0)
    if are_all:
        return as_extreme / len(found), lowest
    return permutation_p_value(as_extreme, n_permutations=n_permutations), lowest


def _centred(values: Floats, blocks: NDArray[np.integer]) -> Floats:
    centred = values.astype(np.float64, copy=True)
    for block in range(int(blocks.max()) + 1):
        own = blocks == block
        centred[own] -= centred[own].mean(axis=0)
    return centred


def _weight(is_treated: NDArray[np.bool_], blocks: NDArray[np.integer]) -> float:
    n = np.bincount(blocks).astype(np.float64)
    n_treated = np.bincount(blocks, weights=is_treated.astype(np.float64))
    return float((n_treated * (n - n_treated) / n).sum())
