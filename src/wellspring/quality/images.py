"""What this stage writes in addition to tables: small images of a well, functions of a plate, corrected images."""

import math
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from wellspring.files import as_readable, replaced_when_whole
from wellspring.quality.illumination import RatioHistogram, SmallImage, illumination_function
from wellspring.quality.offsets import plate_offset
from wellspring.raw.images import SiteImage

__all__ = [
    "Illumination",
    "SmallSite",
    "illumination_of_plate",
    "offsets_of_plate",
    "read_illumination",
    "read_small_sites",
    "relative_difference",
    "write_corrected",
    "write_illumination",
    "write_small_sites",
]

# Name of the image of a file without sites.
NO_SITE = ""


@dataclass(frozen=True)
class SmallSite:
    """The small images of one site, in the order of the channels."""

    site: str
    images: tuple[SmallImage, ...]


@dataclass(frozen=True)
class Illumination:
    """The illumination of one channel of a plate.

    Attributes
    ----------
    function : (y, x) float32
        From `illumination_function`; 1 everywhere where it is not applied.
    n_images : int
        Images that it was estimated from.
    is_applied : bool
        False where they were too few, or where the function is no more uneven than its own error explains.
    offset : float
        Of the camera, as estimated where the config gives no background; 0 where it gives one, NaN where it could not
        be estimated (then none is subtracted).
    cover : float
        Median share of the field that cells cover; 0 where images have no two classes of places.
    error : float
        Its own error as a share, root mean square over the field: half of the difference between the functions of two
        halves of the images. NaN where the images are too few, or fewer than two.
    change : float or None
        The plate's function was kept from before, since the one that its images have now differs by no more than its
        error: by this share, root mean square over the field. None: the function is that of these images.
    made_with : str
        Digest of the settings and the code that it was made with.
    middle : float
        Median over the images of their median intensity, the given background subtracted.
    """

    function: NDArray[np.float32]
    n_images: int
    is_applied: bool
    offset: float = 0.0
    cover: float = 0.0
    error: float = math.nan
    change: float | None = None
    made_with: str = ""
    middle: float = 0.0


def write_small_sites(path: Path, sites: Sequence[SmallSite], *, channels: Sequence[str]) -> None:
    """Write the small images of a well to one compressed NPZ file."""
    arrays: dict[str, Any] = {"channels": np.array(channels), "sites": np.array([one.site for one in sites])}
    for index, one in enumerate(sites):
        arrays[f"ratio_{index}"] = np.stack([image.ratio for image in one.images])
        arrays[f"is_measured_{index}"] = np.stack([image.is_measured for image in one.images])
        arrays[f"about_{index}"] = np.array([(image.middle, image.cover, image.offset) for image in one.images])
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
        for index, name in enumerate(arrays["sites"].tolist()):
            pairs = zip(*(arrays[f"{key}_{index}"] for key in ("ratio", "is_measured", "about")), strict=True)
            images = (SmallImage(ratio, measured, *about.tolist()) for ratio, measured, about in pairs)
            sites.append(SmallSite(name, tuple(images)))
        return tuple(arrays["channels"].tolist()), sites


def illumination_of_plate(
    wells: Iterable[tuple[tuple[str, ...], Sequence[SmallSite]]],
    *,
    channels: Sequence[str],
    smoothing_share: float,
    min_images: int,
    offsets: Mapping[str, float] | None = None,
) -> dict[str, Illumination]:
    """The illumination of each channel of a plate, from the small images of its wells, which are read one at a time.

    Parameters
    ----------
    wells
        Channel names and sites of each well; wells without sites count for nothing.
    channels
        Whose illumination is wanted.
    smoothing_share
        As of `illumination_function`.
    min_images
        A function from fewer images holds their cells as much as the light, and is not applied: from five images it
        may change intensities twofold where the true light differs by a tenth. One from more images is applied where
        its unevenness exceeds its error so far that fields become more even.
    offsets
        From `offsets_of_plate`: subtracted here, from what was measured without a background. None: none.

    Returns
    -------
    dict of str to Illumination
        A channel without any light, or a plate without sites, has the function 1 everywhere.
    """
    known = offsets or {}
    halves: dict[str, tuple[RatioHistogram, RatioHistogram]] = {}
    covers: dict[str, list[float]] = {}
    middles: dict[str, list[float]] = {}
    for names, sites in wells:
        for one in sites:
            for name, image in zip(names, one.images, strict=True):
                offset, shape = known.get(name, 0.0), image.ratio.shape
                own = halves.setdefault(name, (RatioHistogram(shape), RatioHistogram(shape)))
                half = own[0 if own[0].n_images <= own[1].n_images else 1]
                half.add(image.above(offset) if offset > 0 else image)
                covers.setdefault(name, []).append(image.cover)
                middles.setdefault(name, []).append(image.middle)
    found = {
        name: _illumination(halves.get(name), smoothing_share=smoothing_share, min_images=min_images)
        for name in channels
    }
    for name in [name for name, light in found.items() if light.is_applied]:
        cover, middle = float(np.median(covers[name])), float(np.median(middles[name]))
        found[name] = replace(found[name], offset=known.get(name, 0.0), cover=cover, middle=middle)
    return found


