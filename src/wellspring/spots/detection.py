"""Spots of one image: where, how large, how bright."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.spots.border_maxima import gathered, placed_at_borders
from wellspring.spots.candidates import Candidates, find_candidates, refined_positions, spot_sizes
from wellspring.spots.crowding import Crowding, crowding, lost_share
from wellspring.spots.filters import axis_sigmas, checked_image, difference_of_gaussians, spot_gain
from wellspring.spots.measures import local_background
from wellspring.spots.noise import NoiseMap, noise_map
from wellspring.spots.saturation import restored_tops
from wellspring.spots.tables import SPOTS
from wellspring.spots.threshold import LEAST_FACTOR, Threshold, no_threshold
from wellspring.spots.threshold_methods import threshold_method
from wellspring.spots.unseen import filled_areas

__all__ = ["Detection", "detect_spots", "detect_with_threshold", "response_and_noise"]

# Two spots of equal brightness closer than 2 sigma make one maximum (Sparrow's limit).
_NEIGHBORHOOD_SIGMAS = 2.0
# Standard deviation of rounding to integers.
_ROUNDING = 12.0**-0.5


@dataclass(frozen=True)
class Detection:
    """Spots of one image and the threshold that separates them from noise.

    Attributes
    ----------
    spots : pandas.DataFrame
        What `detect_spots` returns.
    threshold : Threshold
    crowding : Crowding
    n_hot_pixels, n_hot_clusters : int
        Maxima above the threshold that are single hot pixels and clusters of them. They are left out.
    in_noise : float
        Of spots that a network marked: the share whose response is less than three times the noise of the image at
        the size of a spot, which its texture is part of. 0 of others, and of fewer than 20.
    """

    spots: pd.DataFrame
    threshold: Threshold
    crowding: Crowding
    n_hot_pixels: int = 0
    n_hot_clusters: int = 0
    in_noise: float = 0.0


def detect_spots(
    image: NDArray[np.generic],
    *,
    sigma_px: float | Sequence[float],
    threshold: float | None = None,
    method: str = "noise",
    max_per_neighborhood: int = 1,
    neighborhood_px: float | Sequence[float] | None = None,
) -> pd.DataFrame:
    """Find the spots of one image: bright, about as large as `sigma_px`, on any background that is smooth around them.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Intensity. Two dimensions are a plane (or a projection), three a stack. A stack of one plane is searched as that
        plane, so no spot needs to be seen along z; its spots have `z_px` 0.
    sigma_px
        Standard deviation of a spot, px: one number, or one per axis (z, y, x or y, x). Of a diffraction-limited
        spot in the plane about 0.21 * wavelength / numerical aperture / pixel size.
    threshold
        Least response, in the image's intensity; None: chosen by `method`.
    method
        How the threshold is chosen: "noise" (`noise_threshold`) or "elbow" (`elbow_threshold`).
    max_per_neighborhood, neighborhood_px
        At most so many spots within that distance (px; one number, or one per axis: an ellipsoid) of any of them, the
        brightest first. Default: 1 within 2 `sigma_px`, since two equal spots that are closer make one maximum.

    Returns
    -------
    pandas.DataFrame
        Table SPOTS, the brightest response first. `z_px` (in 3D only), `y_px`, `x_px`: place, pixel centres from 0.
        `sigma_px`: size in the plane, from 0.5 to 2 times the expected one. `response`: the image's difference of
        Gaussians at the maximum, above its median around (blocks of 8 sigma) where that is positive. `snr`: amplitude
        over the local background's robust standard deviation. `contrast`: amplitude over the local background,
        infinite where that is 0 or less. Amplitude: `response` over that of a spot of amplitude 1 (0.231 in 2D, 0.244
        in 3D), so the height above background of a spot of the expected size. Local background: the median over a ring
        3 to 5 sigma away in the spot's plane.

    Raises
    ------
    ValueError
        When the image is neither 2D nor 3D, not finite, or a parameter is out of range.

    Notes
    -----
    Dubois (2017), section 2.1: difference of Gaussians with several successive pairs of kernels, maxima, at most k per
    neighbourhood, noise separated from signal. Maxima are taken from the pair of the expected size only, the others
    give the size at the spots found: maxima over all pairs would let a clump's wide response swallow its spots.

    An empty or constant image has no spots, nor, in 19 of 20 cases, has one of noise only: the noise may change over
    the field (tiles of 40 sigma), with the light (`light_noise`) and at the borders, and may be that of few photons or
    what a subtracted background left of it (`count_noise`). Areas of exactly 0 without data have no spots
    (`filled_areas`).

    Hot pixels, clusters of them (`is_hard_edged`), and lines are no spots. A saturated spot is one (`restored_tops`),
    with the response its shape lets expect. On the outermost rows and columns a maximum must show its far side too
    (`peaks_inside`).
    """
    return detect_with_threshold(
        image,
        sigma_px=sigma_px,
        threshold=threshold,
        method=method,
        max_per_neighborhood=max_per_neighborhood,
        neighborhood_px=neighborhood_px,
    ).spots


def detect_with_threshold(
    image: NDArray[np.generic],
    *,
    sigma_px: float | Sequence[float],
    threshold: float | None = None,
    method: str = "noise",
    max_per_neighborhood: int = 1,
    neighborhood_px: float | Sequence[float] | None = None,
    method_settings: Mapping[str, float] | None = None,
) -> Detection:
    """As `detect_spots`, with the threshold, the curve of counts and how stable the count is.

    `method_settings` are those of the method alone, for a method that has any.
    """
    if method == "given" and threshold is None:
        raise InputError("threshold: expected a value for the method 'given', got None.")
    sigmas = axis_sigmas(sigma_px, n_axes=checked_image(image).ndim)
    _check_parameters(threshold, max_per_neighborhood)
    choose = threshold_method(method if threshold is None else "given").choose
    options = dict(method_settings or {}) if threshold is None else {"value": threshold}
    if neighborhood_px is None:
        window = tuple(_NEIGHBORHOOD_SIGMAS * s for s in sigmas)
    else:
        window = _window(neighborhood_px, n_axes=image.ndim)
    if image.size == 0 or image.min() == image.max():
        return _nothing(image.ndim, method=method, threshold=threshold)
    if image.ndim == 3 and len(image) == 1:
        # Along z there is nothing to see, nor can the noise there be estimated.
        plane = detect_with_threshold(
            image[0],
            sigma_px=sigmas[1:],
            threshold=threshold,
            method=method,
            max_per_neighborhood=max_per_neighborhood,
            neighborhood_px=window[1:],
            method_settings=method_settings,
        )
        plane.spots.insert(0, "z_px", 0.0)
        return plane
    image, masked = filled_areas(image, sigma_px=sigmas)
    whole, response, noise = response_and_noise(image, sigma_px=sigmas)
    candidates = find_candidates(
        whole,
        response,
        noise,
        sigma_px=sigmas,
        least_response=None if threshold is None else threshold / 2,
        least_factor=LEAST_FACTOR,
        max_per_neighborhood=max_per_neighborhood,
        neighborhood_px=window,
    )
    if masked is not None:
        candidates = candidates.without(masked)
    chosen = choose(candidates, noise, **options)
    found = candidates.where(chosen.levels(candidates) > 1)
    spots = _spot_table(image, response, found, sigmas=sigmas, whole=whole)
    lost = chosen.value / float(np.median(found.response)) if len(found) else 0.0
    crowded = replace(
        crowding(found.points, noise, sigma_px=sigmas, lost_height=lost, response=found.response),
        lost_share=lost_share(found.response, noise, value=chosen.value, factor=chosen.factor),
    )
    return Detection(spots, chosen, crowded, *_n_hot(candidates, chosen))


def response_and_noise(
    image: NDArray[np.generic], *, sigma_px: tuple[float, ...]
) -> tuple[NDArray[np.generic], NDArray[np.float32], NoiseMap]:
    """An image that is neither empty nor constant with its saturated tops restored, its response, and its noise."""
    whole = restored_tops(image, sigma_px=sigma_px)
    response = difference_of_gaussians(whole, sigma_px=sigma_px)
    return whole, response, noise_map(image, response, sigma_px=sigma_px, floor=_noise_floor(image))


def _n_hot(candidates: Candidates, threshold: Threshold) -> tuple[int, int]:
    """Single hot pixels and clusters above the threshold."""
    if candidates.hot is None:
        return 0, 0
    single, clusters = (threshold.levels(own) > 1 for own in (candidates.hot.single, candidates.hot.clusters))
    return int(np.count_nonzero(single)), int(np.count_nonzero(clusters))


def _spot_table(
    image: NDArray[np.generic],
    response: NDArray[np.float32],
    found: Candidates,
    *,
    sigmas: tuple[float, ...],
    whole: NDArray[np.generic],
) -> pd.DataFrame:
    """`whole` is the image with its saturated tops."""
    background, spread = local_background(image, found.points, sigma_px=sigmas)
    amplitude = found.response.astype(np.float64) / spot_gain(image.ndim)
    is_lit = background > 0
    places = placed_at_borders(response, found.points, refined_positions(response, found.points), sigma_px=sigmas)
    axes = ("z_px", "y_px", "x_px")[-image.ndim :]
    return pd.DataFrame(
        {
            **{axis: places[:, number] for number, axis in enumerate(axes)},
            "sigma_px": spot_sizes(whole, found.points, sigma_px=sigmas),
            "response": found.response.astype(np.float64),
            "snr": amplitude / np.maximum(spread, _rounding(image)),
            "contrast": np.where(is_lit, amplitude / np.where(is_lit, background, 1.0), np.inf),
            "intensity": gathered(image, found.points, (0,) * image.ndim).astype(np.float64),
            "background": background,
        }
    )[[*axes, *(name for name in SPOTS.names if name not in axes)]]


def _nothing(n_axes: int, *, method: str, threshold: float | None) -> Detection:
    """What is found in an image that cannot be searched."""
    none = Candidates(np.zeros((0, n_axes), np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32))
    image = np.zeros((1,) * n_axes, np.float32)
    spots = _spot_table(image, image, none, sigmas=(1.0,) * n_axes, whole=image)
    chosen = no_threshold(method) if threshold is None else no_threshold("given", value=threshold)
    return Detection(spots, chosen, Crowding(n_axes=n_axes))


def _noise_floor(image: NDArray[np.generic]) -> float:
    """Least noise of a response: a tenth of rounding's, since the filter averages over some 10 pixels."""
    return 0.1 * _rounding(image)


