"""Measures of an image: focus, intensities, saturation, empty field."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wellspring.errors import InputError

__all__ = ["ImageMeasures", "empty_share", "focus_slope", "measure_image"]

_FIRST_RADIUS = 2
_N_BLOCKS = 32
_LEAST_BLOCK_PX = 8
# ASSUME: a block of noise alone, some hundred pixels, varies by less than this factor around the noise's variance.
_STRUCTURE = 1.5
# Second differences along both axes: what is smooth over three pixels drops out, and of noise 36 times the variance is
# left (Immerkær 1996, "Fast noise variance estimation").
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_NOISE_GAIN = 36.0


@dataclass(frozen=True)
class ImageMeasures:
    """What one image is like; units and meanings as of `wellspring.quality.tables.IMAGE_QUALITY`."""

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


def measure_image(image: NDArray[np.uint16]) -> ImageMeasures:
    """Every measure of one image.

    Parameters
    ----------
    image : (Y, X) uint16

    Returns
    -------
    ImageMeasures
        Percentiles are the least values that at least such a share of the pixels does not exceed: exact, from the
        histogram.

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
    quantiles = np.searchsorted(np.cumsum(counts), np.array([0.01, 0.25, 0.5, 0.75, 0.99]) * image.size)
    q01, q25, median, q75, q99 = (float(value) for value in quantiles)
    return ImageMeasures(
        focus_slope=focus_slope(image),
        mean=mean,
        std=float(np.sqrt(counts @ (values - mean) ** 2 / image.size)),
        q01=q01,
        q25=q25,
        median=median,
        q75=q75,
        q99=q99,
        total=total,
        saturated_share=float(counts[np.flatnonzero(counts)[-1]] / image.size),
        empty_share=empty_share(image),
    )


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
    shape = (int(image.shape[0]), int(image.shape[1]))
    n_rings = min(shape) // 8
    centred = image.astype(np.float32) - np.float32(image.mean())
    if n_rings <= _FIRST_RADIUS + 1 or not centred.any():
        return 0.0
    window = np.hanning(shape[0]).astype(np.float32)[:, None] * np.hanning(shape[1]).astype(np.float32)
    spectrum = fft.rfft2(centred * window, workers=1)
    rows, rings, weights, per_ring = _rings(shape)
    inner = spectrum[rows, : rings.shape[1]]
    power = (inner.real**2 + inner.imag**2) * weights
    means = np.bincount(rings.ravel(), weights=power.ravel(), minlength=n_rings + 1)[:n_rings] / per_ring
    used = np.arange(_FIRST_RADIUS, n_rings)
    used = used[means[used] > 0]
    if len(used) < 2:
        return 0.0
    return float(np.polyfit(np.log(used), np.log(means[used]), 1)[0])


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
    block = max(_LEAST_BLOCK_PX, min(image.shape) // _N_BLOCKS)
    n_y, n_x = image.shape[0] // block, image.shape[1] // block
    if n_y == 0 or n_x == 0:
        return float(image.min() == image.max())
    used = image[: n_y * block, : n_x * block].astype(np.float32)
    used -= used.mean()
    residual = cv2.filter2D(used, -1, _NOISE_KERNEL)
    size = (n_x, n_y)
    mean = cv2.resize(used, size, interpolation=cv2.INTER_AREA)
    variance = cv2.resize(used * used, size, interpolation=cv2.INTER_AREA) - mean**2
    noise = cv2.resize(residual * residual, size, interpolation=cv2.INTER_AREA) / _NOISE_GAIN
    # Rounding leaves a little of both in a block that is constant.
    floor = 1e-6 * float(used.var())
    return float((variance <= _STRUCTURE * noise + floor).mean())
