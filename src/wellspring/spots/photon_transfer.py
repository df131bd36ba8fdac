"""How camera noise follows the light over the field: bright cells are noisier than the background near them."""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.blocks import BlockMap, block_medians, block_places, even_map, in_blocks, lines_of

__all__ = ["light_noise"]

# The line is fitted through the noise at so many levels of light; fewer blocks than 4 per level give none.
_LEVELS = 12
# So many blocks give each level's variance to a hundredth.
_MOST_BLOCKS = 2**15
# A slope this many standard errors above 0 is no accident.
_SURE = 3.0
# Of a normal variable, standard deviation over the root mean square of the 80 % smallest deviations.
_TRIMMED, _KEPT = 1.5115, 0.8


def light_noise(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> BlockMap:
    """Noise of an image relative to its usual noise, as far as the light explains it: variance = a + b * light.

    The light of a block is the median of 16 of its pixels, so that spots do not count. Its noise comes from second
    differences along the rows, in which smooth structure and spots nearly vanish, without their largest fifth. The line
    goes through the noise at 12 levels of light (Janesick, Photon Transfer, SPIE 2007, chapter 5: shot noise has the
    variance gain * light, reading the constant one). Only its relative course is used, so noise that was smoothed or
    resampled after the camera does no harm.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Not empty.
    sigma_px
        Size of a spot per axis, px.

    Returns
    -------
    BlockMap
        Relative standard deviation, median 1. 1 everywhere when the noise does not grow with the light beyond chance (3
        standard errors), or the image is too small to estimate it.
    """
    even = even_map(1.0, shape=image.shape)
    if image.shape[-1] < 3:
        return even
    rows, columns = block_places(image.shape, sigma_px=sigma_px)
    inner = np.clip(columns, 1, image.shape[-1] - 2)
    lines = lines_of(image, rows)
    before, here, after = (in_blocks(lines[..., inner + step].astype(np.float32)) for step in (-1, 0, 1))
    light = block_medians(here)
    line = _transfer_line(light, 2 * here - before - after)
    if line is None:
        return even
    if image.ndim == 3:
        light = ndimage.gaussian_filter1d(light, sigma_px[0], axis=0, mode="reflect")
    (offset, slope), (darkest, brightest) = line
    deviations = np.sqrt(offset + slope * np.clip(light, darkest, brightest))
    return BlockMap((deviations / np.median(deviations)).astype(np.float32), image.shape)


def _transfer_line(
    light: NDArray[np.float32], differences: NDArray[np.float32]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Offset and slope of the variance over the light, and the darkest and brightest level it was fitted through."""
    if light.size < 4 * _LEVELS:
        return None
    # An odd step, so that it does not run along a column.
    some = slice(None, None, max(1, light.size // _MOST_BLOCKS) | 1)
    light = light.reshape(-1)[some]
    order = np.argsort(light)
    by_light = differences.reshape(-1, differences.shape[-1])[some][order]
    edges = np.linspace(0, light.size, _LEVELS + 1).astype(int)
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    levels = np.array([float(light[order[part]].mean()) for part in parts])
    variances = np.array([_trimmed_variance(by_light[part]) for part in parts]) / 6
    if variances.min() <= 0 or np.ptp(levels) <= 0:
        return None
    # The error of a variance is in proportion to it.
    design = np.stack([np.ones(_LEVELS), levels], axis=1) / variances[:, None]
    solution, residual, rank, _ = np.linalg.lstsq(design, np.ones(_LEVELS), rcond=None)
    if rank < 2:
        return None
    spread = float(residual[0]) / (_LEVELS - 2)
    error = float(np.sqrt(spread * np.linalg.inv(design.T @ design)[1, 1]))
    offset, slope = (float(v) for v in solution)
    darkest, brightest = float(levels[0]), float(levels[-1])
    if slope <= _SURE * error or offset + slope * darkest <= 0:
        return None
    return (offset, slope), (darkest, brightest)


def _trimmed_variance(differences: NDArray[np.float32]) -> float:
    """Variance of normal values, from all but their largest fifth."""
    squares = np.sort(np.abs(differences), axis=None).astype(np.float64) ** 2
    return _TRIMMED**2 * float(squares[: max(1, round(_KEPT * squares.size))].mean())
