"""Arrays of a Zarr store on disk: their metadata and chunks by name, their planes by the library zarr."""

import json
import math
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.memory import available_bytes, readable_size

__all__ = ["array_file", "chunk_names", "chunks_of", "shape_of", "zarr_plane", "zarr_plane_shape"]

_EXPECTED = "metadata of a Zarr array"
_COPIES = 3


def array_file(place: Path) -> Path:
    """The metadata file of the array in the folder `place`.

    Raises
    ------
    InputError
        When there is none.
    """
    for name in ("zarr.json", ".zarray"):
        if (place / name).is_file():
            return place / name
    raise InputError(f"{place}: expected a Zarr array (zarr.json or .zarray), found none. Copy the plate again.")


@lru_cache(maxsize=256)
def _metadata(path: Path, stamp: int) -> dict[str, Any]:
    with as_readable(path, expected=_EXPECTED):
        found = json.loads(path.read_text(encoding="utf-8"))
        shape = found.get("shape") if isinstance(found, dict) else None
        is_shape = isinstance(shape, list) and len(shape) >= 2 and all(type(n) is int and n > 0 for n in shape)
        if not is_shape:
            raise InputError(f"its shape is {shape}")
    return dict(found)


def _about(path: Path) -> dict[str, Any]:
    with as_readable(path, expected=_EXPECTED):
        stamp = path.stat().st_mtime_ns
    return _metadata(path, stamp)


def shape_of(path: Path) -> tuple[int, ...]:
    """Lengths of the axes of an array, from its metadata file.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing or damaged.
    """
    return tuple(_about(path)["shape"])


def _chunk_shape(about: dict[str, Any]) -> list[int] | None:
    """Shape of the chunks that are files of their own; None where they are not laid out regularly."""
    if "chunks" in about:
        found = about["chunks"]
    else:
        grid = about.get("chunk_grid")
        found = grid.get("configuration", {}).get("chunk_shape") if isinstance(grid, dict) else None
    is_shape = (
        isinstance(found, list) and len(found) == len(about["shape"]) and all(type(n) is int and n > 0 for n in found)
    )
    return found if is_shape else None


def _chunk_name(about: dict[str, Any], index: Sequence[int]) -> str:
    if "chunks" in about:
        return str(about.get("dimension_separator", ".")).join(map(str, index))
    encoding = about.get("chunk_key_encoding", {})
    is_old = encoding.get("name") == "v2"
    separator = encoding.get("configuration", {}).get("separator", "." if is_old else "/")
    return str(separator).join([*([] if is_old else ["c"]), *map(str, index)])


def chunk_names(path: Path) -> Callable[[int], bool] | None:
    """A function of a plane's number that says whether a chunk of it is stored; None where that cannot be known.

    The planes of shards are not known one by one.
    """
    about = _about(path)
    chunks = _chunk_shape(about)
    if chunks is None or any(n > 1 for n in chunks[:-2]):
        return None
    shape = about["shape"]
    counts = [math.ceil(n / size) for n, size in zip(shape[-2:], chunks[-2:], strict=True)]

    def is_stored(number: int) -> bool:
        first = [int(n) for n in np.unravel_index(number, shape[:-2])] if len(shape) > 2 else []
        names = (_chunk_name(about, [*first, y, x]) for y in range(counts[0]) for x in range(counts[1]))
        return any((path.parent / name).is_file() for name in names)

    return is_stored


def chunks_of(path: Path) -> list[Path]:
    """The metadata file of an array and all files of its chunks."""
    found = [path]
    for folder, inner, names in os.walk(path.parent):
        inner.sort()
        found += [Path(folder) / name for name in names if not name.startswith(".") and name != path.name]
    return found


def zarr_plane_shape(path: Path, numbers: Sequence[int]) -> tuple[tuple[int, int], np.dtype[np.generic]]:
    """Height and width of the planes of an array, and its type of numbers.

    Raises
    ------
    FileNotFoundError, InputError
        When the array cannot be opened, has not that many planes, or one does not fit in memory.
    """
    array = _opened(path)
    n_planes = math.prod(array.shape[:-2])
    if max(numbers) >= n_planes:
        raise InputError(f"{path}: expected plane {max(numbers) + 1}, found {n_planes}. Read the plate again.")
    needed = _COPIES * 2 * math.prod(array.shape[-2:])
    if needed > available_bytes():
        raise InputError(
            f"{path}: reading a plane takes {readable_size(needed)} of memory, and this job has "
            f"{readable_size(available_bytes())}. Run on a machine with more memory."
        )
    return (int(array.shape[-2]), int(array.shape[-1])), np.dtype(array.dtype)


def zarr_plane(path: Path, number: int) -> NDArray[np.generic]:
    """(Y, X) of one plane of an array, counted along its first axes in their order.

    Raises
    ------
    FileNotFoundError, InputError
        When a chunk is damaged.
    """
    array = _opened(path)
    index = np.unravel_index(number, array.shape[:-2]) if array.ndim > 2 else ()
    with as_readable(path, expected="a complete Zarr array"):
        try:
            return np.asarray(array[tuple(int(n) for n in index)])
        except (RuntimeError, TypeError, LookupError, ArithmeticError) as error:
            raise InputError(f"a chunk of plane {number + 1}: {error}") from error


def _opened(path: Path) -> Any:
    import zarr

    shape_of(path)
    with as_readable(path, expected="a Zarr array that can be opened"):
        try:
            return zarr.open_array(path.parent, mode="r")
        except (RuntimeError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
            raise InputError(f"{type(error).__name__}: {error}") from error
