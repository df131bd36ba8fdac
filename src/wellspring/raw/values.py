"""Intensities of any number type as uint16, where no value is lost by it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["as_uint16", "check_number_type", "is_plain"]

_LARGEST = 65_535


def is_plain(dtype: np.dtype[np.generic]) -> bool:
    """Whether every value of the type is one of uint16: uint8 and uint16 themselves."""
    return dtype.kind == "u" and dtype.itemsize <= 2


def check_number_type(dtype: np.dtype[np.generic], *, path: Path) -> None:
    """Raise where the values of a type are no real numbers.

    Raises
    ------
    InputError
        For complex numbers, text and the like.
    """
    if dtype.kind not in "uifb":
        raise InputError(f"{path}: expected an image of whole or real numbers, found {dtype}. Convert it.")


def as_uint16(values: NDArray[np.generic], *, path: Path) -> NDArray[np.uint16]:
    """The same intensities as uint16.

    Parameters
    ----------
    values
        Any shape, any real number type. uint8 is widened; of other types every value must be a whole number from 0 to
        65535, since scaling or rounding would change what is measured.
    path
        Of the file, for the message.

    Raises
    ------
    InputError
        When a value would be lost: below 0, above 65535, a fraction, or no number.
    """
    check_number_type(values.dtype, path=path)
    if is_plain(values.dtype):
        return values.astype(np.uint16, copy=False)
    if values.size:
        low, high = values.min(), values.max()
        # As numbers of Python: a limit is not rounded to the image's type.
        is_inside = low.item() >= 0 and high.item() <= _LARGEST
        if not is_inside:
            found = "values that are no numbers" if np.isnan(low) else f"{low:g} to {high:g}"
            raise _lost(path, values.dtype, found=found)
    result = values.astype(np.uint16)
    if values.dtype.kind == "f" and not np.array_equal(result, values):
        raise _lost(path, values.dtype, found="fractions")
    return result


def _lost(path: Path, dtype: np.dtype[np.generic], *, found: str) -> InputError:
    return InputError(
        f"{path}: expected intensities that are whole numbers from 0 to 65535, found {found} in an image of {dtype}. "
        "Values would be lost: export the image as uint16, or convert it with a factor that you know."
    )
