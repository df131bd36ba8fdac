"""Every table's columns, dtypes and units, a module per stage, and the check that enforces them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wellspring.errors import InputError
from wellspring.files import as_readable, inert_text, is_of_well, replaced_when_whole, restored_text

__all__ = [
    "KEY",
    "KEY_COLUMNS",
    "SITE_COLUMNS",
    "WELL_COLUMNS",
    "Column",
    "Table",
    "check_table",
    "empty_table",
    "inert",
    "read_table",
    "read_tables",
    "write_table",
]

KEY = ("plate", "well", "object_id")

_KINDS = {"str": "string", "int64": "integer", "float64": "number", "bool": "true/false"}


@dataclass(frozen=True)
class Column:
    """One declared column.

    Attributes
    ----------
    name : str
    dtype : str
        ``str``, ``int64``, ``float64`` or ``bool``.
    unit, meaning : str
    minimum, maximum : float or None
        The range of its values, where the name does not say it; see `range`.
    formula : str
        How it is computed, where the meaning does not say it.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    formula: str = ""

    @property
    def range(self) -> tuple[float, float]:
        """(lowest, highest) value: as declared; of whole numbers, counts (``n_...``) and areas 0 or more, of shares
        (``..._share``), p-values and q-values 0 to 1."""
        is_share = self.name.endswith(("_share", "p_value", "q_value")) and not self.name.startswith("z_")
        is_amount = is_share or self.dtype == "int64" or self.name.startswith(("n_", "area_"))
        lowest = self.minimum if self.minimum is not None else 0.0 if is_amount else -math.inf
        highest = self.maximum if self.maximum is not None else 1.0 if is_share else math.inf
        return lowest, highest


@dataclass(frozen=True)
class Table:
    """A declared table. An `is_open` table may carry further columns, such as annotations.

    No key may repeat in a table of one row per cell. `further` declares columns that an open table has in some files
    only; a name that ends in * is that of all columns that begin so, one mean per channel for instance.
    """

    name: str
    columns: tuple[Column, ...]
    is_open: bool = False
    is_one_row_per_cell: bool = False
    further: tuple[Column, ...] = ()

    @property
    def names(self) -> list[str]:
        """The declared columns' names, in order."""
        return [column.name for column in self.columns]

    def found_in(self, names: Iterable[str]) -> dict[str, Column]:
        """The declaration of each of these columns that has one, `further` ones included."""
        return {
            name: column
            for name in names
            for column in (*self.columns, *self.further)
            if fnmatchcase(name, column.name)
        }


WELL_COLUMNS = (
    Column("plate", "str", "", "plate name from the sheet"),
    Column("well", "str", "", "well name from the sheet"),
)
KEY_COLUMNS = (*WELL_COLUMNS, Column("object_id", "int64", "", "integer, unique in its well"))
SITE_COLUMNS = (
    *WELL_COLUMNS,
    Column("site", "str", "", "field of view, as in the file's name; object ids are unique in the well, labels here"),
)


def empty_table(table: Table, *, extra: Iterable[Column] = ()) -> pd.DataFrame:
    """An empty frame with the table's columns and dtypes (and `extra` ones, for an open table)."""
    return pd.DataFrame({c.name: pd.Series(dtype=c.dtype) for c in (*table.columns, *extra)})


def check_table(frame: pd.DataFrame, table: Table, *, source: str) -> pd.DataFrame:
    """Return `frame` with the declared columns first, or raise.

    Raises
    ------
    ValueError
        When a declared column is missing, has another kind of values or (integers, true/false) gaps, when a
        closed table has other columns, or when the key (plate, well, object_id) of a table with one row per cell
        repeats. The message names `source`.
    """
    missing = [name for name in table.names if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in table.names]
    if missing or (unknown and not table.is_open):
        raise InputError(
            f"{source}: expected the columns of table {table.name!r}; missing: {missing or 'none'}, "
            f"unknown: {unknown if not table.is_open else 'none'}. Make the table again with this version."
        )
    for column in table.columns:
        _check_kind(frame[column.name], column, table=table, source=source)
        _check_range(frame[column.name], column, table=table, source=source)
    if table.is_one_row_per_cell and frame.duplicated(list(KEY)).any():
        repeated = frame.loc[frame.duplicated(list(KEY)), "object_id"].tolist()[:5]
        raise InputError(f"{source}: expected one row per cell, but these object ids repeat: {repeated}.")
    return frame[[*table.names, *[c for c in frame.columns if c not in table.names]]]


def _check_kind(values: pd.Series, column: Column, *, table: Table, source: str) -> None:
    fits = {
        "str": pd.api.types.is_string_dtype,
        "int64": pd.api.types.is_integer_dtype,
        "float64": pd.api.types.is_float_dtype,
        "bool": pd.api.types.is_bool_dtype,
    }[column.dtype]
    if len(values) and not fits(values.dtype):
        raise InputError(
            f"{source}: column {column.name!r} of table {table.name!r} must hold {_KINDS[column.dtype]} values "
            f"({column.dtype}), but holds {values.dtype}."
        )
    if column.dtype in ("int64", "bool") and values.isna().any():
        raise InputError(
            f"{source}: column {column.name!r} of table {table.name!r} must be filled, but {int(values.isna().sum())} "
            "of its values are missing."
        )


