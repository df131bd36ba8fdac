"""Hot pixels and clusters of them: brighter, or with harder edges, than the optics allow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.spots.border_maxima import gathered
from wellspring.spots.filters import RATIO, spot_gain

__all__ = ["is_block", "is_hard_edged", "is_hot"]

# A pixel this many deviations above its neighbours is no noise.
_HOT_DEVIATIONS = 5.0
# A cluster's edge is looked for up to so far from its middle; where spots are narrower than this, theirs are as hard.
_REACH_SIGMAS, _LEAST_SIGMA_PX = 1.75, 1.2
_EDGE_DEVIATIONS = 3.0
# Widths of spots that are compared with blocks, relative to the expected one, and places of their middles, px; blocks
# are up to so many sigma wide. A block must fit better by so many deviations, and by a share: of simulated pairs of
# spots that touch, one in 100 is fitted better by a tenth, and of blocks of 3 x 3 px and more nearly all are.
_WIDTHS, _MIDDLES, _LEAST_WIDTH_PX = (0.6, 0.75, 1.0, 1.4, 2.0), (-0.5, 0.0, 0.5), 0.6
_BLOCK_SIGMAS, _BLOCK_DEVIATIONS, _BLOCK_SHARE = 3.0, 3.5, 0.1
_PATCH_SIGMAS, _CHUNK = 2.5, 1024


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


def is_block(
    image: NDArray[np.generic],
    points: NDArray[np.int64],
    noise: NDArray[np.float32],
    *,
    sigma_px: Sequence[float],
) -> NDArray[np.bool_]:
    """Clusters of hot pixels as faint as spots: a block of even height fits the pixels better than any spot.

    What Gaussians of 0.6 to 2 times the expected size, and blocks of 2 px to 3 sigma along each axis, explain of the
    sum of squares is compared. Pairs of spots, which are oblong, may be of different widths along both axes too.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    points : (n, n_axes) int
        Maxima of the response.
    noise : (n,) float32
        Of the response there, intensity.
    sigma_px
        Size of a spot per axis. Where a spot is hardly wider than a pixel nothing is a block.
    """
    if min(sigma_px[-2:]) < _LEAST_SIGMA_PX or len(points) == 0:
        return np.zeros(len(points), dtype=bool)
    reach = [int(np.ceil(_PATCH_SIGMAS * s)) + 1 for s in sigma_px[-2:]]
    templates = [_templates(s, reach=r) for s, r in zip(sigma_px[-2:], reach, strict=True)]
    offsets = np.mgrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1].reshape(2, -1).T
    lead = (0,) * (image.ndim - 2)
    deviation = noise / _kernel_norm(sigma_px)
    found = []
    for first in range(0, len(points), _CHUNK):
        part = points[first : first + _CHUNK]
        patches = np.stack([gathered(image, part, (*lead, *step)) for step in offsets], axis=1)
        patches -= patches.mean(axis=1, keepdims=True)
        patches = patches.reshape(len(part), 2 * reach[0] + 1, 2 * reach[1] + 1)
        block, spot = (_explained(patches, rows, columns) for rows, columns in zip(*templates, strict=True))
        least = (_BLOCK_DEVIATIONS * deviation[first : first + _CHUNK]) ** 2
        found.append(block - spot > np.maximum(least, _BLOCK_SHARE * spot))
    return np.concatenate(found)


def _templates(sigma: float, *, reach: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Profiles along an axis, a row each: of blocks, and of spots."""
    places = np.arange(-reach, reach + 1)
    spans = [
        (start, start + width)
        for width in range(2, int(np.ceil(_BLOCK_SIGMAS * sigma)) + 1)
        for start in range(1 - width, 1)
        if abs(start + (width - 1) / 2) <= 1
    ]
    blocks = np.array([(places >= start) & (places < stop) for start, stop in spans], dtype=np.float32)
    sizes = [max(_LEAST_WIDTH_PX, width * sigma) for width in _WIDTHS]
    spots = [np.exp(-0.5 * ((places - middle) / size) ** 2) for size in sizes for middle in _MIDDLES]
    return blocks, np.array(spots, dtype=np.float32)


def _explained(
    patches: NDArray[np.float32], rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n,) of patches around 0: most of the sum of squares that a product of two profiles, or a constant, explains."""
    dots = np.einsum("nyx,ay,bx->nab", patches, rows, columns, optimize=True)
    sums = rows.sum(axis=1)[:, None] * columns.sum(axis=1)
    squares = (rows**2).sum(axis=1)[:, None] * (columns**2).sum(axis=1)
    power = np.maximum(dots, 0) ** 2 / (squares - sums**2 / patches[0].size)
    return np.asarray(power.reshape(len(patches), -1).max(axis=1), dtype=np.float32)


def _kernel_norm(sigma_px: Sequence[float]) -> float:
    """Euclidean norm of the difference of two Gaussians: noise of its response over that of a pixel, if it is white."""

    def overlap(first: float, second: float) -> float:
        return float(np.prod([1 / (np.sqrt(2 * np.pi * (first + second)) * s) for s in sigma_px]))

    return float(np.sqrt(overlap(1 / RATIO, 1 / RATIO) + overlap(RATIO, RATIO) - 2 * overlap(1 / RATIO, RATIO)))
