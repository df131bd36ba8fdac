"""Is what comes later nearer? The order of all pairs of an mRNA and a protein time, tested and bounded over wells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.statistics import permutation_p_value

__all__ = ["OrderTest", "change_of_order", "forward_share", "is_forward_pair", "order_of_wells", "sorted_times"]

Correlate = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""(..., mRNA times, segments) and (..., protein times, segments) to (..., mRNA times, protein times)."""

_Tables = Sequence[NDArray[np.float64]]
# Two scores that differ by rounding are the same.
_ROUNDING = 1e-9
_EXACT = 5000
"""Arrangements of the times up to which all are tried."""
_BATCH = 250
_LEVELS = (0.025, 0.975)


@dataclass(frozen=True)
class OrderTest:
    """A score of the order of pairs, and whether the times explain it.

    Attributes
    ----------
    score : float
        0 to 1 (of a change, -1 to 1); NaN where it is not defined.
    low, high : float
        Interval over wells, see `order_of_wells`; NaN where a time has one well.
    p_value : float
        NaN where the score is not defined or no arrangement differs.
    n_arrangements : int
        Arrangements that were compared with the data.
    is_exact : bool
        Whether these are all that there are.
    """

    score: float
    low: float
    high: float
    p_value: float
    n_arrangements: int
    is_exact: bool


def sorted_times(profiles: Mapping[float, ArrayLike], name: str) -> list[tuple[float, float]]:
    """(time, key), ascending.

    Raises
    ------
    ValueError
        When a time is no number; `name` says of what.
    """
    try:
        return sorted((float(key), key) for key in profiles)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: expected numbers as times, got {list(profiles)}. Give times such as 2 or 3.5, without a unit."
        ) from None


def is_forward_pair(mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike]) -> NDArray[np.bool_]:
    """(mRNA times, protein times) bool: whether the protein's time is later."""
    first, second = sorted_times(mrna, "mrna"), sorted_times(protein, "protein")
    found = np.array([[later > earlier for later, _ in second] for earlier, _ in first], dtype=bool)
    return found.reshape(len(first), len(second))


