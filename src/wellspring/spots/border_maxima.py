"""Maxima near the borders: a spot there, or the flank of something outside? And where, behind its mirror image?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.spots.filters import RATIO, gaussian_kernel

__all__ = ["gathered", "peaks_inside", "placed_at_borders"]

# Places tried for the peak, px: from far outside to just inside of the border pixel's centre.
_STEP_PX, _INNERMOST_PX, _BORDER_PX = 0.25, 0.5, -0.5
_REACH_SIGMAS = 3.0
# Between places of spots that a profile is compared with.
_FINE_STEP_PX = 0.02


def gathered(array: NDArray[np.generic], points: NDArray[np.int64], offset: Sequence[int]) -> NDArray[np.float32]:
    """(n,) float32 values at `points` + `offset`; beyond the border, of the nearest pixel."""
    limits = np.array(array.shape) - 1
    places = np.clip(points + np.asarray(offset), 0, limits)
    return np.asarray(array[tuple(places.T)], dtype=np.float32)


def peaks_inside(
    image: NDArray[np.generic], points: NDArray[np.int64], *, sigma_px: Sequence[float]
) -> NDArray[np.bool_]:
    """Whether the image peaks inside its borders at maxima that lie on them; True for all others.

    The image is mirrored to be filtered, so any rise towards its border looks like a maximum. The profile from such a
    maximum inwards, averaged along the border over the spot's width, is correlated with the profiles of spots at and
    outside the border and with a straight line. It is a spot when the best of the spots is inside and leaves at most a
    quarter of the variance that the line leaves; noise on a slope would pass a half 4 times as often.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    points : (n, n_axes) int
        Maxima of the response.
    sigma_px
        Size of a spot per axis.

    Returns
    -------
    (n,) bool
        False on the borders of planes smaller than 3 sigma.
    """
    inside = np.ones(len(points), dtype=bool)
    for axis in (-2, -1):
        for edge, inward in ((0, 1), (image.shape[axis] - 1, -1)):
            on_edge = np.flatnonzero(points[:, axis] == edge)
            if len(on_edge) == 0:
                continue
            if image.shape[axis] <= _REACH_SIGMAS * sigma_px[axis] + 1:
                inside[on_edge] = False
                continue
            profiles = _profiles(image, points[on_edge], axis=axis, inward=inward, sigma_px=sigma_px)
            inside[on_edge] &= _is_spot(profiles, sigma=sigma_px[axis])
    return inside


def _profiles(
    image: NDArray[np.generic], points: NDArray[np.int64], *, axis: int, inward: int, sigma_px: Sequence[float]
) -> NDArray[np.float64]:
    """(n, depth) mean intensity from the border inwards."""
    along = -1 if axis == -2 else -2
    width = int(np.ceil(sigma_px[along]))
    weights = np.exp(-0.5 * (np.arange(-width, width + 1) / sigma_px[along]) ** 2)
    profiles = np.zeros((len(points), int(np.ceil(_REACH_SIGMAS * sigma_px[axis])) + 1))
    for depth in range(profiles.shape[1]):
        for side, weight in zip(range(-width, width + 1), weights, strict=True):
            offset = np.zeros(image.ndim, dtype=np.int64)
            offset[axis], offset[along] = inward * depth, side
            profiles[:, depth] += weight / weights.sum() * gathered(image, points, offset.tolist())
    return profiles


def _is_spot(profiles: NDArray[np.float64], *, sigma: float) -> NDArray[np.bool_]:
    """Whether each profile is that of a spot inside the border rather than of one outside, or a line."""
    depth = np.arange(profiles.shape[1])
    centers = np.arange(-_REACH_SIGMAS * sigma, _INNERMOST_PX + _STEP_PX / 2, _STEP_PX)
    spots = np.exp(-0.5 * ((depth - centers[:, None]) / sigma) ** 2)
    similar = _correlations(profiles, spots)
    best = np.take_along_axis(similar, similar.argmax(axis=1)[:, None], axis=1)[:, 0]
    line = _correlations(profiles, -depth[None].astype(np.float64))[:, 0]
    is_inside = centers[similar.argmax(axis=1)] >= _BORDER_PX
    return np.asarray(is_inside & (best > 0) & (1 - best**2 <= 0.25 * (1 - line**2)))


def _correlations(profiles: NDArray[np.float64], models: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m) Pearson correlations; 0 for a profile without variation."""
    profiles, models = (values - values.mean(axis=1, keepdims=True) for values in (profiles, models))
    norms = np.linalg.norm(profiles, axis=1)[:, None] * np.linalg.norm(models, axis=1)
    return np.asarray(profiles @ models.T / np.where(norms > 0, norms, np.inf))


def placed_at_borders(
    response: NDArray[np.float32], points: NDArray[np.int64], places: NDArray[np.float64], *, sigma_px: Sequence[float]
) -> NDArray[np.float64]:
    """The places, with those within 3 sigma of a border corrected for the mirrored image that was filtered.

    Of a spot near a border a part is cut off, and what is left is mirrored, so its response is highest on the border,
    or too far inside. Three values of the response across the border, about two thirds of a sigma apart, are compared
    with those of a spot at every place.

    Parameters
    ----------
    response : (Y, X) or (Z, Y, X) float32
    points : (n, n_axes) int
        Maxima of the response.
    places : (n, n_axes) float64
        Their places as seen without borders.
    sigma_px
        Size of a spot per axis.
    """
    corrected = places.copy()
    for axis, (size, sigma) in enumerate(zip(response.shape, sigma_px, strict=True)):
        depth = np.minimum(points[:, axis], size - 1 - points[:, axis])
        step, reach = max(1, round(sigma / 1.5)), int(np.ceil(_REACH_SIGMAS * sigma))
        if size < 2 * step + 1 or not (depth < reach).any():
            continue
        centers = np.arange(-0.5, reach + step + sigma, _FINE_STEP_PX)
        models = _mirrored_profiles(centers, size=min(size, 4 * reach), sigma=sigma, n_axes=response.ndim)
        for here in np.unique(depth[depth < reach]):
            rows = np.flatnonzero(depth == here)
            is_first = points[rows, axis] == here
            middle = min(max(here, step), size - 1 - step)
            along = np.array([middle - step, middle, middle + step])
            places_along = np.repeat(points[rows, None, :], 3, axis=1)
            places_along[:, :, axis] = np.where(is_first[:, None], along, size - 1 - along)
            profiles = response[tuple(np.moveaxis(places_along, -1, 0))].astype(np.float64)
            near = np.abs(centers - here) <= step + sigma
            own = models[near][:, along]
            likeness = profiles @ (own / np.linalg.norm(own, axis=1, keepdims=True)).T
            best = centers[near][likeness.argmax(axis=1)].clip(0)
            corrected[rows, axis] = np.where(is_first, best, size - 1 - best)
    return corrected


def _mirrored_profiles(centers: NDArray[np.float64], *, size: int, sigma: float, n_axes: int) -> NDArray[np.float64]:
    """(n centres, size) response along an axis of spots there, in an image of so many pixels."""
    spots = np.exp(-0.5 * ((np.arange(size) - centers[:, None]) / sigma) ** 2)
    narrow, wide = (
        (1 + scale) ** (-(n_axes - 1) / 2)
        * ndimage.correlate1d(spots, gaussian_kernel(sigma * scale**0.5)[:, 0], axis=1, mode="reflect")
        for scale in (1 / RATIO, RATIO)
    )
    return np.asarray(narrow - wide)
