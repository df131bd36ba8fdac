"""Fields for training: transmitted light with its stain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from wellspring.labelling.scaling import StainScale, stain_scale

__all__ = ["Field", "binarised", "stain_threshold"]


@dataclass(frozen=True)
class Field:
    """A field of view.

    Attributes
    ----------
    well : str
    name : str
        What messages call it: its file or its site.
    planes : (P, Y, X)
        Transmitted light, camera counts.
    stain : (Y, X) or None
        Fluorescence, camera counts; None where the well has none.
    pixel_size_um : float or None
    """

    well: str
    name: str
    planes: NDArray[np.number]
    stain: NDArray[np.number] | None
    pixel_size_um: float | None = None


def stain_threshold(stains: Sequence[NDArray[np.number]], *, scale: StainScale) -> float:
    """Otsu's threshold of the values (`StainScale.value`) of all fields together: one for the plate, none per field."""
    values = np.concatenate([scale.value(one).ravel()[:: max(1, one.size // 200_000)] for one in stains])
    return float(threshold_otsu(values))


def binarised(fields: Sequence[Field]) -> tuple[list[Field], float]:
    """Fields whose stain is 0 and 1 (Pankova 2022, section 3.5.1), and the threshold in camera counts.

    Otsu's threshold of asinh values over all fields, so that bright cells do not hide dim ones.
    """
    stains = [one.stain for one in fields if one.stain is not None]
    scale = stain_scale(stains, kind="asinh")
    limit = float(scale.intensity(np.array([stain_threshold(stains, scale=scale)]))[0])
    masks = [None if one.stain is None else (one.stain >= limit).astype(np.uint8) for one in fields]
    return [replace(one, stain=mask) for one, mask in zip(fields, masks, strict=True)], limit
