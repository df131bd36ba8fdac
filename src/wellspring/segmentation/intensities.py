"""Intensities in units of a pixel's noise, and their logarithm: the same for any gain, offset and number format."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["LogScale", "in_noise_units", "log_scale", "seen_sample"]

# Offset of the logarithm, and the noise of rounding that any image has at least, in standard deviations and steps.
_OFFSET_NOISES, _ROUNDING_STEPS = 4.0, 0.5
# No camera has fewer grey values than 8 bits hold.
_LARGEST_STEP = 1 / 255
# Least noise as a share of the brightest stain: half of that step. Denoised, enlarged or registered images have less
# from pixel to pixel, but what their background still varies by is no stain.
_LEAST_NOISE = 0.5 * _LARGEST_STEP
_SAMPLE_PX = 100_000
_Values = NDArray[np.float32]
_Mask = NDArray[np.bool_]


def in_noise_units(image: NDArray[np.number], *, seen: _Mask | None = None) -> _Values:
    """Subtract an image's least intensity and divide by the standard deviation of a pixel's noise.

    So no later step depends on the camera's offset, the gain, or whether an image is stored as integers or scaled
    to 0..1. The noise is at least half a step of the image's grey values, which is 1 in integers, and in float
    images the least difference between the values of a sample of pixels.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        Finite.
    seen : bool, the shape of `image`, optional
        The pixels that the noise and the brightest stain are taken from. None: all.

    Returns
    -------
    The shape of `image`, float32
        0 everywhere for an empty or constant image.
    """
    if image.size == 0 or image.min() == image.max():
        return np.zeros(image.shape, dtype=np.float32)
    values = _from_zero_to_one(image)
    step = _step(values) if image.dtype.kind == "f" else 1 / float(image.max() - image.min())
    least = max(_ROUNDING_STEPS * step, _LEAST_NOISE * _greatest(values, seen=seen))
    values /= np.float32(max(_noise(values, seen=seen), least))
    return values


def _from_zero_to_one(image: NDArray[np.number]) -> _Values:
    """In the image's own precision: in float32 a small contrast on a great offset would be lost."""
    exact: NDArray[Any] = image.astype(np.float32) if image.dtype == np.float16 else image
    least, span = exact.min(), exact.max() - exact.min()
    return np.asarray((exact - least) / (span if image.dtype == np.float64 else np.float32(span)), dtype=np.float32)


def _sample(values: _Values) -> _Values:
    return values.ravel()[:: max(1, values.size // _SAMPLE_PX)]


def seen_sample(values: _Values, *, seen: _Mask | None, most: int) -> _Values:
    """(n,) evenly spaced values of the seen pixels (None: all), about `most` of them; of all pixels if none is seen."""
    if seen is not None and seen.any():
        values = values[seen]
    return values.ravel()[:: max(1, values.size // most)]


def _step(values: _Values) -> float:
    """The least difference between the values, from 0 to 1, of a sample of pixels."""
    return min(float(np.diff(np.unique(_sample(values))).min(initial=1.0)), _LARGEST_STEP)


def _greatest(values: _Values, *, seen: _Mask | None) -> float:
    """The value that 1 pixel in 1,000 exceeds, so no hot pixel."""
    return float(np.percentile(seen_sample(values, seen=seen, most=_SAMPLE_PX), 99.9))


def _noise(image: _Values, *, seen: _Mask | None) -> float:
    """Standard deviation of a pixel's noise after Immerkær (Comput. Vis. Image Underst. 64, 1996).

    Deviation from the source: the median, not the mean, of the filter's absolute response, so that the edges of nuclei
    do not count as noise.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
    planes = image.reshape(-1, *image.shape[-2:])
    filtered = (np.abs(cv2.filter2D(plane, cv2.CV_32F, kernel)) for plane in planes)
    if seen is None:
        response = np.concatenate([_sample(plane) for plane in filtered])
    else:
        each = zip(filtered, seen.reshape(planes.shape), strict=True)
        response = np.concatenate([plane[own][:: max(1, plane.size // _SAMPLE_PX)] for plane, own in each])
    if len(response) == 0:
        return 0.0
    return float(np.median(response) / (6 * 0.6745))


@dataclass(frozen=True)
class LogScale:
    """log(intensity - floor + offset): equal steps are equal factors above the background, and noise stays small."""

    floor: float
    offset: float = _OFFSET_NOISES

    def of(self, intensity: _Values) -> _Values:
        """(…) float32 intensity to its logarithm; what lies below the floor counts as the floor."""
        return np.asarray(np.log(np.maximum(intensity - np.float32(self.floor), 0) + np.float32(self.offset)))

    def intensity(self, log: _Values | float) -> _Values:
        """The inverse of `of`."""
        return np.asarray(np.exp(log) - self.offset + self.floor, dtype=np.float32)


def log_scale(smooth: NDArray[Any], *, seen: _Mask | None = None) -> LogScale:
    """The scale on which an image's nuclei, dim and bright, are one class; `smooth` is in noise units.

    Stains vary by a factor between nuclei, so their logarithms are compared. The plain logarithm depends on the
    camera's offset: with none, empty pixels of 0, 1 and 2 lie as far apart as nuclei. So the image's floor (1st
    percentile) is subtracted and four standard deviations of a pixel's noise are added: what differs by less is noise.
    """
    return LogScale(floor=float(np.percentile(seen_sample(smooth, seen=seen, most=1_000_000), 1)))
