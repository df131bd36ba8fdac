"""Joins that neither multiply nor drop rows, and never let one side overwrite the other."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["join_annotations", "same_values"]

_OTHER = " of the other side"


def same_values(left: pd.Series, right: pd.Series) -> NDArray[np.bool_]:
    """(n,) bool: where two columns say the same. 30, 30.0 and "30" are the same, and so are two missing values."""
    both_missing = left.isna().to_numpy() & right.isna().to_numpy()
    text = left.astype(str).to_numpy() == right.astype(str).to_numpy()
    numbers = [
        pd.to_numeric(side, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) for side in (left, right)
    ]
    some_missing = left.isna().to_numpy() | right.isna().to_numpy()
    same: NDArray[np.bool_] = both_missing | (~some_missing & (text | (numbers[0] == numbers[1])))
    return same


def join_annotations(
    objects: pd.DataFrame,
    table: pd.DataFrame,
    *,
    on: Sequence[str],
    names: tuple[str, str],
    every: bool,
) -> pd.DataFrame:
    """Add the columns of `table` to `objects`, many to one, by the key `on`; rows and their order stay.

    Parameters
    ----------
    objects
        One row per object. A missing key matches nothing.
    table
        At most one row per key that occurs in `objects`; other keys do not matter.
    on
        Key columns, present on both sides.
    names
        Files that the two come from, for messages.
    every
        Whether every row must find its key; else a row without one gets missing values.

    Raises
    ------
    ValueError
        When a key of `objects` repeats in `table` (rows would multiply); when `every` row must match and some do not;
        when a column that both sides have differs in some row.
    """
    on = list(on)
    keys = objects[on].dropna().drop_duplicates()
    used = table.merge(keys, on=on, how="inner")
    repeated = used.loc[used.duplicated(on), on].drop_duplicates()
    if len(repeated):
        raise InputError(
            f"{names[1]}: expected one row per {_words(on)}, but {len(repeated)} of those in {names[0]} repeat, which "
            f"would multiply rows; the first: {_first(repeated)}. Remove the repeated rows."
        )
    if every:
        absent = objects.loc[~_found(objects, used, on=on), on].drop_duplicates()
        if len(absent):
            raise InputError(
                f"{names[1]}: expected a row for every {_words(on)} of {names[0]}, but {len(absent)} are missing; the "
                f"first: {_first(absent)}. Add them."
            )
    shared = [name for name in table.columns if name in objects.columns and name not in on]
    joined = objects.merge(used, on=on, how="left", suffixes=("", _OTHER), validate="many_to_one")
    for name in shared:
        other = joined.pop(name + _OTHER)
        differs = ~same_values(joined[name], other)
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            raise InputError(
                f"{names[1]}: column {name!r} is also in {names[0]}, and they differ in {int(differs.sum())} rows; the "
                f"first: {other.tolist()[row]!r} against {joined[name].tolist()[row]!r} for {_words(on)} "
                f"{_first(joined.iloc[[row]][on])[0]}. Remove the column from one of them, or correct it."
            )
    return joined


def _found(objects: pd.DataFrame, table: pd.DataFrame, *, on: list[str]) -> NDArray[np.bool_]:
    known = set(table[on].itertuples(index=False, name=None))
    return np.array([key in known for key in objects[on].itertuples(index=False, name=None)], dtype=bool)


def _words(on: list[str]) -> str:
    return on[0] if len(on) == 1 else f"({', '.join(on)})"


def _first(rows: pd.DataFrame) -> list[object]:
    values = rows.head(5).to_numpy(dtype=object).tolist()
    return [row[0] if len(row) == 1 else tuple(row) for row in values]
