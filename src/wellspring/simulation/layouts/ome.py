"""OME-XML of several files: scanR, a companion file with its OME-TIFF files, and OME-TIFF files without one."""

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import quoteattr

import tifffile

from wellspring.simulation.layouts.plates import DrawnImage, DrawnPlate

__all__ = ["write_companion", "write_ome_tiffs", "write_scanr"]

_SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
Place = Callable[[DrawnImage], tuple[str, int]]


def write_scanr(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as scanR does, one plane a file, planes counted from 0; return its folder."""
    data = folder / "data"
    data.mkdir(parents=True)
    for one in plate.images():
        if not one.is_failed:
            tifffile.imwrite(data / _scanr_file(one, plate)[0], one.plane, metadata=None)
    names = {
        key: f"Well {_number(key[0], plate)}, Position {key[1]} ({key[0][0]}{int(key[0][1:])})" for key in plate.stacks
    }
    text = _metadata(plate, names=names, place=lambda one: _scanr_file(one, plate), is_upwards=True)
    (data / "metadata.ome.xml").write_text(text, encoding="utf-8")
    return folder


def _number(well: str, plate: DrawnPlate) -> int:
    return (ord(well[0]) - 65) * plate.n_columns + int(well[1:])


def _scanr_file(one: DrawnImage, plate: DrawnPlate) -> tuple[str, int]:
    well = f"{one.well[0]}{int(one.well[1:])}--W{_number(one.well, plate):05d}"
    return f"{well}--P{one.site:05d}--Z{one.z - 1:05d}--T00000--{one.channel}.tif", 0


def write_companion(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as a companion file and a stack per site and channel; return the folder."""
    folder.mkdir(parents=True)
    _write_stacks(folder, plate, description=None)
    text = _metadata(plate, names={key: f"{key[0]} {key[1]}" for key in plate.stacks}, place=_stack, has_plate=True)
    (folder / f"{plate.name}.companion.ome").write_text(text, encoding="utf-8")
    return folder


def write_ome_tiffs(folder: Path, plate: DrawnPlate) -> Path:
    """Write the plate as OME-TIFF stacks that each hold the metadata of all; return the folder."""
    folder.mkdir(parents=True)
    text = _metadata(plate, names={key: f"{key[0]} {key[1]}" for key in plate.stacks}, place=_stack, has_plate=True)
    _write_stacks(folder, plate, description=text)
    return folder


def _stack(one: DrawnImage) -> tuple[str, int]:
    return f"{one.well}_s{one.site}_{one.channel}.ome.tif", one.z - 1


def _write_stacks(folder: Path, plate: DrawnPlate, *, description: str | None) -> None:
    for (well, site), channels in plate.stacks.items():
        for name, stack in channels.items():
            if not any((well, site, name, z) in plate.failed for z in range(1, len(stack) + 1)):
                path = folder / f"{well}_s{site}_{name}.ome.tif"
                text = None if description is None else description.encode()
                tifffile.imwrite(path, stack, description=text, metadata=None, photometric="minisblack")


def _metadata(
    plate: DrawnPlate,
    *,
    names: dict[tuple[str, int], str],
    place: Place,
    is_upwards: bool = False,
    has_plate: bool = False,
) -> str:
    """The metadata: an image per site."""
    sign = -1 if is_upwards else 1
    parts, wells = [], []
    for well, site in plate.stacks:
        own = [one for one in plate.images() if (one.well, one.site) == (well, site)]
        identifier = f"Image:{well}P{site}"
        parts.append(_image(own, plate, identifier, names[well, site], place=place, sign=sign))
        wells.append((well, site, identifier))
    layout = _plate(plate, wells) if has_plate else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<OME xmlns="{_SCHEMA}">{layout}{"".join(parts)}</OME>\n'


def _image(ones: list[DrawnImage], plate: DrawnPlate, identifier: str, name: str, *, place: Place, sign: int) -> str:
    names = list(dict.fromkeys(one.channel for one in ones))
    height, width = ones[0].plane.shape
    channels = "".join(f'<Channel ID="C:{number}" Name={quoteattr(one)}/>' for number, one in enumerate(names))
    blocks, planes = [], []
    for one in ones:
        at = f'TheC="{names.index(one.channel)}" TheZ="{one.z - 1}" TheT="0"'
        first = at.replace("The", "First")
        file, page = place(one)
        blocks.append(f'<TiffData {first} IFD="{page}" PlaneCount="1"><UUID FileName={quoteattr(file)}/></TiffData>')
        planes.append(f'<Plane {at} PositionX="{one.x_um}" PositionY="{sign * one.y_um}" PositionZ="{one.z_um}"/>')
    size = plate.pixel_size_um
    return (
        f'<Image ID="{identifier}" Name={quoteattr(name)}><Pixels DimensionOrder="XYZCT" Type="uint16" SizeX="{width}" '
        f'SizeY="{height}" SizeC="{len(names)}" SizeZ="{max(one.z for one in ones)}" SizeT="1" PhysicalSizeX="{size}" '
        f'PhysicalSizeY="{size}" PhysicalSizeZ="{plate.z_step_um}">{channels}'
        f"{''.join(blocks + planes)}</Pixels></Image>"
    )


def _plate(plate: DrawnPlate, images: list[tuple[str, int, str]]) -> str:
    wells = []
    for well in plate.wells:
        samples = "".join(
            f'<WellSample ID="S:{identifier}" Index="{site}"><ImageRef ID="{identifier}"/></WellSample>'
            for name, site, identifier in images
            if name == well
        )
        wells.append(f'<Well ID="W:{well}" Row="{ord(well[0]) - 65}" Column="{int(well[1:]) - 1}">{samples}</Well>')
    return f'<Plate ID="P:1" Name="{plate.name}">{"".join(wells)}</Plate>'
