"""Is what comes later nearer? The order of all pairs of an mRNA and a protein time, tested and bounded over wells."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.localization.interaction.exchanges import (
    Exchange,
    all_orders,
    drawn_means,
    drawn_orders,
    drawn_wells,
    exchange_of,
    n_orders,
    rearranged,
)
from wellspring.statistics import permutation_p_value

__all__ = ["OrderTest", "change_of_order", "forward_share", "is_forward_pair", "order_of_wells", "sorted_times"]

Correlate = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""(..., mRNA times, segments) and (..., protein times, segments) to (..., mRNA times, protein times)."""

Names = Sequence[Mapping[float, Sequence[Hashable]]]
"""Of the mRNA and of the protein: time to the names of its wells."""

_Tables = Sequence[NDArray[np.float64]]
_Study = Sequence[Mapping[float, ArrayLike]]
# Two scores that differ by rounding are the same.
_ROUNDING = 1e-9
_EXACT = 5000
"""Arrangements of the times up to which all are tried."""
_TIE = 1e-5
"""Of equal scores, which are many of few times, that one is higher whose forward pairs correlate more on average."""
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
    expected : float
        Mean score of these arrangements: 0.5 but for wells that show both molecules, whose equal times are more alike.
    """

    score: float
    low: float
    high: float
    p_value: float
    n_arrangements: int
    is_exact: bool
    expected: float = float("nan")


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
    names: Names | None = None,
) -> OrderTest:
    """The score of wells' profiles, its p-value from wells moved among the times of their molecule, and its interval.

    The time is a property of the well, so wells are exchanged, not cells or images. A well that shows both molecules
    takes both with it: what is its own makes them alike, whatever the time. The profile of a time is the mean over its
    wells.

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
    names
        Of the mRNA and of the protein: time to the names of its wells, in the order of the profiles; a well of both has
        one name. None: no well shows both.

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
    exchange = _exchange([(mrna, protein)], names=[names])
    n_all = n_orders(exchange)
    if np.isnan(score) or n_all < 2:
        return OrderTest(score, np.nan, np.nan, np.nan, 0, is_exact=True)
    rng = np.random.default_rng(seed)
    is_exact = n_all <= _EXACT
    orders = all_orders(exchange) if is_exact else drawn_orders(exchange, n=n_permutations, rng=rng)
    mixed = [rearranged(*one) for one in zip(sides, orders, exchange.labels, strict=True)]
    found = _scores(mixed, is_forward, correlate, tie=_TIE)
    own = float(_scores([_means(side) for side in sides], is_forward, correlate, tie=_TIE))
    as_high = int((found >= own - _ROUNDING).sum())
    low, high = (np.nan, np.nan)
    if min(len(table) for side in sides for table in side) > 1:
        drawn = _drawn_scores(sides, exchange, is_forward, correlate, n_draws=n_permutations, rng=rng)
        low, high = _interval(score, drawn, step=_step(is_forward), least=0.0)
    p_value = _p_value(as_high, len(found), is_exact=is_exact)
    expected = float(found[np.isfinite(found)].mean())
    return OrderTest(score, low, high, p_value, len(found), is_exact=is_exact, expected=expected)


