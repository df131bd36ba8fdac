"""Difference of Gaussians: the response of an image to spots of one size."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = [
    "RATIO",
    "axis_sigmas",
    "blurred",
    "checked_image",
    "difference_of_gaussians",
    "gaussian_kernel",
    "spot_gain",
]

# Wider over narrower kernel, both as far from the spot's size: at 1.6 a difference of Gaussians is closest to the
# Laplacian of a Gaussian (Marr and Hildreth, Proc. R. Soc. B 207, 1980, appendix B).
RATIO = 1.6
_SLAB_ROWS = 128


def axis_sigmas(sigma_px: float | Sequence[float], *, n_axes: int) -> tuple[float, ...]:
    """One standard deviation per axis (z, y, x or y, x), px.

    Raises
    ------
    ValueError
        When there is not one positive finite number per axis, nor a single one.
    """
    sigmas = tuple(float(s) for s in np.atleast_1d(np.asarray(sigma_px, dtype=np.float64)))
    sigmas = sigmas * n_axes if len(sigmas) == 1 else sigmas
    if len(sigmas) != n_axes or not all(0 < s < np.inf for s in sigmas):
        raise InputError(
            f"sigma_px: expected one positive number, or {n_axes} (one per axis of the image, z first), got {sigma_px}."
        )
    return sigmas


def checked_image(image: NDArray[np.generic]) -> NDArray[np.generic]:
    """The image itself, if spots can be looked for in it.

    Raises
    ------
    ValueError
        When it is not (Y, X) or (Z, Y, X), not of real numbers, or not finite everywhere.
    """
    if image.ndim not in (2, 3) or image.dtype.kind not in "uif":
        raise InputError(
            f"image: expected numbers of shape (Y, X) or (Z, Y, X), got {image.dtype} of shape {image.shape}. "
            "Pass one channel of one site."
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise InputError("image: expected finite values, got NaN or infinity. Fill or crop those pixels first.")
    return image


def spot_gain(n_axes: int) -> float:
    """Response at the centre of a Gaussian spot of amplitude 1 whose size is the filter's; the same for every size."""
    return float((1 + 1 / RATIO) ** (-n_axes / 2) - (1 + RATIO) ** (-n_axes / 2))


def difference_of_gaussians(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> NDArray[np.float32]:
    """Narrow minus wide Gaussian blur, of ``sigma_px / sqrt(1.6)`` and ``sigma_px * sqrt(1.6)``.

    Dubois (2017), equation 3. Matched to spots of size `sigma_px`: scaled like this, a Gaussian spot in a plane
    responds most to the pair around its own size.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Any intensity; a constant added to it changes nothing. Mirrored at its borders.
    sigma_px
        Size per axis, px.

    Returns
    -------
    float32, shape of the image
        In the image's intensity unit, never rounded. An empty image gives an empty response.
    """
    return _filtered(image, sigma_px=sigma_px, scales=(RATIO**-0.5, RATIO**0.5))


def blurred(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> NDArray[np.float32]:
    """Gaussian blur, float32, of an image (Y, X) or (Z, Y, X), mirrored at its borders."""
    return _filtered(image, sigma_px=sigma_px, scales=(1.0,))


def _filtered(
    image: NDArray[np.generic], *, sigma_px: Sequence[float], scales: tuple[float, ...]
) -> NDArray[np.float32]:
    """Blur of the first scale minus those of the others.

    A stack is filtered in slabs of rows: what is in work stays in the cache, and memory is the result plus a few slabs.
    """
    result = np.empty(image.shape, dtype=np.float32)
    stack, target = (image[None], result[None]) if image.ndim == 2 else (image, result)
    if image.size == 0:
        return result
    n_rows, halo = stack.shape[1], _radius(sigma_px[-2] * max(scales))
    for first in range(0, n_rows, _SLAB_ROWS):
        last = min(first + _SLAB_ROWS, n_rows)
        low, high = max(0, first - halo), min(n_rows, last + halo)
        source = stack[:, low:high].astype(np.float32)
        own = slice(first - low, last - low)
        slab = _blurred_slab(source, sigma_px, scales[0], own=own)
        for scale in scales[1:]:
            slab -= _blurred_slab(source, sigma_px, scale, own=own)
        target[:, first:last] = slab
    return result


def _radius(sigma: float) -> int:
    """Half-width of a kernel; beyond 3.5 sigma lie 0.05 % of a Gaussian."""
    return max(1, int(np.ceil(3.5 * sigma)))


def gaussian_kernel(sigma: float) -> NDArray[np.float32]:
    """(2 r + 1, 1) float32 weights of sum 1, with which these blurs are made; r = 3.5 sigma, rounded up."""
    return np.asarray(cv2.getGaussianKernel(2 * _radius(sigma) + 1, sigma, cv2.CV_32F))


def _blurred(plane: NDArray[np.float32], sigma_px: Sequence[float], scale: float) -> NDArray[np.float32]:
    rows, columns = gaussian_kernel(sigma_px[-2] * scale), gaussian_kernel(sigma_px[-1] * scale)
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_32F, columns, rows, borderType=cv2.BORDER_REFLECT))


def _blurred_slab(
    slab: NDArray[np.float32], sigma_px: Sequence[float], scale: float, *, own: slice
) -> NDArray[np.float32]:
    """(Z, rows of `own`, X): every plane blurred, then all along z, where a column of the slab is a row of OpenCV's."""
    planes = np.stack([_blurred(plane, sigma_px, scale)[own] for plane in slab])
    if len(sigma_px) == 2:
        return planes
    kernel = gaussian_kernel(sigma_px[0] * scale)
    flat = planes.reshape(len(planes), -1)
    along_z = cv2.sepFilter2D(flat, cv2.CV_32F, np.ones(1, np.float32), kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(along_z).reshape(planes.shape)
