"""Declared tables: what fits is written and read back, what does not is told."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import wellspring
from wellspring.cells.tables import CELLS
from wellspring.dataset.tables import FILTERED, NORMALIZATION
from wellspring.errors import InputError
from wellspring.tables import Column, Table, check_table, empty_table, read_table, read_tables, write_table
from wellspring.training.tables import PREDICTIONS

SMALL = Table(
    "small",
    (
        Column("name", "str", "", "a name"),
        Column("count", "int64", "cells", "how many"),
        Column("length", "float64", "px", "how long"),
        Column("is_good", "bool", "", "whether"),
    ),
)


def declared_tables() -> list[Table]:
    folders = [Path(wellspring.__file__).with_name(one.name) for one in iter_modules(wellspring.__path__) if one.ispkg]
    names = [f"wellspring.{folder.name}.tables" for folder in folders if (folder / "tables.py").is_file()]
    modules = [import_module(name) for name in names if name != "wellspring.report.tables"]
    return list({t.name: t for module in modules for t in vars(module).values() if isinstance(t, Table)}.values())


def small() -> pd.DataFrame:
    return pd.DataFrame({"name": ["01", "b"], "count": [1, 2], "length": [0.5, np.nan], "is_good": [True, False]})


def cells(object_ids: list[int]) -> pd.DataFrame:
    n = len(object_ids)
    whole = dict.fromkeys(("n_px", "y_min", "x_min", "height_px", "width_px"), [1] * n)
    key = {"plate": ["P"] * n, "well": ["A1"] * n, "object_id": object_ids}
    return pd.DataFrame({**key, **whole, "cell_size_ratio": [0.5] * n, "is_cropped": [False] * n})


def test_a_text_column_without_any_text_stays_one(tmp_path: Path) -> None:
    write_table(small().assign(name=""), tmp_path / "small.csv", SMALL)
    assert read_table(tmp_path / "small.csv", SMALL)["name"].fillna("").tolist() == ["", ""]


@pytest.mark.parametrize("name", ["small.parquet", "small.csv"])
def test_a_table_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    write_table(small(), tmp_path / name, SMALL)
    found = read_table(tmp_path / name, SMALL)
    pd.testing.assert_frame_equal(found, small())
    assert found["name"].tolist() == ["01", "b"]


@pytest.mark.parametrize("name", ["small.parquet", "small.csv"])
def test_names_that_look_like_no_value_stay_names(tmp_path: Path, name: str) -> None:
    write_table(small().assign(name=["None", "NA"]), tmp_path / name, SMALL)
    assert read_table(tmp_path / name, SMALL)["name"].tolist() == ["None", "NA"]


def test_infinite_bounds_survive(tmp_path: Path) -> None:
    row = {"channel": ["EU"], "n_px": [4], **{c.name: [1.0] for c in NORMALIZATION.columns if c.dtype == "float64"}}
    frame = pd.DataFrame(row).assign(clip=np.inf)
    write_table(frame, tmp_path / "n.parquet", NORMALIZATION)
    assert read_table(tmp_path / "n.parquet", NORMALIZATION)["clip"].tolist() == [np.inf]


def test_units_and_meanings_stand_in_the_file(tmp_path: Path) -> None:
    write_table(small(), tmp_path / "small.parquet", SMALL)
    field = pq.read_schema(tmp_path / "small.parquet").field("length")
    assert field.metadata == {b"unit": b"px", b"meaning": b"how long"}


def test_columns_that_some_files_have_carry_their_unit_too(tmp_path: Path) -> None:
    further = (Column("z", "float64", "px", "plane"), Column("mean_*", "float64", "intensity", "mean"))
    table = Table("open", SMALL.columns, is_open=True, further=further)
    write_table(small().assign(mean_DAPI=[1.0, 2.0], remark="x"), tmp_path / "open.parquet", table)
    schema = pq.read_schema(tmp_path / "open.parquet")
    assert schema.field("mean_DAPI").metadata == {b"unit": b"intensity", b"meaning": b"mean"}
    assert schema.field("remark").metadata is None
    assert "z" not in schema.names


def test_declared_columns_come_first_and_open_tables_keep_the_rest() -> None:
    frame = cells([1])[[*CELLS.names[::-1]]].assign(mean_EU=2.0)
    frame.insert(0, "gene", ["SBF2"])
    assert list(check_table(frame, CELLS, source="x").columns) == [*CELLS.names, "gene", "mean_EU"]


@pytest.mark.parametrize("table", declared_tables(), ids=lambda table: table.name)
def test_an_empty_table_of_every_kind_is_valid_and_keeps_its_dtypes(table: Table, tmp_path: Path) -> None:
    write_table(empty_table(table), tmp_path / "t.parquet", table)
    found = read_table(tmp_path / "t.parquet", table)
    assert len(found) == 0
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == {c.name: c.dtype for c in table.columns}


def test_an_empty_table_takes_further_columns() -> None:
    assert empty_table(CELLS, extra=[Column("mean_EU", "float64", "", "")])["mean_EU"].dtype == np.float64


def test_a_missing_column_is_told() -> None:
    with pytest.raises(ValueError, match=r"here: expected the columns of table 'small'; missing: \['count'\]"):
        check_table(small().drop(columns="count"), SMALL, source="here")


def test_an_unknown_column_of_a_closed_table_is_told() -> None:
    with pytest.raises(ValueError, match=r"unknown: \['more'\]"):
        check_table(small().assign(more=1), SMALL, source="here")


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("name", [1, 2], "must hold string values"),
        ("count", [1.0, 2.0], "must hold integer values"),
        ("length", [1, 2], "must hold number values"),
        ("is_good", [1, 0], "must hold true/false values"),
        ("count", pd.array([1, None], dtype="Int64"), "must be filled, but 1 of its values are missing"),
        ("is_good", pd.array([True, None], dtype="boolean"), "must be filled, but 1 of its values are missing"),
    ],
)
def test_values_of_another_kind_are_told(column: str, values: list[object], words: str) -> None:
    with pytest.raises(ValueError, match=f"here: column '{column}' of table 'small' {words}"):
        check_table(small().assign(**{column: values}), SMALL, source="here")


def test_a_repeated_cell_is_told() -> None:
    with pytest.raises(ValueError, match=r"here: expected one row per cell, but these object ids repeat: \[7\]"):
        check_table(cells([7, 8, 7]), CELLS, source="here")


def test_one_cell_may_have_a_row_per_run_where_that_is_meant() -> None:
    rows = empty_table(PREDICTIONS)
    rows.loc[0] = ["P", "A1", 1, "test", "linear", "structure", 1, 0.5, 0.5]
    rows.loc[1] = ["P", "A1", 1, "test", "linear", "structure", 2, 0.5, 0.5]
    assert len(check_table(rows, PREDICTIONS, source="here")) == 2


def test_a_bad_table_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"f\.parquet: expected the columns of table 'filtered'"):
        write_table(small(), tmp_path / "f.parquet", FILTERED)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing"])
def test_an_unreadable_table_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.parquet: expected table 'small', but it cannot be read"):
        read_table(tmp_path / "t.parquet", SMALL)


def test_a_missing_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected table 'small'"):
        read_table(tmp_path / "t.parquet", SMALL)


COUNTS = Table(
    "counts",
    (
        Column("plate", "str", "", "plate"),
        Column("well", "str", "", "well"),
        Column("n_spots", "int64", "spots", "how many"),
        Column("size_px", "int64", "px", "pixels"),
        Column("p_value", "float64", "1", "of a test"),
        Column("dim_share", "float64", "1", "of all"),
        Column("level", "float64", "1", "declared", minimum=-1.0, maximum=2.0),
    ),
)


def counts(well: str = "B07", **changes: object) -> pd.DataFrame:
    row = {
        "plate": ["P"],
        "well": [well],
        "n_spots": [4],
        "size_px": [0],
        "p_value": [1.0],
        "dim_share": [0.5],
        "level": [-1.0],
    }
    return pd.DataFrame({**row, **{name: [value] for name, value in changes.items()}})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("n_spots", -7, r"'n_spots' of table 'counts' must be 0 or more, but 1 of 1 values are not, the first -7"),
        ("size_px", -1, r"'size_px' of table 'counts' must be 0 or more, .* the first -1"),
        ("p_value", 1.5, r"'p_value' of table 'counts' must be from 0 to 1, .* the first 1.5"),
        ("dim_share", 1.25, r"'dim_share' of table 'counts' must be from 0 to 1, .* the first 1.25"),
        ("level", 2.5, r"'level' of table 'counts' must be from -1 to 2, .* the first 2.5"),
    ],
)
def test_a_value_out_of_range_is_reported_where_a_table_is_read(
    tmp_path: Path, name: str, value: float, words: str
) -> None:
    counts().assign(**{name: [value]}).to_parquet(tmp_path / "B07.parquet")
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "B07.parquet", COUNTS)


def test_missing_values_are_in_every_range(tmp_path: Path) -> None:
    write_table(counts(dim_share=np.nan), tmp_path / "B07.parquet", COUNTS)
    assert read_table(tmp_path / "B07.parquet", COUNTS)["dim_share"].isna().all()


def test_a_table_of_another_well_in_its_place_is_reported(tmp_path: Path) -> None:
    own, other = tmp_path / "P" / "B07.counts.parquet", tmp_path / "P" / "B08.counts.parquet"
    write_table(counts(), own, COUNTS)
    assert len(read_tables([own], COUNTS, of_wells=True)) == 1
    other.write_bytes(own.read_bytes())
    with pytest.raises(InputError, match=r"B08.counts.parquet: expected table 'counts' .* but it holds rows of P/B07"):
        read_table(other, COUNTS, of_well=True)
    (tmp_path / "Q").mkdir()
    elsewhere = own.rename(tmp_path / "Q" / own.name)
    with pytest.raises(InputError, match="rows of P/B07: it was put in the place of another"):
        read_tables([elsewhere], COUNTS, of_wells=True)
    assert len(read_table(elsewhere, COUNTS)) == 1
    # A dot and a number may be part of a well's name.
    longer = elsewhere.rename(tmp_path / "P" / "B07.2.counts.parquet")
    with pytest.raises(InputError, match="it holds rows of P/B07"):
        read_table(longer, COUNTS, of_well=True)


def test_a_table_of_another_plate_in_its_place_is_reported(tmp_path: Path) -> None:
    write_table(counts(), tmp_path / "P" / "counts.parquet", COUNTS)
    assert len(read_tables([tmp_path / "P" / "counts.parquet"], COUNTS, of_plates=True)) == 1
    (tmp_path / "P").rename(tmp_path / "Q")
    with pytest.raises(InputError, match=r"Q/counts.parquet: expected table 'counts' of the plate .* rows of plate P"):
        read_table(tmp_path / "Q" / "counts.parquet", COUNTS, of_plate=True)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(1+1)", "'@SUM(1+1)"),
        ("+A1", "'+A1"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("-3.5e2", "-3.5e2"),
        ("'quoted", "'quoted"),
        ("plain = text", "plain = text"),
    ],
)
def test_a_spreadsheet_runs_no_text_of_a_csv_file(tmp_path: Path, text: str, written: str) -> None:
    frame = small().assign(name=[text, "b"])
    write_table(frame, tmp_path / "small.csv", SMALL)
    assert pd.read_csv(tmp_path / "small.csv", dtype=str, keep_default_na=False)["name"][0] == written
    assert read_table(tmp_path / "small.csv", SMALL)["name"].tolist() == [text, "b"]
