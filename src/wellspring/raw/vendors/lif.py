"""Leica LIF files, read with liffile: each image, or each tile of an image, is a field."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.vendors.containers import Container, Scene, package

__all__ = ["opened_file"]

_AXES = "MTZCYX"
_MICROMETRES = {"m": 1e6, "mm": 1e3, "um": 1.0, "µm": 1.0, "nm": 1e-3}


@contextmanager
def opened_file(path: Path) -> Iterator[Container]:
    """The fields of a LIF file, in its order.

    Raises
    ------
    InputError
        For colour images, other dimensions, and images of which pixels are missing.
    """
    with package(".lif").LifFile(str(path), squeeze=False) as lif:
        images = list(lif.images)
        if not images:
            raise InputError(f"{path}: expected images, found none. Export the file again.")
        for image in images:
            _check(image, path=path)
        fields = [(image, tile) for image in images for tile in range(image.sizes.get("M", 1))]
        scenes = tuple(_scene(image) for image, _ in fields)

        def plane(scene: int, time: int, z: int, channel: int) -> NDArray[np.generic]:
            """Pixels of one plane."""
            image, tile = fields[scene]
            places = {"M": tile, "T": time, "Z": z, "C": channel}
            found = image.frame(**{axis: place for axis, place in places.items() if axis in image.sizes})
            return np.asarray(found)

        yield Container(scenes, plane)


def _check(image: Any, *, path: Path) -> None:
    other = [f"{axis} ({size})" for axis, size in image.sizes.items() if axis not in _AXES and size > 1]
    if other or not {"Y", "X"} <= set(image.sizes):
        raise InputError(
            f"{path}: expected images of tiles, times, planes and channels, found {image.name} with the dimensions "
            f"{', '.join(other) or ', '.join(image.sizes)}. Export it as OME-TIFF."
        )
    needed = math.prod(image.sizes.values()) * image.dtype.itemsize
    block = image.memory_block
    # liffile takes a block that ends behind the file for whole.
    found = min(block.size, path.stat().st_size - block.offset)
    if found != needed:
        raise InputError(
            f"{path}: expected a complete LIF file, but {image.name} has {found:,} of {needed:,} bytes. Copy the file "
            "again from its source."
        )


def _scene(image: Any) -> Scene:
    """One field. Places of the stage are not taken: which way its axes run in the image depends on the stand."""
    sizes, steps = image.sizes, _steps_um(image)
    return Scene(
        name=image.path,
        channels=_channels(image),
        n_times=sizes.get("T", 1),
        n_planes=sizes.get("Z", 1),
        shape=(sizes["Y"], sizes["X"]),
        dtype=np.dtype(image.dtype),
        pixel_size_um=steps.get("X", math.nan),
        step_um=steps.get("Z", math.nan),
    )


def _channels(image: Any) -> tuple[str, ...]:
    """Names of dyes, or else of the colours that the channels are shown in."""
    found = []
    for one in image.xml_element.iterfind("./Data/Image/ImageDescription/Channels/ChannelDescription"):
        dyes = {item.findtext("Key"): item.findtext("Value") for item in one.iterfind("ChannelProperty")}
        found.append((int(one.get("BytesInc", 0)), dyes.get("DyeName") or one.get("LUTName", "")))
    names = [name for _, name in sorted(found, key=_bytes)]
    n_channels = image.sizes.get("C", 1)
    return tuple(names) if len(names) == n_channels else ("",) * n_channels


def _bytes(channel: tuple[int, str]) -> int:
    return channel[0]


def _steps_um(image: Any) -> dict[str, float]:
    """Axis to the distance of its elements, µm: lengths go from the first to the last."""
    names, found = {"1": "X", "2": "Y", "3": "Z"}, {}
    for one in image.xml_element.iterfind("./Data/Image/ImageDescription/Dimensions/DimensionDescription"):
        n, scale = int(one.get("NumberOfElements", 1)), _MICROMETRES.get(one.get("Unit", ""))
        length = abs(float(one.get("Length", 0)))
        if one.get("DimID") in names and n > 1 and scale is not None and length > 0:
            found[names[one.get("DimID", "")]] = length * scale / (n - 1)
    return found
