"""Sheets as spreadsheets save them: encodings, quoted cells, blanks, and names that cannot stand side by side."""

from pathlib import Path

import pandas as pd
import pytest

from wellspring.errors import InputError
from wellspring.sheet.names import clashing_names, column_name
from wellspring.sheet.reading import read_sheet, read_sheet_schema
from wellspring.sheet.text import sheet_lines

SCHEMA = read_sheet_schema(Path(__file__).resolve().parents[3] / "workflow" / "schemas")
HEAD = "plate\twell\tpath\tdrug\n"


def written(folder: Path, content: str | bytes, *, encoding: str = "utf-8") -> Path:
    path = folder / "wells.tsv"
    path.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
    (folder / "raw").mkdir(exist_ok=True)
    return path


def read(folder: Path, content: str | bytes, *, encoding: str = "utf-8") -> pd.DataFrame:
    return read_sheet(written(folder, content, encoding=encoding), schema=SCHEMA)


def message(folder: Path, content: str | bytes, *, encoding: str = "utf-8") -> str:
    with pytest.raises(InputError) as error:
        read(folder, content, encoding=encoding)
    return str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("drug", ["3 µM", "37 °C ± 1", "Ångström"])
def test_every_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str, ending: str, drug: str) -> None:
    text = (HEAD + f"Q\tE05\traw\t{drug}\n").replace("\n", ending)
    assert read(tmp_path, text, encoding=encoding)["drug"].tolist() == [drug]


@pytest.mark.parametrize(("drug", "encoding"), [("5 μM", "cp1253"), ("доза", "cp1251"), ("投与量", "shift_jis")])
def test_an_encoding_that_cannot_be_known_is_said_with_how_to_save(tmp_path: Path, drug: str, encoding: str) -> None:
    words = message(tmp_path, HEAD + f"Q\tE05\traw\t{drug}\n", encoding=encoding)
    assert "wells.tsv: expected text in UTF-8 or UTF-16, but line 2 has characters of another encoding" in words
    assert "'Unicode Text (*.txt)'" in words


def test_a_byte_that_is_0_is_reported_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "wells.tsv").write_bytes(b"plate\twell\tpath\nP\tA1\tx\0y\n")
    with pytest.raises(InputError, match=r"wells.tsv: expected text, but line 2 has a byte that is 0. In Excel choose"):
        sheet_lines(tmp_path / "wells.tsv")


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_is_said_with_how_to_save(tmp_path: Path, start: bytes) -> None:
    words = message(tmp_path, start + bytes(200))
    assert "expected a tab-separated sheet of wells, found an Excel" in words
    assert "Save As" in words


def test_a_folder_is_no_sheet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a tab-separated sheet of wells, found a folder"):
        read_sheet(tmp_path, schema=SCHEMA)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"one\ntwo\nthree"', "one two three"),
        ('"a ""b"" c"', 'a "b" c'),
        ('"5 uM', '"5 uM'),
        ('"a" b', '"a" b'),
        ('5" dish', '5" dish'),
        ('"plain"', "plain"),
        ("  blanks \u00a0", "blanks"),
        ('""', None),
    ],
)
def test_cells_are_read_as_a_spreadsheet_means_them(tmp_path: Path, cell: str, text: str | None) -> None:
    found = read(tmp_path, HEAD + f"Q\tE05\traw\t{cell}\n# between\nQ\tE06\traw\tlast\n")
    assert found["well"].tolist() == ["E05", "E06"]
    assert [None if pd.isna(one) else one for one in found["drug"]] == [text, "last"]


def test_a_quote_that_is_closed_in_another_row_swallows_none(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + 'Q\tE05\traw\t"first\nQ\tE06\traw\tlast"\n')
    assert found["drug"].tolist() == ['"first', 'last"']


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = written(tmp_path, "# note\n" + HEAD + 'Q\tE05\traw\t"a\nb"\n\nQ\tE06\traw\tx\n')
    assert [line.number for line in sheet_lines(path)] == [2, 3, 6]