def forward_share(correlations: NDArray[np.float64], is_forward: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Chance that a forward pair correlates more than another pair, ties counting half: Vargha and Delaney's A.

    Parameters
    ----------
    correlations : (..., mRNA times, protein times) float
    is_forward : (mRNA times, protein times) bool

    Returns
    -------
    (...) float64
        0 to 1, 0.5 without order. NaN where no pair or every pair is forward, or a correlation is NaN.
    """
    # Rounded, so that pairs that are equal but for the order of additions tie.
    rounded = np.round(correlations, 12)
    forward, other = rounded[..., is_forward], rounded[..., ~is_forward]
    if not forward.shape[-1] or not other.shape[-1]:
        return np.full(correlations.shape[:-2], np.nan)
    difference = forward[..., :, None] - other[..., None, :]
    share = ((difference > 0) + 0.5 * (difference == 0)).mean(axis=(-2, -1))
    return np.where(np.isnan(correlations).any(axis=(-2, -1)), np.nan, share)


def order_of_wells(
    mrna: Mapping[float, ArrayLike],
    protein: Mapping[float, ArrayLike],
    *,
    correlate: Correlate,
    n_permutations: int,
    seed: int,
) -> OrderTest:
    """The score of wells' profiles, its p-value from wells moved among the times of their molecule, and its interval.

    The time is a property of the well, so wells are exchanged, not cells or images. The profile of a time is the mean
    over its wells.

    Parameters
    ----------
    mrna, protein
        Time to the profiles of its wells, (wells, segments) float; at least one well.
    correlate
        How alike two profiles are.
    n_permutations
        Arrangements drawn where there are more than 5,000, else all of them are tried; and draws of the interval.
    seed
        Of the arrangements and draws.

    Returns
    -------
    OrderTest
        The p-value is one-sided, for a score as high. The interval is for the mean score of studies with as many wells;
        noise draws a score towards 0.5, so that of unlimited wells may lie farther from it. Of new studies, whose wells
        are drawn from all wells' deviations around profiles from whose differences the noise's share was taken, it
        spans 95 % of the scores, and their distances from the mean turned around the score found; whatever reaches
        farther counts, and one step of the score is added.

    Raises
    ------
    ValueError
        When a time is no number or has no well, or profiles differ in their number of segments.
    """
    sides = [_wells(mrna, "mrna"), _wells(protein, "protein")]
    is_forward = is_forward_pair(mrna, protein)
    check_segments([table for side in sides for table in side])
    score = float(_scores([_means(side) for side in sides], is_forward, correlate))
    sizes = [[len(table) for table in side] for side in sides]
    n_all = int(np.prod([_n_arrangements(one) for one in sizes], dtype=object))
    if np.isnan(score) or n_all < 2:
        return OrderTest(score, np.nan, np.nan, np.nan, 0, is_exact=True)
    rng = np.random.default_rng(seed)
    is_exact = n_all <= _EXACT
    labels = [np.repeat(np.arange(len(one)), one) for one in sizes]
    if is_exact:
        pairs = list(product(_arrangements(labels[0]), _arrangements(labels[1])))
        orders = [np.array([pair[side] for pair in pairs]) for side in (0, 1)]
    else:
        orders = [rng.permuted(np.tile(one, (n_permutations, 1)), axis=1) for one in labels]
    found = _scores([_rearranged(side, own) for side, own in zip(sides, orders, strict=True)], is_forward, correlate)
    as_high = int((found >= score - _ROUNDING).sum())
    # Of all arrangements the data is one; drawn ones come in addition to it.
    p_value = as_high / len(found) if is_exact else float(permutation_p_value(as_high, n_permutations=len(found)))
    low, high = (np.nan, np.nan)
    if min(map(min, sizes)) > 1:
        drawn = _drawn_scores(sides, is_forward, correlate, n_draws=n_permutations, rng=rng)
        low, high = _interval(score, drawn, step=_step(is_forward), least=0.0)
    return OrderTest(score, low, high, p_value, len(found), is_exact=is_exact)


def change_of_order(
    control: Sequence[Mapping[float, ArrayLike]],
    other: Sequence[Mapping[float, ArrayLike]],
    *,
    correlate: Correlate,
    n_permutations: int,
    seed: int,
) -> OrderTest:
    """Score of a condition less that of the control, at the times that both have.

    Parameters
    ----------
    control, other
        mRNA and protein of each, as of `order_of_wells`.

    Returns
    -------
    OrderTest
        The p-value is two-sided: wells exchange their conditions within molecule and time. The interval is that of
        `order_of_wells`, of the difference.
    """
    times = [sorted(set(one) & set(two), key=float) for one, two in zip(control, other, strict=True)]
    both = [
        [
            [np.atleast_2d(np.asarray(side[t], dtype=np.float64)) for t in own]
            for side, own in zip(sides, times, strict=True)
        ]
        for sides in (control, other)
    ]
    is_forward = is_forward_pair(*(dict.fromkeys(own, 0.0) for own in times))
    scores = [float(_scores([_means(side) for side in sides], is_forward, correlate)) for sides in both]
    change = scores[1] - scores[0]
    if np.isnan(change):
        return OrderTest(change, np.nan, np.nan, np.nan, 0, is_exact=False)
    rng = np.random.default_rng(seed)
    mixed = [
        [_exchanged(one, two, n=n_permutations, rng=rng) for one, two in zip(first, second, strict=True)]
        for first, second in zip(*both, strict=True)
    ]
    drawn = [
        _scores([np.stack([pair[i] for pair in side], axis=1) for side in mixed], is_forward, correlate) for i in (0, 1)
    ]
    as_far = int((np.abs(drawn[1] - drawn[0]) >= abs(change) - _ROUNDING).sum())
    p_value = float(permutation_p_value(as_far, n_permutations=n_permutations))
    low, high = (np.nan, np.nan)
    if min(len(table) for sides in both for side in sides for table in side) > 1:
        new = [_drawn_scores(sides, is_forward, correlate, n_draws=n_permutations, rng=rng) for sides in both]
        low, high = _interval(change, new[1] - new[0], step=_step(is_forward), least=-1.0)
    return OrderTest(change, low, high, p_value, n_permutations, is_exact=False)


def check_segments(tables: _Tables) -> None:
    """All tables (wells, segments) have as many segments, or an `InputError`."""
    shapes = {one.shape[1:] for one in tables}
    if len(shapes) > 1:
        raise InputError(
            f"temporal interaction: expected profiles with the same number of segments, got shapes {sorted(shapes)}. "
            "Divide all cells into the same segments."
        )


def _wells(profiles: Mapping[float, ArrayLike], name: str) -> list[NDArray[np.float64]]:
    times = sorted_times(profiles, name)
    found = [np.atleast_2d(np.asarray(profiles[key], dtype=np.float64)) for _, key in times]
    empty = [key for (_, key), table in zip(times, found, strict=True) if not len(table) or table.ndim != 2]
    if empty:
        raise InputError(f"{name}: expected one well or more for each time, (wells, segments), but {empty} have none.")
    return found


def _means(side: _Tables) -> NDArray[np.float64]:
    return np.stack([table.mean(axis=0) for table in side]) if side else np.empty((0, 0))


def _scores(
    profiles: Sequence[NDArray[np.float64]], is_forward: NDArray[np.bool_], correlate: Correlate
) -> NDArray[np.float64]:
    """Of one study (times, segments), or of many (studies, times, segments), some at a time."""
    first, second = profiles
    if first.ndim == 2:
        return forward_share(correlate(first, second), is_forward)
    parts = [np.s_[start : start + _BATCH] for start in range(0, len(first), _BATCH)]
    return np.concatenate([forward_share(correlate(first[part], second[part]), is_forward) for part in parts])


def _rearranged(side: _Tables, orders: NDArray[np.int64]) -> NDArray[np.float64]:
    """(arrangements, times, segments): means of the wells that each arrangement puts at a time."""
    is_at = orders[:, None, :] == np.arange(len(side))[:, None]
    return np.asarray((is_at / is_at.sum(axis=2, keepdims=True)) @ np.concatenate(side))


def _exchanged(
    one: NDArray[np.float64], other: NDArray[np.float64], *, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n, segments) twice: means of two groups of wells that were exchanged at random."""
    both = np.concatenate([one, other])
    orders = rng.permuted(np.tile(np.arange(len(both)), (n, 1)), axis=1)
    mixed = _rearranged([one, other], np.where(orders < len(one), 0, 1))
    return mixed[:, 0], mixed[:, 1]


def _drawn_scores(
    sides: Sequence[_Tables],
    is_forward: NDArray[np.bool_],
    correlate: Correlate,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    return _scores([_drawn(side, n=n_draws, rng=rng) for side in sides], is_forward, correlate)


def _drawn(side: _Tables, *, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n, times, segments): means of new wells. Deviations are pooled, since wells differ alike at all times."""
    sizes = [len(table) for table in side]
    means = _means(side)
    deviations = np.concatenate(
        [(table - table.mean(axis=0)) * np.sqrt(size / (size - 1)) for table, size in zip(side, sizes, strict=True)]
    )
    noise = float((deviations**2).mean() * np.mean([1 / size for size in sizes]))
    middle = means.mean(axis=0)
    between = float(((means - middle) ** 2).mean() * len(side) / max(1, len(side) - 1))
    kept = np.sqrt(max(0.0, 1 - noise / between)) if between > 0 else 0.0
    drawn = [deviations[rng.integers(len(deviations), size=(n, size))].mean(axis=1) for size in sizes]
    return np.asarray(middle + kept * (means - middle) + np.stack(drawn, axis=1))


def _step(is_forward: NDArray[np.bool_]) -> float:
    return 1 / float(is_forward.sum() * (~is_forward).sum())


def _interval(score: float, drawn: NDArray[np.float64], *, step: float, least: float) -> tuple[float, float]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return np.nan, np.nan
    below, above = np.quantile(known, _LEVELS)
    low = min(below, score - (above - known.mean())) - step
    high = max(above, score + (known.mean() - below)) + step
    return float(max(low, least)), float(min(high, 1.0))


def _n_arrangements(sizes: Sequence[int]) -> int:
    count = factorial(sum(sizes))
    for size in sizes:
        count //= factorial(size)
    return count


def _arrangements(labels: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """All distinct orders of the labels."""
    if _n_arrangements(np.bincount(labels).tolist()) > _EXACT:
        raise ValueError("arrangements: too many to list")
    found: dict[tuple[int, ...], None] = {(): None}
    for _ in labels:
        found = dict.fromkeys(
            (*order, label)
            for order in found
            for label in np.unique(labels).tolist()
            if order.count(label) < int((labels == label).sum())
        )
    return [np.array(order, dtype=np.int64) for order in found]
