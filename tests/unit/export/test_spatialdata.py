"""A SpatialData store as a view of a plate: what its format asks for, and that no pixel is copied."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from scipy.sparse import csr_matrix

from wellspring.errors import InputError
from wellspring.export.h5ad import write_h5ad
from wellspring.export.plate_zarr import write_plate, write_well
from wellspring.export.spatialdata import write_spatialdata
from wellspring.raw.images import SiteImage

IMAGE = np.random.default_rng(0).integers(0, 4000, (2, 300, 500), dtype=np.uint16)
LABELS = np.zeros((300, 500), np.uint32)
LABELS[10:40, 20:60] = 1
LABELS[100:140, 200:260] = 70_000


def _cells(path: Path, *, wells: list[str], sites: list[str], labels: list[int]) -> Path:
    n = len(wells)
    about = {"well": pd.Series(wells, dtype="str"), "site": pd.Series(sites, dtype="str"), "label": labels}
    write_h5ad(
        path,
        obs=pd.DataFrame({**about, "is_border_cell": [False] * n}).set_axis([f"p/{i}" for i in range(n)], axis=0),
        var=pd.DataFrame({"unit": ["µm"]}, index=["Cells_AreaShape_Area_um2"]),
        values=[(slice(0, 1), np.arange(n, dtype=np.float32)[:, None])],
        obsm={"spatial": np.zeros((n, 2))},
        layers={"counts": csr_matrix(np.ones((n, 1), np.float32))},
        uns={"wellspring": {"spatial_unit": "µm"}},
    )
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    records = [
        write_well(
            folder / "p.ome.zarr",
            [SiteImage(site, ("DAPI", "RNA"), IMAGE, 0.5) for site in ("1", "a b")],
            well=well,
            labels={"nuclei": {"1": LABELS}, "cells": {"1": LABELS}},
            cells=None,
            nucleus_channel="DAPI",
            n_columns=12,
            version="0.5",
        )
        for well in ("b2", "C03")
    ]
    write_plate(folder / "p.ome.zarr", records, name="p", version="0.5")
    _cells(folder / "p.h5ad", wells=["b2", "C03", "C03", "b2"], sites=["1", "1", "1", "a b"], labels=[1, 1, 70_000, 3])
    n_images = write_spatialdata(folder / "p.spatialdata.zarr", plate=folder / "p.ome.zarr", h5ad=folder / "p.h5ad")
    assert n_images == 4
    return folder


def _said(folder: Path) -> dict[str, object]:
    return json.loads((folder / "zarr.json").read_text(encoding="utf-8"))["attributes"]


def test_images_and_labels_are_links_into_the_plate_that_may_be_moved_with_it(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "moved", symlinks=True)
    store = tmp_path / "moved/p.spatialdata.zarr"
    assert sorted(one.name for one in (store / "images").iterdir()) == [
        "B02_1",
        "B02_a-b",
        "C03_1",
        "C03_a-b",
        "zarr.json",
    ]
    labels = ["B02_1_cells", "B02_1_nuclei", "C03_1_cells", "C03_1_nuclei", "zarr.json"]
    assert sorted(one.name for one in (store / "labels").iterdir()) == labels
    level = store / "images/C03_a-b/0"
    assert level.resolve() == (tmp_path / "moved/p.ome.zarr/C/03/1/0").resolve()
    np.testing.assert_array_equal(zarr.open_array(level, mode="r")[...], IMAGE)
    np.testing.assert_array_equal(zarr.open_array(store / "labels/B02_1_cells/0", mode="r")[...], LABELS)


def test_each_site_has_a_coordinate_system_in_micrometers(exported: Path) -> None:
    said = _said(exported / "p.spatialdata.zarr/images/B02_1")
    assert said["spatialdata_attrs"] == {"version": "0.3"}
    scales = said["ome"]["multiscales"][0]  # type: ignore[index]
    (own,) = scales["coordinateTransformations"]
    assert (own["type"], own["scale"], own["output"]["name"]) == ("scale", [1.0, 0.5, 0.5], "B02_1")
    assert [axis["name"] for axis in own["input"]["axes"]] == ["c", "y", "x"]
    levels = [level["coordinateTransformations"][0]["scale"] for level in scales["datasets"]]
    assert levels == [[1.0, 1.0, 1.0], [1.0, 2.0, 2.0]]
    # The plate's own metadata are as they were.
    assert _said(exported / "p.ome.zarr/B/02/0")["ome"]["version"] == "0.5"  # type: ignore[index]


def test_each_cell_names_the_labels_that_it_is_in(exported: Path) -> None:
    table = zarr.open_group(exported / "p.spatialdata.zarr/tables/cells", mode="r")
    assert table.attrs["spatialdata-encoding-type"] == "ngff:regions_table"
    assert (table.attrs["region_key"], table.attrs["instance_key"]) == ("region", "label")
    assert (table.attrs["encoding-type"], table.attrs["encoding-version"]) == ("anndata", "0.1.0")
    names = list(table["obs/region/categories"][...])
    assert names == table.attrs["region"] == ["B02_1_cells", "C03_1_cells"]
    # A cell of a site without labels is in none.
    assert table["obs/region/codes"][...].tolist() == [0, 1, 1, -1]
    assert table["obs/label"][...].tolist() == [1, 1, 70_000, 3]
    assert table["obs"].attrs["column-order"] == ["well", "site", "label", "is_border_cell", "region"]
    assert table["X"][...].ravel().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert list(table["var/_index"][...]) == ["Cells_AreaShape_Area_um2"]
    assert table["layers/counts"].attrs["shape"] == [4, 1]
    assert str(table["uns/wellspring/spatial_unit"][...]) == "µm"


def test_a_plate_without_cells_has_an_empty_table(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported / "p.ome.zarr", tmp_path / "p.ome.zarr")
    empty = _cells(tmp_path / "p.h5ad", wells=[], sites=[], labels=[])
    assert write_spatialdata(tmp_path / "s.zarr", plate=tmp_path / "p.ome.zarr", h5ad=empty) == 4
    assert zarr.open_group(tmp_path / "s.zarr", mode="r")["tables/cells/obs/region/codes"].shape == (0,)


def test_damaged_files_are_one_message_and_leave_what_was_there(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "e", symlinks=True)
    store, plate, h5ad = (tmp_path / "e" / name for name in ("p.spatialdata.zarr", "p.ome.zarr", "p.h5ad"))
    h5ad.write_bytes(h5ad.read_bytes()[:500])
    with pytest.raises(InputError, match=r"p\.h5ad: expected an AnnData file"):
        write_spatialdata(store, plate=plate, h5ad=h5ad)
    (plate / "zarr.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"zarr\.json: expected a group of an OME-Zarr plate"):
        write_spatialdata(store, plate=plate, h5ad=h5ad)
    assert (store / "images/B02_1/0").exists()
    assert sorted(one.name for one in (tmp_path / "e").iterdir()) == ["p.h5ad", "p.ome.zarr", "p.spatialdata.zarr"]