def _check_range(values: pd.Series, column: Column, *, table: Table, source: str) -> None:
    lowest, highest = column.range
    if column.dtype not in ("int64", "float64") or (lowest, highest) == (-math.inf, math.inf):
        return
    outside = values[(values < lowest) | (values > highest)]
    if len(outside):
        expected = f"{lowest:g} or more" if highest == math.inf else f"from {lowest:g} to {highest:g}"
        raise InputError(
            f"{source}: column {column.name!r} of table {table.name!r} must be {expected}, but {len(outside)} of "
            f"{len(values)} values are not, the first {outside.iloc[0]:g}. The file was changed: remove it and run "
            "again."
        )


def _check_well(frame: pd.DataFrame, path: Path, *, table: Table) -> None:
    wells = frame[["plate", "well"]].drop_duplicates().itertuples(index=False, name=None)
    for plate, well in wells:
        if not is_of_well(path, plate=plate, well=well):
            raise InputError(
                f"{path}: expected table {table.name!r} of the well that the path names, but it holds rows of "
                f"{plate}/{well}: it was put in the place of another. Remove it and run again."
            )


def _check_plate(frame: pd.DataFrame, path: Path, *, table: Table) -> None:
    others = [plate for plate in frame["plate"].unique() if plate != path.parent.name]
    if others:
        raise InputError(
            f"{path}: expected table {table.name!r} of the plate that the path names, but it holds rows of plate "
            f"{others[0]}: it was put in the place of another. Remove it and run again."
        )


def write_table(frame: pd.DataFrame, path: Path, table: Table) -> None:
    """Check `frame` and write it to `path` as Parquet (zstd), units and meanings in the column metadata.

    A path that ends in `.csv` is written as CSV, in which a text that a spreadsheet would run as a formula has an
    apostrophe in front; `read_table` takes it away.
    """
    frame = check_table(frame, table, source=str(path))
    frame = frame.astype({c.name: c.dtype for c in table.columns})
    with replaced_when_whole(path) as temporary:
        if path.suffix == ".csv":
            inert(frame).to_csv(temporary, index=False)
            return
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        for name, column in table.found_in(arrow.column_names).items():
            index = arrow.schema.get_field_index(name)
            about = {"unit": column.unit, "meaning": column.meaning}
            about |= {"formula": column.formula} if column.formula else {}
            field = arrow.schema.field(index).with_metadata(about)
            arrow = arrow.set_column(index, field, arrow.column(index))
        pq.write_table(arrow, temporary, compression="zstd")


def inert(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with an apostrophe before texts and column names that a spreadsheet takes for formulas: see
    `wellspring.files.inert_text`."""
    changed = {name: frame[name].map(inert_text) for name in frame.columns if _is_text(frame[name])}
    return frame.assign(**changed).rename(columns=inert_text)


def _is_text(values: pd.Series) -> bool:
    return bool(pd.api.types.is_string_dtype(values.dtype) or pd.api.types.is_object_dtype(values.dtype))


def read_tables(
    paths: Sequence[Path], table: Table, *, of_wells: bool = False, of_plates: bool = False
) -> pd.DataFrame:
    """The rows of several files of one table, in the order of `paths`; the rest as of `read_table`."""
    found = (read_table(path, table, of_well=of_wells, of_plate=of_plates) for path in paths)
    parts = [one for one in found if len(one)]
    return pd.concat(parts, ignore_index=True) if parts else empty_table(table)


def read_table(path: Path, table: Table, *, of_well: bool = False, of_plate: bool = False) -> pd.DataFrame:
    """Read and check a table that `write_table` wrote.

    Parameters
    ----------
    of_well
        Whether the file is that of one well, ``<plate>/<well>.<ending>``: all of its rows must be of that well.
    of_plate
        The same of a file of one plate, ``<plate>/<name>``.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, not such a table, or that of another well or plate; when
        values are out of range.
    """
    path = Path(path)
    # Text that looks like a number ("01") or like no value ("None", "NA") stays text; empty is no value.
    text = {column.name: "str" for column in table.columns if column.dtype == "str"}
    as_written: Any = {"dtype": text, "keep_default_na": False, "na_values": [""]}
    with as_readable(path, expected=f"table {table.name!r}"):
        if path.suffix == ".csv":
            frame = pd.read_csv(path, **as_written).rename(columns=restored_text)
            # A text column without any text stays one.
            restored = {
                name: frame[name].map(restored_text).astype(frame[name].dtype) for name in text if name in frame
            }
            frame = frame.assign(**restored)
        else:
            frame = pd.read_parquet(path)
    frame = check_table(frame, table, source=str(path))
    if of_well:
        _check_well(frame, path, table=table)
    if of_plate:
        _check_plate(frame, path, table=table)
    return frame
