"""The sheet of wells from what lies in a folder, and its command."""

from pathlib import Path

import pytest
import yaml

from wellspring.__main__ import main
from wellspring.raw.finding import mpm_wells, tiff_wells
from wellspring.sheet.reading import read_sheet
from wellspring.sheet.writing import WellFolder, write_sheet

ROOT = Path(__file__).parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "wells.schema.yaml").read_text(encoding="utf-8"))


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_wells_in_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "P1"
    _touch(folder, "B2_1_DAPI.tif", "B2_1_GFP.tif", "A1_1_DAPI.tif", "notes.txt")
    pattern = "{well}_{site}_{channel}.tif"
    assert tiff_wells(folder, pattern=pattern) == [WellFolder("P1", "A1", folder), WellFolder("P1", "B2", folder)]
    assert [well.plate for well in tiff_wells(folder, pattern=pattern, plate="X")] == ["X", "X"]


def test_plates_as_subfolders(tmp_path: Path) -> None:
    _touch(tmp_path, "P1/A1_1.tif", "P2/A1_1.tif", ".hidden/A2_1.tif", "a/b/c/d/A3_1.tif")
    wells = tiff_wells(tmp_path, pattern="{well}_{site}.tif")
    assert wells == [WellFolder("P1", "A1", tmp_path / "P1"), WellFolder("P2", "A1", tmp_path / "P2")]


def test_plate_in_the_pattern(tmp_path: Path) -> None:
    _touch(tmp_path, "P7_A1.tif")
    assert tiff_wells(tmp_path, pattern="{plate}_{well}.tif") == [WellFolder("P7", "A1", tmp_path)]


def test_subfolders_are_wells_without_well_in_the_pattern(tmp_path: Path) -> None:
    _touch(tmp_path, "P1/A1/s1.tif", "P1/A1/s2.tif", "P1/A2/s1.tif", "P1/A3/other.txt", "s9.tif")
    wells = tiff_wells(tmp_path, pattern="s{site}.tif")
    assert wells == [WellFolder("P1", "A1", tmp_path / "P1" / "A1"), WellFolder("P1", "A2", tmp_path / "P1" / "A2")]


def test_pattern_with_a_slash_keeps_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "P1"
    _touch(folder, "DAPI/A1.tif", "GFP/A1.tif")
    assert tiff_wells(folder, pattern="{channel}/{well}.tif") == [WellFolder("P1", "A1", folder)]
    with pytest.raises(ValueError, match=r"put \{well\} in"):
        tiff_wells(folder, pattern="{channel}/{site}.tif")


def test_nothing_found(tmp_path: Path) -> None:
    _touch(tmp_path, "below/x.tif")
    with pytest.raises(FileNotFoundError, match=r"no file .* 'x\{well\}.tif'; files there are like 'x.tif'"):
        tiff_wells(tmp_path, pattern="x{well}.tif")
    with pytest.raises(FileNotFoundError, match=r"expected subfolders with mpp\.npy, at most 3 deep"):
        mpm_wells(tmp_path)
    with pytest.raises(FileNotFoundError, match="expected a folder, but there is none"):
        mpm_wells(tmp_path / "absent")


def test_mpm_wells(tmp_path: Path) -> None:
    _touch(tmp_path, "184A1/I09/mpp.npy", "184A1/I11/mpp.npy", "184A1/notes/x.npy", "a/b/c/d/mpp.npy", "mpp.npy")
    folder = tmp_path / "184A1"
    expected = [WellFolder("184A1", "I09", folder / "I09"), WellFolder("184A1", "I11", folder / "I11")]
    assert mpm_wells(tmp_path) == expected
    assert mpm_wells(folder) == expected
    assert [well.plate for well in mpm_wells(folder, plate="X")] == ["X", "X"]


def test_sheet_is_read_back(tmp_path: Path) -> None:
    _touch(tmp_path, "data/P1/A1_1.tif")
    sheet = tmp_path / "run" / "wells.tsv"
    write_sheet(sheet, tiff_wells(tmp_path / "data", pattern="{well}_{site}.tif"))
    assert sheet.read_text(encoding="utf-8") == "plate\twell\tpath\nP1\tA1\t../data/P1\n"
    frame = read_sheet(sheet, schema=SCHEMA)
    assert Path(frame["path"][0]).resolve() == tmp_path / "data" / "P1"


