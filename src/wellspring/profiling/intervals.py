"""Intervals of metrics on unseen samples, whose wells are alike and whose classifiers share their training samples."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["metric_intervals"]

# What shared training samples make of the variance of metrics of scores and of their signs.
_SHARED_AREA, _SHARED_SIGN = 2.0, 1 + 2 / np.pi
# How near 0 and 1 an end is looked for.
_LEAST = 1e-9


def metric_intervals(
    metrics: Callable[[NDArray[np.bool_], NDArray[np.float64]], Mapping[str, float]],
    wells: pd.DataFrame,
    is_positive: NDArray[np.bool_],
    score: NDArray[np.float64],
    *,
    confidence: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Intervals of metrics from 0 to 1, at the level of the samples.

    The interval holds the values t that differ from the metric by no more than Student's quantile (samples less 1
    degrees of freedom) times the error that the metric would have if t were true, as that of Wilson (1927) does: so it
    stays within 0 and 1, and has a width where every sample is classified correctly. The error's square is the product
    of three:

    - what as many independent wells as there are samples would have: t (1 - t) / n, of all samples for the accuracy, of
      the positive ones for the recall, of those called positive for the precision, of either for F1; for the area
      that of Hanley and McNeil (1982) with the samples of each class (Newcombe 2006 makes it an interval);
    - how the variance by leaving out one sample after the other (jackknife) compares with that: wells of a sample need
      not be alike. At least the samples per well; 1 where all samples are alike, and nothing can be learned of it;
    - how much the errors of different folds are alike: a sample that one fold judges trained the classifier that judges
      the other's, and the other way round. Without an effect the covariance of two errors is the squared influence of
      the class of one on the score of the other, and these add up to the share of the score's variance, over classes
      of the training samples, that is linear in them: 1 of a score of a linear boundary, so that the variance of the
      area is doubled; 2/π of its sign (as of the majority of many votes: O'Donnell 2014, chapter 5), so that those of
      the other metrics are 1 + 2/π times as large. With an effect it is less. One study cannot say how much (Bengio and
      Grandvalet 2004). Where there is one fold: 1.

    It is meant to hold the metric that classifiers trained with as many samples would have on new ones, on average over
    such trainings.

    Parameters
    ----------
    metrics
        Of `is_positive` and `score` to the metrics accuracy, recall, precision, f1 and auroc.
    wells
        Columns sample and fold; a row per well.
    is_positive : (n,) bool
    score : (n,) float64
        Above 0: called positive.
    confidence
        Above 0 and below 1.

    Returns
    -------
    dict
        By metric; NaN with one sample behind it, and where it is NaN.
    """
    found = metrics(is_positive, score)
    codes, names = pd.factorize(wells["sample"])
    has_folds = wells["fold"].nunique() > 1
    kept = [codes != one for one in range(len(names))] if len(names) > 1 else []
    without = pd.DataFrame([metrics(is_positive[rows], score[rows]) for rows in kept])
    called = score > 0
    behind = {
        "accuracy": np.ones(len(codes), dtype=bool),
        "recall": is_positive,
        "precision": called,
        "f1": is_positive | called,
        "auroc": np.ones(len(codes), dtype=bool),
    }
    n_positive, n_other = (len(set(codes[rows])) for rows in (is_positive, ~is_positive))
    ends = {}
    for name, rows in behind.items():
        n, value = len(set(codes[rows])), found[name]
        if n < 2 or np.isnan(value):
            ends[name] = (float("nan"), float("nan"))
            continue
        variance = _of_area(n_positive, n_other) if name == "auroc" else _of_share(n)
        left_out = without[name].to_numpy()[np.unique(codes[rows])]
        ratio = _design_effect(value, left_out, variance, least=n / int(rows.sum()))
        shared = (_SHARED_AREA if name == "auroc" else _SHARED_SIGN) if has_folds else 1.0
        ends[name] = _score_interval(value, variance, n=n, factor=ratio * shared, confidence=confidence)
    return ends


def _of_share(n: int) -> Callable[[float], float]:
    """Variance of a share of n, by its true value."""
    return lambda share: share * (1 - share) / n


def _of_area(n_positive: int, n_other: int) -> Callable[[float], float]:
    """Variance of the area under the curve by its true value (Hanley and McNeil 1982, equation 2)."""

    def variance(area: float) -> float:
        first, second = area / (2 - area), 2 * area**2 / (1 + area)
        pairs = (n_positive - 1) * (first - area**2) + (n_other - 1) * (second - area**2)
        return (area * (1 - area) + pairs) / (n_positive * n_other)

    return variance


def _design_effect(
    value: float, without: NDArray[np.float64], variance: Callable[[float], float], *, least: float
) -> float:
    known = without[~np.isnan(without)]
    expected = variance(value)
    if len(known) < 2 or expected <= 0 or not np.ptp(known):
        return 1.0
    jackknife = (len(known) - 1) / len(known) * float(((known - known.mean()) ** 2).sum())
    return max(least, jackknife / expected)


def _score_interval(
    value: float, variance: Callable[[float], float], *, n: int, factor: float, confidence: float
) -> tuple[float, float]:
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    quantile = float(stdtrit(n - 1, (1 + confidence) / 2))

    def excess(true: float) -> float:
        return (true - value) ** 2 - quantile**2 * factor * variance(true)

    # At 0 and at 1 the variance vanishes; the ends are looked for from just inside.
    inside, low, high = min(max(value, _LEAST), 1 - _LEAST), _LEAST, 1 - _LEAST
    lower = float(brentq(excess, low, inside)) if excess(low) > 0 > excess(inside) else 0.0
    upper = float(brentq(excess, inside, high)) if excess(high) > 0 > excess(inside) else 1.0
    return min(lower, value), max(upper, value)
