"""Statistics whose unit is the well: what was assigned to wells is permuted and averaged over wells, not over cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.statistics import interval_of_mean, permutation_p_value

__all__ = [
    "Estimate",
    "amount_of_wells",
    "difference_of_wells",
    "mean_of_wells",
    "polarity_of_wells",
    "rotation_p_value",
]

_EXACT = 20_000
"""Arrangements up to which all are tried."""
_ROUNDING = 1e-9
_EXACT_INDICES, _BATCH = 5000, 500


@dataclass(frozen=True)
class Estimate:
    """A number over wells.

    Attributes
    ----------
    value, low, high : float
        The estimate and its 95 % interval over wells; no interval for one well.
    p_value : float
        NaN where nothing can be permuted.
    n_wells : int
        Wells behind it, those without the number left out.
    """

    value: float
    low: float
    high: float
    p_value: float
    n_wells: int


def mean_of_wells(values: ArrayLike) -> Estimate:
    """Mean over wells (n,) with Student's interval; NaN values are left out. There is no p-value."""
    known = _known(values)
    value, low, high = interval_of_mean(known)
    return Estimate(value, low, high, float("nan"), len(known))


def amount_of_wells(values: ArrayLike) -> Estimate:
    """Mean over wells (n,) of amounts, 0 or more, with an interval above 0; NaN values are left out.

    The interval is Student's for the logarithm of the mean, whose standard error is that of the mean over the mean.
    Without any amount there is none, and no p-value in any case.
    """
    found = mean_of_wells(values)
    if not found.value > 0:
        return Estimate(found.value, float("nan"), float("nan"), float("nan"), found.n_wells)
    factor = float(np.exp((found.high - found.value) / found.value))
    return Estimate(found.value, found.value / factor, found.value * factor, float("nan"), found.n_wells)


def difference_of_wells(
    values: Sequence[ArrayLike], others: Sequence[ArrayLike], *, n_permutations: int, seed: int
) -> Estimate:
    """Difference between the means of two groups of wells, within strata such as time points.

    Parameters
    ----------
    values, others
        For each stratum, the values of the wells (n,) of the one group and of the other. A stratum without wells of
        both is left out.
    n_permutations
        Arrangements drawn where there are more than 20,000; else all of them are tried.
    seed
        Of the arrangements.

    Returns
    -------
    Estimate
        The mean over strata of the difference. The interval is Welch's, from the variances of the wells in each stratum
        and group; it needs two wells in each. The p-value is two-sided: wells exchange their groups within a stratum.
        `n_wells` counts the wells of the first group.
    """
    pairs = [(_known(one), _known(other)) for one, other in zip(values, others, strict=True)]
    pairs = [(one, other) for one, other in pairs if len(one) and len(other)]
    n_wells = sum(len(one) for one, _ in pairs)
    if not pairs:
        return Estimate(float("nan"), float("nan"), float("nan"), float("nan"), n_wells)
    value = float(np.mean([one.mean() - other.mean() for one, other in pairs]))
    half = _half_width(pairs)
    p_value = _exchanged(pairs, value, n_permutations=n_permutations, seed=seed)
    return Estimate(value, value - half, value + half, p_value, n_wells)


def rotation_p_value(tables: Sequence[NDArray[np.floating]], *, n_permutations: int, seed: int) -> float:
    """P-value, one-sided, of the first column against the others when the columns are sectors of a ring.

    Where molecules lie does not depend on the direction of the MTOC: then a well whose sectors are all turned by the
    same number of steps is as likely as the well itself. The statistic is the mean over wells of the mean over images.

    Parameters
    ----------
    tables
        For each well, (images, n) densities, the MTOC's sector first; images with NaN are left out.
    n_permutations
        Turns of all wells drawn where there are more than 20,000; else all of them are tried.
    seed
        Of the turns.

    Returns
    -------
    float
        NaN without wells. With w wells of n sectors no less than n to the power of -w.
    """
    rings = [table[np.isfinite(table).all(axis=1)].mean(axis=0) for table in tables if _has_images(table)]
    if not rings:
        return float("nan")
    means = np.array(rings)
    n_wells, n = means.shape
    found = float(means[:, 0].mean())
    if n**n_wells <= _EXACT:
        turns = np.array(list(product(range(n), repeat=n_wells)), dtype=np.intp)
        return float((means[np.arange(n_wells), turns].mean(axis=1) >= found - _ROUNDING).mean())
    turns = np.random.default_rng(seed).integers(n, size=(n_permutations, n_wells))
    as_high = int((means[np.arange(n_wells), turns].mean(axis=1) >= found - _ROUNDING).sum())
    return float(permutation_p_value(as_high, n_permutations=n_permutations))


