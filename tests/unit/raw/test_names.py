"""Patterns of file names: parts taken apart by hand, and what is refused."""

import os
from pathlib import Path

import pytest

from wellspring.raw.names import compile_pattern, matches_below, matching_files


@pytest.mark.parametrize(
    ("pattern", "name", "parts"),
    [
        (
            "{well}_{_}_{_}_{site}_{channel}_001.tif",
            "B7_01_1_3_DAPI_001.tif",
            {"well": "B7", "site": "3", "channel": "DAPI"},
        ),
        (
            "{plate}_{well}_T{_}F{site}L{_}A{_}Z{z}C{channel}.tif",
            "Assay_Greiner_#6_C02_T0001F001L01A04Z02C03.tif",
            {"plate": "Assay_Greiner_#6", "well": "C02", "site": "001", "z": "02", "channel": "03"},
        ),
        ("{well}f{site}-ch{channel}.tiff", "r01c02f03-ch1.tiff", {"well": "r01c02", "site": "03", "channel": "1"}),
        ("{channel}_001.tif", "Alexa_488_001.tif", {"channel": "Alexa_488"}),
        ("{channel}/{well}.tif", "DAPI/A1.tif", {"channel": "DAPI", "well": "A1"}),
        ("a+(b){site}.tif", "a+(b)1.tif", {"site": "1"}),
    ],
)
def test_parts_of_a_name(pattern: str, name: str, parts: dict[str, str]) -> None:
    hit = compile_pattern(pattern).fullmatch(name)
    assert hit is not None
    assert hit.groupdict() == parts


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{well}_{site}.tif", "A1.tif"),  # a part is missing
        ("{well}_{site}.tif", "A1_.tif"),  # a part is empty
        ("{well}_{site}.tif", "A1_1.TIF"),  # case differs
        ("{well}_{site}.tif", "x/A1_1.tif"),  # a part never holds a slash
        ("{well}.tif", "A1xtif"),  # a dot is a dot
        ("{well}_{channel}_001.tif", "A1_DAPI_001_Mask.tif"),  # more than the pattern says
    ],
)
def test_names_that_do_not_match(pattern: str, name: str) -> None:
    assert compile_pattern(pattern).fullmatch(name) is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{row}_{site}.tif", r"unknown part \{row\}; known parts are \{plate\}, \{well\}"),
        ("{site}_{site}.tif", r"\{site\} occurs more than once"),
        ("{well}{site}.tif", "two parts follow each other"),
        ("{well_{site.tif", "a brace has no partner"),
    ],
)
def test_bad_patterns(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_pattern(pattern)


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_files_of_one_well_sorted(tmp_path: Path) -> None:
    _touch(tmp_path, "A1_2.tif", "A1_1.tif", "A10_1.tif", "B1_1.tif", "notes.txt", "below/A1_3.tif")
    found = matching_files(tmp_path, pattern="{well}_{site}.tif", well="A1")
    assert [(m.path.name, m.parts) for m in found] == [
        ("A1_1.tif", {"well": "A1", "site": "1"}),
        ("A1_2.tif", {"well": "A1", "site": "2"}),
    ]
    assert len(matching_files(tmp_path, pattern="{well}_{site}.tif", well=None)) == 4


def test_files_that_come_later_are_seen(tmp_path: Path) -> None:
    for depth, folder in enumerate((tmp_path, tmp_path / "DAPI")):
        pattern = "{channel}/" * depth + "{well}_{site}.tif"
        _touch(folder, "A1_1.tif")
        os.utime(folder, ns=(1, 1))
        assert len(matching_files(tmp_path, pattern=pattern, well="A1")) == 1
        _touch(folder, "A1_2.tif")
        assert len(matching_files(tmp_path, pattern=pattern, well="A1")) == 2


def test_pattern_without_well_takes_the_whole_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "s1.tif", "s2.tif")
    assert [m.parts["site"] for m in matching_files(tmp_path, pattern="s{site}.tif", well="any")] == ["1", "2"]


def test_pattern_with_a_slash_looks_below(tmp_path: Path) -> None:
    _touch(tmp_path, "DAPI/A1.tif", "GFP/A1.tif", "A1.tif", "DAPI/deeper/A1.tif")
    found = matching_files(tmp_path, pattern="{channel}/{well}.tif", well="A1")
    assert [m.parts["channel"] for m in found] == ["DAPI", "GFP"]


def test_a_well_in_one_file(tmp_path: Path) -> None:
    _touch(tmp_path, "A1.tif", "A2.tif")
    assert [m.path.name for m in matching_files(tmp_path / "A1.tif", pattern="{_}.tif", well="A1")] == ["A1.tif"]


def test_nothing_matches(tmp_path: Path) -> None:
    _touch(tmp_path, "A1_1.tif")
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}: no file .* '{{well}}-1.tif' with well 'B2'.*'A1_1.tif'"):
        matching_files(tmp_path, pattern="{well}-1.tif", well="B2")
    with pytest.raises(FileNotFoundError, match="no files at that depth"):
        matching_files(tmp_path, pattern="{channel}/{well}.tif", well="B2")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        matching_files(tmp_path / "absent", pattern="{well}.tif", well="B2")
    assert matches_below(tmp_path, pattern="{well}-1.tif") == []


def test_wells_of_two_plates_in_one_folder(tmp_path: Path) -> None:
    _touch(tmp_path, "P1_A1.tif", "P2_A1.tif")
    with pytest.raises(ValueError, match=r"several plates \(P1, P2\)"):
        matching_files(tmp_path, pattern="{plate}_{well}.tif", well="A1")


def test_label_images_in_the_folder_of_the_images_are_no_channels(tmp_path: Path) -> None:
    for name in ("A01_s1_DAPI.tif", "A01_s1_cells.tif", "B01_s1_cells.tif"):
        (tmp_path / name).touch()
    about = {"pattern": "{well}_s{site}_{channel}.tif", "without": ["{well}_s{site}_cells.tif"]}
    assert [one.path.name for one in matching_files(tmp_path, well="A01", **about)] == ["A01_s1_DAPI.tif"]  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        matching_files(tmp_path, well="B01", **about)  # type: ignore[arg-type]
