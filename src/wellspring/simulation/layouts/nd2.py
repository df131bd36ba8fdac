"""Nikon ND2: named chunks with a map of them at the end; one file for the plate, positions named by well."""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from wellspring.simulation.layouts.lif import regular_stack
from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["write_nd2"]

_MAGIC, _RESERVED = 0x0ABECEDA, 4072
_SIGNATURE, _MAP, _MAP_END = (
    b"ND2 FILE SIGNATURE CHUNK NAME01!",
    b"ND2 FILEMAP SIGNATURE NAME 0001!",
    b"ND2 CHUNK MAP SIGNATURE 0000001!",
)
_POSITIONS, _PLANES = 2, 4


def write_nd2(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as one file; return the folder. A site is a position called as jobs do: ``B02_0001``.

    Of a site with an image that failed there is nothing.
    """
    folder.mkdir(parents=True)
    failed = {(well, site) for well, site, *_ in plate.failed}
    keys = [key for key in plate.stacks if key not in failed]
    stacks = [regular_stack(plate, *key) for key in keys]
    n_planes, n_channels, height, width = stacks[0].shape
    attributes = {
        "uiWidth": width,
        "uiWidthBytes": 2 * width * n_channels,
        "uiHeight": height,
        "uiComp": n_channels,
        "uiBpcInMemory": 16,
        "uiBpcSignificant": 16,
        "uiSequenceCount": n_planes * len(keys),
        "eCompression": 2,
    }
    # nd2 needs a dye of each channel.
    planes = {
        f"a{n}": {"uiCompCount": 1, "sDescription": name, "pFluorescentProbe": {"m_sName": name}}
        for n, name in enumerate(plate.channels)
    }
    picture = {
        "bCalibrated": True,
        "dCalibration": plate.pixel_size_um,
        "sPicturePlanes": {"uiCount": n_channels, "sPlaneNew": planes},
    }
    names = [f"{well}_{site:04d}" for well, site in keys]
    chunks = {
        b"ImageAttributesLV!": _lite("SLxImageAttributes", attributes),
        b"ImageMetadataSeqLV|0!": _lite("SLxPictureMetadata", picture),
        b"ImageMetadataLV!": _lite("SLxExperiment", _experiment(names, n_planes=n_planes, step_um=plate.z_step_um)),
    }
    frames = [plane for stack in stacks for plane in stack]
    for number, frame in enumerate(frames):
        # Channels of a pixel lie next to each other.
        chunks[f"ImageDataSeq|{number}!".encode()] = bytes(8) + np.moveaxis(frame, 0, -1).astype("<u2").tobytes()
    (folder / f"{plate.name}.nd2").write_bytes(_file(chunks))
    return folder


def _experiment(names: list[str], *, n_planes: int, step_um: float) -> dict[str, Any]:
    """Positions, and planes at each of them."""
    points = {
        f"i{n:010d}": {"dPosX": 0.0, "dPosY": 0.0, "dPosZ": 0.0, "pPosName": name} for n, name in enumerate(names)
    }
    stack = {"eType": _PLANES, "uLoopPars": {"uiCount": n_planes, "dZStep": step_um, "dZLow": 0.0, "dZHigh": 1.0}}
    return {
        "eType": _POSITIONS,
        "uLoopPars": {"uiCount": len(names), "bUseZ": False, "Points": points},
        "ppNextLevelEx": {"i0000000000": stack} if n_planes > 1 else {"none": 0},
    }


def _file(chunks: Mapping[bytes, bytes]) -> bytes:
    """Every chunk with its name, and the map of their places."""
    parts = [struct.pack("<IIQ", _MAGIC, 32, 64) + _SIGNATURE + b"Ver3.0".ljust(64, b"\0")]
    places, position = {}, len(parts[0])
    for name, data in chunks.items():
        # Pixels begin 24 + 4072 bytes behind the chunk's own place, 8 of them before the pixels.
        places[name] = (position, len(data))
        parts.append(struct.pack("<IIQ", _MAGIC, _RESERVED, len(data)) + name.ljust(_RESERVED, b"\0") + data)
        position += len(parts[-1])
    table = b"".join(name + struct.pack("<QQ", *place) for name, place in places.items())
    table += _MAP_END + struct.pack("<Q", position)
    return b"".join(parts) + struct.pack("<IIQ", _MAGIC, 32, len(table)) + _MAP + table


def _lite(name: str, value: Any) -> bytes:
    """A value with its name in the format's own binary notation."""
    text = (name + "\0").encode("utf-16-le")
    head = struct.pack("BB", 0, len(name) + 1)[1:] + text
    if isinstance(value, dict):
        items = [_lite(key, one) for key, one in value.items()]
        body, begin = b"".join(items), 1 + len(head) + 12
        offsets = [begin + sum(map(len, items[:number])) for number in range(len(items))]
        table = struct.pack(f"<{len(items)}Q", *offsets)
        return b"\x0b" + head + struct.pack("<IQ", len(items), begin + len(body)) + body + table
    if isinstance(value, bool):
        return b"\x01" + head + struct.pack("<B", value)
    if isinstance(value, int):
        return b"\x03" + head + struct.pack("<I", value)
    if isinstance(value, float):
        return b"\x06" + head + struct.pack("<d", value)
    return b"\x08" + head + (str(value) + "\0").encode("utf-16-le")
