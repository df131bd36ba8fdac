"""Rows of a DataFrame as a table of the page: a head and a format per column."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wellspring.report.chapter import LONG_TABLE, PageTable
from wellspring.report.numbers import NONE, number

__all__ = ["LONG_TABLE", "PageColumn", "count", "page_table", "percent", "text", "value", "value_at"]

Format = Callable[[Any], str]


def text(given: object) -> str:
    """As it is; a dash for a missing value."""
    return NONE if _is_missing(given) else str(given)


def count(given: Any) -> str:
    """A whole number, with a thousands comma; a dash for a missing value."""
    return NONE if _is_missing(given) else f"{int(given):,}".replace("-", "−")


def value(given: Any) -> str:
    """A number with as many decimals as its own size asks for (`number`); a dash for a missing or infinite one."""
    return NONE if _is_missing(given) or math.isinf(given) else number(float(given))


def value_at(scale: float) -> Format:
    """The format `value` whose decimals are those of numbers of size `scale`, the same in all rows."""

    def formatted(given: Any) -> str:
        return NONE if _is_missing(given) or math.isinf(given) else number(float(given), scale=scale)

    return formatted


def percent(digits: int = 1) -> Format:
    """The format of a share (0 to 1) in percent."""

    def formatted(given: Any) -> str:
        return NONE if _is_missing(given) else f"{100 * given:.{digits}f} %".replace("-", "−")

    return formatted


def _is_missing(given: object) -> bool:
    return given is None or given is pd.NA or (isinstance(given, float | np.floating) and math.isnan(given))


@dataclass(frozen=True)
class PageColumn:
    """A column of the page: its name in the frame, its head, its format. A line break in a head is kept."""

    name: str
    head: str
    form: Format = text


def page_table(
    frame: pd.DataFrame,
    columns: Sequence[PageColumn],
    *,
    title: str,
    file: str = "",
    note: str = "",
    strong: Sequence[int] = (),
    folded: bool | None = None,
) -> PageTable:
    """The rows of `frame`, as the page shows them.

    Parameters
    ----------
    frame
        A row per row of the table, in its order. No row is fine.
    columns
        Those to show, in order. The leading ones of format `text` are the table's names; the others are aligned as
        numbers.
    title, file, note, strong
        As in `PageTable`.
    folded
        Whether the table is folded away; None: when it has more than `LONG_TABLE` rows.

    Raises
    ------
    KeyError
        When the frame does not have a column.
    """
    n_text = next((n for n, column in enumerate(columns) if column.form is not text), len(columns))
    cells = [[column.form(given) for given in frame[column.name].tolist()] for column in columns]
    rows = [tuple(row) for row in zip(*cells, strict=True)]
    return PageTable(
        title=title,
        file=file,
        head=[column.head for column in columns],
        rows=rows,
        note=note,
        n_text=n_text,
        strong=list(strong),
        folded=len(rows) > LONG_TABLE if folded is None else folded,
    )
