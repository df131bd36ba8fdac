"""The images of a well sorted into sites, each of which must be complete: what an index of images rests on."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.index import ImageHeader, RawFile

__all__ = ["indexed_sites"]


def indexed_sites(
    headers: Sequence[ImageHeader],
    *,
    files: Sequence[RawFile],
    channels: Sequence[str] | None,
    is_sorted: bool,
    pixel_size_um: float | None,
) -> dict[str, Any]:
    """What the images of a well say of it: the fields of `WellIndex` that images decide.

    Parameters
    ----------
    headers, files
        Images in the order of the files.
    channels
        Those that every site must have, in the order wanted; None: all that are there.
    is_sorted
        Whether channels of no given order are sorted by name, else they come in the order of the files.
    pixel_size_um
        Side of a pixel; None: what the files say.

    Raises
    ------
    ValueError
        When the images of one site differ in shape or pixel size; when two hold the same (site, channel, z); when a
        channel of a site is missing or one is too many. The message names the file.
    """
    sites: dict[str, list[ImageHeader]] = {}
    for header in headers:
        sites.setdefault(header.site, []).append(header)
    for site, images in sites.items():
        _check_site(site, images, files=files)
    found = list(dict.fromkeys(name for header in headers for name in header.channels))
    names = tuple(channels) if channels is not None else tuple(sorted(found) if is_sorted else found)
    for site, images in sites.items():
        _check_channels(site, images, names=names, files=files)
    sizes = tuple(
        pixel_size_um if pixel_size_um is not None else _pixel_size(images, files=files) for images in sites.values()
    )
    return {
        "channels": names,
        "sites": tuple(sites),
        "site_sizes_um": sizes,
        "pixel_size_um": _common(sizes),
        "n_sites": len(sites),
        "n_values": sum(math.prod(header.shape) for header in headers),
        "n_planes": {name: tuple(sorted(_planes_of(sites, name))) for name in names},
        "headers": tuple(headers),
    }


def _planes_of(sites: Mapping[str, Sequence[ImageHeader]], channel: str) -> set[int]:
    return {sum(one.n_planes for one in images if channel in one.channels) for images in sites.values()}


def _check_site(site: str, headers: Sequence[ImageHeader], *, files: Sequence[RawFile]) -> None:
    first = headers[0]
    seen: dict[tuple[str, str], str] = {}
    for header in headers:
        path = files[header.file].path
        if header.height_width != first.height_width:
            raise InputError(
                f"{path}: expected the shape of the site's other images, {first.height_width} as in "
                f"{files[first.file].path}, found {header.height_width}. Images of one site must have one shape."
            )
        for name in header.channels:
            if (name, header.z) in seen:
                of_z = f", z {header.z}" if header.z else ""
                raise InputError(
                    f"{path}: site {site}, channel {name}{of_z} is also in {seen[(name, header.z)]}. Distinguish "
                    "them by {site}, {channel} or {z} in raw.pattern, or remove one."
                )
            seen[(name, header.z)] = path


def _check_channels(
    site: str, headers: Sequence[ImageHeader], *, names: Sequence[str], files: Sequence[RawFile]
) -> None:
    there = {name for header in headers for name in header.channels}
    missing = [name for name in names if name not in there]
    if missing or len(there) > len(names):
        extra = sorted(there - set(names))
        raise InputError(
            f"{files[headers[0].file].path}: site {site} was expected to have the channels {list(names)}; missing: "
            f"{missing or 'none'}, too many: {extra or 'none'}. All sites of a well must have the same channels, "
            "those of raw.channels if given."
        )


def _pixel_size(headers: Sequence[ImageHeader], *, files: Sequence[RawFile]) -> float | None:
    known = {size: header.file for header in headers if header.pixel_size_um for size in header.pixel_size_um}
    if not known:
        return None
    if not _is_one(known):
        raise InputError(
            f"{files[known[max(known)]].path}: expected square pixels of one size in a site, but the metadata say "
            f"{sorted(known)} µm. Set raw.pixel_size_um."
        )
    return min(known)


def _common(sizes: Sequence[float | None]) -> float | None:
    known = [size for size in sizes if size is not None]
    return min(known) if known and len(known) == len(sizes) and _is_one(known) else None


def _is_one(sizes: Any) -> bool:
    """Whether pixel sizes are the same within 0.1 %, as vendors round them."""
    return bool(max(sizes) - min(sizes) <= 1e-3 * max(sizes))