def polarity_of_wells(tables: Sequence[NDArray[np.floating]], *, n_permutations: int, seed: int) -> Estimate:
    """MTOC polarity index: twice the share of images whose MTOC sector exceeds the others' median, less 1, over wells.

    Parameters
    ----------
    tables, n_permutations, seed
        As of `rotation_p_value`; all turns are tried where there are no more than 5,000.

    Returns
    -------
    Estimate
        The mean over wells of the index of each, -1 to 1, with the median of the other sectors of all wells; where
        wells have as many images, the published index of all images. The interval is Student's over the wells and half
        a well at each extreme, -1 and 1, within -1 to 1: few wells may agree by chance (after Agresti and Coull, The
        American Statistician 52, 1998). The p-value is one-sided, from turned wells, the median taken anew for each.
    """
    wells = [table[np.isfinite(table).all(axis=1)] for table in tables if _has_images(table)]
    if not wells:
        return Estimate(float("nan"), float("nan"), float("nan"), float("nan"), 0)
    n_wells, n = len(wells), wells[0].shape[1]
    own = _polarities(wells, np.zeros((1, n_wells), dtype=np.intp))[0]
    value, low, high = float(own.mean()), float("nan"), float("nan")
    if n_wells > 1:
        low, high = _bounded_interval(own)
    is_exact = n**n_wells <= _EXACT_INDICES
    if is_exact:
        turns = np.array(list(product(range(n), repeat=n_wells)), dtype=np.intp)
    else:
        turns = np.random.default_rng(seed).integers(n, size=(n_permutations, n_wells))
    parts = np.array_split(turns, -(-len(turns) // _BATCH))
    found = np.concatenate([_polarities(wells, part).mean(axis=1) for part in parts])
    as_high = int((found >= value - _ROUNDING).sum())
    p_value = as_high / len(found) if is_exact else float(permutation_p_value(as_high, n_permutations=n_permutations))
    return Estimate(value, low, high, p_value, n_wells)


def _bounded_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Of the mean of values from -1 to 1, with half a value more at each end."""
    from scipy.special import stdtrit

    n = len(values) + 1
    mean = float(values.sum()) / n
    squares = float(((values - mean) ** 2).sum() + 0.5 * ((1 - mean) ** 2 + (1 + mean) ** 2))
    half = float(stdtrit(n - 1, 0.975)) * np.sqrt(squares / (n - 1) / n)
    return max(mean - half, -1.0), min(mean + half, 1.0)


def _polarities(wells: Sequence[NDArray[np.floating]], turns: NDArray[np.intp]) -> NDArray[np.float64]:
    """(turns, wells): the index of each well when all its images are turned by so many sectors."""
    n = wells[0].shape[1]
    # (turns, images, sectors) of each well, the sector under the MTOC first.
    turned = [
        table[:, (np.arange(n) + turn[:, None]) % n].swapaxes(0, 1) for table, turn in zip(wells, turns.T, strict=True)
    ]
    middle = np.median(np.concatenate([one[..., 1:] for one in turned], axis=1), axis=(1, 2))[:, None]
    shares = [((one[..., 0] > middle) + 0.5 * (one[..., 0] == middle)).mean(axis=1) for one in turned]
    return np.asarray(2 * np.stack(shares, axis=1) - 1)


def _has_images(table: NDArray[np.floating]) -> bool:
    return bool(len(table) and np.isfinite(table).all(axis=1).any())


def _known(values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _half_width(pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Half of the 95 % interval of the mean difference; degrees of freedom after Welch and Satterthwaite."""
    from scipy.special import stdtrit

    groups = [one for pair in pairs for one in pair]
    if min(map(len, groups)) < 2:
        return float("nan")
    parts = np.array([one.var(ddof=1) / len(one) for one in groups]) / len(pairs) ** 2
    freedom = np.array([len(one) - 1 for one in groups])
    total = float(parts.sum())
    if total == 0:
        return 0.0
    return float(stdtrit(total**2 / (parts**2 / freedom).sum(), 0.975) * np.sqrt(total))


def _exchanged(
    pairs: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], value: float, *, n_permutations: int, seed: int
) -> float:
    n_all = prod(comb(len(one) + len(other), len(one)) for one, other in pairs)
    if n_all < 2:
        return float("nan")
    if n_all <= _EXACT:
        options = [_all_differences(one, other) for one, other in pairs]
        drawn = np.array([sum(found) / len(pairs) for found in product(*options)])
        return float((np.abs(drawn) >= abs(value) - _ROUNDING).mean())
    rng = np.random.default_rng(seed)
    drawn = np.zeros(n_permutations)
    for one, other in pairs:
        both = np.tile(np.concatenate([one, other]), (n_permutations, 1))
        mixed = rng.permuted(both, axis=1)
        drawn += mixed[:, : len(one)].mean(axis=1) - mixed[:, len(one) :].mean(axis=1)
    as_far = int((np.abs(drawn / len(pairs)) >= abs(value) - _ROUNDING).sum())
    return float(permutation_p_value(as_far, n_permutations=n_permutations))


def _all_differences(one: NDArray[np.float64], other: NDArray[np.float64]) -> list[float]:
    both = np.concatenate([one, other])
    total = both.sum()
    sums = (both[list(chosen)].sum() for chosen in combinations(range(len(both)), len(one)))
    return [float(s / len(one) - (total - s) / len(other)) for s in sums]