def _illumination(
    halves: tuple[RatioHistogram, RatioHistogram] | None, *, smoothing_share: float, min_images: int
) -> Illumination:
    """The function of all images, if they are enough and fields become more even with it; its error from two halves."""
    if halves is None:
        return Illumination(np.ones((2, 2), dtype=np.float32), 0, is_applied=False)
    whole = RatioHistogram(halves[0].counts.shape[1:])
    whole.merge(halves)
    if whole.n_images < max(1, min_images):
        return Illumination(np.ones(whole.counts.shape[1:], dtype=np.float32), whole.n_images, is_applied=False)
    function = illumination_function(whole.median(), smoothing_share=smoothing_share)
    error = math.nan
    if all(half.n_images for half in halves):
        one, other = (illumination_function(half.median(), smoothing_share=smoothing_share) for half in halves)
        error = relative_difference(one, other) / 2
    if not _is_worth_it(function, error=error):
        return Illumination(np.ones_like(function), whole.n_images, is_applied=False, error=error)
    return Illumination(function, whole.n_images, is_applied=True, error=error)


def _is_worth_it(function: NDArray[np.float32], *, error: float) -> bool:
    """Whether a field is more even with the function than without it.

    What is seen of the unevenness has the function's own error in it, seen**2 = true**2 + error**2. Applied, the error
    is what is left; so the true unevenness must be larger.
    """
    seen = relative_difference(function, np.ones_like(function))
    return math.isnan(error) or seen**2 - error**2 > error**2


def relative_difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Root mean square over the field of the difference of two (y, x) functions, as a share of the second."""
    return float(np.sqrt(np.mean((one / other - 1) ** 2)))


def offsets_of_plate(
    wells: Iterable[tuple[tuple[str, ...], Sequence[SmallSite]]], *, given: Collection[str]
) -> dict[str, float]:
    """The camera's offset of each channel of a plate whose background is not given (`plate_offset`); NaN: not known.

    Parameters
    ----------
    wells
        As of `illumination_of_plate`.
    given
        Channels whose background the config gives, and is subtracted already.
    """
    about: dict[str, list[tuple[float, float]]] = {}
    for names, sites in wells:
        for one in sites:
            for name, image in zip(names, one.images, strict=True):
                if name not in given:
                    about.setdefault(name, []).append((image.offset, image.middle))
    return {
        name: plate_offset([offset for offset, _ in each], middle=float(np.median([middle for _, middle in each])))
        for name, each in about.items()
    }


def write_illumination(path: Path, channels: Mapping[str, Illumination]) -> None:
    """Write the illumination of a plate's channels to one NPZ file."""
    arrays: dict[str, Any] = {f"function_{number}": one.function for number, one in enumerate(channels.values())}
    arrays["channels"] = np.array(list(channels))
    arrays["n_images"] = np.array([one.n_images for one in channels.values()])
    arrays["is_applied"] = np.array([one.is_applied for one in channels.values()])
    arrays["offset"] = np.array([one.offset for one in channels.values()])
    arrays["cover"] = np.array([one.cover for one in channels.values()])
    arrays["error"] = np.array([one.error for one in channels.values()])
    arrays["change"] = np.array([math.nan if one.change is None else one.change for one in channels.values()])
    arrays["made_with"] = np.array([one.made_with for one in channels.values()], dtype=np.str_)
    arrays["middle"] = np.array([one.middle for one in channels.values()])
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def read_illumination(path: Path) -> dict[str, Illumination]:
    """The illumination by channel that `write_illumination` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or not such a file.
    """
    with as_readable(path, expected="illumination functions"), np.load(path) as arrays:
        names = ("channels", "n_images", "is_applied", "offset", "cover", "error", "change", "made_with", "middle")
        rows = zip(*(arrays[name].tolist() for name in names), strict=True)
        return {
            name: Illumination(
                arrays[f"function_{number}"],
                n_images,
                is_applied,
                offset=offset,
                cover=cover,
                error=error,
                change=None if math.isnan(change) else change,
                made_with=made_with,
                middle=middle,
            )
            for number, (name, n_images, is_applied, offset, cover, error, change, made_with, middle) in enumerate(rows)
        }


def write_corrected(
    path: Path, sites: Iterable[SiteImage], *, channels: Sequence[str], pixel_size_um: float | None
) -> None:
    """Write corrected fields to one OME-TIFF, an image per site, named by it; one site is in memory at a time.

    Without any site there is one image of a single pixel, without a name: OME-TIFF knows no empty file.
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
            nothing = np.zeros((len(channels), 1, 1), dtype=np.uint16)
            writer.write(nothing, photometric="minisblack", metadata={**common, "Name": NO_SITE})
