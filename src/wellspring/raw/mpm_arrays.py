"""The arrays of one MPM well: opened as memory maps, their headers checked. Pickled content is never loaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.mpm_files import mpm_object_ids

__all__ = ["MpmArrays", "coordinates", "open_arrays", "whole_numbers"]

_CHUNK = 1 << 20
_LARGEST = int(np.iinfo(np.int32).max)


@dataclass(frozen=True)
class MpmArrays:
    """The four arrays of a well as they lie on disk, and where the object ids come from.

    Attributes
    ----------
    pixels : (n_px, n_channels) uint16, memory-mapped
    y, x, object_id : (n_px,) integer or float, memory-mapped
        Not yet checked for their values.
    object_id_path : Path
    """

    pixels: NDArray[np.uint16]
    y: NDArray[np.generic]
    x: NDArray[np.generic]
    object_id: NDArray[np.generic]
    object_id_path: Path


def open_arrays(path: Path, *, n_channels: int) -> MpmArrays:
    """Open the arrays of the well in folder `path`; only headers are read.

    Parameters
    ----------
    n_channels
        Rows of the well's channel table.

    Raises
    ------
    FileNotFoundError
        When an array is missing.
    ValueError
        When a file is truncated, holds objects or is no ``.npy`` file; when `mpp.npy` is not two-dimensional uint16
        or has another number of columns than `n_channels`; when another array is not one-dimensional and numeric;
        when the arrays differ in length.
    """
    path = Path(path)
    pixels: NDArray[Any] = _open(path / "mpp.npy", expected="a complete .npy array of uint16 (pixels x channels)")
    if pixels.dtype != np.uint16 or pixels.ndim != 2:
        raise InputError(
            f"{path / 'mpp.npy'}: expected uint16 values in 2 dimensions (pixels x channels), but found {pixels.dtype} "
            f"in {pixels.ndim}. Save the raw intensities, unscaled, as uint16."
        )
    if pixels.shape[1] != n_channels:
        raise InputError(
            f"{path / 'mpp.npy'}: expected {n_channels} columns, as many as {path / 'channels.csv'} has channels, "
            f"but found {pixels.shape[1]}. Correct the channel table."
        )
    ids = mpm_object_ids(path)
    y, x, object_id = (_one_column(file, n_px=len(pixels)) for file in (path / "y.npy", path / "x.npy", ids))
    return MpmArrays(pixels=pixels, y=y, x=x, object_id=object_id, object_id_path=ids)


def _open(path: Path, *, expected: str) -> NDArray[np.generic]:
    with as_readable(path, expected=expected):
        return open_memmap(path, mode="r")


def _one_column(path: Path, *, n_px: int) -> NDArray[np.generic]:
    values = _open(path, expected="a complete .npy array of whole numbers, one per pixel")
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise InputError(
            f"{path}: expected whole numbers in 1 dimension, one per pixel, but found {values.dtype} in {values.ndim}. "
            "Copy the file from its source."
        )
    if len(values) != n_px:
        raise InputError(
            f"{path}: expected {n_px} values, one per row of {path.with_name('mpp.npy')}, but found {len(values)}. "
            "Copy the arrays of this well again, all from one run."
        )
    return values


def whole_numbers(values: NDArray[np.generic], *, path: Path) -> NDArray[np.integer]:
    """`values` (n,) as integers: as they are, memory-mapped, or converted to int64 when they are whole floats.

    Raises
    ------
    ValueError
        When a value is not a whole number.
    """
    plain: NDArray[Any] = np.asarray(values)
    if plain.dtype.kind in "iu":
        return plain
    whole = np.empty(len(plain), dtype=np.int64)
    for part in _parts(len(values)):
        chunk = np.asarray(values[part], dtype=np.float64)
        broken = ~(np.trunc(chunk) == chunk) | ~(np.abs(chunk) < 2.0**63)
        if broken.any():
            raise InputError(
                f"{path}: expected whole numbers, but found {chunk[broken][0]:g} at row "
                f"{part.start + int(np.flatnonzero(broken)[0])}. Round them where they were made."
            )
        whole[part] = chunk
    return whole


def coordinates(values: NDArray[np.generic], *, size_px: int | None, path: Path) -> NDArray[np.integer]:
    """Pixel coordinates `values` (n,) as `whole_numbers`, all within the mosaic.

    Raw data count from 0 or from 1, so ``0 <= value <= size_px`` is accepted; only differences matter downstream.

    Raises
    ------
    ValueError
        When a value is negative, beyond `size_px`, or not whole.
    """
    upper = _LARGEST if size_px is None else size_px
    whole = whole_numbers(values, path=path)
    if len(whole) and not 0 <= int(whole.min()) <= int(whole.max()) <= upper:
        row = int(np.flatnonzero((whole < 0) | (whole > upper))[0])
        bound = f"from 0 to {upper}" + ("" if size_px is None else " (raw.mosaic_shape_px)")
        raise InputError(
            f"{path}: expected coordinates {bound}, but found {int(whole[row])} at row {row}. "
            "Correct raw.mosaic_shape_px, or copy the file from its source."
        )
    return whole


def _parts(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _CHUNK, n)) for first in range(0, n, _CHUNK))