def test_blanks_around_names_and_empty_columns_behind_are_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, " plate\twell \tpath\tdrug\t\t\nQ \t E05\traw \tx\t\t\n\t\t\t\t\t\n")
    assert found.to_dict("records") == [{"plate": "Q", "well": "E05", "path": str(tmp_path / "raw"), "drug": "x"}]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            "plate\twell\tpath\tdose (µM)",
            "column name 'dose (µM)': expected letters, digits and _, no digit first; write",
        ),
        ("plate\twell\tpath\tdrug\tdrug", "column drug: there are several of that name; rename all but one"),
        ("plate\twell\tpath\t\tdrug", "column 4 has no name; give it one"),
        ("Plate\tWell\tpath", "Write plate, well instead of Plate, Well."),
        ("plate;well;path", "The header has ';' instead: save the sheet as text with tabs."),
    ],
)
def test_a_header_that_cannot_be_used_says_what_to_write(tmp_path: Path, header: str, words: str) -> None:
    assert words in message(tmp_path, f"{header}\nQ{header[5]}E05{header[5]}raw\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("dose (µM)", "dose_uM"),
        ("% GFP", "percent_GFP"),
        ("2nd stain", "_2nd_stain"),
        ("Größe", "Groe"),
        ("()", "note"),
    ],
)
def test_a_name_for_a_column(text: str, name: str) -> None:
    assert column_name(text) == name


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("Q", "E05"), ("Q", "E05.foci")], "wells E05 and E05.foci: the files of E05 could not be distinguished"),
        ([("Q", "E05"), ("Q", "e05")], "wells E05 and e05: they differ in upper and lower case only"),
        ([("Q", "E05"), ("q", "E06")], "plates Q and q: they differ in upper and lower case only"),
        ([("plates", "E05")], "plate plates: the workflow has a folder or file of that name"),
        ([("manifest.parquet", "E05")], "plate manifest.parquet: the workflow has a folder or file of that name"),
    ],
)
def test_names_whose_files_would_clash_are_reported(rows: list[tuple[str, str]], words: str) -> None:
    (line,) = clashing_names(rows)
    assert words in line


def test_names_that_stand_side_by_side() -> None:
    rows = [("Q", "E05"), ("Q", "E05.2"), ("Q", "E05-cells"), ("Q.v2", "E05"), ("illumination", "E05.cells")]
    assert list(clashing_names(rows)) == []


@pytest.mark.parametrize("place", [0, 1])
def test_a_name_of_300_letters_is_reported_in_short(tmp_path: Path, place: int) -> None:
    cells = ["Q", "E05", "raw", "x"]
    cells[place] = "W" * 300
    words = message(tmp_path, HEAD + "\t".join(cells) + "\n")
    assert "with a letter or digit first, at most 100 of them, got 'WWW" in words
    assert len(words) < 400


def test_a_path_with_braces_and_a_link_to_itself_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a{b}").mkdir()
    (tmp_path / "ring").symlink_to("ring")
    words = message(tmp_path, HEAD + "Q\tE05\ta{b}\tx\nQ\tE06\tring\tx\n")
    assert f"well E05: the path {tmp_path / 'a{b}'} has braces, which name wildcards in a workflow; rename" in words
    assert f"well E06: there is no file or folder {tmp_path / 'ring'}" in words


def test_no_message_shows_a_regular_expression(tmp_path: Path) -> None:
    words = message(tmp_path, "plate\twell\tpath\tmy drug\nQ/1\tE 05\traw\tx\n-\t\t\t\n")
    assert not any(sign in words for sign in ("[A-Z", "^", "$", "does not match", "is not of type"))


def test_the_old_name_of_the_module_reads_a_sheet(tmp_path: Path) -> None:
    from wellspring import wells

    found = wells.read_sheet(written(tmp_path, HEAD + "Q\tE05\traw\tx\n"), schema=SCHEMA)
    assert wells.well_annotations(found) == {("Q", "E05"): {"drug": "x"}}
