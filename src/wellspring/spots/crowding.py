"""Whether spots lie so close together, or on so rough a background, that some of them cannot be seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import lambertw, ndtr

from wellspring.spots.brightness import moments_of_one
from wellspring.spots.noise import NoiseMap

__all__ = ["MOST_DENSITY", "Crowding", "crowding", "lost_share", "occupancy"]

# Two equal spots closer than 2 sigma make one maximum (Sparrow's limit); the room is looked at up to three times that,
# where a full field has enough spots for a median.
_APART_SIGMAS, _REACH = 2.0, 3.0
# The quiet part of a field: its tiles of least noise.
_QUIET_SHARE = 0.1
# Of places at random with this mean number in reach of Sparrow's limit a third have one there. Clumps are split by
# their light, so of simulated planes some 95 % are still counted then. A stack has a third axis to tell them apart.
_MOST_OCCUPANCY = {2: 0.4, 3: 0.6}
# Two thirds of the noise's variance are then texture, and spots of half the usual height are lost in it.
_MOST_RELATIVE_NOISE, _HALF = 3.0**0.5, 0.5
# The density that the moments give is a fifth too low at these limits in planes, and more beyond them and in stacks, so
# it only adds to the doubt. It is asked where the response varies twice as much as the
# camera's noise makes it.
MOST_DENSITY, _LEAST_ROUGH = MappingProxyType({2: 0.48, 3: 0.8}), 2.0
# Of simulated fields with spots at random, of which exp(-d) are maxima at a density d (per ellipse; of stacks the
# moments give d a quarter too low), so few are counted where brightness hides pairs.
_PER_DENSITY, _LEAST_COUNTED = {2: 1.0, 3: 1.3}, 0.87
# As many spots may be lost in noise as pairs may be (`_LEAST_COUNTED`). Places that are looked at along each axis, and
# maxima that tell the usual brightness.
_MOST_LOST, _PLACES, _LEAST_USUAL = 1 - _LEAST_COUNTED, {2: 64, 3: 16}, 10
# The response to noise is hardly skewed; to spots of up to the densities above more than to those beyond.
_SKEWNESS = (0.25, 2.0)


@dataclass(frozen=True)
class Crowding:
    """How close together the spots of an image lie, and how rough the background is.

    Attributes
    ----------
    occupancy : float
        Spots around the usual maximum, per ellipse (ellipsoid) of 2 sigma, in which no second one can be told apart by
        its place. 0 where fewer than half of the maxima have a neighbour within 6 sigma, so not raised by few clumps.
    relative_noise : float
        Noise of the response in the usual maximum's tile, over that of the camera, or where that is not known over that
        in the quietest tenth of the tiles; what the light explains of it is left out. 1 without maxima.
    lost_height : float
        Least response that is counted as a spot, over that of the median maximum.
    density : float
        Spots per ellipse (ellipsoid) of 2 sigma in the usual tile, from the moments of the response: also those that
        cannot be told apart. Too low in fuller fields (by half at 1 in 12 px) and in stacks: an indicator, no
        count. 0 where the response varies little more than by the camera's noise, or that is not known.
    skewness : float
        Of the response in the usual tile, where the camera's noise is not known; else 0.
    n_axes : int
        Of the image.
    spread : float
        Standard deviation of the logarithm of the maxima's response, from the lower half; 0 if not known.
    lost_share : float
        Spots of the usual brightness that the noise of their place hides, if they lie anywhere in the field
        (`lost_share`).
    spacing : float
        Maxima per ellipse (ellipsoid) of 2 sigma, from the median distance to the nearest other one (`_spacing`).
    """

    occupancy: float = 0.0
    relative_noise: float = 1.0
    lost_height: float = 0.0
    density: float = 0.0
    skewness: float = 0.0
    n_axes: int = 2
    spread: float = 0.0
    lost_share: float = 0.0
    spacing: float = 0.0

    @property
    def hides_spots(self) -> bool:
        """Whether the count is rather a lower bound.

        The occupancy is above 0.4 (0.6 in stacks), or the density above 0.48 (0.8), or the relative noise above 3**0.5
        while spots of half the usual height are lost, or the lost share above 0.13.
        """
        is_rough = self.relative_noise > _MOST_RELATIVE_NOISE and self.lost_height > _HALF
        is_dense = self.density > MOST_DENSITY[self.n_axes]
        is_lost = self.lost_share > _MOST_LOST
        return self.occupancy > _MOST_OCCUPANCY[self.n_axes] or is_dense or is_rough or is_lost

    def misses_spots(self, *, n_maxima: int, n_spots: int) -> bool:
        """Whether fewer than 0.87 of the spots are counted that so many maxima are at this density and in this noise.

        Clumps are split by their light, which shows pairs where single spots are alike. Where these differ, the moments
        give the density too low: the third one grows faster, by exp(3 spread**2) in all. Where the camera's noise hides
        the moments, the spacing of the maxima gives it: of spots at random with the density d, exp(-d) are maxima, and
        of these the lost share is missing.
        """
        own = _PER_DENSITY[self.n_axes] * self.density * math.exp(3 * self.spread**2)
        seen = 1 - min(self.lost_share, 0.5)
        hidden = max(own, _density_of_maxima(self.spacing / seen))
        return n_spots < _LEAST_COUNTED * n_maxima / (seen * math.exp(-hidden))

    @property
    def may_be_full(self) -> bool:
        """Whether the noise is not known and the response as skewed as that of a field full of spots: 0.25 to 2."""
        return _SKEWNESS[0] < self.skewness < _SKEWNESS[1]


def crowding(
    points: NDArray[np.int64],
    noise: NoiseMap,
    *,
    sigma_px: Sequence[float],
    lost_height: float = 0.0,
    response: NDArray[np.floating] | None = None,
) -> Crowding:
    """How close together the maxima of an image lie; with the spots split from clumps, `occupancy` is to be renewed.

    Parameters
    ----------
    points : (n, n_axes) int
        Maxima, before clumps are split.
    noise
        Of the response.
    sigma_px
        Size of a spot per axis, px.
    lost_height
        As in `Crowding`.
    response : (n,) float, optional
        Of the maxima.
    """
    n_axes = points.shape[1]
    skewness = _skewness(noise)
    if len(points) == 0:
        return Crowding(skewness=skewness, n_axes=n_axes)
    return Crowding(
        occupancy=occupancy(points, points, sigma_px=sigma_px, shape=noise.shape),
        relative_noise=_relative_noise(points, noise),
        lost_height=lost_height,
        density=_density(points, noise, sigma_px=sigma_px),
        skewness=skewness,
        n_axes=n_axes,
        spread=0.0 if response is None else _spread(response),
        spacing=_spacing(points, sigma_px=sigma_px, shape=noise.shape),
    )


def lost_share(response: NDArray[np.floating], noise: NoiseMap, *, value: float, factor: float) -> float:
    """Share of places at which a spot of the median response would be below the threshold there.

    The response to a spot varies by the noise of the place and by what spots themselves vary by, of which the lower
    half of those found tells.

    Parameters
    ----------
    response : (n,) float
        Of the maxima that are spots; of fewer than 10 it is 0.
    noise
        Of the response.
    value, factor
        As in `Threshold`.
    """
    if len(response) < _LEAST_USUAL:
        return 0.0
    n_axes = len(noise.shape)
    lines = [np.unique(np.linspace(0, n - 1, min(n, _PLACES[n_axes])).astype(np.int64)) for n in noise.shape]
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, n_axes)
    here = noise.at(points).astype(np.float64)
    usual = float(np.median(response))
    deviation = np.hypot(here, usual * _spread(response))
    return float(ndtr((np.maximum(value, factor * here) - usual) / deviation).mean())


def _spread(response: NDArray[np.floating]) -> float:
    """Standard deviation of the logarithm of the responses, from their lower half."""
    low, middle = np.quantile(response.astype(np.float64), (0.16, 0.5))
    return math.log(middle / low) if low > 0 else 0.0


def occupancy(
    maxima: NDArray[np.number], spots: NDArray[np.number], *, sigma_px: Sequence[float], shape: Sequence[int]
) -> float:
    """Spots around the usual one of (n, n_axes) maxima, itself left out, per ellipsoid of 2 sigma; 0 without maxima.

    Only the room inside the image counts: a stack of a few planes holds a small part of an ellipsoid along z, and with
    the whole of it spots in a plane would seem far apart.
    """
    if len(maxima) == 0 or len(spots) == 0:
        return 0.0
    scale = _APART_SIGMAS * np.asarray(sigma_px)
    places = np.asarray(maxima / scale, dtype=np.float64)
    around = cKDTree(spots / scale).query_ball_point(places, _REACH, return_length=True)
    others = np.maximum(np.asarray(around) - 1, 0) / _room_inside(places, np.asarray(shape) / scale)
    return float(np.median(others) / _REACH ** maxima.shape[1])


def _spacing(points: NDArray[np.int64], *, sigma_px: Sequence[float], shape: Sequence[int]) -> float:
    """`Crowding.spacing`, 0 of fewer than two.

    No two maxima lie within 2 sigma of each other. Of places at random beyond that, at a density per ball of that
    radius, exp(-density * (r**n - 1)) have none nearer than r times it.
    """
    if len(points) < 2:
        return 0.0
    scale = _APART_SIGMAS * np.asarray(sigma_px)
    places = np.asarray(points / scale, dtype=np.float64)
    near = float(np.median(cKDTree(places).query(places, k=[2])[0]))
    room = float(np.median(_room_inside(places, np.asarray(shape) / scale)))
    return float(math.log(2) / (room * max(near ** points.shape[1] - 1, math.log(2))))


def _density_of_maxima(spacing: float) -> float:
    """Density of spots of which so many are maxima: the least d with d * exp(-d) = spacing; 1 where there is none."""
    return 1.0 if spacing >= math.exp(-1) else float(-lambertw(-spacing).real)


def _room_inside(places: NDArray[np.float64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) share of the ball of `_REACH` around each place that lies between the first and the last plane."""
    if places.shape[1] == 2:
        return np.ones(len(places))
    ends = np.stack([places[:, 0], shape[0] - places[:, 0]])
    heights = np.clip(ends / _REACH, 1e-3, 1.0)
    # Half a ball cut at the height h holds 3 h / 2 - h**3 / 2 of itself.
    return np.asarray((1.5 * heights - 0.5 * heights**3).mean(axis=0))


