"""Noise of the camera, measured where the optics pass nothing: apart from spots, cells and texture."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.spots.blocks import BlockMap
from wellspring.spots.filters import RATIO

__all__ = [
    "FINE",
    "MOST_LEAK",
    "CameraNoise",
    "camera_noise",
    "fine_samples",
    "samples_per_tile",
    "spot_leak",
    "spot_power",
]

FINE, _FOURTH, _ONE = np.array([1.0, -2.0, 1.0]), np.array([1.0, -4.0, 6.0, -4.0, 1.0]), np.ones(1)
# Of a normal variable, standard deviation over the root mean square of the 80 % smallest deviations.
_TRIMMED, _KEPT = 1.5115, 0.8
_SAMPLES, _LEAST_SAMPLES = 4096, 256
_FIELD_SAMPLES, _LEAST_OF_MANY, _FIELD_TILES = 2**19, 1024, 64
# Noise of neighbouring pixels that share more than this blur, px (half a pixel of interpolation shares 0.5), says too
# little about the noise of a spot's size. Ratios above the limit are of no noise that a blur explains.
_MOST_BLUR_PX, _MOST_RATIO = 0.75, 1.1
# Along z the noise must be as independent; a tenth is left to chance and to the spots' own course along z.
_LEAST_ALONG_Z = 0.9
MOST_LEAK, _MOST_KNOWN_LEAK = 0.1, 0.25
# Of what the filter of pixels sees, spots may be so much at most; beyond, half of the deviation is taken for noise.
_LEAST_OWN = 0.25


@dataclass(frozen=True)
class CameraNoise:
    """What the camera's noise alone makes of a response.

    Attributes
    ----------
    pixels : (n_tiles,) float64
        Standard deviation of a pixel's noise at the usual light, intensity; NaN where it is not known.
    responses : (n_tiles,) float64
        That of the response, at the usual light and far from the borders.
    blur_px : float
        Neighbouring pixels share their noise as after a Gaussian blur of this size: interpolated images. 0 = white.
    """

    pixels: NDArray[np.float64]
    responses: NDArray[np.float64]
    blur_px: float

    @property
    def is_known(self) -> bool:
        """Whether it could be measured."""
        return bool(np.isfinite(self.responses).all()) and len(self.responses) > 0


def camera_noise(
    image: NDArray[np.generic],
    boxes: Sequence[tuple[slice, ...]],
    spreads: Sequence[float],
    light: BlockMap,
    *,
    sigma_px: Sequence[float],
    fine: Sequence[NDArray[np.float64] | None] | None = None,
) -> CameraNoise:
    """Measure the noise of pixels from differences so fine that the optics let nothing of a spot into them.

    The second difference along both axes of the plane (Immerkaer, Comput. Vis. Image Underst. 64, 1996) holds 1 % of
    the power that a spot of sigma 1.5 px has in the response. That share is known from the spot's size and subtracted,
    so fields may be full of spots. White noise then gives the noise of the response by the norm of its filter. A fourth
    difference along one axis has the same variance where noise is white and more where neighbours share it; their
    ratio gives the blur by which images were interpolated or smoothed.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    boxes
        The pixels of every tile.
    spreads
        Standard deviation of the response in every tile.
    light
        Relative noise, as from `light_noise`.
    sigma_px
    fine
        As from `fine_samples`, if they are at hand.

    Returns
    -------
    CameraNoise
        Unknown (NaN) for images that were smoothed over more than 0.75 px or along z, for those whose fine differences
        are all 0, and for tiles that are too small.
    """
    flat = [_ONE] * (image.ndim - 2)
    samples = fine_samples(image, boxes, light) if fine is None else fine
    variances = np.array([_variance(values) for values in samples])
    # What is one number for the field is measured in some of the tiles.
    some = np.unique(np.linspace(0, len(boxes) - 1, min(len(boxes), _FIELD_TILES)).round().astype(np.int64))
    own_boxes = [boxes[number] for number in some]
    along = [
        np.array([_variance(_sampled(image, box, light, [*flat, *kernels], n_samples=_SAMPLES)) for box in own_boxes])
        for kernels in ((_ONE, _FOURTH), (_FOURTH, _ONE))
    ]
    leak = spot_leak(sigma_px)
    unknown = CameraNoise(np.full(len(boxes), np.nan), np.full(len(boxes), np.nan), 0.0)
    if not (np.isfinite(variances).all() and min(a.min() for a in along) > 0 and variances.min() > 0):
        return unknown
    blur = _blur_px(float(min(np.median(variances[some] / a) for a in along)))
    if (
        blur is None
        or leak > _MOST_KNOWN_LEAK
        or not _is_free_along_z(image, own_boxes, light, variances[some], sigma_px=sigma_px)
    ):
        return unknown
    passed = _white_power(sigma_px, blur_px=blur) / _fine_power(blur)
    own = (variances - leak * np.square(spreads)) / max(1 - leak * passed, _LEAST_OWN)
    pixels = np.sqrt(np.clip(own, _LEAST_OWN * variances, variances))
    return CameraNoise(pixels, pixels * math.sqrt(passed), blur)


def fine_samples(
    image: NDArray[np.generic], boxes: Sequence[tuple[slice, ...]], light: BlockMap
) -> list[NDArray[np.float64] | None]:
    """Of every tile a sample of the second difference along both axes of the plane, at the usual light.

    Of norm 1: of white noise it has the standard deviation of a pixel. None of a tile that is too small.
    """
    kernels = [_ONE] * (image.ndim - 2) + [FINE, FINE]
    n_samples = samples_per_tile(len(boxes))
    return [_sampled(image, box, light, kernels, n_samples=n_samples) for box in boxes]


def samples_per_tile(n_tiles: int) -> int:
    """4096 pixels of a tile, fewer of fields with more than 128, but a thousand: as many as a tile's noise needs."""
    return int(np.clip(_FIELD_SAMPLES // n_tiles, _LEAST_OF_MANY, _SAMPLES))


def _variance(values: NDArray[np.float64] | None) -> float:
    """Variance of a sample without its largest fifth."""
    if values is None:
        return math.nan
    squares = np.sort(values**2)
    return _TRIMMED**2 * float(squares[: max(1, round(_KEPT * len(squares)))].mean())


def _sampled(
    image: NDArray[np.generic],
    box: tuple[slice, ...],
    light: BlockMap,
    kernels: Sequence[NDArray[np.float64]],
    *,
    n_samples: int,
) -> NDArray[np.float64] | None:
    """A sample of a tile after a separable filter of norm 1, at the usual light; None of a tile that is too small.

    Of white noise it has the standard deviation of a pixel.
    """
    margins = [len(kernel) // 2 for kernel in kernels]
    starts = [max(part.start, m) for part, m in zip(box, margins, strict=True)]
    sizes = [min(part.stop, n - m) - first for part, n, m, first in zip(box, image.shape, margins, starts, strict=True)]
    if min(sizes) < 1 or math.prod(sizes) < _LEAST_SAMPLES:
        return None
    points, middles = _places(tuple(sizes), tuple(margins), n_samples=n_samples)
    # A copy of the tile stays in the cache, and its flat places are quicker to look up than points.
    crop = image[tuple(slice(a - m, a + n + m) for a, n, m in zip(starts, sizes, margins, strict=True))]
    flat: NDArray[Any] = crop.ravel()
    steps = [math.prod(crop.shape[axis + 1 :]) for axis in range(crop.ndim)]
    values = np.zeros(len(points))
    spans = [range(-m, m + 1) for m in margins]
    for offset in itertools.product(*spans):
        weight = math.prod(float(k[step + m]) for k, step, m in zip(kernels, offset, margins, strict=True))
        values += weight * flat[middles + sum(a * b for a, b in zip(offset, steps, strict=True))]
    norm = math.prod(float(kernel @ kernel) for kernel in kernels)
    return np.asarray(values / light.nearest(points + starts) / math.sqrt(norm))


@lru_cache(maxsize=16)
def _places(
    sizes: tuple[int, ...], margins: tuple[int, ...], *, n_samples: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points of a sample of a tile, and their flat places in the tile with its margins. Most tiles have one size."""
    # An odd step, so that it does not run along a column.
    places = np.arange(0, math.prod(sizes), max(1, math.prod(sizes) // n_samples) | 1)
    points = np.stack(np.unravel_index(places, sizes), axis=1)
    whole = [n + 2 * m for n, m in zip(sizes, margins, strict=True)]
    return points, np.ravel_multi_index(tuple((points + margins).T), whole)


def _is_free_along_z(
    image: NDArray[np.generic],
    boxes: Sequence[tuple[slice, ...]],
    light: BlockMap,
    variances: NDArray[np.float64],
    *,
    sigma_px: Sequence[float],
) -> bool:
    """Whether neighbouring planes have noise of their own, as far as that can be measured."""
    if image.ndim == 2:
        return True
    kernels = [FINE, _ONE, FINE]
    if spot_power(kernels, sigma_px=sigma_px) > MOST_LEAK * _spot_response_power(sigma_px):
        return True
    along = np.array([_variance(_sampled(image, box, light, kernels, n_samples=_SAMPLES)) for box in boxes])
    # As many samples as there are; a stack of two planes has none.
    return not np.isfinite(along).all() or bool(np.median(along / variances) > _LEAST_ALONG_Z)


def _blur_px(ratio: float) -> float | None:
    """Gaussian blur after which the fine difference has this variance relative to one along an axis; None if none."""
    sizes = np.linspace(0.0, _MOST_BLUR_PX, 61)
    ratios = np.array([_fine_power(size) / (_power(_FOURTH, size) * _power(_ONE, size)) for size in sizes])
    if not ratios[-1] <= ratio <= _MOST_RATIO:
        return None
    return float(np.interp(-ratio, -ratios, sizes))


def _fine_power(blur_px: float) -> float:
    """Variance that the second difference along both axes leaves of blurred white noise."""
    return _power(FINE, blur_px) ** 2


def _power(kernel: NDArray[np.float64], blur_px: float) -> float:
    """Variance that a filter of norm 1 leaves of white noise of variance 1 after a blur along its axis."""
    frequencies = (np.arange(512) + 0.5) / 1024
    gain = np.abs(np.exp(-2j * np.pi * np.outer(frequencies, np.arange(len(kernel)))) @ kernel) ** 2
    blurred = np.exp(-((2 * np.pi * frequencies * blur_px) ** 2))
    return float((gain * blurred).mean() / (kernel @ kernel))


def _white_power(sigma_px: Sequence[float], *, blur_px: float) -> float:
    """Variance of the response to white noise of variance 1 that was blurred in the plane."""
    blurs = [0.0] * (len(sigma_px) - 2) + [blur_px] * 2
    return _difference_power([(s, blur) for s, blur in zip(sigma_px, blurs, strict=True)])


def spot_leak(sigma_px: Sequence[float]) -> float:
    """Power of a spot in the fine difference, over that in the response."""
    fine = [_ONE] * (len(sigma_px) - 2) + [FINE, FINE]
    return spot_power(fine, sigma_px=sigma_px) / _spot_response_power(sigma_px)


def _spot_response_power(sigma_px: Sequence[float]) -> float:
    """Sum of squares of the response to a spot of light 1."""
    return _difference_power([(s, s) for s in sigma_px])


def _difference_power(axes: Sequence[tuple[float, float]]) -> float:
    """Sum of squares of a difference of Gaussians of (size, further blur) per axis."""

    def overlap(first: float, second: float) -> float:
        return math.prod(1 / math.sqrt(2 * math.pi * ((first + second) * s**2 + 2 * b**2)) for s, b in axes)

    return overlap(1 / RATIO, 1 / RATIO) + overlap(RATIO, RATIO) - 2 * overlap(1 / RATIO, RATIO)


def spot_power(kernels: Sequence[NDArray[np.float64]], *, sigma_px: Sequence[float]) -> float:
    """Sum of squares of a spot of light 1 after a separable filter of norm 1."""
    power = 1.0
    for kernel, sigma in zip(kernels, sigma_px, strict=True):
        reach = math.ceil(5 * sigma) + len(kernel)
        spot = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
        passed = np.convolve(spot / spot.sum(), kernel)
        power *= float(passed @ passed) / float(kernel @ kernel)
    return power
