"""Headers of TIFF files, OME metadata included; and a reader that turns what tifffile only logs into errors."""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.imagej import imagej_sizes
from wellspring.raw.metaseries import metaseries_of
from wellspring.raw.tiff_pages import check_whole, images_of, ome_of

__all__ = ["TiffHeader", "opened_tiff", "read_headers"]

# What tifffile and its codecs raise on damaged files, other than the ValueError and OSError that `as_readable` knows.
_DECODING_ERRORS = (
    RuntimeError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    AssertionError,
    SyntaxError,
    struct.error,
)


@dataclass(frozen=True)
class TiffHeader:
    """What the headers of one image in a file say.

    Attributes
    ----------
    path : Path
    index, n_images : int
        Which image of how many in the file.
    axes, shape
        Axes as tifffile names them, and their lengths; those of length 1 are left out, except Y and X.
    dtype : numpy dtype
    names : tuple of str
        Channel names of the OME metadata; none unless each channel has its own.
    pixel_size_um : (float, float) or None
        (y, x), from the metadata of OME, MetaMorph or ImageJ.
    plane_spacing_um : float or None
        Distance of planes, likewise.
    height_um : float or None
        Of the plane, as MetaMorph says.
    """

    path: Path
    index: int
    n_images: int
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    names: tuple[str, ...]
    pixel_size_um: tuple[float, float] | None
    plane_spacing_um: float | None = None
    height_um: float | None = None


def read_headers(path: Path) -> list[TiffHeader]:
    """The images of a TIFF file; no pixel is read.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, or holds less than it says.
    """
    with opened_tiff(path) as tif:
        series = images_of(tif, path=path)
        known = ome_of(tif, path=path)
        same = len(known) == len(series)
        size, spacing = imagej_sizes(tif) if not known else (None, None)
        about = metaseries_of(tif)
        found = []
        for index, image in enumerate(series):
            check_whole(image, path=path)
            kept = [(a, n) for a, n in zip(image.axes, image.shape, strict=True) if n != 1 or a in "YX"]
            found.append(
                TiffHeader(
                    path=path,
                    index=index,
                    n_images=len(series),
                    axes="".join(axis for axis, _ in kept),
                    shape=tuple(int(n) for _, n in kept),
                    dtype=np.dtype(image.dtype),
                    names=known[index].names if same else (),
                    pixel_size_um=known[index].pixel_size_um if same else about.pixel_size_um or size,
                    plane_spacing_um=known[index].plane_spacing_um if same else spacing,
                    height_um=about.position_um[0] if about.position_um else None,
                )
            )
    return found


@contextmanager
def opened_tiff(path: Path) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF for the block; whatever the reader finds wrong there, even what it only logs, is one error.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, truncated or damaged.
    """
    complaints = _Complaints(level=logging.ERROR)
    logger = logging.getLogger("tifffile")
    logger.addHandler(complaints)
    try:
        with as_readable(path, expected="a complete TIFF file"):
            try:
                # Files that its metadata name are not opened: they may be no files of the well, or no files at all.
                with tifffile.TiffFile(path, _multifile=False, is_mmstack=False, is_ndtiff=False) as tif:
                    yield tif
            except MemoryError as error:
                raise InputError(f"it needs more memory than this job has: {error}") from error
            except _DECODING_ERRORS as error:
                raise InputError(f"{type(error).__name__}: {error}") from error
            if complaints.messages:
                raise InputError(complaints.messages[0])
    finally:
        logger.removeHandler(complaints)


class _Complaints(logging.Handler):
    def __init__(self, *, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
