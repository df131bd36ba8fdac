"""Nikon ND2 files, read with nd2: each position is a field."""

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

_AXES = "PTZCYX"


@contextmanager
def opened_file(path: Path) -> Iterator[Container]:
    """The fields of an ND2 file, in its order.

    Raises
    ------
    InputError
        For colour images, other dimensions, and acquisitions that were stopped before their end.
    """
    with package(".nd2").ND2File(str(path)) as nd2:
        sizes = dict(nd2.sizes)
        other = [f"{axis} ({size})" for axis, size in sizes.items() if axis not in _AXES and size > 1]
        if other:
            raise InputError(
                f"{path}: expected grey images at positions, times, planes and channels, found {', '.join(other)}. "
                "Export it as OME-TIFF."
            )
        places = _sequence(nd2)
        n_channels = sizes.get("C", 1)
        height, width = sizes["Y"], sizes["X"]

        def plane(scene: int, time: int, z: int, channel: int) -> NDArray[np.generic]:
            """Pixels of one plane."""
            number = places[scene, time, z]
            # A view of the file, which is gone when it is closed: copied.
            frame = np.array(nd2.read_frame(number)).reshape(n_channels, height, width)
            if not frame.any():
                # What nd2 gives for a frame that is not in the file; a camera gives no zeros everywhere.
                raise InputError(f"{path}: expected pixels in frame {number + 1}, found none. Copy the file again.")
            return np.asarray(frame[channel])

        yield Container(tuple(_scene(nd2, number, sizes, places) for number in range(sizes.get("P", 1))), plane)


def _sequence(nd2: Any) -> dict[tuple[int, int, int], int]:
    """(position, time, plane) to the number of its frame, of the frames that are in the file."""
    stored, planned = nd2.attributes.sequenceCount, len(nd2.loop_indices)
    if stored > planned:
        raise InputError(f"expected {stored} frames, as its attributes say, found positions and planes of {planned}")
    found = {}
    for number, loop in enumerate(nd2.loop_indices[:stored]):
        found[loop.get("P", 0), loop.get("T", 0), loop.get("Z", 0)] = number
    return found


def _scene(nd2: Any, number: int, sizes: dict[str, int], places: dict[tuple[int, int, int], int]) -> Scene:
    """One field; frames that were not taken are absent."""
    n_times, n_planes, n_channels = (sizes.get(axis, 1) for axis in "TZC")
    channels = nd2.metadata.channels or []
    # Of an axis that was not calibrated nd2 says 1 µm.
    sizes_um = [math.nan] * 3
    if channels:
        volume = channels[0].volume
        pairs = zip(volume.axesCalibration, volume.axesCalibrated, strict=True)
        sizes_um = [size if is_known and size > 0 else math.nan for size, is_known in pairs]
    absent = [
        (time, z, channel)
        for time, z, channel in np.ndindex(n_times, n_planes, n_channels)
        if (number, time, z) not in places
    ]
    return Scene(
        name=_name(nd2, number),
        channels=tuple(one.channel.name for one in channels) or ("",) * n_channels,
        n_times=n_times,
        n_planes=n_planes,
        shape=(sizes["Y"], sizes["X"]),
        dtype=np.dtype(nd2.dtype),
        pixel_size_um=sizes_um[0],
        step_um=sizes_um[2],
        absent=frozenset(absent),
    )


def _name(nd2: Any, number: int) -> str:
    """Name of a position.

    Its place on the stage is not taken: which way the stage's axes run in the image is known only with the stand.
    """
    for loop in nd2.experiment:
        points = getattr(loop.parameters, "points", None)
        if loop.type == "XYPosLoop" and points is not None and number < len(points):
            return points[number].name or f"position {number + 1}"
    return f"position {number + 1}"
