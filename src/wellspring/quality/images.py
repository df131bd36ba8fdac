"""What this stage writes beside tables: small images of a well, functions of a plate, corrected images."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.quality.illumination import RatioHistogram, SmallImage, illumination_function

__all__ = [
    "CorrectedSite",
    "SmallSite",
    "illumination_functions",
    "read_corrected",
    "read_functions",
    "read_small_sites",
    "write_corrected",
    "write_functions",
    "write_small_sites",
]


@dataclass(frozen=True)
class SmallSite:
    """The small images of one site, in the order of the channels."""

    site: str
    images: tuple[SmallImage, ...]


@dataclass(frozen=True)
class CorrectedSite:
    """One corrected field: its name and (n_channels, Y, X) uint16."""

    site: str
    image: NDArray[np.uint16]


def write_small_sites(path: Path, sites: Sequence[SmallSite], *, channels: Sequence[str]) -> None:
    """Write the small images of a well to one compressed NPZ file."""
    arrays: dict[str, Any] = {"channels": np.array(channels), "sites": np.array([one.site for one in sites])}
    for place, one in enumerate(sites):
        arrays[f"ratio_{place}"] = np.stack([image.ratio for image in one.images])
        arrays[f"is_measured_{place}"] = np.stack([image.is_measured for image in one.images])
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_small_sites(path: Path) -> tuple[tuple[str, ...], list[SmallSite]]:
    """Channel names and sites that `write_small_sites` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or not such a file.
    """
    with as_readable(path, expected="the small images of a well"), np.load(path) as arrays:
        sites = []
        for place, name in enumerate(arrays["sites"].tolist()):
            pairs = zip(arrays[f"ratio_{place}"], arrays[f"is_measured_{place}"], strict=True)
            sites.append(SmallSite(name, tuple(SmallImage(ratio, measured) for ratio, measured in pairs)))
        return tuple(arrays["channels"].tolist()), sites


def illumination_functions(
    wells: Iterable[tuple[tuple[str, ...], Sequence[SmallSite]]], *, channels: Sequence[str], smoothing_share: float
) -> dict[str, NDArray[np.float32]]:
    """The function of each channel of a plate, from the small images of its wells, which are read one at a time.

    Parameters
    ----------
    wells
        Channel names and sites of each well; wells without sites count for nothing.
    channels
        Whose functions are wanted.
    smoothing_share
        As of `illumination_function`.

    Returns
    -------
    dict of str to (y, x) float32
        A channel without any light, or a plate without sites, has the function 1 everywhere.
    """
    histograms: dict[str, RatioHistogram] = {}
    for names, sites in wells:
        for one in sites:
            for name, image in zip(names, one.images, strict=True):
                histograms.setdefault(name, RatioHistogram(image.ratio.shape)).add(image)
    functions = {}
    for name in channels:
        histogram = histograms.get(name)
        if histogram is None or histogram.n_images == 0:
            functions[name] = np.ones((2, 2) if histogram is None else histogram.counts.shape[1:], dtype=np.float32)
        else:
            functions[name] = illumination_function(histogram.median(), smoothing_share=smoothing_share)
    return functions


def write_functions(path: Path, functions: Mapping[str, NDArray[np.float32]], *, n_sites: int) -> None:
    """Write the functions of a plate's channels, and from how many sites they come, to one NPZ file."""
    arrays: dict[str, Any] = {f"function_{place}": function for place, function in enumerate(functions.values())}
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(temporary, channels=np.array(list(functions)), n_sites=np.array(n_sites), **arrays)


def read_functions(path: Path) -> tuple[dict[str, NDArray[np.float32]], int]:
    """The functions by channel, and the number of sites, that `write_functions` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or not such a file.
    """
    with as_readable(path, expected="illumination functions"), np.load(path) as arrays:
        names = arrays["channels"].tolist()
        return {name: arrays[f"function_{place}"] for place, name in enumerate(names)}, int(arrays["n_sites"])


def write_corrected(
    path: Path, sites: Iterable[CorrectedSite], *, channels: Sequence[str], pixel_size_um: float | None
) -> None:
    """Write corrected fields to one OME-TIFF, an image per site, named by it; one site is in memory at a time.

    Raises
    ------
    ValueError
        When there are no sites.
    """
    # A random UUID, the default, would make every file differ.
    common: dict[str, Any] = {"UUID": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, path.as_posix())}"}
    common |= {"axes": "CYX", "Channel": {"Name": list(channels)}}
    if pixel_size_um is not None:
        common |= {f"PhysicalSize{axis}{key}": v for axis in "XY" for key, v in (("", pixel_size_um), ("Unit", "µm"))}
    n_written = 0
    with replaced_when_whole(path) as temporary, tifffile.TiffWriter(temporary, ome=True) as writer:
        for one in sites:
            metadata = {**common, "Name": one.site}
            writer.write(one.image, compression="zlib", predictor=True, photometric="minisblack", metadata=metadata)
            n_written += 1
        if n_written == 0:
            raise InputError(f"{path}: expected at least one site, got none.")


def read_corrected(path: Path) -> Iterator[CorrectedSite]:
    """The fields that `write_corrected` wrote, one at a time.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable or not such a file.
    """
    with as_readable(path, expected="an OME-TIFF of corrected images"), tifffile.TiffFile(path) as tif:
        for series in tif.series:
            image = np.asarray(series.asarray())
            # One channel alone comes without its axis.
            yield CorrectedSite(series.name, image if image.ndim == 3 else image[None])
