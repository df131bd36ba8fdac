"""The one form in which measured pixels of a well are handed on, whatever its format."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.formats import format_named
from wellspring.raw.index import WellIndex

__all__ = ["PixelTable", "read_pixels"]


@dataclass(frozen=True)
class PixelTable:
    """The measured pixels of one well, and one row per object.

    Attributes
    ----------
    pixels : (n_px, n_channels) uint16, possibly memory-mapped
        Raw intensities. Background is *not* subtracted.
    y, x : (n_px,) int
        Row and column, 0-based pixel centres, unique within an object.
    object_id : (n_px,) int
        Object that each pixel belongs to; ids are unique in the well.
    channels : tuple of str
        Names of the columns of `pixels`.
    background : (n_channels,) float64
        To be subtracted from each channel (then floored at 0); 0 where there is none.
    objects : DataFrame
        One row per object, with column ``object_id`` (int64) and any annotation columns. A well without cells has
        no rows and no pixels.
    source : str
        File or folder that the pixels come from, for messages.
    """

    pixels: NDArray[np.uint16]
    y: NDArray[np.integer]
    x: NDArray[np.integer]
    object_id: NDArray[np.integer]
    channels: tuple[str, ...]
    background: NDArray[np.float64]
    objects: pd.DataFrame
    source: str = "pixel table"


def read_pixels(index: WellIndex, *, settings: Mapping[str, Any]) -> PixelTable:
    """The measured pixels of a well whose format stores these.

    Parameters
    ----------
    settings
        The keys of the config's block ``raw`` that the format reads pixels by: `RawFormat.settings_of_pixels`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or broken, two do not fit each other, or the format stores images instead. Of a well
        that is left out nothing is read: it has no pixels and no objects.
    """
    if index.left_out:
        return _no_pixels(index)
    read = format_named(index.format).pixels
    if read is None:
        raise InputError(
            f"{index.path}: expected pixels of known objects, but raw.format {index.format} stores images. "
            "Segment them."
        )
    return read(index, raw=settings)


def _no_pixels(index: WellIndex) -> PixelTable:
    nothing = np.zeros(0, dtype=np.int64)
    return PixelTable(
        pixels=np.zeros((0, len(index.channels)), dtype=np.uint16),
        y=nothing,
        x=nothing,
        object_id=nothing,
        channels=index.channels,
        background=np.zeros(len(index.channels), dtype=np.float64),
        objects=pd.DataFrame({"object_id": nothing}),
        source=index.path,
    )
