"""Measures of an image: focus, intensities, saturation, empty field."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wellspring.errors import InputError

__all__ = ["Focus", "ImageMeasures", "empty_share", "focus", "focus_slope", "measure_image"]

_FIRST_RADIUS = 2
_N_BLOCKS = 32
_LEAST_BLOCK_PX = 8
# ASSUME: a block of noise alone, some hundred pixels, varies by less than this factor around the noise's variance.
_STRUCTURE = 1.5
# Second differences along both axes: what is smooth over three pixels drops out, and of noise 36 times the variance is
# left (Immerkær 1996, "Fast noise variance estimation").
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_NOISE_GAIN = 36.0
# Blocks along each axis, whose differences say how uncertain a measure of the whole image is.
_N_PARTS = 8
# Least and greatest difference of neighbouring grey values, as a standard deviation: half of one.
_ROUNDING = 0.5
# A Hann window makes neighbouring coefficients alike: so many of a ring count as one.
_ALIKE = 2.25
# Frequencies from here on (cycles per px) are noise; a ring's power is known if its error is below half of it.
_NOISE_FREQUENCY, _KNOWN, _LEAST_RINGS = 0.3, 0.5, 4
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
    in_focus, blocks = focus(image), _empty_blocks(image)
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
    """Slope of the spectrum as of `focus_slope`, but without the noise: it does not depend on how many cells there are.

    Few cells raise the spectrum's low frequencies little above the noise, which is flat, so the plain slope follows the
    number of cells as much as their focus. Here the power of the noise, the median of coefficients above 0.3 cycles per
    px in both directions over ln 2 (that of an exponential distribution), is subtracted from every ring. Rings count up
    to the first whose power is uncertain by half, four at least; a ring below that counts with twice its error, so that
    a field far out of focus is steep. The line is fitted by weighted least squares.

    Its error is that of the weights and that of the cells which happen to be there: the standard error of the slopes of
    the four quadrants. Where one of them has none, a few cells make all of the slope, and its error is not known.
    Quadrants below 64 px have no slope; there the error of the weights is multiplied by the scatter of the rings about
    a parabola.

    Parameters
    ----------
    image : (Y, X) number
        At least 64 px along both axes, else there are too few rings.

    Returns
    -------
    Focus
        NaN where the first ring is no more than noise: a field without cells has no focus. Slope 0, error 0 for a
        constant image and one too small.
    """
    whole = _fitted(image)
    if whole is None:
        return Focus(0.0, 0.0)
    height, width = (length // 2 for length in image.shape)
    quadrants = (image[y : y + height, x : x + width] for y in (0, height) for x in (0, width))
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
    error = means / np.sqrt(np.maximum(per_ring / _ALIKE, 1.0))
    power = means - noise
    known = power * _KNOWN > error
    if not known[0]:
        return _Fit(float("nan"), float("nan"), 1.0)
    n_used = max(_LEAST_RINGS, len(known) if known.all() else int(np.argmin(known)))
    power = np.maximum(power, 2 * error)[:n_used]
    weights = (power / error[:n_used]) ** 2
    x, y = np.log(rings[:n_used]), np.log(power)
    x -= np.average(x, weights=weights)
    spread = float(weights @ x**2)
    return _Fit(float(weights @ (x * y) / spread), spread**-0.5, _misfit(x, y, weights))


def _misfit(x: _Floats, y: _Floats, weights: _Floats) -> float:
    """Root of chi-squared per degree of freedom about a parabola, 1 at least: how far rings scatter beyond chance."""
    design = np.stack([np.ones_like(x), x, x**2], axis=1) * np.sqrt(weights)[:, None]
    fitted = design @ np.linalg.lstsq(design, y * np.sqrt(weights), rcond=None)[0]
    return float(np.sqrt(max(1.0, np.sum((y * np.sqrt(weights) - fitted) ** 2) / max(1, len(x) - 3))))


def focus_slope(image: NDArray[np.number]) -> float:
    """Slope of the radially averaged log-log power spectrum: the more negative, the more blurred.

    The image, its mean subtracted, is multiplied by a Hann window, so that its edges do not count as structure. The
    power is averaged over rings one cycle per image side wide, and a line is fitted by least squares to ln(mean
    power) over ln(radius), from 2 cycles per shorter side to an eighth of that side (details of 8 px and more).
    White noise has slope 0; a scene of edges about -3; out of focus it is steeper.

    This is the definition of Bray et al. 2012 (J. Biomol. Screen. 17, 266) with the mean of each ring. CellProfiler's
    `PowerLogLogSlope` takes the sum, which grows with the ring's circumference, so its slopes are higher by about 1;
    it has no window, and its rings are ellipses where the image is not square.

    Parameters
    ----------
    image : (Y, X) number
        At least 32 px along both axes, else too few rings are left and the slope is 0.

    Returns
    -------
    float
        0 for a constant image.
    """
    spectrum = _spectrum(image, has_noise=False)
    if spectrum is None:
        return 0.0
    used, means, _, _ = spectrum
    used, means = used[means > 0], means[means > 0]
    if len(used) < 2:
        return 0.0
    return float(np.polyfit(np.log(used), np.log(means), 1)[0])


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


def empty_share(image: NDArray[np.number]) -> float:
    """Share of the field that shows nothing: square blocks that vary no more than their pixel noise would make them.

    A block is a thirty-second of the shorter side wide, at least 8 px. Its noise variance comes from second
    differences, which leave out what is smooth; a block counts as structure when its variance is 1.5 times that. So
    the measure needs no threshold of intensity and no even illumination.

    Parameters
    ----------
    image : (Y, X) number

    Returns
    -------
    float
        0 to 1; 1 for a constant image.
    """
    return float(_empty_blocks(image).mean())


def _empty_blocks(image: NDArray[np.number]) -> NDArray[np.float32]:
    """1 for each block that shows nothing, 0 for others."""
    block = max(_LEAST_BLOCK_PX, min(image.shape) // _N_BLOCKS)
    n_y, n_x = image.shape[0] // block, image.shape[1] // block
    if n_y == 0 or n_x == 0:
        return np.full((1, 1), image.min() == image.max(), dtype=np.float32)
    used = image[: n_y * block, : n_x * block].astype(np.float32)
    used -= used.mean()
    residual = cv2.filter2D(used, -1, _NOISE_KERNEL)
    size = (n_x, n_y)
    mean = cv2.resize(used, size, interpolation=cv2.INTER_AREA)
    variance = cv2.resize(used * used, size, interpolation=cv2.INTER_AREA) - mean**2
    noise = cv2.resize(residual * residual, size, interpolation=cv2.INTER_AREA) / _NOISE_GAIN
    # Rounding leaves a little of both in a block that is constant.
    floor = 1e-6 * float(used.var())
    return np.asarray(np.atleast_2d(variance <= _STRUCTURE * noise + floor), dtype=np.float32)
