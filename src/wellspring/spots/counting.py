"""Noise with a long upper tail: few photons, values cut off at a floor, maximum projections."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from wellspring.spots.filters import RATIO, gaussian_kernel

__all__ = ["CountNoise", "CutNoise", "RareNoise", "count_noise", "quanta_of_tail"]

# Rarer pixels at the floor than these say nothing, and a mean count above 7 has fewer than a thousandth there.
_LEAST_SHARE, _LEAST_PIXELS = 1e-3, 10
_MOST_SAMPLES = 16_384
# Where three quantiles show a skewness, in standard deviations of a normal variable.
_DEVIATIONS = ((-2.0, -1.0, -0.5), (-2.5, -1.75, -1.0), (-1.0, 0.0, 1.0))
_MOST_ZEROS = 0.25
# Of counts with a mean below 1 more than half are 1; of values that were cut off, a fifth lie so near to their median.
_NEAR, _LEAST_NEAR = 0.25, 0.5
# A skewness below 0.1, that of counts of 100, is not distinguished from 0.
_MOST_QUANTA, _LEAST_QUANTA = 100.0, 0.25
# Deviations up to which the tail is followed; beyond, in proportion.
_MOST_DEVIATIONS = 15.0


# Exponents of a pixel to its centred cumulants there, and to their derivative.
_Cumulants = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]


class RareNoise:
    """Tail of a filtered image: how many deviations of Gaussian noise are as rare as a given response.

    The response is a sum of pixels with the filter's weights, whose tail is, by the saddlepoint, exp(-(s t - K(s))) at
    t = K'(s), with the cumulants K of the weighted pixels (Daniels, Ann. Math. Stat. 25, 1954). Gaussian noise is as
    rare at the deviation u with u**2 / 2 = s t - K(s).

    Attributes
    ----------
    spread : float
        Standard deviation of the response, in the unit of the pixels.
    """

    def __init__(
        self, cumulants: _Cumulants, *, variance: float, sigma_px: Sequence[float], most_exponent: float = 30.0
    ) -> None:
        weights, numbers = _filter_weights(sigma_px)
        self.spread = float(np.sqrt(variance * (numbers @ weights**2)))
        scaled = weights / self.spread
        # Exponents of a pixel up to 30, if its cumulants reach so far, are beyond any tail that matters.
        steps = np.geomspace(1e-3, min(30.0, most_exponent), 300) / float(scaled.max())
        ratios, levels = [0.0], [0.0]
        for step in steps.tolist():
            values, slopes = cumulants(step * scaled)
            ratios.append(float(numbers @ (scaled * slopes)))
            levels.append(float(np.sqrt(2 * (step * ratios[-1] - float(numbers @ values)))))
            if levels[-1] > _MOST_DEVIATIONS:
                break
        self._ratios, self._levels = np.array(ratios), np.array(levels)

    def gaussian_levels(self, ratios: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n,) float64: deviations of Gaussian noise that are as rare as responses of so many standard deviations."""
        inside = np.interp(ratios, self._ratios, self._levels)
        beyond = ratios * (self._levels[-1] / self._ratios[-1])
        return np.asarray(np.where(ratios > self._ratios[-1], beyond, inside))


