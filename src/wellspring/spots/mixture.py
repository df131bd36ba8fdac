"""A Gaussian mixture of single numbers, fitted by expectation and maximisation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixture", "fit_mixture"]

_TOLERANCE = 1e-3
# So no class is empty, and no division by 0.
_LEAST_SIZE = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class Mixture:
    """Weights (sum 1), means and variances of the classes, each (n classes,)."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]

    def log_shares(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n classes, n values): log of weight times density."""
        squares = (values - self.means[:, None]) ** 2 / self.variances[:, None]
        return np.asarray(np.log(self.weights)[:, None] - (squares + np.log(2 * np.pi * self.variances)[:, None]) / 2)

    def log_density(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n values,): log of the sum over the classes."""
        return _log_sum(self.log_shares(values))

    def information_criterion(self, values: NDArray[np.float64]) -> float:
        """The Bayesian information criterion: the lower, the better."""
        n_parameters = 3 * len(self.weights) - 1
        return float(-2 * self.log_density(values).sum() + n_parameters * np.log(len(values)))


def fit_mixture(values: NDArray[np.float64], start: Mixture, *, least_variance: float, n_rounds: int = 300) -> Mixture:
    """Fit a mixture to values (n,), from `start` on.

    Rounds of expectation and maximisation end when the mean log density changes by less than 0.001, or after
    `n_rounds`: a fit that still creeps then is close enough for a boundary. These are the rounds of scikit-learn's
    `GaussianMixture` from a given start, without the 2 s that importing it takes; a test compares the two.

    Parameters
    ----------
    values : (n,) float64
    start
        Its variances are above 0.
    least_variance
        Added to each variance.
    """
    mixture, last = start, -np.inf
    for _ in range(n_rounds):
        shares = mixture.log_shares(values)
        density = _log_sum(shares)
        mixture = _updated(values, np.exp(shares - density), least_variance=least_variance)
        mean = float(density.mean())
        if abs(mean - last) < _TOLERANCE:
            break
        last = mean
    return mixture


def _updated(values: NDArray[np.float64], share: NDArray[np.float64], *, least_variance: float) -> Mixture:
    """The step of maximisation: classes from the shares that each has of the values."""
    sizes = share.sum(axis=1) + _LEAST_SIZE
    means = share @ values / sizes
    variances = (share * (values - means[:, None]) ** 2).sum(axis=1) / sizes + least_variance
    return Mixture(sizes / sizes.sum(), means, variances)


def _log_sum(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    top = shares.max(axis=0)
    return np.asarray(top + np.log(np.exp(shares - top).sum(axis=0)))
