"""Intervals of metrics on unseen samples, whose wells are alike and whose classifiers share their training samples."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["metric_intervals"]

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
    - 1 + k / (k - 1) for k folds, since the classifiers of two folds share training samples, and each is trained with
      the samples that the other is judged by, so errors of different folds are alike (Nadeau and Bengio 2003). No
      estimate of this from one study is right in general (Bengio and Grandvalet 2004).

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
    n_folds = int(wells["fold"].nunique())
    inflation = 1 + n_folds / (n_folds - 1) if n_folds > 1 else 1.0
    kept = [codes != one for one in range(len(names))]
    without = pd.DataFrame([metrics(is_positive[rows], score[rows]) for rows in kept if rows.any()])
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
        ratio = _design_effect(value, without[name].to_numpy(), variance, least=n / int(rows.sum()))
        ends[name] = _score_interval(value, variance, n=n, factor=ratio * inflation, confidence=confidence)
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
