"""The sheet: what it says of each well, and every mistake in one message."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from wellspring.sheet.reading import (
    condition_columns,
    read_sheet,
    well_annotations,
    well_paths,
    wildcard_pattern,
)

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/wells.schema.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("I09", "I10", "#odd"):
        (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path


def sheet(folder: Path, *lines: str, header: str = "plate\twell\tpath") -> Path:
    (folder / "wells.tsv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return folder / "wells.tsv"


def mistakes(folder: Path, *lines: str, header: str = "plate\twell\tpath") -> list[str]:
    """The lines of the message that the sheet ends in."""
    with pytest.raises(ValueError, match=r"wells\.tsv") as error:
        read_sheet(sheet(folder, *lines, header=header), schema=SCHEMA)
    return str(error.value).splitlines()


def test_a_good_sheet_is_text_with_paths_from_its_folder(folder: Path) -> None:
    path = sheet(
        folder, "P1\tI10\tdata/I10\t007\t", "P1\tI09\tdata/I09\t8\tDMSO", header="plate\twell\tpath\tday\tgene"
    )
    wells = read_sheet(path, schema=SCHEMA)
    assert wells["path"].tolist() == [str(folder / "data/I10"), str(folder / "data/I09")]
    assert wells["day"].tolist() == ["007", "8"]
    assert wells["gene"].isna().tolist() == [True, False]
    assert well_paths(wells) == {("P1", "I10"): folder / "data/I10", ("P1", "I09"): folder / "data/I09"}
    assert well_annotations(wells) == {("P1", "I10"): {"day": "007"}, ("P1", "I09"): {"day": "8", "gene": "DMSO"}}


def test_text_that_pandas_takes_for_missing_stays_text(folder: Path) -> None:
    wells = read_sheet(sheet(folder, "P1\tI09\tdata/I09\tNA", header="plate\twell\tpath\tgene"), schema=SCHEMA)
    assert wells["gene"].tolist() == ["NA"]


def test_comments_and_empty_lines_are_skipped_and_a_path_may_hold_the_sign(folder: Path) -> None:
    path = sheet(folder, "# a comment", "", "P1\tI09\tdata/#odd")
    assert read_sheet(path, schema=SCHEMA)["path"].tolist() == [str(folder / "data/#odd")]


def test_a_sheet_saved_with_a_byte_order_mark_is_read(folder: Path) -> None:
    sheet(folder, "P1\tI09\tdata/I09", header="\ufeffplate\twell\tpath")
    assert read_sheet(folder / "wells.tsv", schema=SCHEMA)["plate"].tolist() == ["P1"]


def test_wells_are_compared_by_columns_that_group_them() -> None:
    wells = pd.DataFrame(
        {
            "plate": ["p"] * 4,
            "well": ["A01", "A02", "A03", "A04"],
            "path": ["."] * 4,
            "dose": ["0", "0", "5", None],
            "remark": [None, "odd", None, None],
            "day": ["1"] * 4,
            "sample": ["a", "b", "c", "d"],
        }
    )
    assert condition_columns(wells) == ["dose"]
    assert condition_columns(wells.iloc[:0]) == []


def test_a_sheet_without_annotations_has_none(folder: Path) -> None:
    wells = read_sheet(sheet(folder, "P1\tI09\tdata/I09"), schema=SCHEMA)
    assert well_annotations(wells) == {("P1", "I09"): {}}


def test_a_missing_sheet_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no such sheet of wells. Write it with `wellspring sheet"):
        read_sheet(tmp_path / "wells.tsv", schema=SCHEMA)


def test_an_unreadable_sheet_is_reported(tmp_path: Path) -> None:
    (tmp_path / "wells.tsv").write_bytes(b"plate\twell\tpath\n\xff\xfe\n")
    with pytest.raises(ValueError, match=r"wells\.tsv: expected text in UTF-8 or UTF-16, but line 2 has"):
        read_sheet(tmp_path / "wells.tsv", schema=SCHEMA)


def test_missing_columns_are_told(folder: Path) -> None:
    words = mistakes(folder, "P1,I09,data/I09", header="plate,well,path")
    assert (
        "['plate', 'well', 'path'] are missing; found ['plate,well,path']. Columns are separated by tabs." in words[0]
    )


def test_a_sheet_without_a_line_is_reported(tmp_path: Path) -> None:
    (tmp_path / "wells.tsv").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(ValueError, match="the sheet is empty"):
        read_sheet(tmp_path / "wells.tsv", schema=SCHEMA)


def test_a_sheet_without_wells_is_reported(folder: Path) -> None:
    assert "no wells: add one row per well" in mistakes(folder)[1]


def test_a_line_with_too_many_fields_is_reported(folder: Path) -> None:
    words = mistakes(folder, "P1\t\tI09\tdata/I09")
    assert "expected 3 fields in every line, as in the header, but line 2 has 4" in words[0]


def test_every_mistake_is_told_at_once_with_its_line(folder: Path) -> None:
    lines = [
        "# here",
        "P1\tI09\tdata/I09",
        "P1\tI09\tdata/I09",
        "P 2\tI10\tdata/I10",
        "P1\tI11\tdata/none",
        "P1\tI12\t",
    ]
    words = mistakes(folder, *lines)
    assert words[0].endswith("4 mistake(s) in the sheet:")
    assert any("line 5 plate: expected letters, digits, " in line for line in words)
    assert any("line 7: path is missing" in line for line in words)
    assert any("plate P1, well I09: listed more than once" in line for line in words)
    assert any(f"plate P1, well I11: there is no file or folder {folder / 'data/none'}" in line for line in words)


def test_many_mistakes_are_counted(folder: Path) -> None:
    words = mistakes(folder, *[f"P1\tB{k}\tdata/none" for k in range(23)])
    assert words[-1].strip() == "(+3 more)"


@pytest.mark.parametrize("name", ["object_id", "n_px", "split", "target", "mean_EU", "is_seen"])
def test_an_annotation_with_the_name_of_a_computed_column_is_reported(folder: Path, name: str) -> None:
    words = mistakes(folder, "P1\tI09\tdata/I09\t1", header=f"plate\twell\tpath\t{name}")
    assert f"column {name}: the name is that of a column that wellspring computes" in words[1]


def test_a_bad_column_name_is_reported_once(folder: Path) -> None:
    rows = ["P1\tI09\tdata/I09\tx", "P1\tI10\tdata/I10\ty"]
    words = mistakes(folder, *rows, header="plate\twell\tpath\tmy gene")
    assert words[1:] == ["  - column name 'my gene': expected letters, digits and _, no digit first; write my_gene"]


def test_a_wildcard_matches_the_names_alone() -> None:
    pattern = wildcard_pattern(["A.1", "A1", "A1"])
    names = pd.Series(["A1", "A.1", "Ax1", "A11"])
    assert names.str.fullmatch(pattern).tolist() == [True, True, False, False]
