"""Statistics that several stages use. NumPy alone, so that a job that needs none of the heavier ones loads none."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MAD_TO_SD",
    "benjamini_hochberg",
    "half_width_of_mean",
    "interval_of_mean",
    "jackknife_interval",
    "percentile_interval",
    "permutation_p_value",
    "rank_correlation",
    "ranks",
    "robust_sd",
    "roc_area",
    "twice_mean_p_value",
]

MAD_TO_SD = 1.4826
"""Of normal values, standard deviation over median absolute deviation."""


def permutation_p_value(n_as_extreme: ArrayLike, *, n_permutations: int) -> NDArray[np.float64]:
    """Share of the permutations, the data itself counted as one, that are at least as extreme as the data.

    Parameters
    ----------
    n_as_extreme : int, or array of them
        Permutations whose statistic is as extreme as that of the data; the data itself not counted.
    n_permutations
        0 or more.

    Returns
    -------
    float64 of the same shape
        Above 0, as one arrangement, that of the data, is always as extreme (Phipson and Smyth 2010). 1 without any
        permutation.
    """
    return (1.0 + np.asarray(n_as_extreme, dtype=np.float64)) / (1.0 + n_permutations)


def twice_mean_p_value(p_values: ArrayLike) -> float:
    """One p-value for several of one null hypothesis, however they depend on each other: twice their mean, at most 1.

    Vovk and Wang (2020), "Combining p-values via averaging". NaN without any.
    """
    given = np.asarray(p_values, dtype=np.float64)
    return float(min(1.0, 2 * given.mean())) if given.size else float("nan")


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values (n,) adjusted so that the false discovery rate is controlled (Benjamini and Hochberg 1995).

    NaN stays NaN and is no test. No values, none.
    """
    given = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(given.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(-given[tested], kind="stable")]
    n = len(order)
    if n:
        scaled = given[order] * n / np.arange(n, 0, -1)
        adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


def percentile_interval(values: ArrayLike, *, confidence: float = 0.95) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lower and upper end of the percentile interval of resampled values, along the first axis.

    Parameters
    ----------
    values : (n_resamples, ...) float
        NaN: a resample on which the statistic is not defined; it is left out.
    confidence
        Above 0 and below 1.

    Returns
    -------
    two arrays of shape (...)
        NaN where no resample is left.

    Notes
    -----
    Efron and Tibshirani (1993), chapter 13. Quantiles are interpolated linearly, as by `numpy.quantile`.
    """
    table = np.asarray(values, dtype=np.float64)
    flat = table.reshape(len(table), -1) if len(table) else np.empty((0, int(np.prod(table.shape[1:], dtype=int))))
    ends = np.full((2, flat.shape[1]), np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    for column in range(flat.shape[1]):
        known = flat[~np.isnan(flat[:, column]), column]
        if len(known):
            ends[:, column] = np.quantile(known, tails)
    return ends[0].reshape(table.shape[1:]), ends[1].reshape(table.shape[1:])


def half_width_of_mean(n: ArrayLike, sd: ArrayLike, *, confidence: float) -> NDArray[np.float64]:
    """Half the width of the confidence interval of a mean, t · s/√n (Student's t with n - 1 degrees of freedom).

    Parameters
    ----------
    n : int, or array of them
        Values behind each mean; below 2 there is no interval: NaN.
    sd : float, or array of the same shape
        Their standard deviation, with n - 1 in its denominator.
    confidence
        Above 0 and below 1.
    """
    from scipy.special import stdtrit

    number = np.asarray(n, dtype=np.float64)
    freedom = np.where(number > 1, number - 1, np.nan)
    root = np.sqrt(np.where(number > 0, number, np.nan))
    return np.asarray(stdtrit(freedom, (1 + confidence) / 2) * np.asarray(sd, dtype=np.float64) / root)


def interval_of_mean(values: ArrayLike, *, confidence: float = 0.95) -> tuple[float, float, float]:
    """Mean of (n,) values and the ends of its interval, as `half_width_of_mean`; all NaN for none, no ends for one."""
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(numbers.mean())
    if len(numbers) == 1:
        return mean, float("nan"), float("nan")
    half = float(half_width_of_mean(len(numbers), numbers.std(ddof=1), confidence=confidence))
    return mean, mean - half, mean + half


def jackknife_interval(
    value: ArrayLike, left_out: ArrayLike, weights: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the interval of a statistic of clusters (wells, samples), from leaving out each of them in turn.

    What the members of a cluster share makes them count as fewer than they are; the jackknife over clusters needs to
    know nothing of that. It is value ± t · s with s² = (g - 1)/g · Σ (left out - their mean)² over the g clusters
    (Efron and Tibshirani 1993, chapter 11; Cameron and Miller 2015, "A practitioner's guide to cluster-robust
    inference"). Student's t has as many degrees of freedom as clusters of equal size would have, 1/Σw² - 1, 1 at least.

    Parameters
    ----------
    value : (...) float
        The statistic of all clusters.
    left_out : (g, ...) float
        The same without each cluster.
    weights : (g,) float
        Members of each cluster, above 0.
    confidence
        Above 0 and below 1.

    Returns
    -------
    two arrays of shape (...)
        NaN for fewer than two clusters, and where the statistic has no value without one of them.
    """
    from scipy.special import stdtrit

    table, share = np.asarray(left_out, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    centre, n_clusters = np.asarray(value, dtype=np.float64), len(table)
    if n_clusters < 2:
        return np.full(centre.shape, np.nan), np.full(centre.shape, np.nan)
    share = share / share.sum()
    freedom = max(1.0, 1 / float(share @ share) - 1)
    spread = np.sqrt((n_clusters - 1) / n_clusters * ((table - table.mean(axis=0)) ** 2).sum(axis=0))
    half = stdtrit(freedom, (1 + confidence) / 2) * spread
    return np.asarray(centre - half), np.asarray(centre + half)


def robust_sd(values: ArrayLike, *, axis: int | None = None) -> Any:
    """Standard deviation from the median absolute deviation, which less than half of the values cannot spoil.

    1.4826 times the median absolute deviation from the median, along `axis` (None: of all values). NaN where a value
    is NaN. It is 0 where more than half of the values are equal. No values raise ValueError.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        raise ValueError("robust_sd: expected one value or more, got none")
    middle = np.median(numbers, axis=axis, keepdims=True)
    return MAD_TO_SD * np.median(np.abs(numbers - middle), axis=axis)


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks of (n,) values from 1 up, along the first axis of (n, k) for each column; ties share their mean rank."""
    numbers = np.asarray(values)
    if numbers.ndim > 1:
        return np.stack([ranks(column) for column in numbers.T], axis=-1) if numbers.size else np.empty(numbers.shape)
    _, index, counts = np.unique(numbers, return_inverse=True, return_counts=True, equal_nan=False)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[index], dtype=np.float64)


def roc_area(scores: ArrayLike, is_true: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a true one has the higher score than one that is not.

    Parameters
    ----------
    scores : (n,) float
    is_true : (n,) bool

    Returns
    -------
    float
        0 to 1; ties count one half, so scores without information give 0.5. NaN where all or none are true.
    """
    true = np.asarray(is_true, dtype=bool)
    n_true = int(true.sum())
    n_false = len(true) - n_true
    if n_true == 0 or n_false == 0:
        return float("nan")
    above = float(ranks(scores)[true].sum()) - n_true * (n_true + 1) / 2
    return above / (n_true * n_false)


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's correlation of two (n,) arrays; ties share their mean rank. NaN where one is constant, or n is 0."""
    one, other = ranks(first), ranks(second)
    if len(one) == 0 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
