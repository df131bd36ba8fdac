"""Brightness of a single spot in a field so full that none stands alone: from the moments of the response."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.spots.filters import RATIO, difference_of_gaussians
from wellspring.spots.noise import NoiseMap, noise_map

__all__ = ["crowded_amplitude", "moments_of_one"]


def crowded_amplitude(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> float:
    """Amplitude of one spot where spots overlap, from how skewed the response is.

    Where spots of amplitude a lie at random with density d, the n-th cumulant of the response is d * a**n times the
    integral of the n-th power of one spot's response (Campbell's theorem; Rice, Bell Syst. Tech. J. 23, 1944, 1.5), so
    the third over the second gives a whatever the density is. The camera's noise adds to the second only, and is known
    (`camera_noise`). Cumulants are of each plane of each tile, so density may change over the field; the estimate is
    the weighted median of the tiles, so a few with clumps or debris do not matter.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    sigma_px
        Size of a spot per axis, px.

    Returns
    -------
    float
        Intensity. NaN where the camera's noise is not known, or no tile has more than its noise. Spots of a relative
        spread s in brightness give (1 + 3 s**2) / (1 + s**2) times their mean.
    """
    response = difference_of_gaussians(image, sigma_px=sigma_px)
    noise = noise_map(image, response, sigma_px=sigma_px, floor=0.0)
    camera = noise.camera
    if camera is None or not np.isfinite(camera).all():
        return math.nan
    second_of_one, third_of_one = moments_of_one(sigma_px)
    amplitudes, weights = [], []
    for box, deviation in zip(noise.boxes(), camera.ravel(), strict=True):
        second, third = _cumulants(response[box], box, noise, float(deviation))
        if second > 0:
            amplitudes.append(third / second * second_of_one / third_of_one)
            weights.append(second)
    if not amplitudes:
        return math.nan
    order = np.argsort(amplitudes)
    shares = np.cumsum(np.array(weights)[order])
    return float(amplitudes[order[np.searchsorted(shares, 0.5 * shares[-1])]])


def _cumulants(
    tile: NDArray[np.float32], box: tuple[slice, ...], noise: NoiseMap, deviation: float
) -> tuple[float, float]:
    """Second cumulant without the camera's noise, and third, around the mean of each plane. Margins are left out."""
    plane_axes = (-2, -1)
    excess = tile.astype(np.float64)
    excess -= excess.mean(axis=plane_axes, keepdims=True)
    middles = [(part.start + part.stop) // 2 for part in box]
    points = np.array([[z, *middles[1:]] for z in range(box[0].start, box[0].stop)] if tile.ndim == 3 else [middles])
    light = np.array([noise.light.nearest(_lattice(box, points[k : k + 1])).mean() for k in range(len(points))])
    own = deviation * noise.edge_factor(points) * light
    second = (excess**2).mean(axis=plane_axes) - own**2 if tile.ndim == 3 else (excess**2).mean() - own**2
    return float(np.sum(second)), float(np.sum((excess**3).mean(axis=plane_axes)))


def _lattice(box: tuple[slice, ...], point: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some pixels of a tile in the plane of a point."""
    rows, columns = (np.linspace(part.start, part.stop - 1, 8).astype(np.int64) for part in box[-2:])
    lead = [point[0, :1]] if len(box) == 3 else []
    return np.array(list(itertools.product(*lead, rows, columns)))


def moments_of_one(sigma_px: Sequence[float]) -> tuple[float, float]:
    """Sums of the squares and cubes of the response to a spot of amplitude 1."""
    narrow, wide = 1 / RATIO, RATIO

    def sums(*further: float) -> float:
        # Product of Gaussians of variance (1 + f) sigma**2 each, of the height of a blurred spot.
        total = 1.0
        for sigma in sigma_px:
            heights = math.prod((1 + f) ** -0.5 for f in further)
            inverse = sum(1 / (1 + f) for f in further)
            total *= heights * math.sqrt(2 * math.pi / inverse) * sigma
        return total

    second = sums(narrow, narrow) - 2 * sums(narrow, wide) + sums(wide, wide)
    third = (
        sums(narrow, narrow, narrow)
        - 3 * sums(narrow, narrow, wide)
        + 3 * sums(narrow, wide, wide)
        - sums(wide, wide, wide)
    )
    return second, third
