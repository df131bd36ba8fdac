"""Bright clumps split: as many spots as the light of the median spot fits into them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from wellspring.errors import InputError
from wellspring.spots.brightness import crowded_amplitude
from wellspring.spots.crowding import MOST_DENSITY
from wellspring.spots.filters import axis_sigmas, checked_image, spot_gain
from wellspring.spots.objects import LEAST_CROWD, is_no_sum_of_spots
from wellspring.spots.placing import placed_spots
from wellspring.spots.region_light import SingleLight, gaussian_light, measured_region, single_light
from wellspring.spots.regions import bright_regions
from wellspring.spots.several import shape_of

__all__ = ["Decomposition", "decompose_clumps"]

# A region is what exceeds its surroundings (`bright_regions`) by half the median spot's amplitude.
_HALF = 0.5
# Regions whose light could round to more spots than were found in them: above half its height a single spot of 1.5
# times the light has 2 times the rough light, and half a spot more in a clump adds about that of a whole one.
_SUSPICIOUS = 0.5
# Spots far from others that make the median spot, and how far they are.
_LEAST_REFERENCES, _ISOLATED_SIGMAS = 10, 6.0
# Regions of fewer missing spots have no shape to speak of. More per maximum is rather debris than a clump: the largest
# transcription sites hold some tens of molecules.
_LEAST_OBJECT, _MOSTLY_HIDDEN, _MOST_PER_MAXIMUM = 5, 2, 50
# Where hardly a spot stands alone, those that seem to are rather several: then the moments of the response tell.
# In a field so full that it has hardly a maximum, some stand alone again; from half the density on that hides spots it
# is the moments that tell.
_LEAST_ALONE, _FULL = 0.1, 0.5

# Standard error of a median over that of a mean; by so many of them brightness must differ along z.
_OF_MEDIAN, _SURE_FADE = 1.2533, 4.0


# Places of a region's added spots, its background and its spread.
_Added = tuple[NDArray[np.float64], float, float]


@dataclass(frozen=True)
class Decomposition:
    """Spots with those hidden in clumps.

    Attributes
    ----------
    spots : pandas.DataFrame
        The spots given, then the added ones, with a further column `is_added`.
    amplitude : float
        Of the median spot, intensity; 0 without spots.
    light : float
        Of the median spot, summed intensity above background; 0 without spots.
    n_regions : int
        Regions that held more light than their spots.
    n_in_objects : int
        Spots that the light of other objects would be (`is_no_sum_of_spots`, `SingleLight.is_too_wide`), or that
        exceeds 50 for a maximum; they are not added.
    n_in_largest : int
        Most spots added to one region, where they are more than twice those found in it.
    n_refused : int
        Spots that clumps would be split into if the light of single spots were a unit (`SingleLight.is_sound`); they
        are not added.
    is_in_crowd : bool
        Hardly a maximum stands alone, so the brightness of a spot comes from the moments of the response.
    """

    spots: pd.DataFrame
    amplitude: float
    light: float
    n_regions: int
    n_in_objects: int = 0
    n_in_largest: int = 0
    n_refused: int = 0
    is_in_crowd: bool = False


def decompose_clumps(
    image: NDArray[np.generic], spots: pd.DataFrame, *, sigma_px: float | Sequence[float], density: float = 0.0
) -> Decomposition:
    """Add the spots that a clump hides, so that its light is that of its spots.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    spots
        What `detect_spots` found in it with the same `sigma_px`.
    sigma_px
        Size of a spot: one number, or one per axis (z first).
    density : float
        As in `Crowding`, if it is known.

    Returns
    -------
    Decomposition
        An added spot has the median spot's size and response, and lies at a whole pixel of its region.

    Raises
    ------
    ValueError
        As `detect_spots`; and when the spots' coordinates are not those of the image's axes.

    Notes
    -----
    The median spot is the reference, as in big-fish. There, Gaussians are added while the squared residual falls; here
    their number is given by the light: a region's sum above its background over that of the median region with one
    spot, rounded, and the residual must fall too. So intensity is conserved to half a spot per region (but for haze too
    dim and wide to be spots), where it exceeds what chance gives to the spots found: spots differ in brightness. Of a
    region with one maximum, width and elongation say as well whether it is several spots (`SeveralSpots`); with more
    maxima, as many single spots are above the limit as pairs are below it (`SingleLight`). Where they differ by more
    than a factor of two, by chance or from one end of a stack to the other, nothing is split; but where hardly one
    stands alone they differ by how many they are of, and the light of a Gaussian spot is the unit. A clump cut by the
    border has the light that is inside; all spots lie in the region, where the image is bright. Spots found stay where
    they are; only missing ones are added, one after the other
    where the residual, smoothed by the spot's own shape, is highest. A region without a found spot, or with less light
    than its spots, is left alone.
    """
    sigmas = axis_sigmas(sigma_px, n_axes=checked_image(image).ndim)
    axes = _axes(spots, n_axes=image.ndim)
    if image.ndim == 3 and len(image) == 1:
        plane = decompose_clumps(image[0], spots.drop(columns="z_px"), sigma_px=sigmas[1:], density=density)
        return replace(plane, spots=plane.spots.assign(z_px=0.0)[[*spots.columns, "is_added"]])
    if len(spots) == 0:
        return Decomposition(spots.assign(is_added=np.zeros(0, dtype=bool)), 0.0, 0.0, 0)
    places = spots[axes].to_numpy(dtype=np.float64)
    is_in_crowd = len(places) >= LEAST_CROWD and _is_crowd(places, density=density, sigmas=sigmas)
    apparent = _median_amplitude(places, spots["response"].to_numpy(), sigmas=sigmas)
    amplitude = apparent
    if is_in_crowd:
        amplitude = _single_amplitude(image, spots["response"].to_numpy(), apparent=apparent, sigmas=sigmas)
    bright = bright_regions(image, least=_HALF * amplitude, sigma_px=sigmas)
    pixels = np.clip(np.rint(places).astype(np.int64), 0, np.array(image.shape) - 1)
    owner = bright.labels[tuple(pixels.T)]
    n_found = np.bincount(owner, minlength=len(bright.light))
    single = single_light(image, bright, n_found, amplitude=amplitude, sigma_px=sigmas)
    if amplitude < apparent or (is_in_crowd and not single.is_sound):
        # Where spots overlap, lights differ by how many they are of.
        single = SingleLight(min(single.median, gaussian_light(amplitude, sigmas)))
    is_unit = single.is_sound and not _fades_along_z(spots)
    added: list[_Added] = []
    n_in_objects, n_in_largest, n_refused = 0, 0, 0
    for number in _suspicious(n_found, bright.light):
        region, own = measured_region(image, bright, int(number), sigma_px=sigmas), int(n_found[number])
        shape = shape_of(region.excess, sigma_px=sigmas) if own == 1 and single.several else None
        n_there = single.n_spots(region.light, bright.light[number], n_found=own, shape=shape)
        n_missing = min(n_there, int(region.own.sum())) - own
        # A full field is one region, whose maxima are the fewer the fuller it is.
        n_kept = n_missing if is_in_crowd and own >= LEAST_CROWD else min(n_missing, _MOST_PER_MAXIMUM * own)
        is_object = shape is not None and n_missing > 0 and not is_in_crowd and single.is_too_wide(region.light, shape)
        if is_object or (
            n_missing >= _LEAST_OBJECT
            and is_no_sum_of_spots(
                region.excess, region.own, amplitude=amplitude, sigma_px=sigmas, n_found=own, is_in_crowd=is_in_crowd
            )
        ):
            n_in_objects += n_missing
        elif not is_unit:
            n_refused += max(n_kept, 0)
        elif n_missing > 0:
            known = places[owner == number]
            new = placed_spots(region, known, n_missing=n_kept, amplitude=amplitude, sigma_px=sigmas)
            n_in_objects += n_missing - n_kept
            if len(new):
                added.append((new, region.background, region.spread))
            if len(new) > _MOSTLY_HIDDEN * own:
                n_in_largest = max(n_in_largest, len(new))
    together = spots.assign(is_added=False)
    if added:
        rows = _rows(added, image=image, spots=spots, amplitude=amplitude, axes=axes)
        together = pd.concat([together, rows.assign(is_added=True)], ignore_index=True)
    return Decomposition(
        together, amplitude, single.median, len(added), n_in_objects, n_in_largest, n_refused, is_in_crowd
    )


def _suspicious(n_found: NDArray[np.int64], rough: NDArray[np.float64]) -> NDArray[np.int64]:
    """Regions whose rough light could be that of more spots than were found in them."""
    is_single = n_found[1:] == 1
    typical = float(np.median(rough[1:][is_single])) if is_single.any() else 0.0
    return np.flatnonzero((n_found[1:] > 0) & (rough[1:] > typical * (n_found[1:] + _SUSPICIOUS))) + 1


def _axes(spots: pd.DataFrame, *, n_axes: int) -> list[str]:
    """Names of the coordinates, z first; an error where they are not those of the image."""
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    if len(axes) != n_axes:
        raise InputError(f"spots: expected coordinates of an image with {n_axes} axes, got {axes}. Pass its own spots.")
    return axes


def _single_amplitude(
    image: NDArray[np.generic], responses: NDArray[np.float64], *, apparent: float, sigmas: tuple[float, ...]
) -> float:
    """`crowded_amplitude` where it is less than the apparent one, for overlaps only add to that.

    Never below the faintest tenth of what was found: dark structure, too, has a third moment.
    """
    single = crowded_amplitude(image, sigma_px=sigmas)
    if not single < apparent:
        return apparent
    return max(single, float(np.quantile(responses, 0.1)) / spot_gain(len(sigmas)))


def _fades_along_z(spots: pd.DataFrame) -> bool:
    """Whether the first and the last third of the spots along z differ in brightness by more than a factor of two."""
    third = len(spots) // 3
    if "z_px" not in spots or third < _LEAST_REFERENCES:
        return False
    logs = np.log(spots.sort_values("z_px", kind="stable")["response"].to_numpy(dtype=np.float64))
    ends = logs[:third], logs[-third:]
    error = float(np.sqrt(sum(end.var() for end in ends) / third)) * _OF_MEDIAN
    away = abs(float(np.median(ends[0]) - np.median(ends[1])))
    return bool(away > max(np.log(2), _SURE_FADE * error))


def _is_alone(places: NDArray[np.float64], *, sigmas: tuple[float, ...]) -> NDArray[np.bool_]:
    """Whether the nearest other spot of each is farther than 6 sigma."""
    scaled = places / np.asarray(sigmas)
    return np.asarray(cKDTree(scaled).query(scaled, k=[2])[0][:, 0] > _ISOLATED_SIGMAS)


def _is_crowd(places: NDArray[np.float64], *, density: float, sigmas: tuple[float, ...]) -> bool:
    """Whether hardly a maximum stands alone, or the moments of the response are those of a full field."""
    is_full = density > _FULL * MOST_DENSITY[len(sigmas)]
    return is_full or bool(np.mean(_is_alone(places, sigmas=sigmas)) < _LEAST_ALONE)


def _median_amplitude(
    places: NDArray[np.float64], responses: NDArray[np.float64], *, sigmas: tuple[float, ...]
) -> float:
    """Of the spots far from others if there are 10, else of all."""
    is_alone = _is_alone(places, sigmas=sigmas)
    chosen = responses[is_alone] if is_alone.sum() >= _LEAST_REFERENCES else responses
    return float(np.median(chosen)) / spot_gain(len(sigmas))


def _rows(
    added: Sequence[_Added],
    *,
    image: NDArray[np.generic],
    spots: pd.DataFrame,
    amplitude: float,
    axes: list[str],
) -> pd.DataFrame:
    """A row for each place of (places, background, spread) of every region."""
    places = np.concatenate([new for new, _, _ in added])
    numbers = [len(new) for new, _, _ in added]
    background, spread = (np.repeat([region[part] for region in added], numbers) for part in (1, 2))
    is_even, is_lit = spread == 0, background > 0
    rows = pd.DataFrame({axis: places[:, number] for number, axis in enumerate(axes)})
    return rows.assign(
        sigma_px=float(spots["sigma_px"].median()),
        response=amplitude * spot_gain(len(axes)),
        snr=np.where(is_even, float(spots["snr"].median()), amplitude / np.where(is_even, 1.0, spread)),
        contrast=np.where(is_lit, amplitude / np.where(is_lit, background, 1.0), np.inf),
        intensity=image[tuple(places.astype(np.int64).T)].astype(np.float64),
        background=background,
    )[list(spots.columns)]
