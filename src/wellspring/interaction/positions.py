"""Positions of MTOCs that are known: from a table, or from columns of the sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["NO_POSITIONS", "Position", "positions_of_sheet", "positions_of_table"]

_KEY = ("plate", "well", "site")
_AXES = ("y_px", "x_px")


@dataclass(frozen=True)
class Position:
    """An MTOC.

    Attributes
    ----------
    site : str, or None
        None: of any site of the well.
    label : int
        Of its cell in the site; 0: the cell that it lies in.
    y_px, x_px : float
        Pixel centres from 0.
    """

    site: str | None
    label: int
    y_px: float
    x_px: float

    def is_of(self, cell: int, labels: NDArray[np.integer]) -> bool:
        """Whether it is that of the cell with this label, in the (Y, X) labels of its site."""
        if self.label:
            return self.label == cell
        row, column = round(self.y_px), round(self.x_px)
        is_inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
        return is_inside and int(labels[row, column]) == cell


NO_POSITIONS: tuple[Position, ...] = ()


def positions_of_table(path: Path, *, plate: str, well: str) -> tuple[Position, ...]:
    """Those of one well in a CSV file with the columns plate, well, site, y_px, x_px and perhaps label.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable, lacks a column, or coordinates are no finite numbers.
    """
    path = Path(path)
    with as_readable(path, expected="a table of MTOCs with the columns plate, well, site, y_px, x_px"):
        rows = pd.read_csv(path, dtype=dict.fromkeys(_KEY, str))
        missing = [name for name in (*_KEY, *_AXES) if name not in rows]
        if missing:
            raise InputError(f"no column {', '.join(missing)}; it has {list(rows.columns)}. Rename its columns")
        own = rows[(rows["plate"] == plate) & (rows["well"] == well)]
        numbers = own[list(_AXES)].apply(pd.to_numeric, errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(dtype=np.float64)).all(axis=1)
        if bad.any():
            raise InputError(f"a row of well {plate}/{well} has no numbers as y_px and x_px. Correct or remove it")
        labels = own["label"].fillna(0).astype(np.int64) if "label" in own else [0] * len(own)
    return tuple(
        Position(str(site), int(label), float(y), float(x))
        for site, label, y, x in zip(own["site"], labels, numbers["y_px"], numbers["x_px"], strict=True)
    )


def positions_of_sheet(values: Sequence[object], *, columns: Sequence[str], well: str) -> tuple[Position, ...]:
    """That of a well whose row of the sheet has `values` (y, x in px) in these `columns`; none where both are empty.

    Raises
    ------
    ValueError
        When a value is no finite number, or one of the two is missing.
    """
    if all(pd.isna(one) or str(one).strip() == "" for one in values):
        return NO_POSITIONS
    numbers = pd.to_numeric(pd.Series([str(one) for one in values]), errors="coerce").to_numpy(dtype=np.float64)
    if len(numbers) != 2 or not np.isfinite(numbers).all():
        raise InputError(
            f"the sheet, well {well}: expected y and x of the MTOC in px in {' and '.join(columns)}, got "
            f"{', '.join(map(str, values))}. Correct it, or leave both empty."
        )
    return (Position(None, 0, float(numbers[0]), float(numbers[1])),)
