"""What the pixel jobs of this stage read: the kept sites of a well, corrected, from its index."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wellspring.quality.correction import corrected, read_correction
from wellspring.raw.images import SiteImage, read_sites
from wellspring.raw.index import read_index

__all__ = ["ReadingSettings", "read_kept_sites"]


@dataclass(frozen=True)
class ReadingSettings:
    """How images are read.

    Attributes
    ----------
    channels : tuple of str
        Those wanted, in this order.
    projection : str
        As of `wellspring.raw.images.read_sites`.
    background : dict of str to float
        Intensity without light by channel, 0 where it has none.
    """

    channels: tuple[str, ...]
    projection: str
    background: Mapping[str, float]


def read_kept_sites(
    index: Path, *, correction: Path, left_out: Collection[str], reading: ReadingSettings
) -> tuple[tuple[str, str], Iterator[SiteImage]]:
    """(plate, well) of an index, and the well's kept sites, evened; one site is in memory at a time.

    Parameters
    ----------
    index
        JSON file of the well.
    correction, left_out
        As of `wellspring.quality.correction.read_correction`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be, or a channel is not in the well.
    """
    well = read_index(index)
    images = read_sites(well, projection=reading.projection, wanted=reading.channels)
    return (well.plate, well.well), corrected(
        images, read_correction(correction, left_out=left_out), background=reading.background
    )
