"""The offset of the camera, where the config gives none: from how the noise grows with the light."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["camera_offset", "plate_offset"]

_BLOCK_PX, _N_LEVELS = 8, 12
# Least blocks of a level, and slope of the line in its standard errors.
_LEAST_BLOCKS, _SURE = 8, 3.0
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_NOISE_GAIN = 36.0
# An offset is known from so many images, when its error is below this share of the light above it.
_LEAST_IMAGES, _KNOWN = 4, 0.1


def camera_offset(image: NDArray[np.uint16]) -> float:
    """Intensity at which shot noise would vanish: the intercept of the photon transfer line.

    Shot noise has the variance gain * (intensity - offset) (Janesick, Photon Transfer, SPIE 2007). Variances come from
    second differences in blocks of 8 x 8 px; the line goes through their medians at 12 levels of light, weighted by
    1 / variance. The noise of reading adds its variance over the gain, so the result is too low by that, some grey
    values.

    Parameters
    ----------
    image : (Y, X) uint16
        As the camera took it; a projection or a corrected image has other noise.

    Returns
    -------
    float
        0 or more, and no more than the darkest permille. NaN where the noise does not grow with the light beyond
        chance (three standard errors), or the image is too small.
    """
    size = (image.shape[1] // _BLOCK_PX, image.shape[0] // _BLOCK_PX)
    if size[0] * size[1] < _LEAST_BLOCKS * _N_LEVELS:
        return float("nan")
    used = image[: size[1] * _BLOCK_PX, : size[0] * _BLOCK_PX].astype(np.float32)
    residual = cv2.filter2D(used, -1, _NOISE_KERNEL)
    light = cv2.resize(used, size, interpolation=cv2.INTER_AREA).ravel()
    variance = cv2.resize(residual * residual, size, interpolation=cv2.INTER_AREA).ravel() / _NOISE_GAIN
    parts = np.array_split(np.argsort(light), _N_LEVELS)
    x = np.array([np.median(light[part]) for part in parts], dtype=np.float64)
    y = np.array([np.median(variance[part]) for part in parts], dtype=np.float64)
    if y.min() <= 0 or np.ptp(x) <= 0:
        return float("nan")
    design = np.stack([np.ones_like(x), x], axis=1) / y[:, None]
    (intercept, slope), residuals, rank, _ = np.linalg.lstsq(design, np.ones_like(x), rcond=None)
    if rank < 2:
        return float("nan")
    error = float(np.sqrt(residuals[0] / (_N_LEVELS - 2) * np.linalg.inv(design.T @ design)[1, 1]))
    if slope <= _SURE * error:
        return float("nan")
    return float(np.clip(-intercept / slope, 0, np.percentile(image, 0.1)))


def plate_offset(offsets: Sequence[float], *, middle: float) -> float:
    """The offset of a plate and channel: the median over its images.

    Parameters
    ----------
    offsets
        `camera_offset` of each image.
    middle
        Median intensity of the images.

    Returns
    -------
    float
        NaN where it is not known: from fewer than 4 images, or with a standard error above a tenth of the light that
        is left above it.
    """
    known = np.array([one for one in offsets if np.isfinite(one)])
    if len(known) < _LEAST_IMAGES:
        return float("nan")
    offset = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - offset)))
    error = 1.2533 * spread / np.sqrt(len(known))
    return offset if error <= _KNOWN * (middle - offset) else float("nan")
