"""TIFF wells: site images, 2D or z-stack, one channel per file or many, OME metadata used where present."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw import images
from wellspring.raw.images import SiteImage, SiteStacks
from wellspring.raw.index import ImageHeader, RawFile, WellIndex
from wellspring.raw.names import Match, matching_files
from wellspring.raw.sites import indexed_sites
from wellspring.raw.tiff_headers import TiffHeader, opened_tiff, read_headers
from wellspring.raw.tiff_pages import check_whole, images_of
from wellspring.raw.values import as_uint16, check_number_type, is_plain

__all__ = ["describe_tiff", "read_planes", "read_sites", "read_stacks"]


def describe_tiff(
    path: Path,
    *,
    plate: str = "",
    well: str,
    pattern: str,
    channels: Sequence[str] | None,
    pixel_size_um: float | None = None,
    rename: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
) -> WellIndex:
    """The index of a well, from the headers of its files; no pixel is read.

    Parameters
    ----------
    path
        The folder of the well's files, or the one file that holds the well.
    plate, well, pattern
        See `matching_files`. Sites are sorted by file name; each image of a file with several images (positions) is
        a site.
    channels
        Names of the planes of a file, for files whose name and OME metadata give none; and in any case, when given,
        the channels that every site must have, in the order wanted. Without it channels are sorted by name when they
        come from file names, else in the order of the file.
    pixel_size_um
        Side of a pixel; None: what the OME metadata say.
    rename
        Name of a channel in the files to its name from here on, which is that of `channels`.
    without
        As of `matching_files`.

    Raises
    ------
    FileNotFoundError
        When no file matches.
    ValueError
        When a file is unreadable, has values that are no uint16, a time axis, or unnamed channels; when the images of
        one site differ in shape or pixel size; when two hold the same (site, channel, z); when a channel of a site is
        missing or one is too many; when `rename` names a channel that is not there. The message names the file.
    """
    matches = matching_files(path, pattern=pattern, well=well, without=without)
    found = [(number, match, header) for number, match in enumerate(matches) for header in read_headers(match.path)]
    files = tuple(RawFile.of(match.path) for match in matches)
    placed = [_placed(header, file=number, match=match, channels=channels) for number, match, header in found]
    content = indexed_sites(
        _renamed(placed, rename or {}, path=path),
        files=files,
        channels=channels,
        is_sorted=any("channel" in match.parts for match in matches),
        pixel_size_um=pixel_size_um,
    )
    dtypes = {str(header.dtype) for _, _, header in found}
    _check_heights(found)
    _check_values(placed, found)
    return WellIndex(
        plate=plate,
        well=well,
        format="tiff",
        path=str(path),
        files=files,
        n_files=len(files),
        dtype=dtypes.pop() if len(dtypes) == 1 else None,
        **content,
    )


def _check_heights(found: Sequence[tuple[int, Match, TiffHeader]]) -> None:
    """Raise where the planes of a stack were taken at one height: MetaXpress copies single planes into each folder."""
    heights: dict[tuple[str, str], list[tuple[float, Path]]] = {}
    for _, match, header in found:
        if "z" in match.parts and header.height_um is not None:
            key = (match.parts.get("site", "1"), match.parts.get("channel", ""))
            heights.setdefault(key, []).append((header.height_um, header.path))
    for (site, channel), planes in heights.items():
        if len(planes) > 1 and len({height for height, _ in planes}) == 1:
            raise InputError(
                f"{planes[1][1]}: expected planes of different heights, but site {site}, channel {channel} has "
                f"{len(planes)} at {planes[0][0]:g} µm: copies of one plane, as MetaXpress exports them, with a "
                "projection among them. Read the plate with raw.format metaxpress."
            )


def _check_values(placed: Sequence[ImageHeader], found: Sequence[tuple[int, Match, TiffHeader]]) -> None:
    """Read images of other types than uint8 and uint16 once: a value that would be lost stops this job alone."""
    for header, (_, match, about) in zip(placed, found, strict=True):
        if not is_plain(about.dtype):
            for _ in read_planes(header, path=match.path):
                pass


def _renamed(headers: Sequence[ImageHeader], rename: Mapping[str, str], *, path: Path) -> list[ImageHeader]:
    """The headers with the new names of their channels."""
    there = dict.fromkeys(name for header in headers for name in header.channels)
    unknown = [name for name in rename if name not in there and rename[name] not in there]
    if unknown:
        raise InputError(
            f"raw.rename: expected channels of {path}, {', '.join(there)}; got {', '.join(unknown)}. Correct the "
            "config."
        )
    return [replace(one, channels=tuple(rename.get(name, name) for name in one.channels)) for one in headers]


def _placed(header: TiffHeader, *, file: int, match: Match, channels: Sequence[str] | None) -> ImageHeader:
    """The header with its site, z and channel names, its axes reduced to Y, X, Z and C; or raise."""
    check_number_type(header.dtype, path=header.path)
    axes = _plain_axes(header, has_named_channel="channel" in match.parts, channels=channels)
    n_channels = header.shape[axes.index("C")] if "C" in axes else 1
    site = match.parts.get("site", "1")
    return ImageHeader(
        file=file,
        number=header.index,
        axes=axes,
        shape=header.shape,
        site=f"{site}-{header.index + 1}" if header.n_images > 1 else site,
        z=match.parts.get("z", ""),
        channels=_channel_names(header, match=match, n_channels=n_channels, channels=channels),
        pixel_size_um=header.pixel_size_um,
        plane_spacing_um=header.plane_spacing_um,
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


def read_planes(header: ImageHeader, *, path: Path) -> Iterator[NDArray[np.uint16]]:
    """(Z, Y, X) uint16 of each channel of one image in the file `path`; see `as_uint16` for other types of numbers.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is gone, damaged, or holds another image than the header says.
    """
    with opened_tiff(path) as tif:
        image = images_of(tif, path=path)[header.number]
        check_whole(image, path=path)
        data = np.asarray(image.asarray())
        # Within the block: another image than the header's has another size, which is the file's mistake.
        data = as_uint16(data.reshape(header.shape), path=path)
    axes = header.axes
    for axis in "ZC":
        if axis not in axes:
            data, axes = data[None], axis + axes
    yield from np.transpose(data, [axes.index(axis) for axis in "CZYX"])


def read_sites(
    path: Path, *, well: str, pattern: str, channels: Sequence[str] | None, projection: str
) -> Iterator[SiteImage]:
    """The sites of a well, without an index: `describe_tiff`, then `wellspring.raw.images.read_sites`."""
    index = describe_tiff(path, well=well, pattern=pattern, channels=channels)
    return images.read_sites(index, projection=projection)


def read_stacks(
    path: Path, *, well: str, pattern: str, channels: Sequence[str] | None, wanted: Sequence[str]
) -> Iterator[SiteStacks]:
    """The stacks of a well, without an index: `describe_tiff`, then `wellspring.raw.images.read_stacks`."""
    index = describe_tiff(path, well=well, pattern=pattern, channels=channels)
    return images.read_stacks(index, wanted=wanted)
