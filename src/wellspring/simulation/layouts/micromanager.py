"""Micro-Manager's image stacks: an OME-TIFF per position whose head has a summary and a map of the planes."""

import json
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["write_micromanager"]

# Numbers by which the format marks its parts.
_MAP_OFFSET, _MAP, _SETTINGS, _COMMENTS, _SUMMARY = 54773648, 3453623, 483765892, 99384722, 2355492
_HEAD = 40


def write_micromanager(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate; return the folder. Positions are called as the plugin for plates does: ``B02-Site_1``.

    Of an image that failed there is no page and no entry in the map.
    """
    folder.mkdir(parents=True)
    labels = [f"{well}-Site_{site}" for well, site in plate.stacks]
    positions = [
        {"Label": label, "DevicePositions": [{"Device": "XY", "Position_um": list(plate.positions_um[site][::-1])}]}
        for label, (_, site) in zip(labels, plate.stacks, strict=True)
    ]
    summary = {
        "Prefix": plate.name,
        "ChNames": list(plate.channels),
        "PixelSize_um": plate.pixel_size_um,
        "z-step_um": plate.z_step_um,
        "StagePositions": positions,
    }
    for number, (well, site) in enumerate(plate.stacks):
        own = [one for one in plate.images() if (one.well, one.site) == (well, site) and not one.is_failed]
        places = [(one.channel_number - 1, one.z - 1, 0, number) for one in own]
        path = folder / f"{plate.name}_MMStack_{labels[number]}.ome.tif"
        path.write_bytes(_file(np.stack([one.plane for one in own]), places, summary=json.dumps(summary).encode()))
    return folder


def _file(planes: NDArray[np.uint16], places: list[tuple[int, int, int, int]], *, summary: bytes) -> bytes:
    """A TIFF of uncompressed planes, with the head and the map that Micro-Manager adds."""
    height, width = planes.shape[1:]
    begin = _HEAD + len(summary) + len(summary) % 2
    n_bytes = 2 * height * width
    tags = [
        (256, width),
        (257, height),
        (258, 16),
        (259, 1),
        (262, 1),
        (273, 0),
        (277, 1),
        (278, height),
        (279, n_bytes),
    ]
    n_directory = 2 + 12 * len(tags) + 4
    parts, entries = [], []
    for number, plane in enumerate(planes):
        offset = begin + number * (n_directory + n_bytes)
        is_last = number == len(planes) - 1
        values = [(tag, offset + n_directory if tag == 273 else value) for tag, value in tags]
        directory = struct.pack("<H", len(tags)) + b"".join(
            struct.pack("<HHII", tag, 4, 1, value) for tag, value in values
        )
        parts.append(directory + struct.pack("<I", 0 if is_last else offset + n_directory + n_bytes) + plane.tobytes())
        entries.append(struct.pack("<5I", *places[number], offset))
    end = begin + len(planes) * (n_directory + n_bytes)
    head = b"II" + struct.pack("<HI", 42, begin) + struct.pack("<II", _MAP_OFFSET, end)
    head += struct.pack("<IIII", _SETTINGS, 0, _COMMENTS, 0) + struct.pack("<II", _SUMMARY, len(summary))
    index = struct.pack("<II", _MAP, len(entries)) + b"".join(entries)
    return head + summary + b" " * (len(summary) % 2) + b"".join(parts) + index
