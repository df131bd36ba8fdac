"""Zeiss CZI: segments with a directory of planes and metadata in XML; uncompressed, one file for the plate."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["write_czi"]

_GREY16, _ALIGNED = 1, 32
_HEAD = 32


def write_czi(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as one file; return the folder. A site is a scene of its well's name, as on a carrier.

    Of an image that failed there is no plane; a channel has as many planes as were drawn. A level of a pyramid is added
    to each scene, as the microscope does.
    """
    folder.mkdir(parents=True)
    numbers = {key: number for number, key in enumerate(plate.stacks)}
    blocks: list[tuple[bytes, bytes]] = []
    for one in plate.images():
        if one.is_failed:
            continue
        height, width = one.plane.shape
        left, top = (round(place / plate.pixel_size_um) for place in (one.x_um, one.y_um))
        starts = {"X": left - width // 2, "Y": top - height // 2}
        starts |= {"C": one.channel_number - 1, "Z": one.z - 1, "S": numbers[one.well, one.site]}
        blocks.append(_block(starts, one.plane))
        if one.z == 1:
            blocks.append(_block(starts, one.plane[::2, ::2], full=one.plane.shape))
    (folder / f"{plate.name}.czi").write_bytes(_file(blocks, _metadata(plate)))
    return folder


def _block(
    starts: Mapping[str, int], plane: NDArray[np.uint16], *, full: tuple[int, ...] | None = None
) -> tuple[bytes, bytes]:
    """The entry of a plane in the directory, without its place in the file, and its pixels."""
    height, width = full or plane.shape
    sizes = {"X": (width, plane.shape[1]), "Y": (height, plane.shape[0])}
    entries = []
    for axis, start in starts.items():
        size, stored = sizes.get(axis, (1, 1))
        entries.append(struct.pack("<4siifi", axis.encode(), start, size, float(start), stored))
    level = 0 if full is None else 2
    head = struct.pack("<iBB4si", 0, level, 0, b"", len(entries))
    return head + b"".join(entries), plane.astype("<u2").tobytes()


def _entry(about: bytes, position: int) -> bytes:
    return struct.pack("<2siqi", b"DV", _GREY16, position, 0) + about


def _file(blocks: list[tuple[bytes, bytes]], metadata: bytes) -> bytes:
    """Header, planes, directory and metadata, each in a segment of its own."""
    position = _HEAD + 512
    parts, entries = [], []
    for about, pixels in blocks:
        entry = _entry(about, position)
        data = struct.pack("<iiq", 0, 0, len(pixels)) + entry
        data += bytes(max(0, 16 + 240 - len(data))) + pixels
        parts.append(_segment(b"ZISRAWSUBBLOCK", data))
        entries.append(entry)
        position += len(parts[-1])
    directory = _segment(b"ZISRAWDIRECTORY", struct.pack("<i", len(entries)) + bytes(124) + b"".join(entries))
    about = _segment(b"ZISRAWMETADATA", struct.pack("<ii", len(metadata), 0) + bytes(248) + metadata)
    head = struct.pack(
        "<iiii16s16siqqiq", 1, 0, 0, 0, bytes(16), bytes(16), 0, position, position + len(directory), 0, 0
    )
    return _segment(b"ZISRAWFILE", head + bytes(512 - len(head))) + b"".join(parts) + directory + about


def _segment(name: bytes, data: bytes) -> bytes:
    allocated = -(-len(data) // _ALIGNED) * _ALIGNED
    return struct.pack("<16sqq", name, allocated, len(data)) + data + bytes(allocated - len(data))


def _metadata(plate: DrawnPlate) -> bytes:
    channels = "".join(f'<Channel Id="Channel:{n}" Name="{name}"/>' for n, name in enumerate(plate.channels))
    scenes = "".join(
        f'<Scene Index="{number}" Name="P{number + 1}"><Shape Name="{well[0]}{int(well[1:])}"/></Scene>'
        for number, (well, _) in enumerate(plate.stacks)
    )
    size, step = plate.pixel_size_um * 1e-6, plate.z_step_um * 1e-6
    distances = "".join(
        f'<Distance Id="{axis}"><Value>{value:.12g}</Value></Distance>'
        for axis, value in zip("XYZ", (size, size, step), strict=True)
    )
    return (
        "<ImageDocument><Metadata><Information><Image><Dimensions>"
        f"<Channels>{channels}</Channels><S><Scenes>{scenes}</Scenes></S>"
        f"</Dimensions></Image></Information><Scaling><Items>{distances}</Items></Scaling></Metadata></ImageDocument>"
    ).encode()