def _relative_noise(points: NDArray[np.int64], noise: NoiseMap) -> float:
    """`Crowding.relative_noise` of the usual maximum."""
    own = noise.tile_noise(points)
    if noise.camera is not None and _is_known(noise):
        return float(np.median(own / noise.tile_noise(points, of=noise.camera)))
    return float(np.median(own)) / float(np.quantile(noise.tiles, _QUIET_SHARE))


def _is_known(noise: NoiseMap) -> bool:
    return noise.camera is not None and bool(np.isfinite(noise.camera).all())


def _skewness(noise: NoiseMap) -> float:
    """`Crowding.skewness`, of the usual tile."""
    if noise.moments is None or _is_known(noise):
        return 0.0
    second, third = noise.moments.T
    return float(np.median(third / np.maximum(second, np.finfo(np.float64).tiny) ** 1.5))


def _density(points: NDArray[np.int64], noise: NoiseMap, *, sigma_px: Sequence[float]) -> float:
    """`Crowding.density`: with k2 and k3 of one spot of amplitude 1, d = (k2')**3 / k3'**2 * k3**2 / k2**3.

    See `crowded_amplitude`.
    """
    if noise.moments is None or noise.camera is None or not _is_known(noise):
        return 0.0
    second, third = noise.moments.T
    camera = noise.camera.astype(np.float64).ravel()
    own = second - camera**2
    second_of_one, third_of_one = moments_of_one(sigma_px)
    is_full = (own > (_LEAST_ROUGH**2 - 1) * camera**2) & (third > 0)
    density = np.zeros(len(own))
    density[is_full] = own[is_full] ** 3 / third[is_full] ** 2 * third_of_one**2 / second_of_one**3
    room = math.prod(_APART_SIGMAS * s for s in sigma_px) * (math.pi if len(sigma_px) == 2 else 4 / 3 * math.pi)
    tiles = noise.tile_noise(points, of=(density * room).reshape(noise.tiles.shape))
    return float(np.median(tiles))
