"""Which sites are left out, as the workflow reads it while it is planned."""

from pathlib import Path

import pytest

from wellspring.quality.left_out import left_out_of_well, write_left_out


def test_each_well_has_its_own_sites(tmp_path: Path) -> None:
    write_left_out(tmp_path / "left_out.json", {"B03": [], "B02": ["2", "1-1", "µ"]}, plate="p.1")
    found = {well: left_out_of_well(tmp_path / "left_out.json", plate="p.1", well=well) for well in ("B02", "B03")}
    assert found == {"B02": ["1-1", "2", "µ"], "B03": []}


@pytest.mark.parametrize(("plate", "well"), [("p", "B04"), ("q", "B03"), ("", "")])
def test_a_file_of_another_plate_or_without_the_well_is_refused(tmp_path: Path, plate: str, well: str) -> None:
    write_left_out(tmp_path / "left_out.json", {"B03": []}, plate="p")
    with pytest.raises(ValueError, match=rf"left_out.json: expected the sites of {plate} / {well} that are left out"):
        left_out_of_well(tmp_path / "left_out.json", plate=plate, well=well)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"plate": "p", "left_out": ["B03"]}', '{"plate": "p"}'])
def test_a_damaged_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "left_out.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="expected the sites"):
        left_out_of_well(tmp_path / "left_out.json", plate="p", well="B03")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        left_out_of_well(tmp_path / "none.json", plate="p", well="B03")
