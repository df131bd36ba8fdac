"""The images of a well, read through its index: one site in memory at a time, planes projected or kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.formats import image_planes
from wellspring.raw.index import ImageHeader, WellIndex
from wellspring.raw.mosaic import FieldPlace
from wellspring.raw.planes import PlaneLight, check_planes, light_of_plane

__all__ = ["PROJECTIONS", "SiteImage", "SiteStacks", "read_sites", "read_stacks"]

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
    plane_spacing_um : float or None
        Distance of planes, µm, where the files say it.
    """

    site: str
    stacks: dict[str, NDArray[np.uint16]]
    pixel_size_um: float | None
    plane_spacing_um: float | None = None


def read_sites(index: WellIndex, *, projection: str, wanted: Sequence[str] | None = None) -> Iterator[SiteImage]:
    """The sites of a well in the order of its index, one in memory at a time.

    Parameters
    ----------
    index
        From `wellspring.raw.index.read_index`, or `wellspring.raw.describe.describe_well` without a workflow.
    projection
        ``"max"`` or ``"mean"`` over z, be it an axis of the file or ``{z}`` in the name. The mean is rounded to the
        nearest integer, halves to the even one.
    wanted
        Channels to read, in the order wanted; None: all, in the order of the index. Files without any of them are not
        opened.

    Yields
    ------
    SiteImage
        uint8 images are widened to uint16, values unchanged.

    Raises
    ------
    FileNotFoundError, ValueError
        When `projection` is unknown or a wanted channel is not there; when a file is gone, damaged, or was replaced
        after the index was made. The message names the file.
    """
    if projection not in PROJECTIONS:
        raise InputError(f"raw.projection: expected one of {list(PROJECTIONS)}, got {projection!r}.")
    channels = _known(index, wanted)
    sizes = dict(zip(index.sites, index.site_sizes_um, strict=True))
    for site, headers in index.headers_of_sites().items():
        image = _site_image(index, headers, channels=channels, projection=projection)
        yield SiteImage(site, channels, image, sizes[site])


def read_stacks(index: WellIndex, *, wanted: Sequence[str]) -> Iterator[SiteStacks]:
    """The sites of a well as `read_sites` yields them, with all planes of the channels `wanted`.

    Yields
    ------
    SiteStacks
        Planes are in the order of the file; those of several files in the order of ``{z}``, by number where it is one.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_sites`.
    """
    channels = _known(index, wanted)
    sizes = dict(zip(index.sites, index.site_sizes_um, strict=True))
    for site, headers in index.headers_of_sites().items():
        yield SiteStacks(site, _site_stacks(index, headers, wanted=channels), sizes[site], index.plane_spacing_um)


def _known(index: WellIndex, wanted: Sequence[str] | None) -> tuple[str, ...]:
    channels = index.channels if wanted is None else tuple(wanted)
    missing = [name for name in channels if name not in index.channels]
    if missing and not index.left_out:
        raise InputError(
            f"{index.path}: expected the channels {list(channels)} in well {index.name}, but {missing} are not among "
            f"{list(index.channels)}. Correct the config."
        )
    return channels


def _site_image(
    index: WellIndex, headers: Sequence[ImageHeader], *, channels: Sequence[str], projection: str
) -> NDArray[np.uint16]:
    """(n_channels, Y, X) uint16 of one site: a field, or the parts of all fields of a mosaic."""
    if index.mosaic is None:
        return _projected(index, headers, channels=channels, projection=projection)
    whole = np.empty((len(channels), *index.mosaic.shape), dtype=np.uint16)
    for place in index.mosaic.fields:
        own = [header for header in headers if header.site == place.site]
        _paste(whole, _projected(index, own, channels=channels, projection=projection), place=place)
    return whole


def _site_stacks(
    index: WellIndex, headers: Sequence[ImageHeader], *, wanted: Sequence[str]
) -> dict[str, NDArray[np.uint16]]:
    """`_stacks` of one site: a field, or the parts of all fields of a mosaic."""
    if index.mosaic is None:
        return _stacks(index, headers, wanted=wanted)
    whole: dict[str, NDArray[np.uint16]] = {}
    for place in index.mosaic.fields:
        own = [header for header in headers if header.site == place.site]
        for name, stack in _stacks(index, own, wanted=wanted).items():
            if name not in whole:
                whole[name] = np.empty((*stack.shape[:-2], *index.mosaic.shape), dtype=np.uint16)
            _paste(whole[name], stack, place=place)
    return whole


def _paste(whole: NDArray[np.uint16], image: NDArray[np.uint16], *, place: FieldPlace) -> None:
    part = image[..., slice(*place.rows), slice(*place.columns)]
    height, width = part.shape[-2:]
    whole[..., place.top : place.top + height, place.left : place.left + width] = part


def _stacks(
    index: WellIndex, headers: Sequence[ImageHeader], *, wanted: Sequence[str]
) -> dict[str, NDArray[np.uint16]]:
    parts: dict[str, list[NDArray[np.uint16]]] = {name: [] for name in wanted}
    for header in sorted(headers, key=_z_order):
        if not set(header.channels).isdisjoint(wanted):
            for name, stack in zip(header.channels, image_planes(index, header), strict=True):
                if name in parts:
                    parts[name].append(stack)
    joined = {name: found[0] if len(found) == 1 else np.concatenate(found) for name, found in parts.items()}
    for name, stack in joined.items():
        check_planes([light_of_plane(plane) for plane in stack], index=index, site=headers[0].site, channel=name)
    return {name: stack[0] if len(stack) == 1 else stack for name, stack in joined.items()}


def _z_order(header: ImageHeader) -> tuple[bool, int, str]:
    is_number = header.z.isdecimal()
    return not is_number, int(header.z) if is_number else 0, header.z


def _projected(
    index: WellIndex, headers: Sequence[ImageHeader], *, channels: Sequence[str], projection: str
) -> NDArray[np.uint16]:
    """(n_channels, Y, X) uint16: the images of one site, read one file at a time and projected over z."""
    is_mean = projection == "mean"
    shape = (len(channels), *headers[0].height_width)
    image = np.zeros(shape, dtype=np.uint64 if is_mean else np.uint16)
    light: dict[str, list[PlaneLight]] = {name: [] for name in channels}
    for header in sorted(headers, key=_z_order):
        if set(header.channels).isdisjoint(channels):
            continue
        for name, stack in zip(header.channels, image_planes(index, header), strict=True):
            if name not in channels:
                continue
            row = channels.index(name)
            light[name] += [light_of_plane(plane) for plane in stack]
            if is_mean:
                image[row] += stack.sum(axis=0, dtype=np.uint64)
            else:
                for plane in stack:
                    np.maximum(image[row], plane, out=image[row])
    for name, found in light.items():
        check_planes(found, index=index, site=headers[0].site, channel=name)
    if is_mean:
        # A quotient of integers below 2**53 that ends in .5 is exact in float64, so halves are seen as halves.
        n_planes = np.array([len(light[name]) for name in channels], dtype=np.uint64)
        return np.rint(image / n_planes[:, None, None]).astype(np.uint16)
    return image.astype(np.uint16, copy=False)
