"""Annotation values as people mean them: `"1"`, `1`, `1.0` and `True` are one value, however a file stores it."""

import re

import pandas as pd

from wellspring.errors import InputError

__all__ = ["same_form", "same_forms"]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = {"true": 1.0, "false": 0.0}
_MISSING = ("", "nan")


def same_form(value: object) -> float | str | None:
    """The form in which two values of the same meaning are equal.

    Numbers, truth values and text that reads as either become a float; other text stays (without the blanks around
    it, upper and lower case kept apart); None, NaN, empty text and the text ``nan`` become None.
    """
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    text = str(value).strip()
    if text.lower() in _MISSING:
        return None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return float(text) if _NUMBER.fullmatch(text) else text


def same_forms(table: pd.DataFrame, column: str, *, parameter: str) -> list[float | str | None]:
    """`same_form` of each value of one column, in the order of the rows; an empty table gives an empty list.

    Raises
    ------
    ValueError
        When the table has rows but no such column; the message names `parameter` and the known columns.
    """
    if table.empty:
        return []
    if column not in table.columns:
        raise InputError(
            f"{parameter}: expected a column of the cell table, got {column!r}; it has {list(table.columns)}. "
            "Correct the name in the config, or add the column to the sheet of wells."
        )
    forms = {value: same_form(value) for value in table[column].dropna().unique()}
    return [None if pd.isna(value) else forms[value] for value in table[column]]
