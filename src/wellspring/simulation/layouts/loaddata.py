"""CellProfiler's LoadData table with images next to it."""

import csv
from pathlib import Path

import tifffile

from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["write_loaddata"]


def write_loaddata(folder: Path, plate: DrawnPlate, *, written_in: str = "") -> Path:
    """Write the plate; return the folder of the table.

    Parameters
    ----------
    written_in
        Folder of another machine that the table names; empty: the folder itself.
    """
    images = folder / "images"
    images.mkdir(parents=True)
    names = plate.channels
    header = [part for name in names for part in (f"FileName_Orig{name}", f"PathName_Orig{name}")]
    about = ["Metadata_Plate", "Metadata_Well", "Metadata_Site", "Metadata_PlaneID"]
    about += ["Metadata_ImageResolutionX", "Metadata_PositionX", "Metadata_PositionY"]
    rows: dict[tuple[str, int, int], dict[str, object]] = {}
    for one in plate.images():
        file = f"{one.well}_{one.site}_{one.channel}_{one.z}.tiff"
        if not one.is_failed:
            tifffile.imwrite(images / file, one.plane, metadata=None)
        size, x, y = (f"{value * 1e-6:.9g}" for value in (plate.pixel_size_um, one.x_um, -one.y_um))
        common = dict(zip(about, (plate.name, one.well, one.site, one.z, size, x, y), strict=True))
        row = rows.setdefault((one.well, one.site, one.z), {**dict.fromkeys(header, ""), **common})
        place = f"{written_in}/images" if written_in else str(images.resolve())
        row |= {f"FileName_Orig{one.channel}": "" if one.is_failed else file, f"PathName_Orig{one.channel}": place}
    with (folder / "load_data.csv").open("w", encoding="utf-8", newline="") as file_of_table:
        writer = csv.DictWriter(file_of_table, [*header, *about])
        writer.writeheader()
        writer.writerows(rows.values())
    return folder
