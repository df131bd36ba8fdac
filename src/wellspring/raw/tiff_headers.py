"""Headers of TIFF files, OME metadata included; and a reader that turns what tifffile only logs into errors."""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import tifffile

from wellspring.errors import InputError
from wellspring.files import as_readable

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

_MICROMETRES = {"nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}


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
    is_whole : bool
        Whether all planes are in this file.
    names : tuple of str
        Channel names of the OME metadata; none unless each channel has its own.
    pixel_size_um : (float, float) or None
        (y, x), from the OME metadata.
    """

    path: Path
    index: int
    n_images: int
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    is_whole: bool
    names: tuple[str, ...]
    pixel_size_um: tuple[float, float] | None


def read_headers(path: Path) -> list[TiffHeader]:
    """The images of a TIFF file; no pixel is read.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable.
    """
    with opened_tiff(path) as tif:
        images = _ome_images(tif.ome_metadata)
        same = len(images) == len(tif.series)
        found = []
        for index, series in enumerate(tif.series):
            names, size = images[index] if same else ((), None)
            kept = [(a, n) for a, n in zip(series.axes, series.shape, strict=True) if n != 1 or a in "YX"]
            found.append(
                TiffHeader(
                    path=path,
                    index=index,
                    n_images=len(tif.series),
                    axes="".join(axis for axis, _ in kept),
                    shape=tuple(int(n) for _, n in kept),
                    dtype=np.dtype(series.dtype),
                    is_whole=all(page is not None and page.parent is tif for page in series.pages),
                    names=names,
                    pixel_size_um=size,
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
                with tifffile.TiffFile(path) as tif:
                    yield tif
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


def _ome_images(xml: str | None) -> list[tuple[tuple[str, ...], tuple[float, float] | None]]:
    """Channel names (none, unless each has its own) and pixel size (y, x) in µm of each image of OME metadata."""
    root = ElementTree.fromstring(xml) if xml else ElementTree.Element("none")
    found = []
    for pixels in root.findall("{*}Image/{*}Pixels"):
        names = tuple(channel.get("Name", "") for channel in pixels.findall("{*}Channel"))
        is_clear = all(names) and len(set(names)) == len(names)
        sizes = [_micrometres(pixels, axis=axis) for axis in "YX"]
        found.append((names if is_clear else (), None if None in sizes else (sizes[0] or 0.0, sizes[1] or 0.0)))
    return found


def _micrometres(pixels: ElementTree.Element, *, axis: str) -> float | None:
    value = pixels.get(f"PhysicalSize{axis}")
    factor = _MICROMETRES.get(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    return float(value) * factor if value and factor else None
