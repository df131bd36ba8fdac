"""Leica LIF: a header in XML, then a block of memory per image; one file for the plate."""

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["regular_stack", "write_lif"]

_MARK, _PART = 0x70, 0x2A


def regular_stack(plate: DrawnPlate, well: str, site: int) -> NDArray[np.uint16]:
    """(Z, C, Y, X) of a site for formats with one number of planes for all channels: the last one is repeated."""
    stacks = list(plate.stacks[well, site].values())
    n_planes = max(map(len, stacks))
    return np.stack([np.stack([stack[min(z, len(stack) - 1)] for stack in stacks]) for z in range(n_planes)])


def write_lif(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as one file; return the folder. A site is an image in folders of row and column: ``B/2/R1``.

    Of a site with an image that failed there is nothing.
    """
    folder.mkdir(parents=True)
    failed = {(well, site) for well, site, *_ in plate.failed}
    keys = [key for key in plate.stacks if key not in failed]
    wells: dict[str, dict[str, list[str]]] = {}
    blocks = []
    for number, (well, site) in enumerate(keys):
        stack = regular_stack(plate, well, site)
        name = f"MemBlock_{number}"
        element = _image(plate, f"R{site}", stack.shape, name)
        wells.setdefault(well[0], {}).setdefault(str(int(well[1:])), []).append(element)
        blocks.append(_block(name, stack.astype("<u2").tobytes()))
    rows = "".join(
        _folder(row, "".join(_folder(column, "".join(images)) for column, images in columns.items()))
        for row, columns in wells.items()
    )
    xml = f'<LMSDataContainerHeader Version="2">{_folder(plate.name, rows)}</LMSDataContainerHeader>'
    text = xml.encode("utf-16-le")
    head = struct.pack("<IIBI", _MARK, len(text) + 5, _PART, len(text) // 2)
    (folder / f"{plate.name}.lif").write_bytes(head + text + b"".join(blocks))
    return folder


def _folder(name: str, children: str) -> str:
    return f'<Element Name="{name}"><Data/><Children>{children}</Children></Element>'


def _block(name: str, data: bytes) -> bytes:
    text = name.encode("utf-16-le")
    head = struct.pack("<IIBQBI", _MARK, len(text) + 14, _PART, len(data), _PART, len(name))
    return head + text + data


def _image(plate: DrawnPlate, name: str, shape: tuple[int, ...], block: str) -> str:
    n_planes, n_channels, height, width = shape
    line, plane = 2 * width, 2 * width * height
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="16" NameOfMeasuredQuantity="" Min="0" Max="1" '
        f'Unit="" LUTName="Green" IsLUTInverted="0" BytesInc="{number * plane}" BitInc="0">'
        f"<ChannelProperty><Key>DyeName</Key><Value>{dye}</Value></ChannelProperty></ChannelDescription>"
        for number, dye in enumerate(plate.channels)
    )
    axes = [(1, width, plate.pixel_size_um, 2), (2, height, plate.pixel_size_um, line)]
    axes += [(3, n_planes, plate.z_step_um, plane * n_channels)] if n_planes > 1 else []
    dimensions = "".join(
        f'<DimensionDescription DimID="{number}" NumberOfElements="{n}" Origin="0" Unit="m" '
        f'Length="{(n - 1) * step * 1e-6:.12g}" BitInc="0" BytesInc="{increment}"/>'
        for number, n, step, increment in axes
    )
    return (
        f'<Element Name="{name}"><Data><Image><ImageDescription><Channels>{channels}</Channels>'
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription></Image></Data>"
        f'<Memory Size="{plane * n_channels * n_planes}" MemoryBlockID="{block}"/></Element>'
    )
