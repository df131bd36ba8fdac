"""The score maps of the cells that are shown: one npz file per run, without pickled objects."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole

__all__ = ["Maps", "read_maps", "write_maps"]


@dataclass(frozen=True)
class Maps:
    """Images and maps of n cells with C input channels, each S px wide and high.

    Attributes
    ----------
    image : (n, C, S, S) float32
        Normalised intensities, as the model sees them; 0 where nothing was measured.
    mask : (n, S, S) bool
        Measured pixels.
    score : (n, C, S, S) float32
        VarGrad score, 0 or more, in the unit of the target.
    attribution : (n, C, S, S) float32
        Signed integrated gradients of the image without noise, in the unit of the target.
    plate, well, level : (n,) str
    object_id : (n,) int64
    target, prediction : (n,) float64
    channels : (C,) str
    """

    image: NDArray[np.float32]
    mask: NDArray[np.bool_]
    score: NDArray[np.float32]
    attribution: NDArray[np.float32]
    plate: NDArray[np.str_]
    well: NDArray[np.str_]
    object_id: NDArray[np.int64]
    target: NDArray[np.float64]
    prediction: NDArray[np.float64]
    level: NDArray[np.str_]
    channels: NDArray[np.str_]


def write_maps(maps: Maps, path: Path) -> None:
    """Write `maps` to `path` (compressed npz).

    Raises
    ------
    ValueError
        When an array holds Python objects: that file could only be read by running what is pickled in it.
    OSError
        When the disk is full; nothing is left behind.
    """
    arrays = {field.name: np.asarray(getattr(maps, field.name)) for field in fields(maps)}
    objects = [name for name, array in arrays.items() if array.dtype.hasobject]
    if objects:
        raise InputError(
            f"{path}: expected arrays of numbers and text, but {objects} hold objects. Convert them first."
        )
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def read_maps(path: Path) -> Maps:
    """Read what `write_maps` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, or lacks an array.
    """
    with as_readable(path, expected="score maps"), np.load(path, allow_pickle=False) as file:
        return Maps(**{field.name: file[field.name] for field in fields(Maps)})
