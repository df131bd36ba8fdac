"""Channel tables and indexes of wells."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from wellspring.raw.channels import read_channels
from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index, write_index

NO_TABLES = {"format": "mpm", "cell_cycle_table": None, "wells_table": None, "background_table": None}


@pytest.mark.parametrize(
    "text",
    [
        "channel_name,id\nDAPI,0\nEU,1\n",
        "id,name\n1,EU\n0,DAPI\n",
        ",channel_name,id\n0,EU,1\n1,DAPI,0\n",
        "0,DAPI\n1,EU\n",
        "\ufeff0,DAPI\r\n1, EU\r\n",
    ],
)
def test_every_form_of_a_channel_table_is_read_in_the_order_of_the_ids(tmp_path: Path, text: str) -> None:
    (tmp_path / "channels.csv").write_text(text, encoding="utf-8", newline="")
    assert read_channels(tmp_path / "channels.csv") == ("DAPI", "EU")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("DAPI,0\nEU,1\n", "whole-number ids"),
        ("0\n1\n", "whole-number ids"),
        ("0,DAPI\n2,EU\n", r"found \[0, 2\] in 2 rows"),
        ("0,DAPI\n0,EU\n", r"found \[0\] in 2 rows"),
        ("0,DAPI\n1,DAPI\n", "'DAPI'.*empty or repeat"),
        ("0,DAPI\n1,\n", "''.*empty or repeat"),
    ],
)
def test_a_bad_channel_table_is_reported(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "channels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"channels.csv: .*{words}"):
        read_channels(tmp_path / "channels.csv")


def test_a_missing_channel_table_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a table of channels"):
        read_channels(tmp_path / "channels.csv")


def test_a_well_is_described_from_its_headers(tmp_path: Path) -> None:
    np.save(tmp_path / "mpp.npy", np.ones((5, 2), dtype=np.uint16))
    for name in ("x", "y", "mapobject_ids"):
        np.save(tmp_path / f"{name}.npy", np.arange(5))
    (tmp_path / "metadata.csv").touch()
    (tmp_path / "channels.csv").write_text("0,DAPI\n1,EU\n", encoding="utf-8")
    found = describe_well(tmp_path, plate="p", well="I09", raw=NO_TABLES)
    assert (found.plate, found.well, found.format, found.channels) == ("p", "I09", "mpm", ("DAPI", "EU"))
    assert (found.n_px, found.n_sites, found.n_values, found.n_files) == (5, None, 10, 6)
    assert (found.dtype, found.n_planes, found.sites, found.headers) == ("uint16", {}, (), ())
    write_index(found, tmp_path / "index.json")
    assert read_index(tmp_path / "index.json") == found


def test_a_tiff_well_is_described_by_its_sites_and_read_without_a_workflow(tmp_path: Path) -> None:
    for site in ("1", "2"):
        tifffile.imwrite(tmp_path / f"B7_{site}_DAPI.tif", np.full((4, 4), int(site), dtype=np.uint16))
    raw = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": None}
    found = describe_well(tmp_path, plate="p", well="B7", raw=raw)
    assert (found.channels, found.n_sites, found.n_values, found.n_files) == (("DAPI",), 2, 32, 2)
    assert (found.n_px, found.n_planes) == (None, {"DAPI": (1,)})
    assert [site.image.max() for site in read_sites(found, projection="max")] == [1, 2]
