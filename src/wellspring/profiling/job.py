"""What the pixel jobs of this stage read: the kept sites of a well, corrected, from its index."""

from collections.abc import Iterator, Mapping
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
    index: Path, *, illumination: Path, sites: Path, reading: ReadingSettings
) -> tuple[tuple[str, str], Iterator[SiteImage]]:
    """(plate, well) of an index, and the well's kept sites, evened; one site is in memory at a time.

    Parameters
    ----------
    index
        JSON file of the well.
    illumination, sites
        Files of the well's plate, as of `wellspring.quality.correction.read_correction`.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or is not what it should be, or a channel is not in the well.
    """
    well = read_index(index)
    correction = read_correction(illumination, sites, plate=well.plate, well=well.well)
    images = read_sites(well, projection=reading.projection, wanted=reading.channels)
    return (well.plate, well.well), corrected(images, correction, background=reading.background)
