"""Corruptions of transmitted light: what each does to the planes of a field, and its severities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from wellspring.errors import InputError
from wellspring.labelling.corruptions.refocusing import refocused
from wellspring.labelling.optics import Microscope

__all__ = ["CORRUPTIONS", "Corrupted", "Corruption", "Light", "corrupted", "disk_kernel", "light_of", "moved_stain"]

_Planes = NDArray[np.float64]
_SHOWN = (0.1, 99.9)
_SUPERSAMPLING = 8
# Specks of dust: radius, share of light that they take, blur of their edge.
_DUST_UM, _DUST_SHARE, _DUST_EDGE_PX = (5.0, 30.0), (0.05, 0.3), 2.0


@dataclass(frozen=True, kw_only=True)
class Light:
    """The transmitted light of a training plate: what severities are relative to.

    Attributes
    ----------
    black, white : float
        Counts shown as 0 and 255 on the plate's 8-bit map: its percentiles 0.1 and 99.9.
    background : float
        Counts above the offset of an empty place: the median.
    offset, saturation : float
        Counts of the camera without light, and the most that it gives.
    microscope : Microscope
        Its `pixel_um` is that of the images.
    planes_um : tuple of float
        Places of the planes.
    """

    black: float
    white: float
    background: float
    offset: float
    saturation: float
    microscope: Microscope
    planes_um: tuple[float, ...] = (0.0,)


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption.

    Attributes
    ----------
    name : str
    unit : str
        Of its values.
    meaning : str
        For the report.
    harmless : float
        The value that changes nothing.
    values : tuple of float
        Severities for sweeps by level, ascending or descending, `harmless` among them.
    change : function
        Of planes without offset (C, Y, X), value, light and rng; the changed planes.
    """

    name: str
    unit: str
    meaning: str
    harmless: float
    values: tuple[float, ...]
    change: Callable[[_Planes, float, Light, np.random.Generator], _Planes]

    def levels(self) -> dict[int, float]:
        """Value by level: 0 is `harmless`, negative levels come before it in `values`."""
        middle = self.values.index(self.harmless)
        return {place - middle: value for place, value in enumerate(self.values)}


@dataclass(frozen=True)
class Corrupted:
    """Corrupted planes as the camera gives them, and the share of pixels that became black or saturated by it."""

    planes: NDArray[np.uint16]
    clipped: float


def light_of(
    planes: ArrayLike, *, offset: float, microscope: Microscope, planes_um: tuple[float, ...] = (0.0,)
) -> Light:
    """The light of a plate from its training fields, (n, C, Y, X) counts; the most counts are those of the type.

    Raises
    ------
    ValueError
        When no pixel is given, or all are equal.
    """
    given = np.asarray(planes)
    if given.size == 0 or np.ptp(given) == 0:
        raise InputError(
            "light: expected images of cells, got none or constant ones. Give fields of the training plate."
        )
    black, white = np.percentile(given, _SHOWN)
    most = float(np.iinfo(given.dtype).max) if given.dtype.kind in "ui" else 65535.0
    return Light(
        black=float(black),
        white=float(white),
        background=float(np.median(given)) - offset,
        offset=offset,
        saturation=most,
        microscope=microscope,
        planes_um=planes_um,
    )


def corrupted(planes: ArrayLike, *, kind: str, value: float, light: Light, rng: np.random.Generator) -> Corrupted:
    """Corrupt the planes of one field.

    Parameters
    ----------
    planes : (C, Y, X) counts
    kind
        Of `CORRUPTIONS`.
    value
        In the kind's unit.

    Raises
    ------
    ValueError
        For an unknown kind, another number of dimensions, or values that the kind cannot take.
    """
    if kind not in CORRUPTIONS:
        raise InputError(f"corruption: expected one of {', '.join(CORRUPTIONS)}, got {kind}.")
    given = np.asarray(planes, dtype=np.float64)
    if given.ndim != 3 or not np.isfinite(given).all():
        raise InputError(f"corruption: expected finite planes (C, Y, X), got an array of shape {given.shape} or NaN.")
    one = CORRUPTIONS[kind]
    changed = one.change(given - light.offset, float(value), light, rng) + light.offset
    counts = np.clip(np.rint(changed), 0, light.saturation)
    is_end = (counts == 0) | (counts == light.saturation)
    was_end = (given <= 0) | (given >= light.saturation)
    return Corrupted(counts.astype(np.uint16), float((is_end & ~was_end).mean()))


