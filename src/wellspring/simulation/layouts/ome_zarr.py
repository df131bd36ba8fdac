"""OME-Zarr plates, 0.4 and 0.5, as small as they open: an image per site, one level."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from wellspring.simulation.layouts.plates import DrawnPlate

__all__ = ["write_ome_zarr"]

_UNIT = {"type": "space", "unit": "micrometer"}
_AXES = [{"name": "c", "type": "channel"}, *({"name": name, **_UNIT} for name in "zyx")]


def write_ome_zarr(folder: Path, plate: DrawnPlate, *, version: str = "0.5", is_sharded: bool = False) -> Path:
    """Write the plate; return its folder. `version` is 0.4 or 0.5.

    Every channel has as many planes as the one with most: its last plane is repeated. Of an image that failed no chunk
    is stored.
    """
    import zarr

    rows, columns = ([{"name": name} for name in names] for names in _names(plate))
    wells = [_well(name) for name in plate.wells]
    about = {"rows": rows, "columns": columns, "wells": wells, "name": plate.name, "version": version}
    _group(folder, {"plate": about}, version=version)
    for well in plate.wells:
        sites = [site for name, site in plate.stacks if name == well]
        images = {"images": [{"path": str(site)} for site in sites], "version": version}
        _group(folder / well[0] / str(int(well[1:])), {"well": images}, version=version)
    for (well, site), channels in plate.stacks.items():
        place = folder / well[0] / str(int(well[1:])) / str(site)
        _group(place, _image(plate, site=site, channels=list(channels), version=version), version=version)
        n_planes = max(len(stack) for stack in channels.values())
        values = np.stack([stack[np.minimum(np.arange(n_planes), len(stack) - 1)] for stack in channels.values()])
        is_new = version == "0.5"
        array = zarr.create_array(
            store=str(place / "0"),
            shape=values.shape,
            chunks=(1, 1, *values.shape[2:]),
            shards=values.shape if is_sharded else None,
            dtype=values.dtype,
            zarr_format=3 if is_new else 2,
            chunk_key_encoding={"name": "default" if is_new else "v2", "separator": "/"},
        )
        for number, name in enumerate(channels):
            for z in range(n_planes):
                if (well, site, name, z + 1) not in plate.failed:
                    array[number, z] = values[number, z]
    return folder


def _names(plate: DrawnPlate) -> tuple[list[str], list[str]]:
    """Of all rows and columns of the physical plate."""
    return [chr(65 + row) for row in range(plate.n_rows)], [str(column) for column in range(1, plate.n_columns + 1)]


def _well(name: str) -> dict[str, Any]:
    return {"path": f"{name[0]}/{int(name[1:])}", "rowIndex": ord(name[0]) - 65, "columnIndex": int(name[1:]) - 1}


def _image(plate: DrawnPlate, *, site: int, channels: list[str], version: str) -> dict[str, Any]:
    size = plate.pixel_size_um
    height, width = next(iter(next(iter(plate.stacks.values())).values())).shape[1:]
    y_um, x_um = plate.positions_um[site]
    steps = [
        {"type": "scale", "scale": [1.0, plate.z_step_um, size, size]},
        {"type": "translation", "translation": [0.0, 0.0, y_um - height * size / 2, x_um - width * size / 2]},
    ]
    datasets = [{"path": "0", "coordinateTransformations": steps}]
    old = {"version": version} if version == "0.4" else {}
    return {
        "multiscales": [{**old, "axes": _AXES, "datasets": datasets, "name": str(site)}],
        "omero": {"channels": [{"label": f"{name} ", "color": "FFFFFF"} for name in channels]},
    }


def _group(place: Path, attributes: dict[str, Any], *, version: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    if version == "0.4":
        (place / ".zgroup").write_text(json.dumps({"zarr_format": 2}), encoding="utf-8")
        (place / ".zattrs").write_text(json.dumps(attributes), encoding="utf-8")
        return
    about = {"attributes": {"ome": {**attributes, "version": version}}, "zarr_format": 3, "node_type": "group"}
    (place / "zarr.json").write_text(json.dumps(about), encoding="utf-8")
