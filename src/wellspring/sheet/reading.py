"""The sample sheet: one row per well."""

import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import yaml

from wellspring.config.expected import expected_text
from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.stage import stages

__all__ = ["read_sheet", "read_sheet_schema", "well_annotations", "well_paths", "wildcard_pattern"]

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
    with as_readable(path, expected="a tab-separated sheet of wells"):
        lines = _lines(path)
    _check_fields(list(lines.items()), path=path)
    text = "\n".join(lines.values())
    sheet = pd.read_csv(io.StringIO(text), sep="\t", dtype=str, keep_default_na=False, na_values=[""])
    missing = [name for name in _FIXED if name not in sheet.columns]
    if missing:
        raise InputError(
            f"{path}: expected the columns {list(_FIXED)}, but {missing} are missing; found {list(sheet.columns)}. "
            "Columns are separated by tabs."
        )
    mistakes = [*_taken(sheet), *_row_mistakes(sheet, numbers=list(lines)[1:], schema=schema), *_repeated(sheet)]
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
    schema: dict[str, Any] = yaml.safe_load((folder / "wells.schema.yaml").read_text(encoding="utf-8"))
    return schema


def _lines(path: Path) -> dict[int, str]:
    """Line number to line, without comments (lines that begin with #) and empty lines."""
    lines = dict(enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1))
    return {number: line for number, line in lines.items() if line.strip() and not line.startswith("#")}


def _check_fields(lines: list[tuple[int, str]], *, path: Path) -> None:
    """Raise on a sheet without a header and on lines longer than it, which pandas would shift to the left."""
    if not lines:
        raise InputError(f"{path}: expected a header with the columns {list(_FIXED)}, but the sheet is empty.")
    n_fields = lines[0][1].count("\t") + 1
    for number, line in lines[1:]:
        if line.count("\t") >= n_fields:
            raise InputError(
                f"{path}: expected {n_fields} fields in every line, as in the header, but line {number} has "
                f"{line.count(chr(9)) + 1}. Columns are separated by single tabs."
            )


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
        return [f"line {number} {error.absolute_path[0]}: expected {expected_text(schema)}, got {instance!r}"]
    return [f"column name {instance!r}: expected {expected_text({'type': 'string', **schema})}"]


def _taken(sheet: pd.DataFrame) -> list[str]:
    computed = {name for one in stages() for name in one.computed_columns()} - set(_FIXED)
    prefixes = tuple(name.removesuffix("*") for name in computed if name.endswith("*"))
    names = [str(name) for name in sheet.columns if name in computed or str(name).startswith(prefixes)]
    return [f"column {name}: the name is that of a column that wellspring computes; rename it" for name in names]


def _repeated(sheet: pd.DataFrame) -> list[str]:
    rows = sheet[sheet.duplicated(["plate", "well"])]
    return [f"plate {row.plate}, well {row.well}: listed more than once" for row in rows.itertuples()]


def _absent(sheet: pd.DataFrame, *, folder: Path) -> list[str]:
    return [
        f"plate {row.plate}, well {row.well}: there is no file or folder {folder / str(row.path)}"
        for row in sheet.dropna(subset=["path"]).itertuples()
        if not (folder / str(row.path)).exists()
    ]


def well_paths(sheet: pd.DataFrame) -> dict[tuple[str, str], Path]:
    """(plate, well) to the path of the well."""
    return {key: Path(path) for key, path in zip(_keys(sheet), sheet["path"], strict=True)}


def well_annotations(sheet: pd.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    """(plate, well) to the well's annotations: column name to text, missing values left out."""
    rows = sheet.drop(columns=list(_FIXED)).to_dict("records")
    given = [{str(name): value for name, value in row.items() if not pd.isna(value)} for row in rows]
    return dict(zip(_keys(sheet), given, strict=True))


def _keys(sheet: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(sheet["plate"], sheet["well"], strict=True))


def wildcard_pattern(values: Iterable[str]) -> str:
    """A regular expression that matches exactly these values."""
    return "|".join(sorted({re.escape(value) for value in values}))