def test_sheet_is_not_overwritten(tmp_path: Path) -> None:
    sheet = tmp_path / "wells.tsv"
    sheet.write_text("mine\n", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"wells.tsv: there is a sheet already.*--force"):
        write_sheet(sheet, [WellFolder("P", "A1", tmp_path)])
    assert sheet.read_text(encoding="utf-8") == "mine\n"
    write_sheet(sheet, [WellFolder("P", "A1", tmp_path)], force=True)
    assert sheet.read_text(encoding="utf-8") == "plate\twell\tpath\nP\tA1\t.\n"


@pytest.mark.parametrize(
    ("wells", "message"),
    [
        ([WellFolder("plate 1", "A1", Path("x"))], "plate 'plate 1' must be letters.*or give --plate"),
        ([WellFolder("P", "-A", Path("x"))], "well '-A' must be letters"),
        ([WellFolder("P", "A1", Path("x")), WellFolder("P", "A1", Path("y"))], "lies both in x and in y"),
        ([WellFolder("P", "A1", Path("x")), WellFolder("Q", "A1", Path("x"))], r"several plates \(P, Q\)"),
    ],
)
def test_wells_that_make_no_sheet(tmp_path: Path, wells: list[WellFolder], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_sheet(tmp_path / "wells.tsv", wells)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["A1", "184A1_x.2-b", "-A", "plate 1", "", "é", ".x"])
def test_names_are_those_of_the_schema(tmp_path: Path, name: str) -> None:
    sheet = tmp_path / "wells.tsv"
    try:
        write_sheet(sheet, [WellFolder(name, "A1", tmp_path)])
        is_accepted = True
    except ValueError:
        sheet.write_text(f"plate\twell\tpath\n{name}\tA1\t.\n", encoding="utf-8")
        is_accepted = False
    if is_accepted:
        assert read_sheet(sheet, schema=SCHEMA)["plate"].tolist() == [name]
    else:
        with pytest.raises(ValueError, match="mistake"):
            read_sheet(sheet, schema=SCHEMA)


def test_command_writes_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _touch(tmp_path, "P1/A1_1.tif", "P1/A2_1.tif")
    output = tmp_path / "wells.tsv"
    assert main(["sheet", str(tmp_path), "--pattern", "{well}_{site}.tif", "--output", str(output)]) == 0
    assert capsys.readouterr().out == f"{output}: 2 wells of 1 plate(s)\n"
    assert output.read_text(encoding="utf-8").splitlines()[1:] == ["P1\tA1\tP1", "P1\tA2\tP1"]


def test_a_sheet_without_wells_is_replaced_and_one_with_wells_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _touch(tmp_path, "P1/A1_1.tif")
    output = tmp_path / "wells.tsv"
    output.write_text("# of a fresh clone\nplate\twell\tpath\n\n", encoding="utf-8")
    command = ["sheet", str(tmp_path), "--pattern", "{well}_{site}.tif", "--output", str(output)]
    assert main(command) == 0
    written = output.read_text(encoding="utf-8")
    assert main(command) == 1
    assert "there is a sheet already" in capsys.readouterr().err
    assert output.read_text(encoding="utf-8") == written
    assert main([*command, "--force"]) == 0


def test_command_for_mpm(tmp_path: Path) -> None:
    _touch(tmp_path, "P1/A1/mpp.npy")
    output = tmp_path / "wells.tsv"
    assert main(["sheet", str(tmp_path), "--format", "mpm", "--plate", "X", "--output", str(output)]) == 0
    assert output.read_text(encoding="utf-8").splitlines()[1:] == ["X\tA1\tP1/A1"]


def test_command_says_its_errors_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["sheet", str(tmp_path), "--output", str(tmp_path / "wells.tsv")]
    assert main([*arguments, "--pattern", "{row}.tif"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("wellspring sheet: pattern '{row}.tif': unknown part {row}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "extra",
    [["--format", "tiff"], ["--format", "mpm", "--pattern", "{well}.tif"], ["--format", "oir"], ["--colour", "red"]],
)
def test_command_line_that_is_wrong(tmp_path: Path, extra: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["sheet", str(tmp_path), *extra])
    assert stop.value.code == 2
