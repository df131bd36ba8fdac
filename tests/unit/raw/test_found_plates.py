"""``wellspring sheet FOLDER``: which format a folder has, its map, its sheet and its config."""

from pathlib import Path

import pytest
import yaml

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.raw.detection import found_plates
from wellspring.raw.plate_map import checked_images, plate_map
from wellspring.raw.proposals import role_of
from wellspring.sheet.reading import read_sheet, read_sheet_schema
from wellspring.simulation.layouts.all import LAYOUTS
from wellspring.simulation.layouts.plates import drawn_plate

SCHEMAS = Path(__file__).parents[3] / "workflow" / "schemas"


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_each_layout_is_known_by_what_is_in_its_folder(name: str, tmp_path: Path) -> None:
    LAYOUTS[name].write(tmp_path / "new", drawn_plate(wells=("B02",), shape=(6, 8)))
    (found,) = found_plates(tmp_path / "new")
    assert found.index.format == LAYOUTS[name].format
    assert set(found.index.images["well"]) == {"B02"}
    assert LAYOUTS[name].format not in found.others


def test_the_command_shows_the_plate_and_writes_sheet_and_config(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plate = drawn_plate(n_sites=3, failed=[("B02", 2, "RNA", 2)])
    LAYOUTS["yokogawa"].write(tmp_path / "export", plate)
    arguments = ["sheet", str(tmp_path / "export"), "--output", str(tmp_path / "wells.tsv")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "plate plate1, raw.format yokogawa, from MeasurementData.mlf" in said
    assert "not harmony: expected Index.idx.xml" in said
    assert "23 images in 23 files: 2 wells, 3 sites each" in said
    assert "channel RNA: 2 to 3 planes" in said
    assert "B02, site 2: 1 of channel RNA: recorded as ERR" in said
    assert "\n   B   .  o  #  .  " in said
    assert "well B03 as its files are read: fields of 12 x 16 px of 0.65 µm, uint16; planes: DAPI 1, RNA 3" in said
    sheet = read_sheet(tmp_path / "wells.tsv", schema=read_sheet_schema(SCHEMAS))
    assert sheet["well"].tolist() == ["B02", "B03"]
    assert set(sheet["plate"]) == {"plate1"}
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert "channel DAPI: probably nuclei" in text
    assert "by the names probably RNA" in text
    config = yaml.safe_load(text)
    assert config["raw"]["format"] == "yokogawa"
    # What a channel shows is the user's to say.
    assert config["segmentation"]["nucleus_channel"] is None
    # A second time neither sheet nor config is replaced.
    assert main(arguments) == 1
    assert main([*arguments, "--force"]) == 0


def test_several_plates_and_none(tmp_path: Path) -> None:
    for name in ("first", "second"):
        LAYOUTS["harmony 5"].write(tmp_path / "both" / name, drawn_plate(name=name, wells=("B02",)))
    assert [one.index.plate for one in found_plates(tmp_path / "both")] == ["first", "second"]
    LAYOUTS["scanr"].write(tmp_path / "both" / "third", drawn_plate(wells=("B02",)))
    with pytest.raises(InputError, match=r"expected plates of one format, found harmony, scanr. Name one"):
        found_plates(tmp_path / "both")
    assert len(found_plates(tmp_path / "both", only="scanr")) == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected a plate of a known format, found none\. ome-zarr: .* --pattern"):
        found_plates(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="there is no such file or folder"):
        found_plates(tmp_path / "nowhere")


def test_a_map_has_the_size_of_the_plate_and_a_sign_for_each_well(tmp_path: Path) -> None:
    path = LAYOUTS["metaxpress"].write(tmp_path / "new", drawn_plate(planes={"DAPI": 1}))
    for file in path.rglob("*_B03_*"):
        file.unlink()
    (found,) = found_plates(path)
    lines = plate_map(found.index, checked_images(found.index))
    assert len(lines) == 8 + 2
    assert lines[0].split()[-1] == "12"
    assert lines[2].split() == ["B", ".", "#", "!", *["."] * 9]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("HOECHST 33342", "nuclei"),
        ("DAPI", "nuclei"),
        ("Brightfield high", "transmitted light"),
        ("CellMask Orange", "cells"),
        ("RNA", "spots"),
        ("Alexa 488", ""),
    ],
)
def test_roles_are_proposed_by_names_that_say_them(name: str, role: str) -> None:
    assert role_of(name) == role