def _rounding(image: NDArray[np.generic]) -> float:
    """Standard deviation of the rounding of the image; for floats 2**-20 of the largest (of 1 if all are 0)."""
    if image.dtype.kind in "ui":
        return _ROUNDING
    return (float(np.abs(image).max()) or 1.0) * 2.0**-20


def _window(neighborhood_px: float | Sequence[float], *, n_axes: int) -> tuple[float, ...]:
    """Half-axes of the neighbourhood, one per axis."""
    window = tuple(float(v) for v in np.atleast_1d(np.asarray(neighborhood_px, dtype=np.float64)))
    window = window * n_axes if len(window) == 1 else window
    if len(window) != n_axes or not all(0 < v < np.inf for v in window):
        raise InputError(
            f"neighborhood_px: expected one positive number, or {n_axes} (per axis, z first), got {neighborhood_px}."
        )
    return window


def _check_parameters(threshold: Any, max_per_neighborhood: Any) -> None:
    is_number = isinstance(threshold, Real) and not isinstance(threshold, bool)
    if threshold is not None and not (is_number and 0 < threshold < np.inf):
        raise InputError(
            f"threshold: expected a positive response (intensity), or None to choose it by `method`, got {threshold!r}."
        )
    is_count = isinstance(max_per_neighborhood, Integral) and not isinstance(max_per_neighborhood, bool)
    if not (is_count and max_per_neighborhood >= 1):
        raise InputError(f"max_per_neighborhood: expected 1 or more, got {max_per_neighborhood!r}.")
