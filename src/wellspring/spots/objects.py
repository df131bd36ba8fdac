"""Bright things that no number of spots adds up to: debris, fibres, folds, clusters of hot pixels."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.brightness import moments_of_one
from wellspring.spots.camera import FINE, spot_power
from wellspring.spots.filters import blurred, difference_of_gaussians

__all__ = ["LEAST_CROWD", "is_no_sum_of_spots"]

# The crest of a line falls to both sides by this share of its height within so many sigma, in one of 8 directions.
_CREST_FALL, _CREST_SIGMAS, _DIRECTIONS = 0.1, 1.5, 8
# A crest, or a plateau so far from its edge, is judged if it is as long or large as 3 independent values.
# Of simulated clusters of 10 to 150 spots (discs, lines, normal clouds) one in 20 varies by less than 0.05 to 0.1 of
# the expected variance, of those with more than 20 independent values by less than 0.12.
_EDGE_SIGMAS, _LEAST_INDEPENDENT = 1.5, 3.0
_EVEN, _EVENNESS, _STRICT = 0.005, (0.05, 0.1), 2.0
# Fine differences with so many times the power that spots leave there are edges that the optics cannot draw.
# Light that varies over a region gives noise that does, hence the second demand, on the noise.
_MOST_FINE, _MOST_NOISE = 10.0, 3.0
# Simulated clusters of 10 to 100 spots (discs, lines, normal clouds; SNR 4 and 10) have a maximum in half of the rooms
# and more; a vesicle or a smooth fold has one in all.
_LEAST_ROOMS = 3.0
# A region with so many maxima is a full field: seen along z, each of its rooms holds many spots and hardly a maximum.
LEAST_CROWD = 50
_MAD = 1.4826


def is_no_sum_of_spots(
    excess: NDArray[np.float64],
    own: NDArray[np.bool_],
    *,
    amplitude: float,
    sigma_px: Sequence[float],
    n_found: int,
    is_in_crowd: bool = False,
) -> bool:
    """Whether a bright region is too even, too sharp, or has too few maxima, for spots at random places.

    Where spots of amplitude a overlap at random in a plane, the variance of their light is a / 2 times its mean
    (Campbell's theorem), more along a line. A stack is summed over z first.

    Parameters
    ----------
    excess : (Y, X) or (Z, Y, X) float64
        Light above background around the region.
    own : bool, same shape
        The region.
    amplitude : float
        Of one spot, intensity.
    sigma_px
        Size of a spot per axis, px.
    n_found : int
        Maxima in the region.
    is_in_crowd : bool
        Spots are so many that their own light makes hundreds of such regions: only a most even one is none of theirs,
        and one of 50 maxima or more may have few for its size.
    """
    if own.sum() < 2 or not excess[own].max() > 0:
        return False
    if excess.ndim == 3:
        amplitude *= math.sqrt(2 * math.pi) * sigma_px[0]
        excess, own, sigma_px = excess.sum(axis=0), np.asarray(own.any(axis=0)), sigma_px[1:]
    ratio, n_independent = _evenness(excess, own, amplitude=amplitude, sigma_px=sigma_px)
    strict = _STRICT if is_in_crowd else 1.0
    limit = float(np.clip(_EVEN * n_independent, *_EVENNESS)) / strict
    is_even = n_independent >= strict * _LEAST_INDEPENDENT and ratio < limit
    rooms = _n_rooms(excess, own, sigma_px=sigma_px)
    is_field = is_in_crowd and n_found >= LEAST_CROWD
    has_few_maxima = rooms > _LEAST_ROOMS and n_found < rooms / _LEAST_ROOMS and not is_field
    return is_even or has_few_maxima or _is_sharp(excess, own, sigma_px=sigma_px)


def _n_rooms(excess: NDArray[np.float64], own: NDArray[np.bool_], *, sigma_px: Sequence[float]) -> float:
    """Spots that can be told apart on the brighter half of a region, one per ellipse of 2 sigma (Sparrow's limit)."""
    smooth = blurred(excess, sigma_px=[s / 2 for s in sigma_px])
    is_high = own & (smooth > float(np.quantile(smooth[own], 0.98)) / 2)
    return float(is_high.sum()) / (4 * math.pi * math.prod(sigma_px))


def _evenness(
    excess: NDArray[np.float64], own: NDArray[np.bool_], *, amplitude: float, sigma_px: Sequence[float]
) -> tuple[float, float]:
    """Variance of the light over that of spots at random places, and from how many independent values."""
    smooth = blurred(excess, sigma_px=[s / 2 for s in sigma_px]).astype(np.float64)
    height = float(np.quantile(smooth[own], 0.98))
    is_high = own & (smooth > height / 2)
    depth = ndimage.distance_transform_edt(np.pad(is_high, 1), sampling=[1 / s for s in sigma_px])[1:-1, 1:-1]
    plateau = smooth[depth > _EDGE_SIGMAS]
    crest = smooth[is_high & _is_crest(smooth, least_fall=_CREST_FALL * height, sigma_px=sigma_px)]
    found = []
    for values, share, room in (
        (plateau, 1 / 2, 4 * math.pi * math.prod(sigma_px)),
        (crest, 1 / math.sqrt(2), math.sqrt(4 * math.pi) * max(sigma_px)),
    ):
        if len(values) >= _LEAST_INDEPENDENT * room:
            found.append((float(values.var() / values.mean()) / (share * amplitude), len(values) / room))
    return min(found, default=(math.inf, 0.0))


def _is_crest(smooth: NDArray[np.float64], *, least_fall: float, sigma_px: Sequence[float]) -> NDArray[np.bool_]:
    """Pixels that stand out on both sides of some line, as spots, rows of them and lines do."""
    reach = math.ceil(_CREST_SIGMAS * max(sigma_px))
    padded = np.pad(smooth, reach, mode="edge")
    rows, columns = smooth.shape
    is_crest = np.zeros(smooth.shape, dtype=bool)
    for angle in np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS:
        y, x = np.rint(_CREST_SIGMAS * np.array(sigma_px) * [np.sin(angle), np.cos(angle)]).astype(int).tolist()
        sides = [
            padded[reach + sign * y : reach + sign * y + rows, reach + sign * x : reach + sign * x + columns]
            for sign in (1, -1)
        ]
        is_crest |= smooth - np.maximum(*sides) > least_fall
    return is_crest


def _is_sharp(excess: NDArray[np.float64], own: NDArray[np.bool_], *, sigma_px: Sequence[float]) -> bool:
    """Whether the light has finer structure than the optics let through."""
    near = ndimage.binary_dilation(own)
    fine = excess
    for axis in (0, 1):
        fine = ndimage.convolve1d(fine, FINE, axis=axis, mode="nearest")
    fine = fine[near] / float(FINE @ FINE)
    spread = _MAD * float(np.median(np.abs(fine)))
    light = math.prod(math.sqrt(2 * math.pi) * s for s in sigma_px)
    leak = spot_power([FINE, FINE], sigma_px=sigma_px) * light**2 / moments_of_one(sigma_px)[0]
    response = difference_of_gaussians(excess, sigma_px=sigma_px)[near]
    power, noise = float((fine**2).sum()), len(fine) * spread**2
    return power > _MOST_NOISE * noise and power - noise > _MOST_FINE * leak * float((response**2).sum())
