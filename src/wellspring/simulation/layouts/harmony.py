"""The layout of Harmony (Opera Phenix, Operetta): Images/Index.idx.xml of version 5, Images/Index.xml of version 7."""

from collections.abc import Iterator
from pathlib import Path

import tifffile

from wellspring.simulation.layouts.plates import DrawnImage, DrawnPlate

__all__ = ["harmony_file", "harmony_lines", "write_harmony"]

_NAMESPACES = {5: "http://www.perkinelmer.com/PEHH/HarmonyV5", 7: "43B2A954-E3C3-47E1-B392-6635266B0DD3/HarmonyV7"}
_PROFILE = "{Background: {Character: NonFlat, Profile: {Coefficients: [[1.2]], Type: Polynomial}}}"


def write_harmony(folder: Path, plate: DrawnPlate, *, version: int = 5) -> Path:
    """Write the plate; return the folder of the images. `version` is 5 or 7."""
    images = folder / "Images"
    images.mkdir(parents=True)
    for one in plate.images():
        if not one.is_failed:
            tifffile.imwrite(images / harmony_file(one), one.plane, compression="lzw", metadata=None)
    name = "Index.idx.xml" if version == 5 else "Index.xml"
    text = "\n".join(harmony_lines(plate, plate.images(), version=version))
    (images / name).write_text(text, encoding="utf-8-sig")
    return images


def harmony_file(one: DrawnImage) -> str:
    """Name of an image's file."""
    row, column = one.place
    return f"r{row:02d}c{column:02d}f{one.site:02d}p{one.z:02d}-ch{one.channel_number}sk1fk1fl1.tiff"


def harmony_lines(plate: DrawnPlate, images: Iterator[DrawnImage], *, version: int) -> Iterator[str]:
    """The lines of the index, image by image."""
    height, width = next(iter(next(iter(plate.stacks.values())).values())).shape[1:]
    yield f'<?xml version="1.0" encoding="utf-8"?>\n<EvaluationInputData Version="1" xmlns="{_NAMESPACES[version]}">'
    yield f"  <Plates>\n    <Plate>\n      <PlateID>1</PlateID>\n      <Name>{plate.name} </Name>"
    yield f"      <PlateRows>{plate.n_rows}</PlateRows>\n      <PlateColumns>{plate.n_columns}</PlateColumns>"
    for well in plate.wells:
        yield f'      <Well id="{ord(well[0]) - 64:02d}{int(well[1:]):02d}" />'
    yield "    </Plate>\n  </Plates>\n  <Maps>\n    <Map>"
    for number, channel in enumerate(plate.channels, start=1):
        facts = _channel(channel, plate, shape=(height, width)) if version == 7 else ""
        yield f'      <Entry ChannelID="{number}"><FlatfieldProfile>{_PROFILE}</FlatfieldProfile>{facts}</Entry>'
    yield "    </Map>\n  </Maps>\n  <Images>"
    for one in images:
        row, column = one.place
        state, url = ("Failed", "") if one.is_failed else ("Ok", harmony_file(one))
        facts = _channel(one.channel, plate, shape=(height, width)) if version == 5 else ""
        yield (
            f'    <Image Version="1"><id>{row:02d}{column:02d}K1F{one.site}P{one.z}R{one.channel_number}</id>'
            f"<State>{state}</State><URL>{url}</URL><Row>{row}</Row><Col>{column}</Col><FieldID>{one.site}</FieldID>"
            f"<PlaneID>{one.z}</PlaneID><TimepointID>{0 if version == 5 else 1}</TimepointID>"
            f"<ChannelID>{one.channel_number}</ChannelID><FlimID>1</FlimID>{facts}"
            f'<PositionX Unit="m">{one.x_um * 1e-6:.9g}</PositionX>'
            f'<PositionY Unit="m">{-one.y_um * 1e-6:.9g}</PositionY>'
            f'<PositionZ Unit="m">{one.z_um * 1e-6:.9g}</PositionZ>'
            '<AbsPositionZ Unit="m">0.135336205</AbsPositionZ><MeasurementTimeOffset Unit="s">0</MeasurementTimeOffset>'
            "<AbsTime>2023-03-23T14:52:40.42-04:00</AbsTime></Image>"
        )
    yield "  </Images>\n</EvaluationInputData>\n"


def _channel(name: str, plate: DrawnPlate, *, shape: tuple[int, int]) -> str:
    size = plate.pixel_size_um * 1e-6
    return (
        f"<ChannelName>{name} </ChannelName><ChannelType>Fluorescence</ChannelType>"
        f'<ImageResolutionX Unit="m">{size:.9g}</ImageResolutionX>'
        f'<ImageResolutionY Unit="m">{size:.9g}</ImageResolutionY>'
        f"<ImageSizeX>{shape[1]}</ImageSizeX><ImageSizeY>{shape[0]}</ImageSizeY><BinningX>1</BinningX>"
        "<BinningY>1</BinningY><MaxIntensity>65535</MaxIntensity><CameraType>AndorZylaCam</CameraType>"
        "<ImageType>Signal</ImageType><AcquisitionType>NipkowConfocal</AcquisitionType>"
        '<IlluminationType>Epifluorescence</IlluminationType><ExposureTime Unit="s">0.1</ExposureTime>'
        '<ObjectiveMagnification Unit="">20</ObjectiveMagnification><ObjectiveNA Unit="">1</ObjectiveNA>'
        "<OrientationMatrix>[[0.985998,0,0,-14.5],[0,-0.985998,0,-30.8],[0,0,1.00,5.671]]</OrientationMatrix>"
        '<MainExcitationWavelength Unit="nm">405</MainExcitationWavelength>'
        '<MainEmissionWavelength Unit="nm">456</MainEmissionWavelength>'
    )
