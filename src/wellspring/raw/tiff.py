"""TIFF wells: site images, 2D or z-stack, one channel per file or many, OME metadata used where present."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.names import Match, matching_files
from wellspring.raw.tiff_headers import TiffHeader, opened_tiff, read_headers

__all__ = ["PROJECTIONS", "SiteImage", "SiteStacks", "TiffContent", "describe_tiff", "read_sites", "read_stacks"]

PROJECTIONS = ("max", "mean")


@dataclass(frozen=True)
class SiteImage:
    """One projected field of view.

    Attributes
    ----------
    site : str
        The ``{site}`` part of the file name, ``"1"`` without one; ``-1``, ``-2``, … follow for the images of a file
        that holds several.
    channels : tuple of str
        Names of the planes of `image`.
    image : (n_channels, Y, X) uint16
        Raw intensities.
    pixel_size_um : float or None
        Side of a pixel, µm, where known.
    """

    site: str
    channels: tuple[str, ...]
    image: NDArray[np.uint16]
    pixel_size_um: float | None


@dataclass(frozen=True)
class SiteStacks:
    """One field of view with its planes.

    Attributes
    ----------
    site : str
        As of `SiteImage`.
    stacks : dict of str to (Y, X) or (Z, Y, X) uint16
        Raw intensities by channel: two axes where the channel has one plane.
    pixel_size_um : float or None
        Side of a pixel, µm, where known.
    """

    site: str
    stacks: dict[str, NDArray[np.uint16]]
    pixel_size_um: float | None


@dataclass(frozen=True)
class TiffContent:
    """What the headers of a well's files tell.

    Attributes
    ----------
    channels : tuple of str
    n_sites : int
    n_values : int
        Intensities: pixels x planes x channels, summed over the sites.
    n_planes : dict of str to tuple of int
        By channel, every number of planes (z) that a site has, ascending: one number where all sites agree.
    """

    channels: tuple[str, ...]
    n_sites: int
    n_values: int
    n_planes: dict[str, tuple[int, ...]]


def describe_tiff(path: Path, *, well: str, pattern: str, channels: Sequence[str] | None) -> TiffContent:
    """Channels, sites and planes of a well, from the headers of its files; no pixel is read.

    Parameters and errors are those of `read_sites`, except that pixel data are not looked at.
    """
    names, sites = _plan(path, well=well, pattern=pattern, channels=channels)
    found = {name: {_number_of_planes(headers, name) for headers in sites.values()} for name in names}
    n_values = sum(math.prod(header.shape) for headers in sites.values() for header in headers)
    planes = {name: tuple(sorted(numbers)) for name, numbers in found.items()}
    return TiffContent(names, len(sites), n_values, planes)


def _number_of_planes(headers: Sequence[TiffHeader], channel: str) -> int:
    own = [header for header in headers if channel in header.channels]
    return sum(header.shape[header.axes.index("Z")] if "Z" in header.axes else 1 for header in own)


def read_sites(
    path: Path,
    *,
    well: str,
    pattern: str,
    channels: Sequence[str] | None,
    projection: str,
    pixel_size_um: float | None = None,
) -> Iterator[SiteImage]:
    """The sites of a well, sorted by file name, one in memory at a time.

    Parameters
    ----------
    path
        The folder of the well's files, or the one file that holds the well.
    well, pattern
        See `matching_files`. Each image of a file with several images (positions) is a site.
    channels
        Names of the planes of a file, for files whose name and OME metadata give none; and in any case, when given,
        the channels that every site must have, in the order wanted. Without it channels are sorted by name when they
        come from file names, else in the order of the file.
    projection
        ``"max"`` or ``"mean"`` over z, be it an axis of the file or ``{z}`` in the name. The mean is rounded to the
        nearest integer, halves to the even one.
    pixel_size_um
        Side of a pixel; None: what the OME metadata say.

    Yields
    ------
    SiteImage
        uint8 images are widened to uint16, values unchanged.

    Raises
    ------
    FileNotFoundError
        When no file matches.
    ValueError
        When a file is unreadable, truncated, of another dtype, has a time axis, or unnamed channels; when the images
        of one site differ in shape or pixel size; when two hold the same (site, channel, z); when a site lacks a
        channel or has one too many; when `projection` is unknown. The message names the file.
    """
    if projection not in PROJECTIONS:
        raise InputError(f"raw.projection: expected one of {list(PROJECTIONS)}, got {projection!r}.")
    names, sites = _plan(path, well=well, pattern=pattern, channels=channels)
    for site, headers in sites.items():
        size = pixel_size_um if pixel_size_um is not None else _pixel_size(headers)
        yield SiteImage(site, names, _projected(headers, channels=names, projection=projection), size)


def read_stacks(
    path: Path,
    *,
    well: str,
    pattern: str,
    channels: Sequence[str] | None,
    wanted: Sequence[str],
    pixel_size_um: float | None = None,
) -> Iterator[SiteStacks]:
    """The sites of a well as `read_sites` yields them, but some channels only and with all of their planes.

    Parameters
    ----------
    path, well, pattern, channels, pixel_size_um
        As in `read_sites`.
    wanted
        Channels to read.

    Yields
    ------
    SiteStacks
        Planes are in the order of the file; those of several files in the order of ``{z}``, by number where it is one.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_sites`; and when a wanted channel is not there.
    """
    names, sites = _plan(path, well=well, pattern=pattern, channels=channels)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise InputError(f"{path}: expected the channels {list(wanted)}, but {missing} are not among {list(names)}.")
    for site, headers in sites.items():
        size = pixel_size_um if pixel_size_um is not None else _pixel_size(headers)
        yield SiteStacks(site, _stacks(headers, wanted=wanted), size)


def _stacks(headers: Sequence[TiffHeader], *, wanted: Sequence[str]) -> dict[str, NDArray[np.uint16]]:
    parts: dict[str, list[NDArray[np.uint16]]] = {name: [] for name in wanted}
    for header in sorted(headers, key=_place_of_z):
        if not set(header.channels).isdisjoint(wanted):
            for name, stack in zip(header.channels, _planes(header), strict=True):
                if name in parts:
                    parts[name].append(stack)
    joined = {name: found[0] if len(found) == 1 else np.concatenate(found) for name, found in parts.items()}
    return {name: stack[0] if len(stack) == 1 else stack for name, stack in joined.items()}


def _place_of_z(header: TiffHeader) -> tuple[bool, int, str]:
    is_number = header.z.isdecimal()
    return not is_number, int(header.z) if is_number else 0, header.z


def _plan(
    path: Path, *, well: str, pattern: str, channels: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[str, list[TiffHeader]]]:
    sites: dict[str, list[TiffHeader]] = {}
    is_named = False
    for match in matching_files(path, pattern=pattern, well=well):
        is_named = is_named or "channel" in match.parts
        for header in read_headers(match.path):
            placed = _placed(header, match=match, channels=channels)
            sites.setdefault(placed.site, []).append(placed)
    for site, headers in sites.items():
        _check_site(site, headers)
    found = list(dict.fromkeys(name for headers in sites.values() for h in headers for name in h.channels))
    names = tuple(channels) if channels is not None else tuple(sorted(found) if is_named else found)
    for site, headers in sites.items():
        _check_channels(site, headers, names=names)
    return names, sites


def _placed(header: TiffHeader, *, match: Match, channels: Sequence[str] | None) -> TiffHeader:
    """The header with its site, z and channel names, its axes reduced to Y, X, Z and C; or raise."""
    if header.dtype.kind != "u" or header.dtype.itemsize > 2:
        raise InputError(f"{header.path}: expected an image of uint8 or uint16, found {header.dtype}. Convert it.")
    if not header.is_whole:
        raise InputError(
            f"{header.path}: its OME metadata name images that are not in this file. Export each site to a file of its "
            "own."
        )
    axes = _plain_axes(header, has_named_channel="channel" in match.parts, channels=channels)
    n_channels = header.shape[axes.index("C")] if "C" in axes else 1
    site = match.parts.get("site", "1")
    return replace(
        header,
        axes=axes,
        site=f"{site}-{header.index + 1}" if header.n_images > 1 else site,
        z=match.parts.get("z", ""),
        channels=_channel_names(header, match=match, n_channels=n_channels, channels=channels),
    )


def _plain_axes(header: TiffHeader, *, has_named_channel: bool, channels: Sequence[str] | None) -> str:
    # TIFF calls three or four planes samples, which are colours in a photograph; one channel has no colours.
    is_stack = has_named_channel and header.axes.startswith("S") and "Z" not in header.axes
    axes = header.axes.replace("S", "Z" if is_stack else "C")
    unknown = [axis for axis in axes if axis not in "CZYX"]
    if unknown and unknown[0] in "QI" and len(unknown) == 1:
        n_planes = header.shape[axes.index(unknown[0])]
        n_expected = None if channels is None else len(channels)
        if has_named_channel or "C" in axes or n_expected == 1:
            axes = axes.replace(unknown[0], "Z")
        elif n_expected == n_planes:
            axes = axes.replace(unknown[0], "C")
    if sorted(axes) not in [sorted(a) for a in ("YX", "CYX", "ZYX", "CZYX")]:
        raise InputError(
            f"{header.path}: expected the axes Y and X, and at most C (channel) and Z; found {header.axes} of shape "
            f"{header.shape}. Name the planes of each file in raw.channels, or export one site and time point per file."
        )
    return axes


def _channel_names(
    header: TiffHeader, *, match: Match, n_channels: int, channels: Sequence[str] | None
) -> tuple[str, ...]:
    if "channel" in match.parts:
        if n_channels == 1:
            return (match.parts["channel"],)
        raise InputError(
            f"{header.path}: the name says one channel ({match.parts['channel']}), but the file holds {n_channels}. "
            "Export each channel as a grey image, or, if these are other channels, write {_} instead of {channel} in "
            "raw.pattern."
        )
    for names in (header.names, tuple(channels or ())):
        if len(names) == n_channels:
            return names
    raise InputError(
        f"{header.path}: holds {n_channels} channel(s) without names, but raw.channels names {len(channels or ())}. "
        "List one name per channel there, or put {channel} in raw.pattern."
    )


def _check_site(site: str, headers: Sequence[TiffHeader]) -> None:
    first = headers[0]
    seen: dict[tuple[str, str], Path] = {}
    for header in headers:
        if header.height_width != first.height_width:
            raise InputError(
                f"{header.path}: expected the shape of the site's other images, {first.height_width} as in "
                f"{first.path}, found {header.height_width}. Images of one site must have one shape."
            )
        for name in header.channels:
            if (name, header.z) in seen:
                of_z = f", z {header.z}" if header.z else ""
                raise InputError(
                    f"{header.path}: site {site}, channel {name}{of_z} is also in {seen[(name, header.z)]}. Tell them "
                    "apart with {site}, {channel} or {z} in raw.pattern, or remove one."
                )
            seen[(name, header.z)] = header.path


def _check_channels(site: str, headers: Sequence[TiffHeader], *, names: Sequence[str]) -> None:
    there = {name for header in headers for name in header.channels}
    missing = [name for name in names if name not in there]
    if missing or len(there) > len(names):
        extra = sorted(there - set(names))
        raise InputError(
            f"{headers[0].path}: site {site} was expected to have the channels {list(names)}; missing: "
            f"{missing or 'none'}, too many: {extra or 'none'}. All sites of a well must have the same channels, "
            "those of raw.channels if given."
        )


def _pixel_size(headers: Sequence[TiffHeader]) -> float | None:
    known = {size: header.path for header in headers if header.pixel_size_um for size in header.pixel_size_um}
    if not known:
        return None
    if max(known) - min(known) > 1e-3 * max(known):
        raise InputError(
            f"{known[max(known)]}: expected square pixels of one size in a site, but the OME metadata say "
            f"{sorted(known)} µm. Set raw.pixel_size_um."
        )
    return min(known)


def _projected(headers: Sequence[TiffHeader], *, channels: Sequence[str], projection: str) -> NDArray[np.uint16]:
    """(n_channels, Y, X) uint16: the images of one site, read one file at a time and projected over z."""
    shape = (len(channels), *headers[0].height_width)
    is_mean = projection == "mean"
    image = np.zeros(shape, dtype=np.uint64 if is_mean else np.uint16)
    n_planes = np.zeros(len(channels), dtype=np.uint64)
    for header in headers:
        for name, stack in zip(header.channels, _planes(header), strict=True):
            place = channels.index(name)
            n_planes[place] += len(stack)
            if is_mean:
                image[place] += stack.sum(axis=0, dtype=np.uint64)
            else:
                np.maximum(image[place], stack.max(axis=0), out=image[place])
    if is_mean:
        # A quotient of integers below 2**53 that ends in .5 is exact in float64, so halves are seen as halves.
        return np.rint(image / n_planes[:, None, None]).astype(np.uint16)
    return image.astype(np.uint16, copy=False)


def _planes(header: TiffHeader) -> Iterable[NDArray[np.uint16]]:
    """(Z, Y, X) uint16 of each channel of one image."""
    with opened_tiff(header.path) as tif:
        data = np.asarray(tif.series[header.index].asarray())
    data = data.reshape(header.shape)
    axes = header.axes
    for axis in "ZC":
        if axis not in axes:
            data, axes = data[None], axis + axes
    return np.transpose(data, [axes.index(axis) for axis in "CZYX"]).astype(np.uint16, copy=False)
