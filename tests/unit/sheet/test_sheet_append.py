"""Next week's plate below the others, annotations kept."""

from pathlib import Path

import pytest

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.sheet.writing import WellFolder, append_to_sheet

SHEET = '# my notes\ndrug\twell\tplate\tpath\nDMSO\tA01\tP1\tP1\n"X, 3 µM"\tA02\tP1\tP1\n'


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """An annotated sheet of two wells, its columns in an order of its own."""
    for plate in ("P1", "P2"):
        (tmp_path / plate).mkdir()
    (tmp_path / "wells.tsv").write_text(SHEET, encoding="utf-8")
    return tmp_path / "wells.tsv"


def _wells(folder: Path, plate: str) -> list[WellFolder]:
    return [WellFolder(plate, well, folder / plate) for well in ("A01", "A02")]


def test_new_wells_come_below_and_all_else_stays(sheet: Path) -> None:
    wells = [*_wells(sheet.parent, "P1"), *_wells(sheet.parent, "P2")]
    assert append_to_sheet(sheet, wells) == _wells(sheet.parent, "P2")
    assert sheet.read_text(encoding="utf-8") == SHEET + "\tA01\tP2\tP2\n\tA02\tP2\tP2\n"
    assert append_to_sheet(sheet, wells) == []


def test_a_sheet_of_a_spreadsheet_is_read_and_written_in_utf8(sheet: Path) -> None:
    sheet.write_bytes(SHEET.replace("\n", "\r\n").rstrip().encode("utf-16"))
    append_to_sheet(sheet, _wells(sheet.parent, "P2"))
    assert sheet.read_text(encoding="utf-8") == SHEET + "\tA01\tP2\tP2\n\tA02\tP2\tP2\n"


def test_without_a_sheet_it_is_written(tmp_path: Path) -> None:
    assert len(append_to_sheet(tmp_path / "new.tsv", _wells(tmp_path, "P1"))) == 2
    assert (tmp_path / "new.tsv").read_text(encoding="utf-8").startswith("plate\twell\tpath\nP1\tA01\tP1\n")


def test_another_plate_of_the_same_name_is_a_mistake(sheet: Path) -> None:
    other = [WellFolder("P1", "A02", sheet.parent / "P2")]
    with pytest.raises(InputError, match=r"line 4: plate P1, well A02 is listed with another path, P1, .*--plate"):
        append_to_sheet(sheet, other)
    sheet.write_text("plate\twell\nP1\tA01\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"\['path'\] are missing"):
        append_to_sheet(sheet, other)


def test_the_command_appends(sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sheet.parent / "P2" / "A01_s1_DAPI.tif").touch()
    folder, pattern = str(sheet.parent / "P2"), "{well}_s{site}_{channel}.tif"
    assert main(["sheet", folder, "--pattern", pattern, "--append", "--output", str(sheet)]) == 0
    assert capsys.readouterr().out == f"{sheet}: 1 wells of 1 plate(s) added, 0 were there\n"
    assert sheet.read_text(encoding="utf-8") == SHEET + "\tA01\tP2\tP2\n"
