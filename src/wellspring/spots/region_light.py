"""The light of a bright region, and that of a single spot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import ndtr, ndtri

from wellspring.spots.regions import BrightRegions
from wellspring.spots.several import RegionShapes, SeveralSpots, several_spots, shape_of

__all__ = ["Region", "SingleLight", "gaussian_light", "measured_region", "single_light"]

# Light is summed up to 2 sigma around a region, and its background taken from 2 to 3.5 sigma around it in the plane.
_GROWN_SIGMAS, _RING_SIGMAS = 2.0, (2.0, 3.5)
_RING_LEAST_PX = 20
_MAD = 1.4826
# Rounds in which the share of pairs settles.
_PAIR_ROUNDS = 4
# Single spots that are measured. Of all of them half a spot may have the light of several by chance.
_MOST_REFERENCES, _BY_CHANCE = 150, 0.5
# Of a normal variable, the upper quartile.
_QUARTER = float(ndtri(0.75))
# Where single spots differ in light by a factor of two, it is no unit to count by.
_MOST_SPREAD = float(np.log(2.0))
# A maximum is taken for several spots where that is so sure, and its light, of the median's, is more than that.
_SURE, _LEAST_SEVERAL, _LEAST_SHAPES = 0.5, 1.25, 10
# Of a region with one maximum: width over that of single spots, and the elongation below which it is round,
# up to so many spots.
_MOST_WIDE, _ROUND, _FEW_SPOTS = 2.0, 1.4, 8.0


@dataclass(frozen=True)
class Region:
    """A bright region in its crop: place of the crop, light above background, its mask, its background."""

    start: NDArray[np.int64]
    excess: NDArray[np.float64]
    own: NDArray[np.bool_]
    light: float
    background: float
    spread: float


@dataclass(frozen=True)
class SingleLight:
    """Light of single spots.

    Attributes
    ----------
    median : float
        Summed intensity above background.
    spread : float
        Standard deviation of its logarithm, from the lower half: clumps with one maximum are in the upper one. Infinite
        where a quarter of the spots have no light.
    core : float
        Median of the light above the surroundings in the bright pixels alone: less of all, with less noise.
    core_spread : float
        Standard deviation of its logarithm, from the narrower half.
    deviations : float
        So many standard deviations above the median by chance: as many single spots are above as pairs without two
        maxima are below, but no more than half a spot of all single ones.
    several : SeveralSpots, optional
        Says of regions with one maximum whether they are several spots, by their shape too.
    """

    median: float
    spread: float = 0.0
    core: float = 0.0
    core_spread: float = 0.0
    deviations: float = 0.0
    several: SeveralSpots | None = None

    @property
    def is_sound(self) -> bool:
        """Whether it can serve as a unit: half of the spots differ by less than a factor of two."""
        return self.spread <= _MOST_SPREAD

    def is_too_wide(self, light: float, shape: tuple[float, float]) -> bool:
        """Whether a region of one maximum is round, and too wide for spots that make one maximum: rather debris.

        Spots that lie evenly over all places that Sparrow's limit leaves to one maximum, a disc of 2 sigma, add the
        variance of a spot to each axis. So their region is twice as wide at most, or long. More than 8 spots may lie
        farther apart and still make one maximum.

        Parameters
        ----------
        light : float
            Of the region.
        shape
            Width and elongation of the region, as from `shape_of`.
        """
        if self.several is None or light > _FEW_SPOTS * self.median:
            return False
        width, elongation = shape
        return width > _MOST_WIDE * float(np.exp(self.several.width[0])) and elongation < _ROUND

    def n_spots(self, light: float, core: float, *, n_found: int, shape: tuple[float, float] | None = None) -> int:
        """Spots that have so much light: `n_found`, unless it or its core is more than chance gives to them.

        Of one maximum whose `shape` is known, more than one where that is more than 0.9 sure.

        Parameters
        ----------
        light, core : float
            Of the region.
        n_found
            Maxima in it.
        shape
            Width and elongation of the region, as from `shape_of`.
        """
        if n_found == 1 and shape is not None and self.several is not None and self.is_sound:
            own = RegionShapes(*(np.array([value]) for value in (light, *shape)))
            is_several = light > _LEAST_SEVERAL * self.median and self.several.chance(own)[0] > _SURE
            return max(2, round(light / self.median)) if is_several else 1
        # What is not split is counted as it would be without this: for the doubt.
        deviations = self.deviations / np.sqrt(n_found) if self.is_sound else 0.0
        usual = light <= n_found * self.median * np.exp(deviations * self.spread) if deviations else False
        if usual and core <= n_found * self.core * np.exp(deviations * self.core_spread):
            return n_found
        return max(n_found, round(light / self.median))


def single_light(
    image: NDArray[np.generic],
    bright: BrightRegions,
    n_found: NDArray[np.int64],
    *,
    amplitude: float,
    sigma_px: Sequence[float],
) -> SingleLight:
    """From regions with one spot, evenly over the order of their light; without any, a Gaussian of this amplitude.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    bright
    n_found : (n regions + 1,) int
        Spots found in each, that of the background first.
    amplitude : float
        Of the median spot.
    sigma_px
        Per axis.
    """
    singles = np.flatnonzero(n_found[1:] == 1) + 1
    order = singles[np.argsort(bright.light[singles], kind="stable")]
    chosen = order[np.linspace(0, len(order) - 1, min(len(order), _MOST_REFERENCES)).round().astype(np.int64)]
    regions = [measured_region(image, bright, int(number), sigma_px=sigma_px) for number in chosen]
    lights = [region.light for region in regions]
    median = float(np.median(lights)) if lights else 0.0
    if median <= 0:
        return SingleLight(gaussian_light(amplitude, sigma_px))
    low = float(np.quantile(lights, 0.25))
    spread = float(np.log(median / low)) / _QUARTER if low > 0 else np.inf
    dim, core, bright_core = (float(v) for v in np.quantile(bright.light[singles], (0.25, 0.5, 0.75)))
    core_spread = float(min(np.log(core / dim), np.log(bright_core / core))) / _QUARTER
    n_pairs = len(singles) * _share_of_pairs(np.array(lights))
    deviations = _deviations(len(singles), n_pairs, spread=spread)
    several = None
    if len(regions) >= _LEAST_SHAPES:
        shapes = np.array([shape_of(region.excess, sigma_px=tuple(sigma_px)) for region in regions])
        several = several_spots(RegionShapes(np.array(lights), *shapes.T), n_axes=image.ndim)
        median = float(np.exp(several.light[0]))
    return SingleLight(median, spread, core, core_spread, deviations, several)


def _share_of_pairs(lights: NDArray[np.float64]) -> float:
    """Share of the single maxima that are rather pairs: those far above the median beyond those as far below it.

    Brightness is as often half as double, as far as its logarithm is even around the median; a pair is only brighter.
    The limit lies between one and two spots. The median is that of the others, so it lies lower by half of the share.
    """
    far, share = float(np.sqrt(2.0)), 0.0
    for _ in range(_PAIR_ROUNDS):
        median = float(np.quantile(lights, (1 - share) / 2))
        share = max(0.0, float((lights > median * far).mean() - (lights < median / far).mean()))
    return share


def _deviations(n_single: int, n_hidden: float, *, spread: float) -> float:
    """Where the single spots above, whose logarithms are normal, are as many as the pairs with one maximum below."""
    most = -float(ndtri(min(0.5, _BY_CHANCE / n_single)))
    if not 0 < spread < np.inf or n_hidden <= 0:
        return most
    steps = np.linspace(0, most, 201)
    above = n_single * ndtr(-steps)
    # The light of two has twice the median, and its logarithm root 2 less spread.
    below = n_hidden * ndtr(np.sqrt(2) * (steps * spread - np.log(2)) / spread)
    return float(steps[np.argmin(np.abs(above - below))])


def gaussian_light(amplitude: float, sigma_px: Sequence[float]) -> float:
    """Summed intensity of a Gaussian spot."""
    return amplitude * float(np.prod([np.sqrt(2 * np.pi) * s for s in sigma_px]))


def measured_region(
    image: NDArray[np.generic], bright: BrightRegions, number: int, *, sigma_px: Sequence[float]
) -> Region:
    """Light of one of the regions, by its number, above the median of a ring around it in each plane."""
    labels, box = bright.labels, bright.boxes[number - 1]
    reach = [int(np.ceil(_RING_SIGMAS[1] * s)) for s in sigma_px]
    crop = tuple(slice(max(0, b.start - r), b.stop + r) for b, r in zip(box, reach, strict=True))
    sampling = [1 / s for s in sigma_px]
    own, is_other = labels[crop] == number, (labels[crop] != number) & (labels[crop] > 0)
    distance = ndimage.distance_transform_edt(~own, sampling=sampling)
    other = ndimage.distance_transform_edt(~is_other, sampling=sampling) if is_other.any() else np.full(own.shape, 1e9)
    values = image[crop].astype(np.float64)
    in_plane = _plane_distance(own, sampling=sampling)
    ring = (in_plane > _RING_SIGMAS[0]) & (in_plane <= _RING_SIGMAS[1]) & (other > _RING_SIGMAS[0])
    if ring.sum() < _RING_LEAST_PX:
        ring = ~own
    background = float(np.median(values[ring])) if ring.any() else float(values.min())
    excess = values - _plane_backgrounds(values, ring, otherwise=background)
    spread = _MAD * float(np.median(np.abs(excess[ring]))) if ring.any() else 0.0
    grown = (distance <= _GROWN_SIGMAS) & (distance < other)
    start = np.array([part.start for part in crop], dtype=np.int64)
    return Region(start, np.where(grown, excess, 0.0), own, float(excess[grown].sum()), background, spread)


def _plane_distance(own: NDArray[np.bool_], *, sampling: list[float]) -> NDArray[np.float64]:
    """Distance in the plane to the region's outline as seen along z, the same in all planes; sigmas."""
    outline = own.any(axis=0) if own.ndim == 3 else own
    distance = ndimage.distance_transform_edt(~outline, sampling=sampling[-2:])
    return np.broadcast_to(np.asarray(distance, dtype=np.float64), own.shape)


def _plane_backgrounds(
    values: NDArray[np.float64], ring: NDArray[np.bool_], *, otherwise: float
) -> NDArray[np.float64]:
    """Median of the ring in each plane: cells are brightest in their middle planes."""
    if values.ndim == 2:
        return np.full((1, 1), otherwise)
    # The ring's values first, then the others: one sort for all planes.
    ordered = np.sort(np.where(ring, values, np.inf).reshape(len(values), -1), axis=1)
    counts = ring.reshape(len(ring), -1).sum(axis=1)
    middles = np.stack([np.maximum(counts - 1, 0) // 2, counts // 2], axis=1)
    medians = np.take_along_axis(ordered, np.minimum(middles, ordered.shape[1] - 1), axis=1).mean(axis=1)
    return np.where(counts >= _RING_LEAST_PX, medians, otherwise)[:, None, None]