def disk_kernel(radius_px: float, *, is_antialiased: bool = True) -> NDArray[np.float64]:
    """A disk of sum 1.

    Parameters
    ----------
    is_antialiased
        True: the linearly interpolated image is blurred by the disk, on 8 × 8 points a pixel, so each radius above 0
        blurs. False: whole pixels whose centre is not farther than the radius, as ImageNet-C (Hendrycks and Dietterich
        2019) before its smoothing; then a radius of 0.5 is one pixel and does nothing.
    """
    reach = int(np.ceil(radius_px)) + 1
    places = np.arange(-reach, reach + 1)
    if not is_antialiased:
        inside = np.hypot(places[:, None], places[None, :]) <= radius_px
        return np.asarray(inside / inside.sum())
    points = (np.arange(2 * reach * _SUPERSAMPLING) + 0.5) / _SUPERSAMPLING - reach
    disk = np.hypot(points[:, None], points[None, :]) <= radius_px
    tent = np.maximum(1 - np.abs(points[:, None] - places[None, :]), 0)
    kernel = tent.T @ disk @ tent
    return np.asarray(kernel / kernel.sum()) if kernel.sum() > 0 else np.ones((1, 1))


def moved_stain(stain: NDArray[np.floating], *, by_px: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A (Y, X) stain moved by `by_px` in a random direction (linear interpolation, edges repeated).

    Not a corruption of light but of pairs: it shows how exact the registration of transmitted light and stain must be.
    """
    turn = rng.uniform(0, 2 * np.pi)
    moved = ndimage.shift(stain, (by_px * np.sin(turn), by_px * np.cos(turn)), order=1, mode="nearest", output=float)
    return np.asarray(moved)


def _blur(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light, rng
    if value == 0:
        return planes
    kernel = disk_kernel(value)
    return np.stack([ndimage.convolve(plane, kernel, mode="reflect") for plane in planes])


def _gain(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del rng
    return _shown(planes, light, lambda shown: shown * value)


def _contrast(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light, rng
    middle = planes.mean(axis=(1, 2), keepdims=True)
    return np.asarray((planes - middle) * value + middle)


def _bias(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del rng
    return _shown(planes, light, lambda shown: shown + value)


def _shown(planes: _Planes, light: Light, change: Callable[[_Planes], _Planes]) -> _Planes:
    """Change values on the plate's 8-bit map, and clip there, as the image in 8 bits would be."""
    step = (light.white - light.black) / 255
    shown = (planes + light.offset - light.black) / step
    changed = change(np.clip(shown, 0, 255))
    is_same = changed == np.clip(shown, 0, 255)
    back = np.clip(changed, 0, 255) * step + light.black - light.offset
    return np.where(is_same, planes, back)


def _defocus(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del rng
    return refocused(planes, planes_um=light.planes_um, microscope=light.microscope, by_um=value)


def _exposure(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light, rng
    return planes * value


def _photons(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    if np.isinf(value):
        return planes
    scale = _above(value, 0, "photons") / light.background
    return np.asarray(rng.poisson(np.maximum(planes, 0) * scale) / scale)


def _read_noise(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light
    return planes + rng.normal(0, 1, planes.shape) * value


def _tilt(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light
    turn = rng.uniform(0, 2 * np.pi)
    y, x = _places(planes)
    return np.asarray(planes * (1 + value * (np.sin(turn) * y + np.cos(turn) * x)))


def _vignette(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light, rng
    y, x = _places(planes)
    return np.asarray(planes * (1 - value * (y**2 + x**2) / 2))


def _flicker(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light
    return np.asarray(planes * (1 + value * rng.choice([-1.0, 1.0])))


def _dust(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    if value == 0:
        return planes
    shape, pixel = planes.shape[1:], light.microscope.pixel_um
    y, x = np.indices(shape)
    passed = np.ones(shape)
    for _ in range(round(value)):
        centre = rng.uniform(0, shape)
        radius, share = rng.uniform(*_DUST_UM) / pixel, rng.uniform(*_DUST_SHARE)
        passed *= 1 - share * (np.hypot(y - centre[0], x - centre[1]) <= radius)
    return np.asarray(planes * ndimage.gaussian_filter(passed, _DUST_EDGE_PX))


def _scale(planes: _Planes, value: float, light: Light, rng: np.random.Generator) -> _Planes:
    del light, rng
    if value == 1:
        return planes
    return np.stack([_magnified(plane, _above(value, 0, "scale")) for plane in planes])


def _magnified(plane: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """Enlarged about the middle, on the same grid; what lies outside of a shrunken field is mirrored."""
    smooth = ndimage.gaussian_filter(plane, max(0.0, 0.5 * (1 / factor - 1)))
    middle = (np.array(plane.shape) - 1) / 2
    found = ndimage.affine_transform(smooth, [1 / factor] * 2, middle - middle / factor, order=3, mode="reflect")
    return np.asarray(found)


def _places(planes: _Planes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column of y and row of x from -1 to 1."""
    return np.linspace(-1, 1, planes.shape[1])[:, None], np.linspace(-1, 1, planes.shape[2])[None, :]


def _above(value: float, limit: float, name: str) -> float:
    if not value > limit:
        raise InputError(f"corruption {name}: expected a value above {limit:g}, got {value:g}.")
    return value


def _all(*kinds: Corruption) -> Mapping[str, Corruption]:
    return {one.name: one for one in kinds}


_BIASES = (-150.0, -135.0, -120.0, -90.0, -50.0, 0.0, 50.0, 90.0, 120.0, 135.0, 150.0)
# Highest first, so that levels have the signs of the thesis.
_GAINS = (3.5, 3.0, 2.5, 2.0, 1.5, 1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
CORRUPTIONS: Mapping[str, Corruption] = _all(
    Corruption("blur", "px", "disk of this radius, antialiased", 0.0, (0.0, 0.5, 1.0, 1.5, 2.0, 3.0), _blur),
    Corruption("gain", "factor", "8-bit values times this", 1.0, _GAINS, _gain),
    Corruption("contrast", "factor", "distance from the field's mean times this", 1.0, _GAINS, _contrast),
    Corruption("bias", "8-bit steps", "added to 8-bit values", 0.0, _BIASES, _bias),
    Corruption(
        "defocus", "µm", "focus moved (wave model)", 0.0,
        (-25.0, -15.0, -10.0, -5.0, -2.0, 0.0, 2.0, 5.0, 10.0, 15.0, 25.0), _defocus,
    ),
    Corruption("exposure", "factor", "light above the camera's offset times this", 1.0, _GAINS, _exposure),
    Corruption(
        "photons", "photons", "noise of so many photons in the background, on top of the image's own", np.inf,
        (50.0, 100.0, 250.0, 500.0, 1000.0, 5000.0, np.inf), _photons,
    ),
    Corruption("read_noise", "counts", "noise of the camera", 0.0, (0.0, 10.0, 30.0, 100.0, 300.0), _read_noise),
    Corruption("tilt", "share", "light rises by this towards one side", 0.0, (0.0, 0.1, 0.2, 0.3, 0.5), _tilt),
    Corruption("vignette", "share", "light lost in the corners", 0.0, (0.0, 0.1, 0.2, 0.4, 0.6), _vignette),
    Corruption("flicker", "share", "lamp brighter or darker by this", 0.0, (0.0, 0.02, 0.05, 0.1, 0.2), _flicker),
    Corruption("dust", "specks", "specks of 5 to 30 µm", 0.0, (0.0, 1.0, 3.0, 10.0, 20.0), _dust),
    Corruption("scale", "factor", "magnification", 1.0, (0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3), _scale),
)  # fmt: skip
"""All kinds by name. The first, second and fourth have the severities of Pankova (2022), table 5."""
