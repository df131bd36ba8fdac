"""The images of a well sorted into sites, each of which must be complete: what an index of images rests on."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
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
    _check_names(sites)
    for site, images in sites.items():
        _check_site(site, images, files=files)
    _check_numbers(sites, files=files)
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
        "pixel_size_in_files_um": _common([_stored_size(images) for images in sites.values()]),
        "plane_spacing_um": _common([one.plane_spacing_um for one in headers if one.n_planes > 1 or one.z]),
        "n_sites": len(sites),
        "n_values": sum(math.prod(header.shape) for header in headers),
        "n_planes": {name: tuple(sorted(_planes_of(sites, name))) for name in names},
        "headers": tuple(headers),
    }


def _planes_of(sites: Mapping[str, Sequence[ImageHeader]], channel: str) -> set[int]:
    return {sum(one.n_planes for one in images if channel in one.channels) for images in sites.values()}


def _check_site(site: str, headers: Sequence[ImageHeader], *, files: Sequence[RawFile]) -> None:
    first = headers[0]
    seen: dict[tuple[str, str | int], ImageHeader] = {}
    for header in headers:
        path = files[header.file].path
        if header.height_width != first.height_width:
            raise InputError(
                f"{path}: expected the shape of the site's other images, {first.height_width} as in "
                f"{files[first.file].path}, found {header.height_width}. Images of one site must have one shape."
            )
        for name in header.channels:
            # Planes 1 and 01 are one plane.
            other = seen.setdefault((name, int(header.z) if header.z.isdecimal() else header.z), header)
            if other is not header:
                of_z = f", z {header.z}" if header.z else ""
                raise InputError(
                    f"{path}: site {site}, channel {name}{of_z} is also in {files[other.file].path}. Distinguish "
                    "them by {site}, {channel} or {z} in raw.pattern, or remove one."
                )


def _check_numbers(sites: Mapping[str, Sequence[ImageHeader]], *, files: Sequence[RawFile]) -> None:
    """Raise where the numbers of a stack's planes have a gap; they may begin with any, and go up in any one step."""
    stacks: dict[tuple[str, str], dict[int, ImageHeader]] = {}
    for site, headers in sites.items():
        for header in headers:
            for name in header.channels:
                if header.z.isdecimal():
                    stacks.setdefault((site, name), {})[int(header.z)] = header
    gaps = {key: [(a, b - a) for a, b in pairwise(sorted(planes))] for key, planes in stacks.items()}
    steps: dict[str, int] = {}
    for (_, name), found in gaps.items():
        steps[name] = min([steps.get(name, sys.maxsize), *(step for _, step in found)])
    for (site, name), found in gaps.items():
        before = next((number for number, step in found if step != steps[name]), None)
        if before is not None:
            planes = stacks[site, name]
            raise InputError(
                f"{files[planes[before].file].path}: site {site}, channel {name} has the planes "
                f"{', '.join(map(str, sorted(planes)))}; expected plane {before + steps[name]} after this one. Copy "
                "the missing file, or leave the site out."
            )


def _check_names(sites: Iterable[str]) -> None:
    """Raise where two names of sites are one number: 1 and 01."""
    seen: dict[int, str] = {}
    for site in sites:
        other = seen.setdefault(int(site), site) if site.isdecimal() else site
        if other != site:
            raise InputError(
                f"sites {other} and {site}: expected one way to write each number of a site. Rename the files of one "
                "of them, or remove them if they are copies."
            )


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


def _stored_size(headers: Sequence[ImageHeader]) -> float | None:
    """Side of a pixel of one site as its files say; None where they say none, or several."""
    known = [size for header in headers if header.pixel_size_um for size in header.pixel_size_um]
    return min(known) if known and _is_one(known) else None


def _common(sizes: Sequence[float | None]) -> float | None:
    known = [size for size in sizes if size is not None]
    return min(known) if known and len(known) == len(sizes) and _is_one(known) else None


def _is_one(sizes: Any) -> bool:
    """Whether pixel sizes are the same within 0.1 %, as vendors round them."""
    return bool(max(sizes) - min(sizes) <= 1e-3 * max(sizes))
