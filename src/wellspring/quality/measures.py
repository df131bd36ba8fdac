"""Measures of an image: focus, intensities, saturation, empty field."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wellspring.errors import InputError
from wellspring.quality.emptiness import empty_blocks, empty_share, evened

__all__ = ["Focus", "ImageMeasures", "empty_share", "focus", "focus_slope", "measure_image"]

_FIRST_RADIUS = 2
# Blocks along each axis, whose differences say how uncertain a measure of the whole image is.
_N_PARTS = 8
# Least and greatest difference of neighbouring grey values, as a standard deviation: half of one.
_ROUNDING = 0.5
# A Hann window makes neighbouring coefficients alike: so many of a ring count as one.
_ALIKE = 2.25
# Frequencies from here on (cycles per px) are noise; a ring's power is known if its error is below half of it.
_NOISE_FREQUENCY, _KNOWN, _LEAST_RINGS = 0.3, 0.5, 4
# Of the surface that the light makes over a field.
_LIGHT_DEGREE = 2
# Rings that a line is fitted to at least, and standard errors by which another end must be steeper.
_LEAST_FITTED, _SURE = 6, 3.0
# Smallest side of a quadrant that has a slope worth comparing.
_LEAST_QUADRANT_PX = 64
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ImageMeasures:
    """What one image is like; units and meanings as of `wellspring.quality.tables.IMAGE_QUALITY`.

    `error_<name>` is the sampling error (standard deviation) of a measure.
    """

    focus_slope: float
    mean: float
    std: float
    q01: float
    q25: float
    median: float
    q75: float
    q99: float
    total: float
    saturated_share: float
    empty_share: float
    error_focus_slope: float
    error_mean: float
    error_std: float
    error_q01: float
    error_q25: float
    error_median: float
    error_q75: float
    error_q99: float
    error_total: float
    error_saturated_share: float
    error_empty_share: float


@dataclass(frozen=True)
class Focus:
    """Slope of the spectrum of an image less its noise, and its standard error; NaN where they are not known."""

    slope: float
    error: float


def measure_image(image: NDArray[np.uint16]) -> ImageMeasures:
    """Every measure of one image.

    Parameters
    ----------
    image : (Y, X) uint16

    Returns
    -------
    ImageMeasures
        Percentiles are the least values that at least such a share of the pixels does not exceed: exact, from the
        histogram. Sampling errors come from how much 8 x 8 blocks of the image differ, as if they were independent: a
        field with one cell more has another mean and standard deviation, and that says nothing about its quality.
        Percentiles are uncertain by half a grey value at least.

    Raises
    ------
    ValueError
        When the image is not (Y, X) uint16, or smaller than 32 px.
    """
    if image.ndim != 2 or image.dtype != np.uint16 or min(image.shape) < 32:
        raise InputError(
            f"image: expected (Y, X) uint16 of at least 32 x 32 px, got {image.dtype} of shape {image.shape}. "
            "Check raw.pattern: each file should hold one field of view."
        )
    counts = cv2.calcHist([image], [0], None, [65536], [0, 65536]).ravel().astype(np.float64)
    values = np.arange(65536, dtype=np.float64)
    total = float(counts @ values)
    mean = total / image.size
    shares = np.array([0.01, 0.25, 0.5, 0.75, 0.99])
    quantiles = np.searchsorted(np.cumsum(counts), shares * image.size)
    q01, q25, median, q75, q99 = (float(value) for value in quantiles)
    highest = np.flatnonzero(counts)[-1]
    std = float(np.sqrt(counts @ (values - mean) ** 2 / image.size))
    light = image.astype(np.float32) - np.float32(mean)
    error_mean, error_square = _error(light), _error(light * light)
    errors = [
        _quantile_error(image, counts, share=share, value=value) for share, value in zip(shares, quantiles, strict=True)
    ]
    in_focus, blocks = focus(image), empty_blocks(image)
    return ImageMeasures(
        focus_slope=in_focus.slope,
        mean=mean,
        std=std,
        q01=q01,
        q25=q25,
        median=median,
        q75=q75,
        q99=q99,
        total=total,
        saturated_share=float(counts[highest] / image.size),
        empty_share=float(blocks.mean()),
        error_focus_slope=in_focus.error,
        error_mean=error_mean,
        error_std=error_square / (2 * std) if std > 0 else 0.0,
        error_q01=errors[0],
        error_q25=errors[1],
        error_median=errors[2],
        error_q75=errors[3],
        error_q99=errors[4],
        error_total=error_mean * image.size,
        error_saturated_share=_error((image == highest).astype(np.float32)),
        error_empty_share=_error(blocks),
    )


def _error(values: NDArray[np.float32]) -> float:
    """Standard error of the mean of a (Y, X) array, from the means of 8 x 8 blocks of it."""
    size = tuple(min(_N_PARTS, length) for length in values.shape)
    means = cv2.resize(values, size[::-1], interpolation=cv2.INTER_AREA)
    return float(means.std(ddof=1) / np.sqrt(means.size)) if means.size > 1 else 0.0


def _quantile_error(image: NDArray[np.uint16], counts: NDArray[np.float64], *, share: float, value: int) -> float:
    """Half the distance of the percentiles one error of the share above and below; half a grey value at least."""
    error = _error((image <= value).astype(np.float32))
    nearby = np.clip([share - error, share + error], 0, 1) * image.size
    low, high = np.searchsorted(np.cumsum(counts), nearby).clip(0, len(counts) - 1)
    step = float(np.diff(np.flatnonzero(counts)).min(initial=len(counts)))
    return float(np.hypot((high - low) / 2, _ROUNDING * step)) if step < len(counts) else 0.0


def focus(image: NDArray[np.number]) -> Focus:
    """Slope of the spectrum as of `focus_slope`, and how uncertain it is.

    Its error is that of the line and that of the cells which happen to be there: the standard error of the slopes of
    the four quadrants. Where one of them has none, a few cells make all of the slope, and its error is not known.
    Quadrants below 64 px have no slope; there the error of the line is multiplied by the scatter of the rings about
    a parabola.

    Parameters
    ----------
    image : (Y, X) number
        At least 64 px along both axes, else there are too few rings.

    Returns
    -------
    Focus
        NaN where the first ring is no more than noise (the power of the noise is the median of coefficients above 0.3
        cycles per px in both directions over ln 2, that of an exponential distribution): a field without cells has no
        focus. Slope 0, error 0 for a constant image and one too small.
    """
    even = evened(image, degree=_LIGHT_DEGREE)
    whole = _fitted(even)
    if whole is None:
        return Focus(0.0, 0.0)
    height, width = (length // 2 for length in image.shape)
    quadrants = (even[y : y + height, x : x + width] for y in (0, height) for x in (0, width))
    fits = [_fitted(quadrant) for quadrant in quadrants]
    slopes = [fit.slope for fit in fits if fit is not None and np.isfinite(fit.slope)]
    if min(height, width) < _LEAST_QUADRANT_PX:
        return Focus(whole.slope, whole.error * whole.misfit)
    if len(slopes) < len(fits):
        return Focus(whole.slope, float("nan"))
    return Focus(whole.slope, float(np.hypot(whole.error, np.std(slopes, ddof=1) / np.sqrt(len(slopes)))))


@dataclass(frozen=True)
class _Fit:
    slope: float
    error: float
    misfit: float


def _fitted(image: NDArray[np.number]) -> _Fit | None:
    """The line through the rings; None where there are too few, NaN where they are noise."""
    spectrum = _spectrum(image)
    if spectrum is None:
        return None
    rings, means, per_ring, noise = spectrum
    if (means[0] - noise) * _KNOWN <= means[0] / np.sqrt(max(per_ring[0] / _ALIKE, 1.0)):
        return _Fit(float("nan"), float("nan"), 1.0)
    return _steepest(rings, means, per_ring)


def _steepest(rings: NDArray[np.intp], means: _Floats, per_ring: _Floats) -> _Fit:
    """The line of least squares over ln(radius), from the first ring to the one where it is most surely steep.

    That is where slope + 3 standard errors is least: of a spectrum that is a power law, the last ring; of one that
    falls into the noise, about the ring where it does, since beyond it the line gets flat again.
    """
    variance = _ALIKE / np.maximum(per_ring, _ALIKE)
    x, y, n = np.log(rings), np.log(means), np.arange(1, len(rings) + 1)
    middle = np.cumsum(x) / n
    spread = np.maximum(np.cumsum(x * x) - n * middle**2, 0)
    slope = (np.cumsum(x * y) - middle * np.cumsum(y))[1:] / spread[1:]
    moments = (np.cumsum(variance * x**power) for power in (0, 1, 2))
    zeroth, first, second = moments
    error = np.sqrt(np.maximum(second - 2 * middle * first + middle**2 * zeroth, 0))[1:] / spread[1:]
    least = min(_LEAST_FITTED, len(rings)) - 2
    end = least + int(np.argmin((slope + _SURE * error)[least:]))
    used = slice(0, end + 2)
    centred = x[used] - middle[end + 1]
    return _Fit(float(slope[end]), float(error[end]), _misfit(centred, y[used], 1 / variance[used]))


def _misfit(x: _Floats, y: _Floats, weights: _Floats) -> float:
    """Root of chi-squared per degree of freedom about a parabola, 1 at least: how far rings scatter beyond chance."""
    design = np.stack([np.ones_like(x), x, x**2], axis=1) * np.sqrt(weights)[:, None]
    fitted = design @ np.linalg.lstsq(design, y * np.sqrt(weights), rcond=None)[0]
    return float(np.sqrt(max(1.0, np.sum((y * np.sqrt(weights) - fitted) ** 2) / max(1, len(x) - 3))))


def focus_slope(image: NDArray[np.number]) -> float:
    """Slope of the radially averaged log-log power spectrum: the more negative, the more blurred.

    The image, less its mean and the light's slow change over the field (a quadratic surface, see `evened`), is
    multiplied by a Hann window, so that its edges do not count as structure. The
    power is averaged over rings one cycle per image side wide, and a line is fitted by least squares to ln(mean
    power) over ln(radius), from 2 cycles per shorter side to an eighth of that side (details of 8 px and more), or to
    the ring before where it is most surely steep: where slope + 3 standard errors is least, six rings at least.
    White noise has slope 0; a scene of edges about -3; out of focus it is steeper.

    This is the definition of Bray et al. 2012 (J. Biomol. Screen. 17, 266) but for that end and the mean of each ring.
    Up to a fixed end, blur beyond some 4 px leaves noise in most rings, and the slope gets flat again; so it does where
    there are few cells. CellProfiler's `PowerLogLogSlope` takes the sum of a ring, which grows with its circumference,
    so its slopes are higher by about 1; it has no window, and its rings are ellipses where the image is not square.

    Parameters
    ----------
    image : (Y, X) number
        At least 32 px along both axes, else too few rings are left and the slope is 0.

    Returns
    -------
    float
        0 for a constant image.
    """
    spectrum = _spectrum(evened(image, degree=_LIGHT_DEGREE), has_noise=False)
    if spectrum is None:
        return 0.0
    rings, means, per_ring, _ = spectrum
    known = means > 0
    if known.sum() < 2:
        return 0.0
    return _steepest(rings[known], means[known], per_ring[known]).slope


def _spectrum(
    image: NDArray[np.number], *, has_noise: bool = True
) -> tuple[NDArray[np.intp], _Floats, _Floats, float] | None:
    """Radii of the rings, their mean power, their coefficients, and the noise's power; None where there are none."""
    shape = (int(image.shape[0]), int(image.shape[1]))
    n_rings = min(shape) // 8
    centred = image.astype(np.float32) - np.float32(image.mean())
    least = _LEAST_RINGS if has_noise else 2
    if n_rings < _FIRST_RADIUS + least or not centred.any():
        return None
    window = np.hanning(shape[0]).astype(np.float32)[:, None] * np.hanning(shape[1]).astype(np.float32)
    spectrum = fft.rfft2(centred * window, workers=1)
    rows, rings, weights, per_ring = _rings(shape)
    inner = spectrum[rows, : rings.shape[1]]
    power = (inner.real**2 + inner.imag**2) * weights
    means = np.bincount(rings.ravel(), weights=power.ravel(), minlength=n_rings + 1)[:n_rings] / per_ring
    used = np.arange(_FIRST_RADIUS, n_rings)
    noise = 0.0
    if has_noise:
        high = np.flatnonzero(np.abs(np.fft.fftfreq(shape[0])) > _NOISE_FREQUENCY)
        corner = spectrum[high, int(_NOISE_FREQUENCY * shape[1]) : shape[1] // 2]
        noise = float(np.median(corner.real**2 + corner.imag**2) / np.log(2))
    return used, means[used], per_ring[used], noise


@lru_cache(maxsize=4)
def _rings(
    shape: tuple[int, int],
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.float32], NDArray[np.float64]]:
    """Rows of the half spectrum up to an eighth of the shorter side, the ring of each coefficient there (the number of
    rings: beyond), its weight (2 for those whose mirror image is left out), and the coefficients of each ring."""
    side = min(shape)
    n_rings = side // 8
    reach = [n_rings * length // side + 1 for length in shape]
    rows = np.r_[0 : reach[0] + 1, shape[0] - reach[0] : shape[0]]
    along_y = np.fft.fftfreq(shape[0])[rows] * side
    along_x = np.arange(reach[1] + 1) / shape[1] * side
    rings = np.minimum(np.rint(np.hypot(along_y[:, None], along_x[None])), n_rings).astype(np.int64)
    weights = np.broadcast_to(np.where(along_x > 0, 2.0, 1.0).astype(np.float32), rings.shape)
    per_ring = np.bincount(rings.ravel(), weights.ravel(), n_rings + 1)[:n_rings].astype(np.float64)
    return rows, rings, weights, per_ring
