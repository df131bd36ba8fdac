"""A plate as OME-Zarr: each well its own writer, the plate's metadata by one last."""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.export.pyramids import Version, write_attributes, write_field
from wellspring.files import replaced_when_whole, temporary_beside
from wellspring.raw.images import SiteImage
from wellspring.report.channel_colors import channel_colors
from wellspring.report.plate_map import PLATE_SIZES, plate_position, row_name

__all__ = ["plate_size", "well_path", "write_plate", "write_record", "write_well"]

_SHOWN = (1.0, 99.8)
# Pixels along a side that the window of a channel is taken from; more move its ends by less than an image's noise.
_SEEN_PX = 512


def _format(version: Version) -> Any:
    return 3 if version == "0.5" else 2


def plate_size(wells: Sequence[str]) -> tuple[int, int]:
    """Rows and columns of the smallest plate (96, 384, 1,536 wells) that has all of the wells.

    Raises
    ------
    InputError
        When a name is no position, or two names are one.
    """
    places = [_place(name) for name in wells]
    seen: dict[tuple[int, int], str] = {}
    for name, place in zip(wells, places, strict=True):
        if seen.setdefault(place, name) != name:
            raise InputError(
                f"export.formats: ome_zarr needs one well for each position, but {seen[place]} and {name} are one. "
                "Rename one in the sheet, or leave ome_zarr out."
            )
    reach = [max(place[axis] for place in places) + 1 for axis in (0, 1)]
    return next(size for size in PLATE_SIZES if size[0] >= reach[0] and size[1] >= reach[1])


def _place(well: str) -> tuple[int, int]:
    place = plate_position(well)
    if place is None:
        raise InputError(
            f"export.formats: ome_zarr needs wells that are named by row and column, such as B02, got {well!r}. Rename "
            "it in the sheet, or leave ome_zarr out."
        )
    return place


def well_path(well: str) -> str:
    """Path of a well in its plate: ``B/02``."""
    row, column = _place(well)
    return f"{row_name(row)}/{column + 1:02d}"


def write_well(
    plate: Path,
    sites: Iterable[SiteImage],
    *,
    well: str,
    labels: Mapping[str, Mapping[str, NDArray[np.uint32]]],
    cells: pd.DataFrame | None,
    nucleus_channel: str | None,
    n_columns: int,
    version: Version,
) -> dict[str, Any]:
    """Write the group of one well and nothing else; a group that is there is replaced when the new one is whole.

    Parameters
    ----------
    plate
        Folder of the plate.
    sites
        Images of the well, one in memory at a time.
    well
        Its name.
    labels
        ``nuclei``, ``cells`` to the label images by site. A site without labels was left out.
    cells
        Table `MEASURED` of the well; None: no tables.
    nucleus_channel
        It is blue.
    n_columns, version
        As of `write_field`.

    Returns
    -------
    dict
        The record of what was written: well, path, images, bytes.
    """
    target = plate / well_path(well)
    temporary = temporary_beside(target)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.parent.mkdir(parents=True, exist_ok=True)
    try:
        group = zarr.open_group(temporary, mode="w", zarr_format=_format(version))
        images = []
        for number, site in enumerate(sites):
            own = {kind: found[site.site] for kind, found in labels.items() if site.site in found}
            write_field(
                group.create_group(str(number)),
                site.image,
                name=site.site,
                channels=_channels(site, nuclei=nucleus_channel),
                labels=own,
                cells=_rows(cells, site.site) if cells is not None and own else None,
                pixel_size_um=site.pixel_size_um,
                n_columns=n_columns,
                version=version,
            )
            images.append({"path": str(number)})
        about = {"images": images, **({"version": version} if version == "0.4" else {})}
        write_attributes(group, {"well": about}, version=version)
        shutil.rmtree(target, ignore_errors=True)
        # A well must have an image, so one without sites is not in the plate.
        if images:
            temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return {"well": well, "path": well_path(well), "images": len(images), "bytes": _bytes(target)}


def _bytes(folder: Path) -> int:
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())


def _rows(cells: pd.DataFrame, site: str) -> pd.DataFrame:
    own = cells[cells["site"] == site]
    return own.rename(columns={"label_in_site": "label"}).drop(columns=["plate", "well", "site"])


def _channels(site: SiteImage, *, nuclei: str | None) -> list[dict[str, Any]]:
    colors = channel_colors(site.channels, nuclei=nuclei)
    found = []
    step = max(1, min(site.image.shape[1:]) // _SEEN_PX)
    for name, plane in zip(site.channels, site.image[:, ::step, ::step], strict=True):
        start, end = (float(one) for one in np.percentile(plane, _SHOWN)) if plane.size else (0.0, 1.0)
        window = {"min": 0.0, "max": 65535.0, "start": start, "end": max(end, start + 1)}
        found.append({"label": name, "color": colors[name].removeprefix("#").upper(), "active": True, "window": window})
    return found


def write_plate(plate: Path, records: Sequence[Mapping[str, Any]], *, name: str, version: Version) -> None:
    """Write the metadata of the plate and of its rows, after all wells; what is of another run is removed.

    Parameters
    ----------
    plate
        Folder of the plate.
    records
        Of all wells, from `write_well`.

    Raises
    ------
    InputError
        When a well is not there as its record says.
    """
    plate.mkdir(parents=True, exist_ok=True)
    n_rows, n_columns = plate_size([str(one["well"]) for one in records])
    shown = [one for one in records if one["images"]]
    for one in shown:
        if not (plate / one["path"]).is_dir() or _bytes(plate / one["path"]) != one["bytes"]:
            raise InputError(
                f"{plate / one['path']}: expected well {one['well']} of {one['bytes']} bytes, found "
                f"{_bytes(plate / one['path'])}: it was changed or removed. Remove the folder export/ome_zarr of the "
                "results and run again."
            )
    paths = [str(one["path"]) for one in shown]
    _clean(plate, paths)
    rows = [row_name(row) for row in range(n_rows)]
    columns = [f"{column + 1:02d}" for column in range(n_columns)]
    for row in sorted({path.split("/")[0] for path in paths}):
        zarr.open_group(plate / row, mode="a", zarr_format=_format(version))
    group = zarr.open_group(plate, mode="a", zarr_format=_format(version))
    about = {
        "name": name,
        "field_count": max([1, *(int(one["images"]) for one in records)]),
        "rows": [{"name": row} for row in rows],
        "columns": [{"name": column} for column in columns],
        "wells": [
            {"path": path, "rowIndex": rows.index(path.split("/")[0]), "columnIndex": columns.index(path.split("/")[1])}
            for path in paths
        ],
        **({"version": version} if version == "0.4" else {}),
    }
    write_attributes(group, {"plate": about}, version=version)


def _clean(plate: Path, paths: Sequence[str]) -> None:
    """Remove the metadata of an earlier run, and wells that the sheet no longer has."""
    for row in [one for one in plate.iterdir() if one.is_dir()]:
        for well in [one for one in row.iterdir() if one.is_dir()]:
            if f"{row.name}/{well.name}" not in paths:
                shutil.rmtree(well)
        for left in ("zarr.json", ".zgroup", ".zattrs"):
            (row / left).unlink(missing_ok=True)
            (plate / left).unlink(missing_ok=True)
        if not any(row.iterdir()):
            row.rmdir()


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write what `write_well` returned, as JSON."""
    with replaced_when_whole(path) as temporary:
        temporary.write_text(json.dumps(record), encoding="utf-8")
