"""Probabilities that are as often right as they say, whatever the number of molecules, and from which number on they
help."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

__all__ = ["UNDECIDED", "Calibration", "calibrated", "calls", "expected_calibration_error", "fit_calibration"]

UNDECIDED = "undecided"
# Of calls, right at least: below, a call is as often wrong as right.
LEAST_RIGHT = 0.5
_COUNT_EDGES = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100, 200, 500)


@dataclass(frozen=True)
class Calibration:
    """How scores become probabilities.

    Attributes
    ----------
    intercept, slope, curve : float
        Scores are divided by a temperature exp(intercept + slope · log n + curve · (log n)²) of n molecules.
    fewest_molecules : int
        Fewer are too few to say: see `fit_calibration`.
    least_probability : float
        A pattern is called if its probability is this or more.
    """

    intercept: float
    slope: float
    curve: float
    fewest_molecules: int
    least_probability: float


def _temperature(n_molecules: NDArray[np.integer], parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """0.1 to 10: scores that tell all samples apart would ask for 0."""
    log_n = np.log(np.maximum(n_molecules, 1)) - 3.0
    exponent = parameters[0] + parameters[1] * log_n + parameters[2] * log_n**2
    return np.asarray(np.exp(np.clip(exponent, -np.log(10), np.log(10))))


def calibrated(
    scores: NDArray[np.float64], n_molecules: NDArray[np.integer], calibration: Calibration
) -> NDArray[np.float64]:
    """(n, n_classes) probabilities, each row's sum 1, of scores of the same shape and numbers of molecules (n,)."""
    parameters = np.array([calibration.intercept, calibration.slope, calibration.curve])
    return np.asarray(softmax(scores / _temperature(n_molecules, parameters)[:, None], axis=1))


def fit_calibration(
    scores: NDArray[np.float64], classes: NDArray[np.integer], n_molecules: NDArray[np.integer]
) -> Calibration:
    """The calibration with the least log loss on samples that no tree has seen.

    The temperature depends on the number of molecules alone, so it changes no order of patterns. `fewest_molecules` is
    the least number such that, at it and at any larger one, half or more of the most probable patterns are the true
    ones
    (numbers joined as 1, 2, 3, 4, 5-6, 7-9, 10-14, ...); `least_probability` is the number at which a call is as often
    right as wrong: 0.5.

    Parameters
    ----------
    scores : (n, n_classes) float
    classes, n_molecules : (n,) int
    """
    every = np.arange(len(classes))

    def loss(parameters: NDArray[np.float64]) -> float:
        found = log_softmax(scores / _temperature(n_molecules, parameters)[:, None], axis=1)
        return float(-found[every, classes].mean())

    best = minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}).x
    right = scores.argmax(axis=1) == classes
    bins = np.digitize(n_molecules, _COUNT_EDGES) - 1
    fewest = 1
    for number, edge in enumerate(_COUNT_EDGES):
        own = right[bins == number]
        # An empty bin says nothing.
        if len(own) and own.mean() < LEAST_RIGHT:
            fewest = _COUNT_EDGES[number + 1] if number + 1 < len(_COUNT_EDGES) else edge + 1
    return Calibration(float(best[0]), float(best[1]), float(best[2]), int(fewest), LEAST_RIGHT)


def calls(
    probabilities: NDArray[np.float64], n_molecules: NDArray[np.integer], *, names: list[str], calibration: Calibration
) -> NDArray[np.str_]:
    """The called pattern of each row (n, n_classes), or `UNDECIDED`: too few molecules, or none probable enough."""
    best = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.intp)
    sure = probabilities.max(axis=1, initial=0.0) >= calibration.least_probability
    enough = n_molecules >= calibration.fewest_molecules
    return np.where(sure & enough, np.array(names)[best], UNDECIDED)


def expected_calibration_error(
    probabilities: NDArray[np.float64], classes: NDArray[np.integer], *, n_bins: int = 10
) -> float:
    """Mean difference between the highest probability and how often it is right, over bins of equal width (Guo
    2017)."""
    best = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == classes
    bins = np.minimum((best * n_bins).astype(np.intp), n_bins - 1)
    sums = np.bincount(bins, weights=best - right, minlength=n_bins)
    return float(np.abs(sums).sum() / len(best))
