"""A plate as OME-Zarr, held to the specification, its pixels and labels read back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zarr

from wellspring.errors import InputError
from wellspring.export.plate_zarr import plate_size, well_path, write_plate, write_well
from wellspring.export.pyramids import Version, halved, level_count
from wellspring.raw.images import SiteImage

RNG = np.random.default_rng(0)
IMAGES = {site: RNG.integers(0, 4000, (2, 300, 500), dtype=np.uint16) for site in ("1", "2")}
LABELS = np.zeros((300, 500), np.uint32)
LABELS[10:40, 20:60] = 1
LABELS[100:140, 200:260] = 70_000
CELLS = pd.DataFrame(
    {
        "plate": "p",
        "well": "B02",
        "site": ["1", "1"],
        "object_id": [1, 2],
        "label_in_site": [1, 70_000],
        "Cells_AreaShape_Area_px": [1200.0, 2400.0],
    }
)


def _write(folder: Path, well: str, version: Version) -> dict[str, Any]:
    # Site 2 was left out, so it has no labels.
    labels = {"nuclei": {"1": LABELS}, "cells": {"1": LABELS * 2}}
    sites = [SiteImage(name, ("DAPI", "RNA"), image, 0.5) for name, image in IMAGES.items()]
    return write_well(
        folder, sites, well=well, labels=labels, cells=CELLS, nucleus_channel="DAPI", n_columns=12, version=version
    )


@pytest.fixture(params=["0.4", "0.5"], scope="module")
def version(request: pytest.FixtureRequest) -> Version:
    return request.param


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory, version: Version) -> Path:
    folder = tmp_path_factory.mktemp("plate") / "p.ome.zarr"
    records = [_write(folder, well, version) for well in ("B02", "C03")]
    write_plate(folder, records, name="p", version=version)
    return folder


def _said(folder: Path, version: Version) -> dict[str, Any]:
    """What a group says of itself: in its ``zarr.json`` below ``ome``, or in ``.zattrs``."""
    if version == "0.4":
        assert json.loads((folder / ".zgroup").read_text()) == {"zarr_format": 2}
        return json.loads((folder / ".zattrs").read_text())
    found = json.loads((folder / "zarr.json").read_text())
    assert (found["zarr_format"], found["node_type"]) == (3, "group")
    assert found["attributes"]["ome"]["version"] == "0.5"
    return found["attributes"]["ome"]


def test_a_plate_lists_all_rows_and_columns_and_its_wells(plate: Path, version: Version) -> None:
    said = _said(plate, version)["plate"]
    assert [one["name"] for one in said["rows"]] == list("ABCDEFGH")
    assert [one["name"] for one in said["columns"]] == [f"{n:02d}" for n in range(1, 13)]
    assert said["wells"] == [
        {"path": "B/02", "rowIndex": 1, "columnIndex": 1},
        {"path": "C/03", "rowIndex": 2, "columnIndex": 2},
    ]
    assert said["field_count"] == 2
    assert ("version" in said) == (version == "0.4")
    for one in said["wells"]:
        well = _said(plate / one["path"], version)["well"]
        assert [image["path"] for image in well["images"]] == ["0", "1"]
    # Rows are groups too.
    assert (plate / "B" / ("zarr.json" if version == "0.5" else ".zgroup")).is_file()
    assert {one.name for one in plate.iterdir() if one.is_dir()} == {"B", "C"}


def test_images_are_those_that_were_given_with_a_pyramid(plate: Path, version: Version) -> None:
    said = _said(plate / "B/02/0", version)
    (scales,) = said["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == ["c", "y", "x"]
    assert [axis.get("unit") for axis in scales["axes"]] == [None, "micrometer", "micrometer"]
    assert scales["datasets"][1]["coordinateTransformations"] == [{"type": "scale", "scale": [1.0, 1.0, 1.0]}]
    assert [one["label"] for one in said["omero"]["channels"]] == ["DAPI", "RNA"]
    assert all(
        len(one["color"]) == 6 and one["window"]["start"] < one["window"]["end"] for one in said["omero"]["channels"]
    )
    group = zarr.open_group(plate / "B/02/0", mode="r")
    np.testing.assert_array_equal(group["0"][:], IMAGES["1"])
    assert [group[one["path"]].shape for one in scales["datasets"]] == [(2, 300, 500), (2, 150, 250)]
    mean = IMAGES["1"][:, :2, :2].mean(axis=(1, 2))
    np.testing.assert_allclose(group["1"][:, 0, 0], mean, atol=0.5)
    if version == "0.5":
        files = [one for one in (plate / "B/02/0/0").rglob("*") if one.is_file()]
        assert len(files) == 2, "one shard, and what it says of itself"
        assert group["0"].metadata.dimension_names == ("c", "y", "x")
    else:
        assert json.loads((plate / "B/02/0/0/.zarray").read_text())["dimension_separator"] == "/"


def test_labels_and_the_table_belong_to_their_image(plate: Path, version: Version) -> None:
    image = plate / "B/02/0"
    assert _said(image / "labels", version)["labels"] == ["nuclei", "cells"]
    about = _said(image / "labels/nuclei", version)
    assert about["image-label"]["source"] == {"image": "../../"}
    assert [axis["name"] for axis in about["multiscales"][0]["axes"]] == ["y", "x"]
    group = zarr.open_group(image / "labels/nuclei", mode="r")
    assert group["0"].dtype == np.uint32
    np.testing.assert_array_equal(group["0"][:], LABELS)
    # No label is made by mixing two.
    assert set(np.unique(group["1"][:])) == {0, 1, 70_000}
    tables = zarr.open_group(image / "tables", mode="r")
    assert tables.attrs["tables"] == ["features"]
    assert tables["features"].attrs["region"] == {"path": "../labels/cells"}
    rows = pd.read_parquet(image / "tables/features/table.parquet")
    assert rows.to_dict("list") == {
        "object_id": [1, 2],
        "label": [1, 70_000],
        "Cells_AreaShape_Area_px": [1200.0, 2400.0],
    }
    assert not (plate / "B/02/1/labels").exists()


def test_a_well_that_was_changed_is_reported(tmp_path: Path) -> None:
    record = _write(tmp_path, "B02", "0.5")
    (tmp_path / "B/02/0/labels/nuclei/zarr.json").unlink()
    with pytest.raises(InputError, match="it was changed or removed"):
        write_plate(tmp_path, [record], name="p", version="0.5")


def test_what_an_earlier_run_left_is_removed(tmp_path: Path) -> None:
    old = [_write(tmp_path, well, "0.4") for well in ("B02", "C03")]
    write_plate(tmp_path, old, name="p", version="0.4")
    record = _write(tmp_path, "B02", "0.5")
    write_plate(tmp_path, [record], name="p", version="0.5")
    assert {one.name for one in tmp_path.iterdir()} == {"B", "zarr.json"}
    assert not list(tmp_path.rglob(".z*"))
    assert zarr.open_group(tmp_path, mode="r")["B/02/0/0"].shape == (2, 300, 500)


def test_a_well_without_sites_is_not_in_the_plate(tmp_path: Path) -> None:
    _write(tmp_path, "A01", "0.5")
    record = write_well(
        tmp_path, [], well="A01", labels={}, cells=None, nucleus_channel=None, n_columns=12, version="0.5"
    )
    assert (record["images"], record["bytes"]) == (0, 0)
    write_plate(tmp_path, [record, _write(tmp_path, "B02", "0.5")], name="p", version="0.5")
    assert [one["path"] for one in _said(tmp_path, "0.5")["plate"]["wells"]] == ["B/02"]
    assert not (tmp_path / "A").exists()


def test_names_that_are_no_positions_are_refused() -> None:
    assert (plate_size(["A01", "H12"]), plate_size(["P24"]), plate_size(["AF48"])) == ((8, 12), (16, 24), (32, 48))
    assert well_path("af3") == "AF/03"
    with pytest.raises(InputError, match="'control'"):
        plate_size(["A01", "control"])
    with pytest.raises(InputError, match="A02 and A2"):
        plate_size(["A02", "A2"])


def test_pyramids_end_where_a_plate_fits_a_texture() -> None:
    assert level_count((256, 200), n_columns=12) == 1
    assert level_count((2048, 2048), n_columns=24) == 4
    assert 48 * 2160 / 2 ** (level_count((2160, 2160), n_columns=48) - 1) <= 16_384
    assert halved(np.arange(6, dtype=np.uint32).reshape(2, 3), is_labels=True).tolist() == [[0, 2]]
