"""The layouts of MetaXpress: an export with its HTD file, its database, and HCS.ai's table."""

import csv
import json
import uuid
from pathlib import Path

import numpy as np
import tifffile

from wellspring.simulation.layouts.plates import DrawnImage, DrawnPlate

__all__ = ["write_hcs_ai", "write_metaxpress", "write_metaxpress_database"]


def write_metaxpress(folder: Path, plate: DrawnPlate) -> Path:
    """Write an export; return its folder.

    Of a stack there is a projection in ``ZStep_0``; a channel with one plane is copied into every ``ZStep`` folder.
    """
    n_planes = max(stack.shape[0] for channels in plate.stacks.values() for stack in channels.values())
    for (well, site), channels in plate.stacks.items():
        for number, (channel, stack) in enumerate(channels.items(), start=1):
            ones = {one.z: one for one in plate.images() if (one.well, one.site, one.channel) == (well, site, channel)}
            name = f"{plate.name}_{well}_s{site}_w{number}.TIF"
            for z in range(n_planes + 1) if n_planes > 1 else [1]:
                one = ones[min(max(z, 1), len(stack))]
                if not one.is_failed:
                    place = folder / "TimePoint_1" / (f"ZStep_{z}" if n_planes > 1 else "")
                    place.mkdir(parents=True, exist_ok=True)
                    pixels = stack.max(axis=0) if z == 0 else one.plane
                    _write(place / name, one, pixels, plate=plate)
                    thumb = place / name.replace(".TIF", "_thumb.TIF")
                    tifffile.imwrite(thumb, pixels[::4, ::4], metadata=None)
    (folder / f"{plate.name}.HTD").write_text("\n".join(_htd(plate, n_planes=n_planes)), encoding="latin-1")
    return folder


def write_metaxpress_database(folder: Path, plate: DrawnPlate) -> Path:
    """Write a plate as the database keeps it, each file with a GUID in its name; return the plate's folder."""
    names = np.random.default_rng(5)
    n_planes = max(one.z for one in plate.images())
    for one in plate.images():
        if not one.is_failed:
            place = folder / "2026-01-01" / "17" / "TimePoint_1" / (f"ZStep_{one.z}" if n_planes > 1 else "")
            place.mkdir(parents=True, exist_ok=True)
            guid = str(uuid.UUID(bytes=names.bytes(16))).upper()
            name = f"{plate.name}_{one.well}_s{one.site}_w{one.channel_number}{guid}.tif"
            _write(place / name, one, one.plane, plate=plate)
    return folder


def _write(path: Path, one: DrawnImage, pixels: np.ndarray, *, plate: DrawnPlate) -> None:
    values = {
        "spatial-calibration-state": ("bool", "on"),
        "spatial-calibration-x": ("float", f"{plate.pixel_size_um}"),
        "spatial-calibration-y": ("float", f"{plate.pixel_size_um}"),
        "spatial-calibration-units": ("string", "um"),
        "stage-position-x": ("float", f"{one.x_um}"),
        "stage-position-y": ("float", f"{one.y_um}"),
        "z-position": ("float", f"{9000 + one.z_um}"),
        "wavelength": ("float", "452"),
        "_IllumSetting_": ("string", one.channel),
    }
    kinds = {"_IllumSetting_": "custom-prop"}
    lines = [
        f'<{kinds.get(key, "prop")} id="{key}" type="{kind}" value="{value}"/>' for key, (kind, value) in values.items()
    ]
    text = f"<MetaData><PlaneInfo>{''.join(lines)}</PlaneInfo><SetInfo></SetInfo></MetaData>"
    tifffile.imwrite(path, pixels, software="MetaSeries", description=text, metadata=None)


def _htd(plate: DrawnPlate, *, n_planes: int) -> list[str]:
    sites = sorted({site for _, site in plate.stacks})
    lines = ['"HTSInfoFile", Version 1.0', '"Description", "simulated"', '"TimePoints", 1']
    lines += [f'"ZSteps", {n_planes}', f'"XWells", {plate.n_columns}', f'"YWells", {plate.n_rows}']
    for row in range(plate.n_rows):
        flags = [f"{chr(65 + row)}{column:02d}" in plate.wells for column in range(1, plate.n_columns + 1)]
        lines.append(f'"WellsSelection{row + 1}", {", ".join(str(flag).upper() for flag in flags)}')
    lines += ['"Sites", TRUE', f'"XSites", {len(sites)}', '"YSites", 1']
    lines.append(f'"SiteSelection1", {", ".join(["TRUE"] * len(sites))}')
    lines.append(f'"NWavelengths", {len(plate.channels)}')
    lines += [f'"WaveName{number}", "{name}"' for number, name in enumerate(plate.channels, start=1)]
    return [*lines, '"EndFile"', ""]


def write_hcs_ai(folder: Path, plate: DrawnPlate) -> Path:
    """Write a plate as HCS.ai does: sites, channels and planes are counted from 0; return its folder."""
    place = folder / "experiment" / "timepoint0"
    place.mkdir(parents=True)
    waves = [
        {"Index": number, "EmissionFilter": {"Name": name, "Wavelength": 456}, "ExcitationFilter": {"Wavelength": 405}}
        for number, name in enumerate(plate.channels)
    ]
    calibration = {"Unit": "um", "PixelWidth": plate.pixel_size_um, "PixelHeight": plate.pixel_size_um}
    protocol = {"Wavelengths": waves, "ObjectiveCalibration": calibration}
    stack = {"PlateId": plate.name, "AutoLeadAcquisitionProtocol": protocol}
    text = json.dumps({"Version": "1", "ImageStack": stack})
    (folder / "experiment" / f"{plate.name}.jdce").write_text(text, encoding="utf-8")
    header = ["Row", "Column", "Field", "Wavelength", "Timepoint", "ZIndex", "ImageSubFolderPath", "ImageFileName"]
    rows: list[list[object]] = [[*header, "FieldOffsetPointX", "FieldOffsetPointY", "PositionZUm"]]
    for one in plate.images():
        site, wave, z = one.site - 1, one.channel_number - 1, one.z - 1
        name = f"{plate.name}_t0_{one.well}_s{site}_w{wave}_z{z}.tif"
        if not one.is_failed:
            tifffile.imwrite(place / name, one.plane, metadata=None)
        rows.append([*one.place, site, wave, 0, z, "timepoint0", name, one.x_um, one.y_um, one.z_um])
    with (folder / "experiment" / "image_metadata_1.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder
