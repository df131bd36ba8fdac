"""A SpatialData store that is a view of an OME-Zarr plate: its pixels are links, its table that of the AnnData file.

The layout is that of spatialdata on disk (root 0.2, rasters 0.3, tables 0.2, zarr format 3). The metadata of a group
cannot be shared with the plate, whose readers reject what SpatialData asks for, so each element has its own.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import zarr

import wellspring
from wellspring.errors import InputError
from wellspring.export.plate_zarr import well_path
from wellspring.files import as_readable, temporary_beside

__all__ = ["write_spatialdata"]

_RASTER = {"version": "0.3"}
_OME_VERSION = "0.5-dev-spatialdata"
_TABLE = "cells"


@dataclass(frozen=True, kw_only=True)
class _Field:
    """An image of the plate: its element's name, well and site, folder, and names of its labels."""

    element: str
    well: str
    site: str
    folder: Path
    labels: tuple[str, ...]


def write_spatialdata(folder: Path, *, plate: Path, h5ad: Path) -> int:
    """Write the store, replaced when whole; the number of its images.

    Each site has a coordinate system of its own, in µm where the side of a pixel is known, with the name of its image
    (``B02_1``); labels are called ``B02_1_cells``. The table ``cells`` annotates the labels that it was measured in.

    Parameters
    ----------
    folder
        Of the store. Links are relative, so it may be moved together with the plate.
    plate
        Of version 0.5.
    h5ad
        The cells of the same plate.

    Raises
    ------
    InputError
        When the plate or the file is damaged, or two sites would have one name.
    """
    fields = list(_fields(plate))
    twice = [one.element for one in fields if sum(one.element == other.element for other in fields) > 1]
    if twice:
        raise InputError(f"{plate}: expected each site to have a name of its own, but two would be called {twice[0]}.")
    temporary = temporary_beside(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        root = zarr.open_group(temporary, mode="w", zarr_format=3)
        software = f"wellspring {wellspring.__version__}"
        root.attrs["spatialdata_attrs"] = {"version": "0.2", "spatialdata_software_version": software}
        groups = {name: root.create_group(name) for name in ("images", "labels", "tables")}
        named = [f"{one.element}_{kind}" for one in fields for kind in one.labels]
        groups["labels"].attrs["ome"] = {"version": _OME_VERSION, "labels": named}
        for one in fields:
            _write_raster(temporary / "images" / one.element, one.folder, field=one, target=folder)
            for kind in one.labels:
                place = temporary / "labels" / f"{one.element}_{kind}"
                _write_raster(place, one.folder / "labels" / kind, field=one, target=folder)
        _write_table(groups["tables"], h5ad, fields=fields)
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return len(fields)


def _attributes(folder: Path) -> dict[str, Any]:
    path = folder / "zarr.json"
    with as_readable(path, expected="a group of an OME-Zarr plate of version 0.5"):
        found = json.loads(path.read_text(encoding="utf-8"))["attributes"]
    return dict(found)


def _fields(plate: Path) -> Iterator[_Field]:
    for well in _attributes(plate)["ome"]["plate"]["wells"]:
        name = "".join(well["path"].split("/"))
        for image in _attributes(plate / well["path"])["ome"]["well"]["images"]:
            folder = plate / well["path"] / image["path"]
            site = str(_attributes(folder)["ome"]["multiscales"][0]["name"])
            labels = _attributes(folder / "labels")["ome"]["labels"] if (folder / "labels").is_dir() else []
            element = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{name}_{site}")
            yield _Field(element=element, well=name, site=site, folder=folder, labels=tuple(labels))


def _write_raster(place: Path, source: Path, *, field: _Field, target: Path) -> None:
    """An image or labels: own metadata, levels as links that hold once the store is at `target`."""
    about = _attributes(source)
    scales = about["ome"]["multiscales"][0]
    axes = scales["axes"]
    scale = scales["datasets"][0]["coordinateTransformations"][0]["scale"]
    scales["coordinateTransformations"] = [
        {
            "type": "scale",
            "scale": scale,
            "input": {"name": "".join(axis["name"] for axis in axes), "axes": axes},
            "output": {"name": field.element, "axes": axes},
        }
    ]
    # The levels say how much smaller they are than the first; its own size is in the transformation above.
    for level in scales["datasets"]:
        own = level["coordinateTransformations"][0]["scale"]
        level["coordinateTransformations"][0]["scale"] = [a / b for a, b in zip(own, scale, strict=True)]
    about["ome"]["version"] = _OME_VERSION
    about["spatialdata_attrs"] = _RASTER
    place.mkdir(parents=True)
    text = json.dumps({"zarr_format": 3, "node_type": "group", "attributes": about})
    (place / "zarr.json").write_text(text, encoding="utf-8")
    final = target / place.parent.name / place.name
    for level in scales["datasets"]:
        link = os.path.relpath(source / level["path"], final)
        (place / level["path"]).symlink_to(link, target_is_directory=True)


def _write_table(tables: zarr.Group, h5ad: Path, *, fields: list[_Field]) -> None:
    """The AnnData file as zarr, with the columns that name the label of each cell."""
    regions = [f"{one.element}_{one.labels[-1]}" for one in fields if one.labels]
    places = {(one.well, one.site): f"{one.element}_{one.labels[-1]}" for one in fields if one.labels}
    keys = {"region": regions, "region_key": "region", "instance_key": "label"}
    with as_readable(h5ad, expected="an AnnData file"), h5py.File(h5ad) as file:
        table = tables.create_group(_TABLE)
        _copy(file, table)
        wells, sites = (_texts(file["obs"][name]) for name in ("well", "site"))
        wells = [well_path(name).replace("/", "") for name in wells]
    codes = [regions.index(places[pair]) if pair in places else -1 for pair in zip(wells, sites, strict=True)]
    obs = table["obs"]
    own = obs.create_group("region")
    own.attrs.update({"encoding-type": "categorical", "encoding-version": "0.2.0", "ordered": False})
    _array(own, "codes", np.asarray(codes, dtype=np.int32), kind="array")
    _array(own, "categories", np.asarray(regions, dtype=object), kind="string-array")
    obs.attrs["column-order"] = [*obs.attrs["column-order"], "region"]
    said = table["uns"].create_group("spatialdata_attrs")
    said.attrs.update({"encoding-type": "dict", "encoding-version": "0.1.0"})
    _array(said, "region", np.asarray(regions, dtype=object), kind="string-array")
    for name in ("region_key", "instance_key"):
        _array(said, name, np.asarray(keys[name], dtype=object), kind="string")
    table.attrs.update({"spatialdata-encoding-type": "ngff:regions_table", "version": "0.2", **keys})


def _texts(item: h5py.Group) -> list[str]:
    """A categorical column as text; empty where nothing is."""
    names = [text.decode() for text in item["categories"][()]]
    return [names[code] if code >= 0 else "" for code in item["codes"][()]]


def _copy(source: h5py.Group, target: zarr.Group) -> None:
    """All below a group of an HDF5 file; AnnData's encodings are the same in both formats."""
    target.attrs.update({name: _plain(value) for name, value in source.attrs.items()})
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
            continue
        is_text = h5py.check_string_dtype(item.dtype) is not None
        values = np.asarray(item.asstr()[()] if is_text else item[()], dtype=object if is_text else None)
        _array(target, name, values).attrs.update({key: _plain(value) for key, value in item.attrs.items()})


def _array(group: zarr.Group, name: str, values: Any, *, kind: str = "") -> zarr.Array[Any]:
    is_text = values.dtype == object
    array = group.create_array(name, shape=values.shape, dtype="string" if is_text else values.dtype)
    if values.size:
        array[...] = values
    if kind:
        array.attrs.update({"encoding-type": kind, "encoding-version": "0.2.0"})
    return array


def _plain(value: Any) -> Any:
    """An attribute as JSON has it."""
    if isinstance(value, np.ndarray):
        return [_plain(one) for one in value.tolist()]
    if isinstance(value, np.generic):
        return value.item()
    return value.decode() if isinstance(value, bytes) else value
