"""A Gaussian mixture fitted to a histogram by EM: the cost depends on the bins, not on the pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["Mixture", "class_change", "fit_mixture"]

_N_ROUNDS, _TOLERANCE = 500, 1e-7
_N_RAMP = 4096
# No component is narrower than this share of the widest, as Hathaway (Ann. Stat. 13, 1985) asks of a mixture that has
# a greatest likelihood: else evenly stained cells become a spike, and their blurred rims background.
_LEAST_RATIO = 0.2


@dataclass(frozen=True)
class Mixture:
    """Weights (sum 1), means (ascending) and standard deviations of the components, each (n components,)."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    sds: NDArray[np.float64]

    def log_densities(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n components, n values): log of weight times density."""
        z = (values - self.means[:, None]) / self.sds[:, None]
        return np.asarray(np.log(self.weights / self.sds)[:, None] - (z**2 + np.log(2 * np.pi)) / 2)


def fit_mixture(values: NDArray[np.floating], counts: NDArray[np.floating], *, n_components: int = 2) -> Mixture | None:
    """Fit a mixture of Gaussians to counted values (Dubois 2017, equation 5), from Otsu's classes on.

    Parameters
    ----------
    values, counts : (n bins,) float
        Ascending, equally spaced bin centres, and how often each occurs.
    n_components
        2 or more.

    Returns
    -------
    Mixture or None
        None when fewer bins are filled than there are components. A standard deviation is at least half a bin's width.

    Raises
    ------
    ValueError
        When there are fewer than 2 components.
    """
    if n_components < 2:
        raise InputError(
            f"n_components: expected background and at least one class of cells, 2 or more, got {n_components}."
        )
    if np.count_nonzero(counts) < n_components:
        return None
    values = np.asarray(values, dtype=np.float64)
    weights = np.asarray(counts, dtype=np.float64) / counts.sum()
    narrowest = (values[1] - values[0]) / 2
    share = _first_classes(values, weights, n_components=n_components)
    mixture = _updated(values, weights, share, narrowest=narrowest)
    last = -np.inf
    for _ in range(_N_ROUNDS):
        logs = mixture.log_densities(values)
        top = logs.max(axis=0)
        total = top + np.log(np.exp(logs - top).sum(axis=0))
        likelihood = float(weights @ total)
        if likelihood - last < _TOLERANCE:
            break
        last = likelihood
        mixture = _updated(values, weights, np.exp(logs - total), narrowest=narrowest)
    order = np.argsort(mixture.means)
    return Mixture(mixture.weights[order], mixture.means[order], mixture.sds[order])


def _first_classes(
    values: NDArray[np.floating], weights: NDArray[np.floating], *, n_components: int
) -> NDArray[np.float64]:
    """(n components, n bins): 1 in the bins of each of Otsu's classes."""
    from skimage.filters import threshold_multiotsu, threshold_otsu

    if n_components == 2:
        limits = np.array([threshold_otsu(hist=(weights, values))])
    else:
        limits = threshold_multiotsu(hist=(weights, values), classes=n_components)
    classes = np.searchsorted(limits, values, side="left")
    return np.asarray(classes == np.arange(n_components)[:, None], dtype=np.float64)


def _updated(
    values: NDArray[np.floating], weights: NDArray[np.floating], share: NDArray[np.floating], *, narrowest: float
) -> Mixture:
    """The step M: `share` (n components, n bins) is how much of each bin belongs to each component."""
    owned = share * weights
    sizes = np.maximum(owned.sum(axis=1), 1e-12)
    means = owned @ values / sizes
    variances = (owned * (values - means[:, None]) ** 2).sum(axis=1) / sizes
    sds = np.sqrt(np.maximum(variances, narrowest**2))
    return Mixture(sizes / sizes.sum(), means, np.maximum(sds, _LEAST_RATIO * sds.max()))


def class_change(mixture: Mixture, *, low: float, high: float) -> float | None:
    """Where, along the ramp from `low` to `high`, the most probable class first stops being the lowest one.

    The ramp starts at the mean of the lowest component: below it, a wide component of bright pixels may be the more
    probable one again. None when the lowest class stays the most probable one up to `high`.
    """
    ramp = np.linspace(max(low, float(mixture.means[0])), high, _N_RAMP)
    is_higher = mixture.log_densities(ramp).argmax(axis=0) > 0
    return float(ramp[is_higher.argmax()]) if is_higher.any() else None
