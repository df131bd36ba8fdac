"""Places of the spots that a bright region's light is that of, and that are no maxima of their own."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.region_light import Region

__all__ = ["placed_spots"]

# A spot that was blurred by its own shape is exp(-9) of its height at 6 sigma.
_REACH_SIGMAS = 6.0


def placed_spots(
    region: Region, known: NDArray[np.float64], *, n_missing: int, amplitude: float, sigma_px: Sequence[float]
) -> NDArray[np.float64]:
    """Where the light that known and earlier spots leave is highest, one place after the other.

    Below half a spot's height another spot would raise the squared residual, so there are no more.

    Parameters
    ----------
    region
    known : (n, n_axes) float
        Places of spots that were found, px of the image.
    n_missing : int
        Most places.
    amplitude : float
        Of a spot, intensity.
    sigma_px
        Per axis.

    Returns
    -------
    (n, n_axes) float64
        Whole pixels of the region, px of the image; `n_missing` or fewer.
    """
    sigmas = tuple(sigma_px)
    smooth = ndimage.gaussian_filter(region.excess, sigmas, mode="constant")
    # A spot, smoothed by its own shape, is sqrt(2) wider and lower accordingly.
    height = amplitude * 2.0 ** (-len(sigmas) / 2)
    for place in known - region.start:
        _subtract(smooth, place, height=height, sigmas=sigmas)
    smooth[~region.own] = -np.inf
    # The highest of each line of pixels: a spot changes few of them, so that full fields take no square of their time.
    lines = smooth.max(axis=-1)
    places: list[NDArray[np.float64]] = []
    while len(places) < n_missing:
        line = np.unravel_index(int(np.argmax(lines)), lines.shape)
        if lines[line] < height / 2:
            break
        places.append(np.array([*line, int(np.argmax(smooth[line]))], dtype=np.float64))
        near = _subtract(smooth, places[-1], height=height, sigmas=sigmas)
        lines[near[:-1]] = smooth[near[:-1]].max(axis=-1)
    return np.array(places).reshape(-1, len(sigmas)) + region.start


def _subtract(
    smooth: NDArray[np.float64], place: NDArray[np.float64], *, height: float, sigmas: tuple[float, ...]
) -> tuple[slice, ...]:
    """Take a spot that was blurred by its own shape from `smooth`, in place; the box that was changed."""
    spot, box = np.full((), height), []
    for center, size, sigma in zip(place, smooth.shape, sigmas, strict=True):
        first = max(0, math.floor(center - _REACH_SIGMAS * sigma))
        box.append(slice(first, min(size, math.ceil(center + _REACH_SIGMAS * sigma) + 1)))
        spot = np.multiply.outer(spot, np.exp(-(((np.arange(first, box[-1].stop) - center) / (2 * sigma)) ** 2)))
    smooth[tuple(box)] -= spot
    return tuple(box)
