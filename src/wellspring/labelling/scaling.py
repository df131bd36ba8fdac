"""Values of the training plate that images are scaled with; they are stored in the model, never taken from a field."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["PlaneScale", "StainScale", "plane_scales", "stain_scale"]

# Pixels of a field that statistics are taken from, at most: evenly spread, so that a quantile is known to 0.1 %.
_SAMPLE = 1_000_000
# A quantile that is background in any field that is not full of cells.
_BACKGROUND = 0.05
_PER_SD = 1.4826
# Of the argument of sinh, so that float32 holds the result.
_MOST = 60.0


@dataclass(frozen=True)
class PlaneScale:
    """Mean and standard deviation of one plane of transmitted light over the training fields, camera counts."""

    mean: float
    sd: float


@dataclass(frozen=True)
class StainScale:
    """How a stain's intensity becomes the value that the network predicts, and back.

    value = asinh((intensity - background) / softness) / sd with ``asinh``; without it (``linear``) asinh is the
    identity. Background is 0 in these units, since an ELU ends at -1: with the mean at 0, the background of a dense
    field would lie below what the network can say.

    Attributes
    ----------
    kind : str
        ``asinh``, ``linear``, or ``mask`` (the network's probability is the result).
    background : float
        Intensity of no stain: the 5 % quantile, camera counts.
    softness : float
        Where asinh turns from linear to logarithmic: the width of the background over all training fields, twice the
        distance of its 5 % quantile from the median, camera counts; at least twice the noise of a pixel. Relative
        errors count above it. Below, neither noise is stretched nor what the light cannot show, an uneven background
        and its differences between fields.
    sd : float
        Standard deviation of the changed values over the training fields.
    """

    kind: str
    background: float = 0.0
    softness: float = 1.0
    sd: float = 1.0

    def value(self, intensity: NDArray[np.number]) -> NDArray[np.float32]:
        """What the network predicts, of intensities in camera counts."""
        shifted = (np.asarray(intensity, dtype=np.float32) - np.float32(self.background)) / np.float32(self.softness)
        if self.kind == "asinh":
            shifted = np.arcsinh(shifted)
        value: NDArray[np.float32] = (shifted / np.float32(self.sd)).astype(np.float32)
        return value

    def intensity(self, value: NDArray[np.floating]) -> NDArray[np.float32]:
        """Camera counts, 0 or more, of what the network predicts; a ``mask`` stays a probability."""
        if self.kind == "mask":
            return np.asarray(value, dtype=np.float32)
        changed = np.asarray(value, dtype=np.float32) * np.float32(self.sd)
        if self.kind == "asinh":
            # Far from the training light a network says anything; the result stays a number.
            changed = np.sinh(np.minimum(changed, _MOST))
        shifted = changed * np.float32(self.softness) + np.float32(self.background)
        intensity: NDArray[np.float32] = np.maximum(shifted, 0).astype(np.float32)
        return intensity

    def to_dict(self) -> dict[str, Any]:
        """Values that JSON can hold."""
        return asdict(self)


def plane_scales(fields: Sequence[NDArray[np.number]]) -> list[PlaneScale]:
    """Mean and standard deviation of each plane over the training fields.

    Parameters
    ----------
    fields
        (P, Y, X) each.

    Raises
    ------
    ValueError
        When a plane is constant over all fields.
    """
    found = []
    for plane in range(len(fields[0])):
        sizes = np.array([field[plane].size for field in fields], dtype=np.float64)
        means = np.array([field[plane].mean(dtype=np.float64) for field in fields])
        squares = np.array([np.square(field[plane], dtype=np.float64).mean() for field in fields])
        mean = float(np.average(means, weights=sizes))
        sd = math.sqrt(max(float(np.average(squares, weights=sizes)) - mean**2, 0.0))
        if sd == 0:
            raise InputError(
                f"transmitted light: plane {plane + 1} has the same value ({mean:g}) in every pixel of all training "
                "fields. Leave this plane out, or name the right files."
            )
        found.append(PlaneScale(mean, sd))
    return found


def stain_scale(fields: Sequence[NDArray[np.number]], *, kind: str) -> StainScale:
    """The scale of a stain over the training fields; see `StainScale`.

    Parameters
    ----------
    fields
        (Y, X) each, camera counts; masks of 0 and 1 with ``kind="mask"``.

    Raises
    ------
    ValueError
        When all pixels of all fields have one value.
    """
    if kind == "mask":
        return StainScale("mask")
    values = np.concatenate([_sample(field) for field in fields])
    if np.ptp(values) == 0:
        raise InputError(
            f"fluorescence: every pixel of all training fields has the value {values[0]:g}; there is nothing to learn. "
            "Name the right files, or leave this stain out."
        )
    background = float(np.quantile(values, _BACKGROUND))
    if kind == "linear":
        return StainScale("linear", background=background, sd=float(values.std()))
    softness = 2 * max(_noise(fields), float(np.median(values)) - background) or float(values.std()) / 100
    changed = np.arcsinh((values - background) / softness)
    return StainScale("asinh", background=background, softness=softness, sd=float(changed.std()))


def _sample(field: NDArray[np.number]) -> NDArray[np.float64]:
    """Evenly spread pixels of a field, at most a million."""
    flat = field.ravel()
    return flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)


def _noise(fields: Sequence[NDArray[np.number]]) -> float:
    """Noise of a pixel: from differences of neighbours in the darker half of each field, the median over fields."""
    found = []
    for field in fields:
        image = field.astype(np.float64)
        first, second = image[:, :-1], image[:, 1:]
        is_dark = first <= np.median(image)
        found.append(_PER_SD * float(np.median(np.abs(second - first)[is_dark])) / math.sqrt(2))
    return float(np.median(found))
