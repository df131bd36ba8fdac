"""What the segmentation functions ask of images, labels and numbers, in one line each."""

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["check_count", "check_image", "check_labels", "check_number"]

_GREATEST_LABEL = int(np.iinfo(np.int32).max)


def check_image(image: NDArray[Any], *, name: str, n_axes: tuple[int, ...]) -> None:
    """Raise ValueError unless an image has one of `n_axes`, and whole or real numbers, finite and 0 or more."""
    axes = " or ".join(map(str, n_axes))
    if image.ndim not in n_axes:
        raise InputError(f"{name}: expected {axes} axes, (Z,) Y, X, got shape {image.shape}. Pass one channel.")
    if image.dtype.kind not in "uif":
        raise InputError(f"{name}: expected intensities, integer or float, got {image.dtype}. Convert the image.")
    if image.size == 0:
        return
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        n_missing = image.size - int(np.isfinite(image).sum())
        raise InputError(
            f"{name}: expected finite intensities, got {n_missing} pixels of NaN or infinity. Replace them, for "
            "example with the image's median."
        )
    if image.min() < 0:
        raise InputError(
            f"{name}: expected intensities of 0 or more, got {image.min()} as the least. Subtract no more than the "
            "background."
        )


def check_labels(labels: NDArray[Any], *, name: str, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless labels are integers from 0 to 2**31 - 1 of this (Y, X) shape."""
    if labels.dtype.kind not in "ui":
        raise InputError(
            f"{name}: expected integer labels, 0 = background, got {labels.dtype}. Label a mask with "
            "skimage.measure.label."
        )
    if labels.shape != shape:
        raise InputError(f"{name}: expected the (Y, X) of the image, {shape}, got shape {labels.shape}.")
    if labels.size and (labels.min() < 0 or labels.max() > _GREATEST_LABEL):
        raise InputError(
            f"{name}: expected labels from 0 to {_GREATEST_LABEL}, got {labels.min()} to {labels.max()}. Renumber them."
        )


def check_number(value: float, *, name: str, above_zero: bool = False, remedy: str = "") -> None:
    """Raise ValueError unless a number is finite and 0 or more (`above_zero`: more than 0)."""
    is_number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if is_number and isfinite(value) and (value > 0 or (value == 0 and not above_zero)):
        return
    limit = "a finite number, more than 0" if above_zero else "a finite number, 0 or more"
    raise InputError(f"{name}: expected {limit}, got {value!r}.{' ' + remedy if remedy else ''}")


def check_count(value: int, *, name: str, least: int, most: int) -> None:
    """Raise ValueError unless a whole number lies from `least` to `most`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value <= most:
        raise InputError(f"{name}: expected a whole number from {least} to {most}, got {value!r}.")
