"""smFISH fields with exact truth: planes or stacks of spots, clumps and granules on uneven light, seen by a camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import erf

from wellspring.errors import InputError

__all__ = ["FieldSettings", "SmfishField", "add_spots", "simulate_smfish", "spot_profile"]

_REACH_SIGMAS = 4.5


@dataclass(frozen=True)
class FieldSettings:
    """What a simulated field shows.

    Attributes
    ----------
    shape : tuple of int
        (Y, X) or (Z, Y, X).
    sigma_px : tuple of float
        Standard deviation of the point spread function per axis, px.
    n_spots : int
        Free spots, uniform over the field.
    snr : float
        Mean amplitude of a spot over the standard deviation of the noise at the mean background. The amplitude is the
        height of a spot that is centred on a voxel.
    brightness_sd : float
        Standard deviation of the spots' amplitude, relative.
    background : float
        Mean light without spots, photons per voxel.
    unevenness : float
        The background goes from 1 - unevenness to 1 + unevenness times its mean, smoothly.
    n_clumps, spots_per_clump : int
        Clumps, and spots in each; counted in addition to `n_spots`.
    clump_radius_px : float
        Standard deviation of a clump's spots around its centre, in the plane, px; along z at most as much.
    n_granules : int
        Round granules of autofluorescence, of 1 to 2.5 times a spot's size.
    granule_snr : float
        Largest amplitude of a granule, as `snr`; the least is a quarter of it.
    gain, offset, read_noise : float
        Camera: counts per photon, counts without light, standard deviation of reading in counts.
    margin_px : float
        Free spots and clumps keep this distance from the borders of the plane.
    """

    shape: tuple[int, ...]
    sigma_px: tuple[float, ...]
    n_spots: int
    snr: float = 10.0
    brightness_sd: float = 0.1
    background: float = 100.0
    unevenness: float = 0.3
    n_clumps: int = 0
    spots_per_clump: int = 0
    clump_radius_px: float = 1.5
    n_granules: int = 0
    granule_snr: float = 4.0
    gain: float = 2.0
    offset: float = 100.0
    read_noise: float = 3.0
    margin_px: float = 0.0

    @property
    def noise(self) -> float:
        """Standard deviation of the noise at the mean background, counts."""
        return float(np.sqrt(self.gain**2 * self.background + self.read_noise**2))

    @property
    def amplitude(self) -> float:
        """Mean amplitude of a spot, counts."""
        return self.snr * self.noise


@dataclass(frozen=True)
class SmfishField:
    """A simulated field and its truth.

    Attributes
    ----------
    image : uint16
        Camera counts, (Y, X) or (Z, Y, X).
    spots : pandas.DataFrame
        `z_px` (in 3D), `y_px`, `x_px` (pixel centres from 0), `amplitude` (counts), `clump` (1.., 0 = free).
    """

    image: NDArray[np.uint16]
    spots: pd.DataFrame

    @property
    def places(self) -> NDArray[np.float64]:
        """(n, n_axes) float64 true coordinates, px."""
        axes = [name for name in ("z_px", "y_px", "x_px") if name in self.spots]
        return np.asarray(self.spots[axes], dtype=np.float64)


def simulate_smfish(settings: FieldSettings, *, rng: np.random.Generator) -> SmfishField:
    """Simulate one field.

    Voxel-integrated Gaussian spots on a smooth background; every voxel's light is Poisson in photons, then counted with
    gain, offset and read noise, rounded and clipped to 16 bits. As sim-fish (fish-quant), but for
    subpixel places without oversampling, uneven background, granules, gain and read noise.

    Parameters
    ----------
    settings
    rng
        Same generator state, same field.

    Raises
    ------
    ValueError
        When `sigma_px` has not one positive number per axis of `shape`, when a count is negative, or when `unevenness`
        is not from 0 to 1.
    """
    _check(settings)
    spots = _drawn_spots(settings, rng=rng)
    light = _background(settings, rng=rng)
    per_photon = settings.gain
    axes = [name for name in ("z_px", "y_px", "x_px") if name in spots]
    add_spots(light, spots[axes].to_numpy(), spots["amplitude"].to_numpy() / per_photon, sigma_px=settings.sigma_px)
    for _ in range(settings.n_granules):
        place = rng.uniform(0, np.array(settings.shape) - 1)
        height = settings.granule_snr * settings.noise * rng.uniform(0.25, 1.0) / per_photon
        size = rng.uniform(1.0, 2.5)
        add_spots(light, place[None], np.array([height]), sigma_px=[size * s for s in settings.sigma_px])
    counts = settings.gain * rng.poisson(light).astype(np.float32) + np.float32(settings.offset)
    counts += np.float32(settings.read_noise) * rng.standard_normal(counts.shape, dtype=np.float32)
    return SmfishField(np.clip(np.rint(counts), 0, 65_535).astype(np.uint16), spots)


def spot_profile(center: float, pixels: NDArray[np.int64], *, sigma: float) -> NDArray[np.float64]:
    """(n,) float64: a Gaussian integrated over each pixel, 1 at the middle pixel of one that is centred on it.

    `pixels` are n consecutive pixels, 1 or more.
    """
    edges = np.concatenate([pixels - 0.5, [pixels[-1] + 0.5]]) - center
    shares = np.diff(erf(edges / (np.sqrt(2.0) * sigma)))
    return np.asarray(shares / (2 * erf(0.5 / (np.sqrt(2.0) * sigma))))


def add_spots(
    image: NDArray[np.floating],
    places: NDArray[np.floating],
    amplitudes: NDArray[np.floating],
    *,
    sigma_px: Sequence[float],
) -> None:
    """Add Gaussian spots, integrated over voxels, to an image in place; what lies outside is cut.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) float
    places : (n, n_axes) float
        Pixel centres from 0.
    amplitudes : (n,) float
        Height of each if it were centred on a voxel.
    sigma_px
        Per axis.
    """
    for place, amplitude in zip(places, amplitudes, strict=True):
        ranges, profiles = [], []
        for center, sigma, size in zip(place, sigma_px, image.shape, strict=True):
            reach = _REACH_SIGMAS * sigma + 1
            first, last = max(0, int(np.floor(center - reach))), min(size, int(np.ceil(center + reach)) + 1)
            if first >= last:
                break
            ranges.append(slice(first, last))
            profiles.append(spot_profile(float(center), np.arange(first, last), sigma=sigma))
        if len(ranges) == image.ndim:
            spot = profiles[-1]
            for profile in reversed(profiles[:-1]):
                spot = np.multiply.outer(profile, spot)
            image[tuple(ranges)] += amplitude * spot


def _check(settings: FieldSettings) -> None:
    if (
        len(settings.shape) not in (2, 3)
        or len(settings.sigma_px) != len(settings.shape)
        or min(settings.sigma_px) <= 0
    ):
        raise InputError(
            "sigma_px: expected one positive number per axis of a (Y, X) or (Z, Y, X) shape, got "
            f"{settings.sigma_px} for {settings.shape}."
        )
    if min(settings.n_spots, settings.n_clumps, settings.spots_per_clump, settings.n_granules) < 0:
        raise InputError(f"n_spots, n_clumps, spots_per_clump and n_granules: expected 0 or more, got {settings}.")
    if not 0 <= settings.unevenness <= 1:
        raise InputError(f"unevenness: expected 0 to 1, got {settings.unevenness}.")


def _drawn_spots(settings: FieldSettings, *, rng: np.random.Generator) -> pd.DataFrame:
    low = np.full(len(settings.shape), -0.5)
    low[-2:] += settings.margin_px
    high = np.array(settings.shape) - 1 - low
    places = [rng.uniform(low, high, (settings.n_spots, len(low)))]
    clump = [np.zeros(settings.n_spots, dtype=np.int64)]
    # Along z a clump is as thick as the point spread function is long, relative to the plane.
    spread = settings.clump_radius_px * np.array(settings.sigma_px) / settings.sigma_px[-1]
    spread[:-2] = np.minimum(spread[:-2], settings.clump_radius_px)
    for number in range(1, settings.n_clumps + 1):
        center = rng.uniform(low, high)
        own = center + spread * rng.standard_normal((settings.spots_per_clump, len(low)))
        places.append(np.clip(own, -0.5, np.array(settings.shape) - 0.5))
        clump.append(np.full(settings.spots_per_clump, number))
    table = np.concatenate(places)
    factor = np.clip(1 + settings.brightness_sd * rng.standard_normal(len(table)), 0.1, None)
    names = ("z_px", "y_px", "x_px")[-len(low) :]
    columns = {name: table[:, axis] for axis, name in enumerate(names)}
    return pd.DataFrame({**columns, "amplitude": settings.amplitude * factor, "clump": np.concatenate(clump)})


def _background(settings: FieldSettings, *, rng: np.random.Generator) -> NDArray[np.float32]:
    """float32 photons: smooth over an eighth of the plane's shorter side, the same in every plane."""
    plane = settings.shape[-2:]
    pattern = ndimage.gaussian_filter(rng.standard_normal(plane), max(1.0, min(plane) / 8), mode="reflect")
    pattern -= pattern.min()
    pattern = 2 * pattern / max(float(pattern.max()), np.finfo(float).tiny) - 1
    light = settings.background * (1 + settings.unevenness * pattern)
    return np.broadcast_to(light.astype(np.float32), settings.shape).copy()
