"""Whether spots lie so close together that some of them cannot be seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.spots.noise import NoiseMap

__all__ = ["Crowding", "crowding"]

# Two equal spots closer than 2 sigma make one maximum (Sparrow's limit), so no two maxima are; neighbours are counted
# up to twice that.
_APART_SIGMAS, _REACH = 2.0, 2.0
# The quiet part of a field: its tiles of least noise.
_QUIET_SHARE = 0.1
# At an occupancy of x random places would have lost a share of 1 + x / log(1 - x) to nearer ones: 5 % at 0.1.
_MOST_OCCUPANCY = 0.1
# Two thirds of the noise's variance are then overlapping spots or texture.
_MOST_RELATIVE_NOISE = 3.0**0.5


@dataclass(frozen=True)
class Crowding:
    """How close together the maxima of an image lie.

    Attributes
    ----------
    occupancy : float
        Maxima around the usual maximum, per ellipse (ellipsoid) of 2 sigma, in which no second one can be
        distinguished: 0 when all are far from each other, 1 when there is no room for more. 0 without maxima.
    relative_noise : float
        Noise of the response in the usual maximum's tile, over that in the quietest tenth of the tiles; what the light
        explains of it is left out. Many overlapping spots look like noise, and hide those among them. 1 without maxima,
        and also where spots are as dense all over the field: nothing in it distinguishes them from noise.
    """

    occupancy: float = 0.0
    relative_noise: float = 1.0

    @property
    def hides_spots(self) -> bool:
        """Whether the count is rather a lower bound: the occupancy is above 0.1 or the relative_noise above 3**0.5."""
        return self.occupancy > _MOST_OCCUPANCY or self.relative_noise > _MOST_RELATIVE_NOISE


def crowding(points: NDArray[np.int64], noise: NoiseMap, *, sigma_px: Sequence[float]) -> Crowding:
    """How close together the maxima of an image lie.

    Parameters
    ----------
    points : (n, n_axes) int
        Maxima, before clumps are split.
    noise
        Of the response.
    sigma_px
        Size of a spot per axis, px.
    """
    if len(points) == 0:
        return Crowding()
    tree = cKDTree(points / (_APART_SIGMAS * np.asarray(sigma_px)))
    neighbors = int(tree.count_neighbors(tree, _REACH)) - len(points)
    room = _REACH ** points.shape[1] - 1
    tiles = noise.tile_noise(points)
    quiet = float(np.quantile(noise.tiles, _QUIET_SHARE))
    return Crowding(occupancy=neighbors / len(points) / room, relative_noise=float(np.median(tiles)) / quiet)
