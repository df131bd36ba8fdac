"""Single planes of image files, found by their number: what an index refers to. TIFF, PNG, Zarr, CZI, LIF, ND2."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.imagej import imagej_sizes
from wellspring.raw.memory import available_bytes, readable_size
from wellspring.raw.metaseries import metaseries_of
from wellspring.raw.tiff_headers import opened_tiff
from wellspring.raw.tiff_pages import check_page
from wellspring.raw.values import as_uint16, check_number_type, is_plain

__all__ = ["PlaneHeader", "holds_pixels", "plane_headers", "read_plane"]

_PNG = b"\x89PNG\r\n\x1a\n"
_GREY = 0
_ZARR = ("zarr.json", ".zarray")
# Files of many fields, which a package of their own reads.
CONTAINERS = (".czi", ".lif", ".nd2")
# Pixels as decoded, as uint16, and a copy to work on.
_COPIES = 3


@dataclass(frozen=True)
class PlaneHeader:
    """What the header of a file says of one plane.

    Attributes
    ----------
    shape : (int, int)
        Height and width, px.
    dtype : numpy dtype
    pixel_size_um : (float, float) or None
        (y, x), where the file says it.
    position_um : (float, float, float) or None
        (z, y, x) of the stage, y growing downwards, where the file says it.
    channel : str
        The channel's name in the file; empty without one.
    """

    shape: tuple[int, int]
    dtype: np.dtype[np.generic]
    pixel_size_um: tuple[float, float] | None = None
    position_um: tuple[float, float, float] | None = None
    channel: str = ""


def holds_pixels(path: Path) -> bool:
    """Whether a file has pixels besides what it says of them; by its name."""
    return path.suffix.lower() in (".tif", ".tiff", ".png", *CONTAINERS)


def plane_headers(path: Path, numbers: Sequence[int], *, n_indexed: int) -> list[PlaneHeader]:
    """The headers of the planes `numbers` of a file, counted from 0.

    Parameters
    ----------
    n_indexed
        Planes of this file that the index names, others than `numbers` included.

    Raises
    ------
    FileNotFoundError, InputError
        When the file is missing, damaged or truncated, a plane is not in it, it has planes that the index does not
        name, or its values are no uint16 (`as_uint16`): such values are looked at here, before any job needs them.
    """
    if path.name in _ZARR:
        from wellspring.raw.zarr_arrays import zarr_plane_shape

        found = zarr_plane_shape(path, numbers)
        headers = [PlaneHeader(found[0], found[1]) for _ in numbers]
    elif path.suffix.lower() in CONTAINERS:
        headers = _container_headers(path, numbers)
    elif path.suffix.lower() == ".png":
        _check_count(path, n_there=1, n_indexed=n_indexed, numbers=numbers)
        headers = [_png_header(path)]
    else:
        headers = _tiff_headers(path, numbers, n_indexed=n_indexed)
    for number, header in zip(numbers, headers, strict=True):
        check_number_type(header.dtype, path=path)
        if not is_plain(header.dtype):
            read_plane(path, number)
    return headers


def read_plane(path: Path, number: int) -> NDArray[np.uint16]:
    """(Y, X) uint16 of one plane of a file, counted from 0.

    Raises
    ------
    FileNotFoundError, InputError
        As `plane_headers`.
    """
    if path.name in _ZARR:
        from wellspring.raw.zarr_arrays import zarr_plane

        return as_uint16(zarr_plane(path, number), path=path)
    if path.suffix.lower() in CONTAINERS:
        from wellspring.raw.vendors.containers import container_plane

        return as_uint16(container_plane(path, number), path=path)
    if path.suffix.lower() == ".png":
        return as_uint16(_png_values(path), path=path)
    with opened_tiff(path) as tif:
        page = _page(tif, number, path=path)
        check_page(page, path=path, number=number)
        values = page.asarray()
    return as_uint16(values, path=path)


def _container_headers(path: Path, numbers: Sequence[int]) -> list[PlaneHeader]:
    from wellspring.raw.vendors.containers import opened

    with opened(path) as container:
        scenes = [container.scenes[container.place(number)[0]] for number in numbers]
    return [PlaneHeader(scene.shape, scene.dtype) for scene in scenes]


def _page(tif: tifffile.TiffFile, number: int, *, path: Path) -> tifffile.TiffPage:
    if number >= len(tif.pages):
        raise InputError(
            f"{path}: expected plane {number + 1}, as the index says, but the file has {len(tif.pages)}. The "
            "acquisition was stopped, or the file was changed: export it again."
        )
    return tif.pages[number].aspage()


def _tiff_headers(path: Path, numbers: Sequence[int], *, n_indexed: int) -> list[PlaneHeader]:
    with opened_tiff(path) as tif:
        n_there = sum(not page.aspage().is_reduced for page in tif.pages) if len(tif.pages) > 1 else 1
        _check_count(path, n_there=n_there, n_indexed=n_indexed, numbers=numbers)
        size, _ = imagej_sizes(tif)
        about = metaseries_of(tif)
        headers = []
        for number in numbers:
            page = _page(tif, number, path=path)
            check_page(page, path=path, number=number)
            headers.append(
                PlaneHeader(
                    shape=(int(page.shape[0]), int(page.shape[1])),
                    dtype=np.dtype(page.dtype),
                    pixel_size_um=about.pixel_size_um or size,
                    position_um=about.position_um,
                    channel=about.channel,
                )
            )
    return headers


def _check_count(path: Path, *, n_there: int, n_indexed: int, numbers: Sequence[int]) -> None:
    if n_there > n_indexed or max(numbers) >= n_there:
        raise InputError(
            f"{path}: expected {n_indexed} plane{'' if n_indexed == 1 else 's'}, as the index says, found {n_there}. "
            "The file was changed after the index was written: export the plate again."
        )


def _png_header(path: Path) -> PlaneHeader:
    with as_readable(path, expected="a complete PNG image"):
        with path.open("rb") as file:
            head = file.read(26)
        if len(head) < 26 or head[:8] != _PNG or head[12:16] != b"IHDR":
            raise InputError("its first bytes are not those of a PNG")
        width, height, depth, kind = struct.unpack(">IIBB", head[16:26])
    if kind != _GREY or depth not in (8, 16):
        raise InputError(
            f"{path}: expected a grey image of 8 or 16 bits, found colour type {kind} with {depth} bits. Export each "
            "channel as a grey image."
        )
    needed = _COPIES * 2 * width * height
    if needed > available_bytes():
        raise InputError(
            f"{path}: its header says {height:,} x {width:,} px; reading them takes {readable_size(needed)} of memory, "
            f"and this job has {readable_size(available_bytes())}. Copy the file again from its source."
        )
    return PlaneHeader((height, width), np.dtype(np.uint8 if depth == 8 else np.uint16))


def _png_values(path: Path) -> NDArray[np.generic]:
    import imagecodecs

    header = _png_header(path)
    with as_readable(path, expected="a complete PNG image"):
        try:
            values = np.asarray(imagecodecs.png_decode(path.read_bytes()))
        except RuntimeError as error:
            raise InputError(f"{error}") from error
        if values.shape != header.shape:
            raise InputError(f"its header says {header.shape}, but its pixels are {values.shape}")
    return values
