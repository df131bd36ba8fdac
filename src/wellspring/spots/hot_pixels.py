"""Hot pixels and clusters of them: brighter, or with harder edges, than the optics allow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.spots.border_maxima import gathered
from wellspring.spots.filters import RATIO, spot_gain

__all__ = ["is_hard_edged", "is_hot"]

# A pixel this many deviations above its neighbours is no noise.
_HOT_DEVIATIONS = 5.0
# A cluster's edge is looked for up to so far from its middle; where spots are narrower than this, theirs are as hard.
_REACH_SIGMAS, _LEAST_SIGMA_PX = 1.75, 1.2
_EDGE_DEVIATIONS = 3.0


def is_hot(
    image: NDArray[np.generic],
    points: NDArray[np.int64],
    response: NDArray[np.float32],
    noise: NDArray[np.float32],
    *,
    sigma_px: Sequence[float],
) -> NDArray[np.bool_]:
    """Single pixels brighter over their neighbours than the optics allow.

    Height over the four neighbours in the plane, per response: for a spot of the expected size and for a single pixel
    these are known and an order of magnitude apart, so what lies beyond their geometric mean is a pixel, where the
    height cannot be noise. Where a spot is hardly wider than a pixel nothing is called hot.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    points : (n, n_axes) int
        Maxima of the response.
    response, noise : (n,) float32
        There, intensity.
    sigma_px
        Size of a spot per axis.
    """
    lead = (0,) * (image.ndim - 2)
    crosses = [(*lead, *yx) for yx in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    height = gathered(image, points, (0,) * image.ndim)
    height = height - np.mean([gathered(image, points, offset) for offset in crosses], axis=0)
    falls = [1 - np.exp(-0.5 / s**2) for s in sigma_px[-2:]]
    spot = float(np.mean(falls)) / spot_gain(image.ndim)
    narrow, wide = (float(np.prod([1 / (np.sqrt(2 * np.pi) * s * RATIO**p) for s in sigma_px])) for p in (-0.5, 0.5))
    pixel = 1 / (narrow - wide)
    deviation = np.sqrt(1.25) * noise / _kernel_norm(sigma_px)
    limit = np.maximum(np.sqrt(spot * pixel) * response, spot * response + _HOT_DEVIATIONS * deviation)
    return np.asarray((height > limit) & (pixel > 2 * spot))


def is_hard_edged(
    image: NDArray[np.generic],
    points: NDArray[np.int64],
    noise: NDArray[np.float32],
    *,
    sigma_px: Sequence[float],
) -> NDArray[np.bool_]:
    """Clusters of hot pixels: the light falls by most of its height from one pixel to the next, on all four sides.

    A spot falls by 0.61 of its height within one sigma, at its steepest; a group of bad pixels by all of it within one
    pixel, however large it is. The limit is the geometric mean of both. Of the two sides along an axis the one that
    falls less counts, so a seam of tiles, or a brighter spot to one side, is no edge; of the two axes the mean.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    points : (n, n_axes) int
        Maxima of the response.
    noise : (n,) float32
        Of the response there, intensity.
    sigma_px
        Size of a spot per axis. Where a spot is hardly wider than a pixel nothing has a hard edge.
    """
    if min(sigma_px[-2:]) < _LEAST_SIGMA_PX or len(points) == 0:
        return np.zeros(len(points), dtype=bool)
    lead = (0,) * (image.ndim - 2)
    falls, lows, tops = [], [], []
    for axis, sigma in ((0, sigma_px[-2]), (1, sigma_px[-1])):
        sides = []
        for sign in (1, -1):
            steps = [np.eye(2, dtype=int)[axis] * sign * n for n in range(int(np.ceil(_REACH_SIGMAS * sigma)) + 1)]
            profile = np.stack([gathered(image, points, (*lead, *step)) for step in steps])
            sides.append((profile[:-1] - profile[1:]).max(axis=0))
            lows.append(profile.min(axis=0))
            tops.append(profile[:2].max(axis=0))
        falls.append(np.minimum(*sides))
    height = np.max(tops, axis=0) - np.mean(lows, axis=0)
    spot = np.exp(-0.5) / np.sqrt(sigma_px[-1] * sigma_px[-2])
    fall = np.mean(falls, axis=0)
    # Light counts as photons do: where a grey level is a photon, a height of n differs by √n from pixel to pixel.
    own = np.clip(height, 0, None) if np.issubdtype(image.dtype, np.integer) else 0.0
    deviation = np.sqrt((noise / _kernel_norm(sigma_px)) ** 2 + own)
    return np.asarray(fall > np.maximum(np.sqrt(spot) * height, spot * height + _EDGE_DEVIATIONS * deviation))


def _kernel_norm(sigma_px: Sequence[float]) -> float:
    """Euclidean norm of the difference of two Gaussians: noise of its response over that of a pixel, if it is white."""

    def overlap(first: float, second: float) -> float:
        return float(np.prod([1 / (np.sqrt(2 * np.pi * (first + second)) * s) for s in sigma_px]))

    return float(np.sqrt(overlap(1 / RATIO, 1 / RATIO) + overlap(RATIO, RATIO) - 2 * overlap(1 / RATIO, RATIO)))