def change_of_order(
    control: Sequence[Mapping[float, ArrayLike]],
    other: Sequence[Mapping[float, ArrayLike]],
    *,
    correlate: Correlate,
    n_permutations: int,
    seed: int,
    names: Sequence[Names | None] = (None, None),
) -> OrderTest:
    """Score of a condition less that of the control, at the times that both have.

    Parameters
    ----------
    control, other
        mRNA and protein of each, as of `order_of_wells`.
    n_permutations
        Arrangements drawn where there are more than 5,000, else all of them are tried; and draws of the interval.
    names
        Of the control and of the other, as of `order_of_wells`.

    Returns
    -------
    OrderTest
        The p-value is two-sided: wells exchange their conditions within molecule and time. The interval is that of
        `order_of_wells`, of the difference.
    """
    times = [sorted(set(one) & set(two), key=float) for one, two in zip(control, other, strict=True)]
    kept = [
        tuple({t: side[t] for t in own} for side, own in zip(sides, times, strict=True)) for sides in (control, other)
    ]
    both = [[_wells(side, name) for side, name in zip(one, ("mrna", "protein"), strict=True)] for one in kept]
    is_forward = is_forward_pair(*kept[0])
    scores = [float(_scores([_means(side) for side in sides], is_forward, correlate)) for sides in both]
    change = scores[1] - scores[0]
    if np.isnan(change):
        return OrderTest(change, np.nan, np.nan, np.nan, 0, is_exact=False)
    rng = np.random.default_rng(seed)
    # Wells of both conditions, in which a time counts twice: first that of the control, then that of the other.
    exchange = _exchange(kept, names=names, is_within_times=True)
    is_exact = n_orders(exchange) <= _EXACT
    orders = all_orders(exchange) if is_exact else drawn_orders(exchange, n=n_permutations, rng=rng)
    mixed = [
        rearranged([*one, *two], own, labels)
        for one, two, own, labels in zip(*both, orders, exchange.labels, strict=True)
    ]
    halves = [np.split(side, 2, axis=1) for side in mixed]
    drawn = [_scores([side[k] for side in halves], is_forward, correlate, tie=_TIE) for k in (0, 1)]
    fine = [float(_scores([_means(side) for side in sides], is_forward, correlate, tie=_TIE)) for sides in both]
    as_far = int((np.abs(drawn[1] - drawn[0]) >= abs(fine[1] - fine[0]) - _ROUNDING).sum())
    p_value = _p_value(as_far, len(drawn[0]), is_exact=is_exact)
    low, high = (np.nan, np.nan)
    if min(len(table) for sides in both for side in sides for table in side) > 1:
        new = [
            _drawn_scores(sides, _exchange([own], names=[name]), is_forward, correlate, n_draws=n_permutations, rng=rng)
            for sides, own, name in zip(both, kept, names, strict=True)
        ]
        low, high = _interval(change, new[1] - new[0], step=_step(is_forward), least=-1.0)
    return OrderTest(change, low, high, p_value, len(drawn[0]), is_exact=is_exact)


def _p_value(n_as_extreme: int, n: int, *, is_exact: bool) -> float:
    """Of all arrangements the data is one; drawn ones come in addition to it."""
    return n_as_extreme / n if is_exact else float(permutation_p_value(n_as_extreme, n_permutations=n))


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
    profiles: Sequence[NDArray[np.float64]], is_forward: NDArray[np.bool_], correlate: Correlate, *, tie: float = 0.0
) -> NDArray[np.float64]:
    """Of one study (times, segments), or of many (studies, times, segments), some at a time; see `_TIE`."""
    first, second = profiles
    if first.ndim == 2:
        return _score(correlate(first, second), is_forward, tie=tie)
    parts = [np.s_[start : start + _BATCH] for start in range(0, len(first), _BATCH)]
    return np.concatenate([_score(correlate(first[part], second[part]), is_forward, tie=tie) for part in parts])


def _score(correlations: NDArray[np.float64], is_forward: NDArray[np.bool_], *, tie: float) -> NDArray[np.float64]:
    share = forward_share(correlations, is_forward)
    if tie == 0 or is_forward.all() or not is_forward.any():
        return share
    more = correlations[..., is_forward].mean(axis=-1) - correlations[..., ~is_forward].mean(axis=-1)
    return np.asarray(share + tie * more)


def _exchange(studies: Sequence[_Study], *, names: Sequence[Names | None], is_within_times: bool = False) -> Exchange:
    """Wells of one study exchange their times; of two, within a time, their studies. A label is a time of a study."""
    times = sorted({float(time) for sides in studies for side in sides for time in side})
    labels: tuple[list[int], list[int]] = ([], [])
    strata: tuple[list[int], list[int]] = ([], [])
    named: tuple[list[Hashable], list[Hashable]] = ([], [])
    for study, (sides, given) in enumerate(zip(studies, names, strict=True)):
        for side, (profiles, name) in enumerate(zip(sides, ("mrna", "protein"), strict=True)):
            for time, key in sorted_times(profiles, name):
                n = len(np.atleast_2d(np.asarray(profiles[key])))
                own: Sequence[Hashable] = [(side, time, k) for k in range(n)] if given is None else given[side][key]
                if len(own) != n:
                    raise ValueError(f"names: expected {n} wells of {name} at {key}, got {len(own)}")
                labels[side].extend([study * len(times) + times.index(time)] * n)
                strata[side].extend([times.index(time) if is_within_times else 0] * n)
                named[side].extend((study, one) for one in own)
    return exchange_of(labels, strata, named)


def _drawn_scores(
    sides: Sequence[_Tables],
    exchange: Exchange,
    is_forward: NDArray[np.bool_],
    correlate: Correlate,
    *,
    n_draws: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    chosen = drawn_wells(exchange, n=n_draws, rng=rng)
    drawn = [drawn_means(side, own) for side, own in zip(sides, chosen, strict=True)]
    return _scores(drawn, is_forward, correlate)


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
