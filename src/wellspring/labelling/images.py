"""Planes of transmitted light and stains as arrays: what is refused, with one message each."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["MOST_PLANES", "check_fits", "checked_planes", "checked_stain"]

MOST_PLANES = 13
# Pixel sizes that differ by less are the same: files round them.
_SAME_SIZE = 0.02
_EIGHT_BITS = 255


def checked_planes(planes: NDArray[np.number], *, source: str) -> NDArray[np.number]:
    """(P, Y, X) of an image of (Y, X) or (P, Y, X).

    Raises
    ------
    ValueError
        When axes, number of planes or values are none of transmitted light: NaN, infinity, negative, or one value
        in all pixels of a plane.
    """
    found = np.asarray(planes)
    found = found[None] if found.ndim == 2 else found
    if found.ndim != 3 or not 1 <= len(found) <= MOST_PLANES or min(found.shape) < 1 or found.dtype.kind not in "uif":
        raise InputError(
            f"{source}: expected numbers with the axes (Y, X) or (plane, Y, X) and 1 to {MOST_PLANES} planes, got "
            f"{found.dtype} of shape {np.shape(planes)}. Export one field as a grey image, planes first."
        )
    _check_values(found, source=source)
    for number, plane in enumerate(found, start=1):
        if plane.min() == plane.max():
            raise InputError(
                f"{source}: plane {number} has the value {plane.flat[0]:g} in every pixel, so it shows nothing. "
                "Check the camera's file, or leave this field out."
            )
    return found


def checked_stain(image: NDArray[np.number], *, planes: NDArray[np.number], source: str) -> NDArray[np.number]:
    """(Y, X) of the fluorescence of a field whose transmitted light is `planes`.

    Raises
    ------
    ValueError
        When axes or values are none of fluorescence, or sizes differ.
    """
    found = np.asarray(image)
    found = found[0] if found.ndim == 3 and len(found) == 1 else found
    if found.ndim != 2 or found.shape != planes.shape[1:] or found.dtype.kind not in "uif":
        raise InputError(
            f"{source}: expected one stain with the axes (Y, X) and the size of the transmitted light, "
            f"{planes.shape[1:]}, got {found.dtype} of shape {np.shape(image)}. Export one stain per file, not cropped "
            "or binned differently."
        )
    _check_values(found, source=source)
    return found


def _check_values(image: NDArray[np.number], *, source: str) -> None:
    """Refuse NaN, infinity and negative values."""
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        raise InputError(f"{source}: holds NaN or infinity; expected camera counts. Export the image again.")
    if image.dtype.kind in "if" and image.min() < 0:
        raise InputError(f"{source}: holds negative values ({image.min():g}); expected camera counts.")


def check_fits(
    planes: NDArray[np.number], *, record: Mapping[str, Any], pixel_size_um: float | None, source: str
) -> None:
    """Refuse a field that is not what the model was trained on.

    Parameters
    ----------
    planes : (P, Y, X)
    record
        Of `wellspring.labelling.network.record_of`.
    pixel_size_um
        Of the field; where it or the model's is not known, it is not compared.

    Raises
    ------
    ValueError
        For another number of planes, another bit depth or another pixel size.
    """
    stain = record["stain"]
    if len(planes) != record["n_planes"]:
        raise InputError(
            f"{source}: the model of {stain} was trained on {record['n_planes']} plane(s) of transmitted light, "
            f"this field "
            f"has {len(planes)}. Give the same planes, or train another model."
        )
    trained = np.dtype(record["dtype"])
    same = planes.dtype == trained or planes.dtype.kind == "f"
    if not same or (record["lowest"] > _EIGHT_BITS >= float(planes.max())):
        raise InputError(
            f"{source}: the model of {stain} was trained on {trained} images of {record['lowest']:.4g} camera "
            f"counts and "
            f"more, this one is {planes.dtype} with a maximum of {float(planes.max()):.4g}: another bit depth. "
            f"Export it as "
            "the training images were."
        )
    known = record["pixel_size_um"]
    if known and pixel_size_um and abs(pixel_size_um / known - 1) > _SAME_SIZE:
        raise InputError(
            f"{source}: the model of {stain} was trained on pixels of {known:.4g} µm, this field has "
            f"{pixel_size_um:.4g} µm. "
            "Use the same objective and binning, or train another model."
        )
