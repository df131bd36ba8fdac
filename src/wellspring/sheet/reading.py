"""The sample sheet: one row per well."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd

from wellspring.config.expected import expected_text
from wellspring.config.yaml_files import parsed
from wellspring.errors import InputError
from wellspring.sheet.names import clashing_names, column_name
from wellspring.sheet.text import SheetLine, sheet_lines
from wellspring.stage import stages

__all__ = ["condition_columns", "read_sheet", "read_sheet_schema", "well_annotations", "well_paths", "wildcard_pattern"]

_FIXED = ("plate", "well", "path")


def read_sheet(path: Path, *, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Read and check the sheet: tab-separated text with the columns plate, well, path and any annotations.

    Returns
    -------
    DataFrame
        All columns as text, empty cells as missing values. A relative `path` is taken from the
        folder of the sheet, so it stays as it is when plate and sheet are moved together.

    Raises
    ------
    FileNotFoundError
        When the sheet does not exist.
    ValueError
        One message for every mistake in the sheet: missing columns, bad names, repeated wells, paths that do not
        exist, no wells at all.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such sheet of wells. Write it with `wellspring sheet FOLDER --output {path}`, or "
            "correct `wells` in the config."
        )
    header, *rows = _table(sheet_lines(path), path=path)
    sheet = pd.DataFrame([row.cells for row in rows], columns=list(header.cells), dtype=str).replace("", pd.NA)
    missing = [name for name in _FIXED if name not in sheet.columns]
    if missing:
        raise InputError(
            f"{path}: expected the columns {list(_FIXED)}, but {missing} are missing; found {list(sheet.columns)}. "
            f"Columns are separated by tabs.{_hint(list(sheet.columns))}"
        )
    mistakes = _header_mistakes(header.cells)
    if mistakes:
        raise InputError(
            f"{path}: {len(mistakes)} mistake(s) in the header:\n" + "\n".join(f"  - {m}" for m in mistakes)
        )
    mistakes = [
        *_bad_names(header.cells, schema=schema),
        *_taken(sheet),
        *_row_mistakes(sheet, numbers=[row.number for row in rows], schema=schema),
        *_repeated(sheet),
    ]
    mistakes += clashing_names(_keys(sheet.dropna(subset=["plate", "well"])))
    mistakes += _absent(sheet, folder=path.parent)
    if sheet.empty:
        command = f"wellspring sheet FOLDER --output {path}"
        mistakes.append(f"no wells: add one row per well, or write the sheet with `{command}`")
    if mistakes:
        shown = "\n".join(f"  - {line}" for line in mistakes[:20])
        more = f"\n  (+{len(mistakes) - 20} more)" if len(mistakes) > 20 else ""
        raise InputError(f"{path}: {len(mistakes)} mistake(s) in the sheet:\n{shown}{more}")
    sheet["path"] = [str(path.parent / value) for value in sheet["path"]]
    return sheet


def read_sheet_schema(folder: Path) -> dict[str, Any]:
    """The JSON schema of one row of a sheet, ``folder/wells.schema.yaml``."""
    schema: dict[str, Any] = parsed((folder / "wells.schema.yaml").read_text(encoding="utf-8"))
    return schema


def _table(lines: Sequence[SheetLine], *, path: Path) -> list[SheetLine]:
    """The header and the rows, each with as many cells; or raise on a sheet without a header and on longer rows."""
    if not lines:
        raise InputError(f"{path}: expected a header with the columns {list(_FIXED)}, but the sheet is empty.")
    # Spreadsheets keep the width of the widest row that ever was: empty cells behind the last name are nothing.
    header = _without_empty_ends(lines[0].cells)
    found = [SheetLine(lines[0].number, header)]
    for line in lines[1:]:
        cells = _without_empty_ends(line.cells)
        if len(cells) > len(header):
            raise InputError(
                f"{path}: expected {len(header)} fields in every line, as in the header, but line {line.number} has "
                f"{len(cells)}. Columns are separated by single tabs."
            )
        found.append(SheetLine(line.number, cells + ("",) * (len(header) - len(cells))))
    return found


def _without_empty_ends(cells: tuple[str, ...]) -> tuple[str, ...]:
    n_filled = max((index for index, cell in enumerate(cells, start=1) if cell), default=0)
    return cells[:n_filled]


def _header_mistakes(names: Sequence[str]) -> list[str]:
    repeated = sorted({name for name in names if name and list(names).count(name) > 1})
    found = [f"column {name}: there are several of that name; rename all but one" for name in repeated]
    found += [f"column {index} has no name; give it one" for index, name in enumerate(names, start=1) if not name]
    return found


def _row_mistakes(sheet: pd.DataFrame, *, numbers: list[int], schema: Mapping[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema)
    found = []
    for number, row in zip(numbers, sheet.to_dict("records"), strict=True):
        values = {str(name): value for name, value in row.items() if not pd.isna(value)}
        found += [line for error in validator.iter_errors(values) for line in _texts(error, number=number)]
    # A column's name is wrong in each row.
    return list(dict.fromkeys(found))


def _texts(error: jsonschema.ValidationError, *, number: int) -> list[str]:
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        return [f"line {number}: {name} is missing" for name in schema["required"] if name not in instance]
    if error.absolute_path:
        return [f"line {number} {error.absolute_path[0]}: expected {expected_text(schema)}, got {_cut(instance)!r}"]
    # Names of columns: found in the header, whether a row has a value or not.
    return []


def _bad_names(names: Sequence[str], *, schema: Mapping[str, Any]) -> list[str]:
    allowed = schema["propertyNames"]
    expected = expected_text({"type": "string", **allowed})
    wrong = [name for name in names if not re.search(allowed["pattern"], name)]
    return [f"column name {_cut(name)!r}: expected {expected}; write {column_name(name)}" for name in wrong]


def _cut(value: Any) -> Any:
    return f"{value[:57]}..." if isinstance(value, str) and len(value) > 60 else value


def _hint(columns: Sequence[str]) -> str:
    """What to do about a header that has the names in another form."""
    lower = [name.lower() for name in columns]
    other = [columns[lower.index(name)] for name in _FIXED if name in lower and name not in columns]
    if other:
        return f" Write {', '.join(name.lower() for name in other)} instead of {', '.join(other)}."
    sign = next((sign for sign in ",;" if len(columns) == 1 and sign in columns[0]), None)
    return f" The header has {sign!r} instead: save the sheet as text with tabs." if sign else ""


def _taken(sheet: pd.DataFrame) -> list[str]:
    computed = {name for one in stages() for name in one.computed_columns()} - set(_FIXED)
    prefixes = tuple(name.removesuffix("*") for name in computed if name.endswith("*"))
    names = [str(name) for name in sheet.columns if name in computed or str(name).startswith(prefixes)]
    return [f"column {name}: the name is that of a column that wellspring computes; rename it" for name in names]


def _repeated(sheet: pd.DataFrame) -> list[str]:
    rows = sheet[sheet.duplicated(["plate", "well"])]
    return [f"plate {row.plate}, well {row.well}: listed more than once" for row in rows.itertuples()]


def _absent(sheet: pd.DataFrame, *, folder: Path) -> list[str]:
    found = []
    for row in sheet.dropna(subset=["path"]).itertuples():
        path = folder / str(row.path)
        # A file of several wells is followed by the part that is meant: data.h5/mrna/gapdh/2h.
        if not os.path.exists(path) and not any(part.is_file() for part in path.parents):
            found.append(f"plate {row.plate}, well {row.well}: there is no file or folder {path}")
        elif "{" in str(path) or "}" in str(path):
            found.append(
                f"plate {row.plate}, well {row.well}: the path {path} has braces, which name wildcards in a workflow; "
                "rename the folder or file"
            )
    return found


def well_paths(sheet: pd.DataFrame) -> dict[tuple[str, str], Path]:
    """(plate, well) to the path of the well."""
    return {key: Path(path) for key, path in zip(_keys(sheet), sheet["path"], strict=True)}


def well_annotations(sheet: pd.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    """(plate, well) to the well's annotations: column name to text, missing values left out."""
    rows = sheet.drop(columns=list(_FIXED)).to_dict("records")
    given = [{str(name): value for name, value in row.items() if not pd.isna(value)} for row in rows]
    return dict(zip(_keys(sheet), given, strict=True))


def condition_columns(sheet: pd.DataFrame) -> list[str]:
    """The annotations by which wells can be compared: two values at least, and fewer than wells that have one.

    So a remark on single wells, or on all of them alike, is none.
    """
    annotations = sheet.drop(columns=list(_FIXED))
    return [str(name) for name, column in annotations.items() if 2 <= column.nunique() < column.count()]


def _keys(sheet: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(sheet["plate"], sheet["well"], strict=True))


def wildcard_pattern(values: Iterable[str]) -> str:
    """A regular expression that matches exactly these values."""
    return "|".join(sorted({re.escape(value) for value in values}))
