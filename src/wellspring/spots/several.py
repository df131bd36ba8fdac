"""Whether a maximum is rather several spots: by the light, width and elongation of its region, compared with others."""

import itertools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["RegionShapes", "SeveralSpots", "several_spots", "shape_of"]

# Two equal spots at the distance d have the variance s**2 + d**2 / 4 along their line. Places around a spot are as
# likely as their area, so d**2 is even, up to where two maxima are seen: beyond 2 s (Sparrow), some 2.5 s with noise.
_GAPS = np.linspace(0.05, 1.6, 16)
# Least standard deviations of the logarithms of light, width and elongation, and what measuring adds to the first.
_LEAST_LIGHT, _LEAST_WIDTH, _LEAST_ELONGATION, _MEASURED = 0.08, 0.04, 0.06, 0.08
# Shapes are noisier the dimmer a region is, within these factors.
_NOISE_FACTORS = (0.4, 4.0)
# More than two spots: of 2.5 to 50 times the light, each as likely on a logarithmic scale.
_MANY_FROM, _MANY_TO = 2.5, 50.0
# Nothing is impossible: debris, and maxima of noise, are unlike both.
_OTHERS = 1e-6
_ROUNDS, _START, _LEAST_SHARE = 30, (0.9, 0.08, 0.02), 1e-3
_QUARTER = float(ndtri(0.75))
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RegionShapes:
    """Light, width and elongation of regions, each (n,) float64.

    Attributes
    ----------
    light
        Summed intensity above background.
    width
        Sum of the variances of the light along all axes, in sigma**2.
    elongation
        Variance along the line where it is largest over the mean of those at a right angle.
    """

    light: _Floats
    width: _Floats
    elongation: _Floats


def shape_of(excess: _Floats, *, sigma_px: tuple[float, ...]) -> tuple[float, float]:
    """Width and elongation of a region as in `RegionShapes`, from its light (Y, X) or (Z, Y, X) above background.

    Negative values count as 0; a region without light has the width 0 and the elongation 1.
    """
    light = np.clip(excess, 0, None)
    total = float(light.sum())
    if total <= 0:
        return 0.0, 1.0
    axes = range(light.ndim)
    sums = {axis: light.sum(axis=tuple(other for other in axes if other != axis)) / total for axis in axes}
    places = [np.arange(size) / sigma for size, sigma in zip(light.shape, sigma_px, strict=True)]
    places = [place - float(sums[axis] @ place) for axis, place in enumerate(places)]
    moments = np.diag([float(sums[axis] @ places[axis] ** 2) for axis in axes])
    for one, other in itertools.combinations(axes, 2):
        plane = light.sum(axis=tuple(axis for axis in axes if axis not in (one, other)))
        moments[one, other] = moments[other, one] = float(places[one] @ plane @ places[other]) / total
    *smaller, largest = np.linalg.eigvalsh(moments).tolist()
    usual = sum(smaller) / len(smaller)
    return float(np.trace(moments)), largest / usual if usual > 1e-9 else np.inf


@dataclass(frozen=True)
class SeveralSpots:
    """What the regions of single maxima are like, and how many are rather several spots.

    Attributes
    ----------
    light, width, elongation : (float, float)
        Mean and standard deviation of the logarithm, of single spots.
    shares : (3,) float64
        Regions of one, two and more spots.
    n_axes : int
        Of the image.
    """

    light: tuple[float, float]
    width: tuple[float, float]
    elongation: tuple[float, float]
    shares: _Floats
    n_axes: int = 2

    def chance(self, shapes: RegionShapes) -> _Floats:
        """(n,) float64: probability that a region is one of several spots."""
        weights = self._densities(shapes) * self.shares[:, None]
        return np.asarray(1 - weights[0] / weights.sum(axis=0))

    def _densities(self, shapes: RegionShapes) -> _Floats:
        """(3, n) of one, two and more spots."""
        gaps = _GAPS[:, None]
        light = np.log(np.maximum(shapes.light, np.finfo(np.float64).tiny)) - self.light[0]
        noise = np.exp(np.clip(-light, *np.log(_NOISE_FACTORS)))
        width = np.log(np.maximum(shapes.width, 1e-3)) - self.width[0]
        elongation = np.log(np.clip(shapes.elongation, 1, 1e6)) - self.elongation[0]
        width_sd = np.maximum(_LEAST_WIDTH, self.width[1] * noise)
        elongation_sd = np.maximum(_LEAST_ELONGATION, self.elongation[1] * noise)

        as_long = _normal(elongation - np.log1p(gaps), elongation_sd)
        as_round = _normal(elongation, elongation_sd)
        of_pairs = _normal(width - np.log1p(gaps / self.n_axes), width_sd) * as_long
        of_round = _normal(width - np.log1p(gaps), width_sd) * as_round
        one = _normal(width, width_sd) * as_round
        two, many = (np.mean(parts, axis=0) for parts in (of_pairs, np.concatenate([of_pairs, of_round, one[None]])))
        deviation = self.light[1]
        pair_light = _normal(light - np.log(2), np.hypot(deviation / np.sqrt(2), _MEASURED))
        is_many = (light > np.log(_MANY_FROM)) & (light < np.log(_MANY_TO))
        many_light = np.where(is_many, 1 / np.log(_MANY_TO / _MANY_FROM), 0.0)
        lights = np.stack([_normal(light, deviation), pair_light, many_light])
        return np.asarray((lights + _OTHERS) * (np.stack([one, two, many]) + _OTHERS))


def several_spots(shapes: RegionShapes, *, n_axes: int = 2) -> SeveralSpots:
    """From regions with one maximum each, 10 or more, of which most are single spots.

    Expectation and maximisation gives the shares of two and more spots, and the median light of the single ones; its
    spread is that of their lower half, where no pairs are. So does the spread of width and elongation come from
    quartiles. Pairs differ from single spots as two equal spots do that lie at random.
    """
    logs = np.log(np.maximum(shapes.light, np.finfo(np.float64).tiny))
    order = np.argsort(logs)
    width, elongation = (
        _middle_and_spread(np.log(values), of_middle=logs > np.median(logs))
        for values in (np.maximum(shapes.width, 1e-3), np.clip(shapes.elongation, 1, 1e6))
    )
    shares, single = np.array(_START), np.ones(len(logs))
    for _ in range(_ROUNDS):
        places = np.cumsum(single[order]) / single.sum()
        low, middle = (float(logs[order][np.searchsorted(places, share)]) for share in (0.16, 0.5))
        model = SeveralSpots((middle, max(_LEAST_LIGHT, middle - low)), width, elongation, shares, n_axes)
        densities = model._densities(shapes)
        weights = densities * shares[:, None]
        weights = weights / weights.sum(axis=0)
        single = weights[0]
        shares = np.clip(weights.mean(axis=1), _LEAST_SHARE, None)
        shares = shares / shares.sum()
    return replace(model, shares=shares)


def _middle_and_spread(values: _Floats, *, of_middle: NDArray[np.bool_]) -> tuple[float, float]:
    """Median of the chosen values, and standard deviation from the quartiles of all."""
    low, high = np.quantile(values, (0.25, 0.75))
    chosen = values[of_middle] if of_middle.any() else values
    return float(np.median(chosen)), float(high - low) / (2 * _QUARTER)


def _normal(values: _Floats, deviation: _Floats | float) -> _Floats:
    return np.asarray(np.exp(-0.5 * (values / deviation) ** 2) / (np.sqrt(2 * np.pi) * deviation))