class CountNoise(RareNoise):
    """Of few photons: a pixel's count is Poisson with a mean of `quanta`; one count is the unit."""

    def __init__(self, *, quanta: float, sigma_px: Sequence[float]) -> None:
        def cumulants(exponents: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            powers = np.exp(exponents)
            return quanta * (powers - 1 - exponents), quanta * (powers - 1)

        super().__init__(cumulants, variance=quanta, sigma_px=sigma_px)


class CutNoise(RareNoise):
    """Of a background that was subtracted: Gaussian noise, of which only what exceeds a floor is left.

    The floor lies `height` standard deviations, the unit, above the mean: with z standard normal a pixel is
    max(0, z - height). Its moments are those of a censored normal variable.
    """

    def __init__(self, *, height: float, sigma_px: Sequence[float]) -> None:
        density = float(np.exp(-(height**2) / 2) / np.sqrt(2 * np.pi))
        left = float(ndtr(-height))
        mean = density - height * left

        def cumulants(exponents: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            above = exponents * (exponents / 2 - height) + log_ndtr(exponents - height)
            total = np.logaddexp(log_ndtr(height), above)
            slopes = (exponents - height) * np.exp(above - total) + density * np.exp(-total)
            return total - exponents * mean, slopes - mean

        super().__init__(cumulants, variance=(1 + height**2) * left - height * density - mean**2, sigma_px=sigma_px)


def count_noise(tile: NDArray[np.generic], *, floor: float) -> tuple[float, float, float | None]:
    """Mean count per pixel and intensity of one count, from how often pixels lie at the floor; or where noise was cut.

    Of Poisson counts with mean m a share exp(-m) is 0, whatever one count is worth, and spots hardly change that share.
    Only pixels whose second neighbour lies above the floor are asked, so a blank margin around a cell does not count.

    Parameters
    ----------
    tile : (Y, X) or (Z, Y, X)
    floor
        Least value of the whole image.

    Returns
    -------
    quanta : float
        Infinite where fewer than 1 in 1000 pixels lie at the floor, or too few can be asked.
    step : float
        Intensity of one count, where the mean count is below 1; else 0, for it is not needed there. Where noise was cut
        off, its standard deviation.
    height : float or None
        Where the mean count is below 1 but what exceeds the floor is of all heights, it is no counts but noise that was
        cut off: so many standard deviations above its mean (`CutNoise`).
    """
    rows = tile.reshape(-1, tile.shape[-1])
    lines = rows[:: max(1, rows.size // _MOST_SAMPLES)].astype(np.float32)
    is_lit = lines > floor
    here = np.concatenate([is_lit[:, :-2][is_lit[:, 2:]], is_lit[:, 2:][is_lit[:, :-2]]])
    if len(here) < _LEAST_PIXELS or np.mean(~here) < _LEAST_SHARE:
        return float("inf"), 0.0, None
    quanta = -float(np.log(min(np.mean(~here), 1 - 0.5 / len(here))))
    if quanta >= 1:
        return quanta, 0.0, None
    excess = lines[is_lit] - floor
    middle = float(np.median(excess))
    if np.mean(np.abs(excess - middle) < _NEAR * middle) >= _LEAST_NEAR:
        return quanta, middle, None
    height, above = ndtri(np.exp(-quanta)), ndtri((1 + np.exp(-quanta)) / 2)
    return quanta, middle / float(above - height), float(height)


def quanta_of_tail(residuals: NDArray[np.floating], *, rounding: float) -> float:
    """Mean of the Poisson counts that are as skewed as the noise of an image: 1 / skewness**2.

    Maximum projections, and few photons on an offset, have noise with a long upper tail. The skewness is read from
    three quantiles: by the first terms of Cornish and Fisher's expansion the quantile at z standard deviations lies at
    z + g (z**2 - 1) / 6 for a skewness of g. Three triples are asked and their median taken; two lie in the lower half,
    which spots do not reach. Noise that is often exactly 0, as compression and denoising leave it, has no such shape.

    Parameters
    ----------
    residuals : (...) float
        Pixels less the median around them.
    rounding
        Step of the values: they are spread evenly over it, since quantiles of coarse values carry no information.

    Returns
    -------
    float
        0.25 to 100; infinite above, where there is no tail to speak of, and where a quarter of the residuals or more
        are 0 that the rounding does not explain.
    """
    spread = np.random.default_rng(0).uniform(-rounding / 2, rounding / 2, residuals.size)
    values = np.sort(residuals.ravel() + spread)
    low, high = np.quantile(values, ndtr([-1.0, 1.0]))
    if low == high:
        return float("inf")
    by_rounding = rounding / max(rounding, (high - low) / 2 * np.sqrt(2 * np.pi))
    if np.mean(residuals == 0) - by_rounding > _MOST_ZEROS:
        return float("inf")
    skewness = float(np.median([_skewness(values, deviations) for deviations in _DEVIATIONS]))
    quanta = skewness**-2 if skewness > 0 else float("inf")
    return max(quanta, _LEAST_QUANTA) if quanta <= _MOST_QUANTA else float("inf")


def _skewness(values: NDArray[np.floating], deviations: tuple[float, float, float]) -> float:
    """From the quantiles of sorted values at three places; 0 where two of them are the same."""
    places = np.rint(ndtr(np.array(deviations)) * (len(values) - 1)).astype(np.int64)
    low, middle, high = (float(v) for v in values[places])
    if not low < middle < high:
        return 0.0
    ratio = (high - middle) / (middle - low)
    (z_low, z_middle, z_high), (b_low, b_middle, b_high) = deviations, [(z**2 - 1) / 6 for z in deviations]
    return (ratio * (z_middle - z_low) - (z_high - z_middle)) / ((b_high - b_middle) - ratio * (b_middle - b_low))


def _filter_weights(sigma_px: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Weights of the difference of Gaussians far from the borders, in 1000 classes, and how many pixels have each."""
    narrow, wide = np.ones(1), np.ones(1)
    for sigma in sigma_px:
        inner, outer = (gaussian_kernel(sigma * RATIO**power)[:, 0].astype(np.float64) for power in (-0.5, 0.5))
        inner = np.pad(inner, (len(outer) - len(inner)) // 2)
        narrow, wide = np.outer(narrow, inner).ravel(), np.outer(wide, outer).ravel()
    numbers, edges = np.histogram(narrow - wide, bins=1000)
    return ((edges[:-1] + edges[1:]) / 2)[numbers > 0], numbers[numbers > 0]
