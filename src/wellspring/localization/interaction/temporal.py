"""Temporal interaction: does a protein's pattern resemble that of its mRNA at earlier times?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.statistics import permutation_p_value, ranks

__all__ = ["TemporalTest", "interaction_of_wells", "pair_correlations", "temporal_interaction"]

# Two scores that differ by rounding are the same.
_ROUNDING = 1e-9
_EXACT = 5000
"""Arrangements of the times up to which all are tried."""


@dataclass(frozen=True)
class TemporalTest:
    """A temporal interaction score, and whether the times explain it.

    Attributes
    ----------
    score : float
        0 to 1; NaN where it is not defined.
    p_value : float
        One-sided, for a score as high; NaN where the score is not defined or no arrangement differs.
    n_arrangements : int
        Arrangements of the times that were compared with the data.
    is_exact : bool
        Whether these are all that there are.
    """

    score: float
    p_value: float
    n_arrangements: int
    is_exact: bool


def temporal_interaction(mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike]) -> float:
    """How consistently the protein's profile resembles earlier profiles of the mRNA more than later ones.

    Pearson's correlation of every mRNA profile with every protein profile is ranked, the lowest first; ties share
    their mean rank. A pair is forward when the protein's time is later than the mRNA's. With s the sum of the ranks of
    the other pairs, the score is (s_max - s) / (s_max - s_min): 1 when every forward pair correlates more than every
    other, 0 in the opposite case, 0.5 on average without any order.

    Parameters
    ----------
    mrna, protein
        Time (any unit, the same in both) to profile, (segments,) float: densities in the same segments, in the same
        order.

    Returns
    -------
    float
        0 to 1. NaN where no pair or every pair is forward, or a correlation is not defined: a profile that is the same
        in all segments, or holds NaN.

    Raises
    ------
    ValueError
        When a time is no number, or profiles differ in their number of segments.

    Notes
    -----
    DypFISH's definition, (100 - s) / 64, is this one for four times each of which eight pairs are forward; its form for
    two times, (12 - s) / 3, leaves 0 to 1 and is replaced by the general one.
    """
    correlations, is_forward = pair_correlations(mrna, protein)
    return _score(correlations, is_forward)


def pair_correlations(
    mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Correlation of every mRNA profile with every protein profile, and which pairs are forward.

    Returns
    -------
    correlations : (mRNA times, protein times) float64
        Pearson's; times ascend. NaN where a profile is the same in all segments.
    is_forward : bool of the same shape
        Whether the protein's time is later.

    Raises
    ------
    ValueError
        As `temporal_interaction`.
    """
    first, second = _times(mrna, "mrna"), _times(protein, "protein")
    profiles = [np.asarray(mrna[key], dtype=np.float64) for _, key in first]
    others = [np.asarray(protein[key], dtype=np.float64) for _, key in second]
    shapes = {one.shape for one in (*profiles, *others)}
    if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
        raise InputError(
            f"temporal interaction: expected profiles with the same number of segments, got shapes {sorted(shapes)}. "
            "Divide all cells into the same segments."
        )
    is_forward = np.array([[later > earlier for later, _ in second] for earlier, _ in first], dtype=bool)
    return _correlations(profiles, others), is_forward.reshape(len(first), len(second))


def interaction_of_wells(
    mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike], *, n_permutations: int, seed: int
) -> TemporalTest:
    """The score of wells' profiles, and its p-value from wells moved among the times of their molecule.

    The time is a property of the well, so wells are exchanged, not cells or images. The profile of a time is the mean
    over its wells.

    Parameters
    ----------
    mrna, protein
        Time to the profiles of its wells, (wells, segments) float; at least one well.
    n_permutations
        Arrangements drawn where there are more than 5,000; else all of them are tried.
    seed
        Of the arrangements.

    Raises
    ------
    ValueError
        As `temporal_interaction`, or when a time has no well.
    """
    sides = [_wells(mrna, "mrna"), _wells(protein, "protein")]
    means = [{time: table.mean(axis=0) for time, table in side.items()} for side in sides]
    correlations, is_forward = pair_correlations(means[0], means[1])
    score = _score(correlations, is_forward)
    n_all = int(np.prod([_n_arrangements([len(table) for table in side.values()]) for side in sides], dtype=object))
    if np.isnan(score) or n_all < 2:
        return TemporalTest(score, float("nan"), 0, is_exact=True)
    is_exact = n_all <= _EXACT
    tables = [np.concatenate(list(side.values())) for side in sides]
    labels = [np.repeat(np.arange(len(side)), [len(table) for table in side.values()]) for side in sides]
    pairs: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]]
    if is_exact:
        pairs = product(_arrangements(labels[0]), _arrangements(labels[1]))
    else:
        rng = np.random.default_rng(seed)
        pairs = ((rng.permutation(labels[0]), rng.permutation(labels[1])) for _ in range(n_permutations))
    found = np.array([_score(_rearranged(tables, pair), is_forward) for pair in pairs])
    as_high = int((found >= score - _ROUNDING).sum())
    # Of all arrangements the data is one; drawn ones come in addition to it.
    p_value = as_high / len(found) if is_exact else float(permutation_p_value(as_high, n_permutations=len(found)))
    return TemporalTest(score, p_value, len(found), is_exact=is_exact)


def _times(profiles: Mapping[float, ArrayLike], name: str) -> list[tuple[float, float]]:
    try:
        return sorted((float(key), key) for key in profiles)
    except (TypeError, ValueError):
        raise InputError(
            f"{name}: expected numbers as times, got {list(profiles)}. Give times such as 2 or 3.5, without a unit."
        ) from None


def _wells(profiles: Mapping[float, ArrayLike], name: str) -> dict[float, NDArray[np.float64]]:
    found = {key: np.atleast_2d(np.asarray(profiles[key], dtype=np.float64)) for _, key in _times(profiles, name)}
    empty = [key for key, table in found.items() if not len(table) or table.ndim != 2]
    if empty:
        raise InputError(f"{name}: expected one well or more for each time, (wells, segments), but {empty} have none.")
    return found


def _correlations(
    profiles: Sequence[NDArray[np.float64]], others: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    if not profiles or not others:
        return np.empty((len(profiles), len(others)))
    one, other = _standardized(np.stack(profiles)), _standardized(np.stack(others))
    return one @ other.T


def _standardized(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with mean 0 and length 1; NaN for a row whose values differ by no more than rounding."""
    centred = table - table.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    is_flat = ~(length > _ROUNDING * np.abs(table).max(axis=1, keepdims=True, initial=0.0))
    return np.where(is_flat, np.nan, centred / np.where(is_flat, 1.0, length))


def _score(correlations: NDArray[np.float64], is_forward: NDArray[np.bool_]) -> float:
    n_pairs, n_other = is_forward.size, int((~is_forward).sum())
    if n_other in (0, n_pairs) or np.isnan(correlations).any():
        return float("nan")
    # Rounded, so that pairs that are equal but for the order of additions tie.
    rank = ranks(np.round(correlations.ravel(), 12))
    total = float(rank[~is_forward.ravel()].sum())
    least = n_other * (n_other + 1) / 2
    most = n_other * (2 * n_pairs - n_other + 1) / 2
    return (most - total) / (most - least)


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


def _rearranged(
    tables: Sequence[NDArray[np.float64]], labels: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.float64]:
    means = [
        [table[order == time].mean(axis=0) for time in range(int(order.max()) + 1)]
        for table, order in zip(tables, labels, strict=True)
    ]
    return _correlations(means[0], means[1])
