"""Difference of Gaussians: the response of an image to spots of one size, and the noise of that response."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "RATIO",
    "NoiseMap",
    "axis_sigmas",
    "blurred",
    "checked_image",
    "difference_of_gaussians",
    "noise_map",
    "spot_gain",
]

# Wider over narrower kernel, both as far from the spot's size: at 1.6 a difference of Gaussians is closest to the
# Laplacian of a Gaussian (Marr and Hildreth, Proc. R. Soc. B 207, 1980, appendix B).
RATIO = 1.6
# A tile of 40 sigma holds about 40**2 / (4 * pi) = 127 independent values of the smoothed noise, which gives its spread
# to about 10 %, and is much larger than a spot and smaller than a cell at the usual magnifications.
_TILE_SIGMAS = 40.0
_TILE_SAMPLES = 4096
_SLAB_ROWS = 128
_MAD = 1.4826


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
        raise ValueError(
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
        raise ValueError(
            f"image: expected numbers of shape (Y, X) or (Z, Y, X), got {image.dtype} of shape {image.shape}. "
            "Pass one channel of one site."
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise ValueError("image: expected finite values, got NaN or infinity. Fill or crop those pixels first.")
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


def _kernel(sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.getGaussianKernel(2 * _radius(sigma) + 1, sigma, cv2.CV_32F))


def _blurred(plane: NDArray[np.float32], sigma_px: Sequence[float], scale: float) -> NDArray[np.float32]:
    rows, columns = _kernel(sigma_px[-2] * scale), _kernel(sigma_px[-1] * scale)
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_32F, columns, rows, borderType=cv2.BORDER_REFLECT))


def _blurred_slab(
    slab: NDArray[np.float32], sigma_px: Sequence[float], scale: float, *, own: slice
) -> NDArray[np.float32]:
    """(Z, rows of `own`, X): every plane blurred, then all along z, where a column of the slab is a row of OpenCV's."""
    planes = np.stack([_blurred(plane, sigma_px, scale)[own] for plane in slab])
    if len(sigma_px) == 2:
        return planes
    kernel = _kernel(sigma_px[0] * scale)
    flat = planes.reshape(len(planes), -1)
    along_z = cv2.sepFilter2D(flat, cv2.CV_32F, np.ones(1, np.float32), kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(along_z).reshape(planes.shape)


def _edge_gain(size: int, sigma: float) -> NDArray[np.float64]:
    """(size, 3) float64: how much white noise two blurs let through along one axis, at each place.

    Columns: sum of squares of the narrow kernel, of the products of both, of squares of the wide one. Near the ends the
    mirrored image folds the kernel on itself, so it averages over fewer values.
    """
    kernels = [_kernel(sigma * RATIO**power)[:, 0].astype(np.float64) for power in (-0.5, 0.5)]
    # Beyond two radii from both ends all places are alike.
    reach = len(kernels[1])
    length = min(size, 2 * reach)
    narrow, wide = (ndimage.correlate1d(np.eye(length), kernel, axis=0, mode="reflect") for kernel in kernels)
    gain = np.stack([(a * b).sum(axis=1) for a, b in ((narrow, narrow), (narrow, wide), (wide, wide))], axis=1)
    middle = np.repeat(gain[length // 2 : length // 2 + 1], size - length, axis=0)
    return np.concatenate([gain[: length // 2], middle, gain[length // 2 :]])


def _inner_gain(sigma: float) -> NDArray[np.float64]:
    """(3,) float64: as `_edge_gain`, far from all ends."""
    narrow, wide = (_kernel(sigma * RATIO**power)[:, 0].astype(np.float64) for power in (-0.5, 0.5))
    padded = np.pad(narrow, (len(wide) - len(narrow)) // 2)
    return np.array([padded @ padded, padded @ wide, wide @ wide])


@dataclass(frozen=True)
class NoiseMap:
    """Spread of a response over the field.

    Attributes
    ----------
    tiles : (n_tiles along each axis) float32
        Robust standard deviation of the response in each tile.
    shape : tuple of int
        Shape of the response.
    roughness : float
        Square root of the determinant of the covariance of the response's gradient, in units of its variance: how
        many independent bumps of noise there are per (2 pi)**(n_axes / 2) voxels.
    gains : one (size, 3) float64 per axis
        See `_edge_gain`.
    inner : float
        Noise variance of the response far from the borders, for white noise of variance 1.
    """

    tiles: NDArray[np.float32]
    shape: tuple[int, ...]
    roughness: float
    gains: tuple[NDArray[np.float64], ...]
    inner: float

    def at(self, points: NDArray[np.integer]) -> NDArray[np.float32]:
        """Noise at (n, n_axes) pixels, linear between the tiles' centres, higher near the borders. (n,) float32."""
        scale = np.array(self.tiles.shape) / np.array(self.shape)
        places = (np.asarray(points, dtype=np.float64) + 0.5) * scale - 0.5
        smooth = ndimage.map_coordinates(self.tiles.astype(np.float64), places.T, order=1, mode="nearest")
        return np.asarray(smooth * self.edge_factor(points), dtype=np.float32)

    def edge_factor(self, points: NDArray[np.integer]) -> NDArray[np.float64]:
        """Noise at (n, n_axes) pixels over that far from the borders, where the image is mirrored. (n,) float64."""
        here = np.prod([gain[points[:, axis]] for axis, gain in enumerate(self.gains)], axis=0)
        return np.asarray(np.sqrt((here[:, 0] - 2 * here[:, 1] + here[:, 2]) / self.inner))


def noise_map(response: NDArray[np.float32], *, sigma_px: Sequence[float], floor: float) -> NoiseMap:
    """Noise of a response, tile by tile, so that brighter or rougher parts of the field have their own.

    1.4826 times the median absolute deviation, which spots hardly move while they cover less than a quarter of a tile.

    Parameters
    ----------
    response : (Y, X) or (Z, Y, X) float32
        Not empty.
    sigma_px
        Size of the filter per axis, px; tiles are about 40 times as wide.
    floor
        Least noise, for parts of the field without any (dead or saturated pixels).
    """
    gains = tuple(_edge_gain(size, s) for size, s in zip(response.shape, sigma_px, strict=True))
    deep = np.prod([_inner_gain(s) for s in sigma_px], axis=0)
    inner = float(deep[0] - 2 * deep[1] + deep[2])
    planes = _plane_factors(gains, sigma_px=sigma_px, inner=inner)
    edges = [_tile_edges(size, _TILE_SIGMAS * s) for size, s in zip(response.shape, sigma_px, strict=True)]
    counts = tuple(len(edge) - 1 for edge in edges)
    tiles = np.empty(counts, dtype=np.float32)
    gradients = np.empty((*counts, response.ndim), dtype=np.float64)
    for place in np.ndindex(*counts):
        tile = response[tuple(slice(edge[i], edge[i + 1]) for edge, i in zip(edges, place, strict=True))]
        factors = planes[edges[0][place[0]] : edges[0][place[0] + 1]] if response.ndim == 3 else planes
        tiles[place] = max(_spread(_even(tile, factors)), floor)
        for axis in range(response.ndim):
            step = _spread(_sample(np.diff(_thinned(tile, axis=axis), axis=axis)))
            gradients[(*place, axis)] = step / tiles[place]
    roughness = float(np.prod([np.median(gradients[..., axis]) for axis in range(response.ndim)]))
    return NoiseMap(tiles, response.shape, roughness, gains, inner)


def _plane_factors(
    gains: Sequence[NDArray[np.float64]], *, sigma_px: Sequence[float], inner: float
) -> NDArray[np.float64]:
    """(Z,) float64, noise of each plane over that far from the borders; (1,) ones for a plane alone."""
    if len(gains) == 2:
        return np.ones(1)
    here = gains[0] * _inner_gain(sigma_px[1]) * _inner_gain(sigma_px[2])
    return np.asarray(np.sqrt((here[:, 0] - 2 * here[:, 1] + here[:, 2]) / inner))


def _even(tile: NDArray[np.float32], factors: NDArray[np.float64]) -> NDArray[np.float32]:
    """A sample of a tile with the noise of every plane brought to that far from the borders."""
    flat = tile.reshape(-1)
    places = np.arange(0, flat.size, max(1, flat.size // _TILE_SAMPLES) | 1)
    return np.asarray(flat[places] / factors[places * len(factors) // flat.size], dtype=np.float32)


def _tile_edges(size: int, tile: float) -> NDArray[np.int64]:
    return np.linspace(0, size, max(1, round(size / tile)) + 1).astype(np.int64)


def _thinned(tile: NDArray[np.float32], *, axis: int) -> NDArray[np.float32]:
    """Every few lines along `axis`, for tiles with many."""
    step = max(1, int((tile.size / (4 * _TILE_SAMPLES)) ** (1 / max(1, tile.ndim - 1))))
    return tile[tuple(slice(None) if a == axis else slice(None, None, step) for a in range(tile.ndim))]


def _sample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    # An odd step, so that it does not run along a column.
    flat = values.reshape(-1)
    return flat[:: max(1, flat.size // _TILE_SAMPLES) | 1]


def _spread(values: NDArray[np.float32]) -> float:
    if values.size == 0:
        return 0.0
    return _MAD * float(np.median(np.abs(values - np.median(values))))
