"""Noise of pixels that is not Gaussian or not even: heavy tails, and steps from one part of a field to the next."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.blocks import PLACES as BLOCK_PLACES
from wellspring.spots.blocks import BlockMap, block_places, even_map, in_blocks
from wellspring.spots.camera import FINE, MOST_LEAK, spot_leak
from wellspring.spots.counting import RareNoise

if TYPE_CHECKING:
    from wellspring.spots.noise import NoiseMap

__all__ = ["HeavyNoise", "heavy_noise", "noise_steps"]

# Sums of the third and fourth powers of the fine difference's weights, at a sum of squares of 1.
_THIRD, _FOURTH = 1 / 6, 1 / 4
# An excess kurtosis below this hardly moves the tail of a response, and bright spots' own share in it is less.
_LEAST_KURTOSIS, _MOST_KURTOSIS = 2.0, 200.0
# Hot pixels are no noise: they are left out one by one. So are the few most deviating differences of a tile.
_OUTLIERS = 0.01
# Blocks this much noisier than their tile; over 9 blocks of 16 places chance gives 8 %.
_STEP = 1.3
# Of a normal variable, standard deviation over the root mean square of the 80 % smallest deviations.
_TRIMMED, _KEPT = 1.5115, 0.8


class HeavyNoise(RareNoise):
    """Of pixels with the variance 1 and given third and fourth cumulants: electron multiplication, gains per pixel.

    Gaussian noise, and jumps of exponential height: upward more often than downward by as much as the third cumulant
    asks. One photon that is multiplied is such a jump (Robbins and Hadwen, IEEE Trans. Electron Devices 50, 2003).
    """

    def __init__(self, *, third: float, fourth: float, sigma_px: Sequence[float]) -> None:
        # Without skewness the jumps are taken for half of the variance.
        height = min(fourth / (4 * max(abs(third), 1e-9)), math.sqrt(fourth / 6))
        both, difference = fourth / (24 * height**4), third / (6 * height**3)
        up, down = max(0.0, (both + difference) / 2), max(0.0, (both - difference) / 2)
        rest = max(0.0, 1 - 2 * (up + down) * height**2)

        def cumulants(exponents: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            step = exponents * height
            rise, fall = 1 / (1 - step), 1 / (1 + step)
            values = rest * exponents**2 / 2 + up * (rise - 1 - step) + down * (fall - 1 + step)
            slopes = rest * exponents + height * (up * (rise**2 - 1) - down * (fall**2 - 1))
            return values, slopes

        variance = rest + 2 * (up + down) * height**2
        super().__init__(cumulants, variance=variance, sigma_px=sigma_px, most_exponent=0.99 / height)


def heavy_noise(
    samples: Sequence[NDArray[np.float64] | None], *, sigma_px: Sequence[float]
) -> tuple[float, HeavyNoise] | None:
    """Standard deviation of a pixel at the usual light, and its noise; None where its tails are about Gaussian.

    From the moments of fine differences (`fine_samples`), median of the tiles: independent pixels give a sum's
    cumulants by the powers of its weights, and spots leave next to nothing there. None too where spots are hardly wider
    than a pixel.
    """
    if spot_leak(sigma_px) > MOST_LEAK:
        return None
    moments = []
    for values in samples:
        if values is None or not values.any():
            return None
        most = float(np.quantile(np.abs(values), 1 - _OUTLIERS))
        values = np.clip(values, -most, most)
        squares = values * values
        second, third, fourth = float(squares.mean()), float((squares * values).mean()), float((squares**2).mean())
        moments.append((second, third / _THIRD, (fourth - 3 * second**2) / _FOURTH))
    second, third, fourth = np.median(moments, axis=0).tolist()
    kurtosis = fourth / second**2
    if kurtosis < _LEAST_KURTOSIS:
        return None
    noise = HeavyNoise(third=third / second**1.5, fourth=min(kurtosis, _MOST_KURTOSIS), sigma_px=sigma_px)
    return math.sqrt(second), noise


def noise_steps(
    image: NDArray[np.generic], noise: "NoiseMap", *, deviation: float, sigma_px: Sequence[float]
) -> BlockMap:
    """How much higher than `noise` it is in blocks whose own pixels are noisier, as on one side of a step of the noise.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    noise
    deviation : float
        Standard deviation of the response for a standard deviation of 1 of the pixels.
    sigma_px
        Size of a spot per axis, px.

    Returns
    -------
    BlockMap
        1 or more.
    """
    if min(image.shape[-2:]) < 3:
        return even_map(1.0, shape=image.shape)
    places = block_places(image.shape, sigma_px=sigma_px)
    rows, columns = (np.clip(p, 1, size - 2) for p, size in zip(places, image.shape[-2:], strict=True))
    stack = image if image.ndim == 3 else image[None]
    squares = np.sort(in_blocks(np.stack([_fine(plane, rows, columns) for plane in stack])) ** 2, axis=-1)
    kept = max(1, round(_KEPT * squares.shape[-1]))
    variances = _TRIMMED**2 * squares[..., :kept].mean(axis=-1, dtype=np.float64)
    # The median of 9 blocks sees no edge of a bright thing; along z as far as a spot reaches.
    size = (1 + 2 * round(sigma_px[0]) if image.ndim == 3 else 1, 3, 3)
    own = deviation * np.sqrt(np.maximum(ndimage.median_filter(variances, size=size, mode="nearest"), 0))
    middles = [p.reshape(-1, BLOCK_PLACES)[:, BLOCK_PLACES // 2] for p in places]
    lead = [np.arange(image.shape[0])] if image.ndim == 3 else []
    points = np.stack([a.ravel() for a in np.meshgrid(*lead, *middles, indexing="ij")], axis=1)
    # Few blocks exceed even the least noise around them; only these are compared with that of their place.
    rows_to_ask = np.flatnonzero(own.ravel() > _STEP * noise.tile_noise(points, of=noise.least()))
    points = points[rows_to_ask]
    asked = own.ravel()[rows_to_ask] / (noise.at(points) / noise.edge_factor(points))
    factor = np.ones(own.size)
    factor[rows_to_ask] = np.where(asked > _STEP, asked, 1.0)
    factor = ndimage.maximum_filter(factor.reshape(own.shape), size=(1, 3, 3), mode="nearest")
    return BlockMap(factor.astype(np.float32), image.shape)


def _fine(plane: NDArray[np.generic], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
    """(rows, columns) float32: the fine difference of a plane there, of norm 1."""
    above, here, below = (plane[rows + step].astype(np.float32) for step in (-1, 0, 1))
    lines = above - 2 * here + below
    fine = lines[:, columns - 1] - 2 * lines[:, columns] + lines[:, columns + 1]
    return np.asarray(fine / np.float32(FINE @ FINE))
