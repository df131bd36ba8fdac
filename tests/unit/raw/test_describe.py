"""Channel tables, descriptions of wells, and wells compared."""

from pathlib import Path

import numpy as np
import pytest

from wellspring.raw import tiff
from wellspring.raw.channels import read_channels
from wellspring.raw.describe import WellDescription, check_axes, check_removed, compare_channels, describe_well

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
def test_a_bad_channel_table_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "channels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"channels.csv: .*{words}"):
        read_channels(tmp_path / "channels.csv")


def test_a_missing_channel_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a table of channels"):
        read_channels(tmp_path / "channels.csv")


def test_a_well_is_described_from_its_headers(tmp_path: Path) -> None:
    np.save(tmp_path / "mpp.npy", np.ones((5, 2), dtype=np.uint16))
    for name in ("x", "y", "mapobject_ids"):
        np.save(tmp_path / f"{name}.npy", np.arange(5))
    (tmp_path / "metadata.csv").touch()
    (tmp_path / "channels.csv").write_text("0,DAPI\n1,EU\n", encoding="utf-8")
    found = describe_well(tmp_path, well="I09", raw=NO_TABLES)
    expected = {"n_px": 5, "n_sites": None, "n_values": 10, "n_files": 6, "dtype": "uint16", "n_planes": {}}
    assert found == WellDescription("mpm", ("DAPI", "EU"), **expected)


def test_a_tiff_well_is_described_by_its_sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("B7_1_DAPI.tif", "B7_2_DAPI.tif"):
        (tmp_path / name).touch()
    asked = {}

    def describe_tiff(path: Path, **wanted: object) -> tiff.TiffContent:
        asked.update(wanted, path=path)
        return tiff.TiffContent(("DAPI",), 2, 32, {"DAPI": (1,)})

    monkeypatch.setattr(tiff, "describe_tiff", describe_tiff)
    raw = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None}
    found = describe_well(tmp_path, well="B7", raw=raw)
    expected = {"n_sites": 2, "n_values": 32, "n_files": 2, "dtype": None, "n_planes": {"DAPI": (1,)}}
    assert found == WellDescription("tiff", ("DAPI",), n_px=None, **expected)
    assert asked == {"path": tmp_path, "well": "B7", "pattern": raw["pattern"], "channels": None}


def test_wells_with_the_same_channels_share_them() -> None:
    wells = {("p", "A1"): ["DAPI", "EU"], ("p", "A2"): ["DAPI", "EU"]}
    assert compare_channels(wells, named={"dataset.target_channel": ["EU"]}) == ("DAPI", "EU")


def test_wells_whose_channels_differ_are_named_with_what_differs() -> None:
    wells = {("p", f"A{k}"): ["DAPI", "EU"] for k in range(3)}
    wells |= {("p", "B1"): ["DAPI", "PML"], ("q", "B2"): ["EU", "DAPI"]}
    with pytest.raises(ValueError) as error:
        compare_channels(wells, named={})
    words = str(error.value)
    assert "2 of 5 wells differ from the other 3" in words
    assert "p/B1: lacks ['EU'], has also ['PML']" in words
    assert "q/B2: has the same channels in another order" in words
    assert "A0" not in words


def test_many_differing_wells_are_counted_not_listed() -> None:
    wells = {("p", f"A{k}"): ["DAPI"] for k in range(8)} | {("p", f"B{k}"): ["EU"] for k in range(7)}
    with pytest.raises(ValueError, match=r"\(\+2 more\)"):
        compare_channels(wells, named={})


def test_a_channel_that_no_well_has_is_told_with_its_key_and_what_is_close() -> None:
    wells = {("p", "A1"): ["00_DAPI", "00_EU", "01_PML"]}
    named = {"dataset.target_channel": ["EU"], "dataset.input_channels": ["00_dapi", "01_PML", "COIL"]}
    with pytest.raises(ValueError) as error:
        compare_channels(wells, named=named)
    words = str(error.value)
    assert "3 channel(s) that no well has" in words
    assert "dataset.target_channel: 'EU' (did you mean 00_EU?)" in words
    assert "dataset.input_channels: '00_dapi' (did you mean 00_DAPI?)" in words
    assert "dataset.input_channels: 'COIL'\n" in words
    assert "Known channels: 00_DAPI, 00_EU, 01_PML" in words


STACKS = {("p", "A1"): {"RNA": [17], "DAPI": [1]}, ("p", "A2"): {"RNA": [17, 18], "DAPI": [1]}}


def test_values_per_axis_fit_stacks_and_one_value_fits_all() -> None:
    check_axes(STACKS, channels=["RNA"], per_axis={"spots.sigma_px": [1.2, 1.5, 1.5]})
    check_axes(STACKS, channels=["DAPI"], per_axis={"spots.spacing_um": None})
    check_axes(STACKS, channels=["RNA", "DAPI"], per_axis={"spots.sigma_px": 1.5})
    check_axes({("p", "A1"): {}}, channels=[], per_axis={"spots.sigma_px": [1.5, 1.5]})


def test_values_for_another_number_of_axes_are_told_with_the_well() -> None:
    with pytest.raises(
        ValueError, match=r"spots\.sigma_px: expected 3 numbers, \[z, y, x\], since RNA of p/A1 has stacks"
    ):
        check_axes(STACKS, channels=["RNA"], per_axis={"spots.sigma_px": [1.5, 1.5]})
    with pytest.raises(ValueError, match=r"spots\.spacing_um: expected 3 numbers, .* got null"):
        check_axes(STACKS, channels=["RNA"], per_axis={"spots.spacing_um": None})
    with pytest.raises(
        ValueError, match=r"spots\.spacing_um: expected 2 numbers, \[y, x\], since DAPI .* single planes"
    ):
        check_axes(STACKS, channels=["DAPI"], per_axis={"spots.spacing_um": (0.3, 0.1, 0.1)})


def test_a_model_keeps_a_channel_when_others_are_taken_out():
    check_removed([1, 4], n_inputs=5)
    check_removed([], n_inputs=0)
    with pytest.raises(ValueError, match=r"roar.channels: expected numbers below 5, .* got \[5, 8\]"):
        check_removed([1, 5, 8], n_inputs=5)
