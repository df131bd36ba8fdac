"""The layout of a CellVoyager: MeasurementData.mlf, MeasurementDetail.mrf, a .mes file, TIFF or PNG."""

from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import tifffile

from wellspring.simulation.layouts.plates import DrawnImage, DrawnPlate

__all__ = ["write_yokogawa"]

_SCHEMA = 'bts:Version="1.0" xmlns:bts="http://www.yokogawa.co.jp/BTS/BTSSchema/1.0"'


def write_yokogawa(folder: Path, plate: DrawnPlate, *, ending: str = ".tif") -> Path:
    """Write the plate; return the folder of the images. `ending` is ``.tif`` or ``.png``.

    An image that failed is a record of the type ERR.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for one in plate.images():
        path = folder / _file(one, plate=plate, ending=ending)
        if not one.is_failed and ending == ".png":
            path.write_bytes(imagecodecs.png_encode(one.plane))
        elif not one.is_failed:
            tifffile.imwrite(path, one.plane, compression="deflate", metadata=None)
    texts = {"MeasurementData.mlf": _records(plate, ending=ending), "MeasurementDetail.mrf": _detail(plate)}
    for name, lines in {**texts, "settings.mes": _settings(plate)}.items():
        text = "\n".join(['<?xml version="1.0" encoding="utf-8"?>', *lines, ""])
        (folder / name).write_text(text, encoding="utf-8-sig")
    return folder


def _file(one: DrawnImage, *, plate: DrawnPlate, ending: str) -> str:
    action = one.channel_number
    place = f"T0001F{one.site:03d}L01A{action:02d}Z{one.z:02d}C{one.channel_number:02d}"
    return f"{plate.name}_{one.well}_{place}{ending}"


def _records(plate: DrawnPlate, *, ending: str) -> Iterator[str]:
    yield f"<bts:MeasurementData {_SCHEMA}>"
    for one in plate.images():
        row, column = one.place
        kind, text = ("ERR", "no focus") if one.is_failed else ("IMG", _file(one, plate=plate, ending=ending))
        yield (
            f'<bts:MeasurementRecord bts:Type="{kind}" bts:Column="{column}" bts:Row="{row}" bts:TimePoint="1" '
            f'bts:FieldIndex="{one.site}" bts:ZIndex="{one.z}" bts:TimelineIndex="1" '
            f'bts:ActionIndex="{one.channel_number}" bts:Action="3D" bts:X="{one.x_um}" bts:Y="{-one.y_um}" '
            f'bts:Z="{one.z_um}" bts:Ch="{one.channel_number}">{text}</bts:MeasurementRecord>'
        )
    yield "</bts:MeasurementData>"


def _detail(plate: DrawnPlate) -> Iterator[str]:
    yield (
        f'<bts:MeasurementDetail {_SCHEMA} bts:Title="{plate.name}" bts:RowCount="{plate.n_rows}" '
        f'bts:ColumnCount="{plate.n_columns}">'
    )
    for number in range(1, len(plate.channels) + 1):
        size = plate.pixel_size_um
        yield (
            f'  <bts:MeasurementChannel bts:Ch="{number}" bts:HorizontalPixelDimension="{size}" '
            f'bts:VerticalPixelDimension="{size}" />'
        )
    yield "</bts:MeasurementDetail>"


def _settings(plate: DrawnPlate) -> Iterator[str]:
    yield f"<bts:MeasurementSetting {_SCHEMA}>\n<bts:Timeline>"
    for well in plate.wells:
        yield f'<bts:TargetWell bts:Column="{int(well[1:])}" bts:Row="{ord(well[0]) - 64}">true</bts:TargetWell>'
    yield "<bts:FixedPosition>"
    for y_um, x_um in plate.positions_um.values():
        yield f'<bts:Point bts:X="{x_um}" bts:Y="{-y_um}" />'
    yield "</bts:FixedPosition></bts:Timeline>\n<bts:ChannelList>"
    for number, name in enumerate(plate.channels, start=1):
        yield f'<bts:Channel bts:Ch="{number}" bts:Target="{name} " bts:Acquisition="BP445/45" bts:Fluorophore="" />'
    yield "</bts:ChannelList></bts:MeasurementSetting>"
