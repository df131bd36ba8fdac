"""Positions of MTOCs that are known: from a table, or from columns of the sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = [
    "NO_POSITIONS",
    "Position",
    "check_positions",
    "check_table",
    "n_positions",
    "positions_of_sheet",
    "positions_of_table",
]

_KEY = ("plate", "well", "site")
_AXES = ("y_px", "x_px")
_MOST = 5


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


def positions_of_table(
    path: Path, *, plate: str, well: str, sites: Sequence[str] | None = None
) -> tuple[Position, ...]:
    """Those of one well in a CSV file with the columns plate, well, site, y_px, x_px and perhaps label.

    Parameters
    ----------
    sites
        Those of the well's images; None: they are not compared with the table's.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable, lacks a column, coordinates are no finite numbers, or the well has rows
        and none is of its sites.
    """
    rows = _rows_of(Path(path))
    own = _own_rows(rows, path=Path(path), plate=plate, well=well)
    found = set(own["site"])
    if sites is not None and found and not found & set(sites):
        raise InputError(
            f"{path}, well {plate}/{well}: expected sites as the images have them, {_some(sites)}; found "
            f"{_some(sorted(map(str, found)))}. Correct the column site."
        )
    labels = own["label"] if "label" in own else [0] * len(own)
    return tuple(
        Position(str(site), int(label), float(y), float(x))
        for site, label, y, x in zip(own["site"], labels, own["y_px"], own["x_px"], strict=True)
    )


def check_table(path: Path, wells: Sequence[tuple[str, str]]) -> list[str]:
    """What may be a mistake in a table of MTOCs, a line each.

    Parameters
    ----------
    wells
        Plate and well of all wells of the sheet.

    Raises
    ------
    FileNotFoundError, ValueError
        As `positions_of_table`, for all wells; when no row is of a well of the sheet.
    """
    path = Path(path)
    rows = _rows_of(path)
    given = set(zip(rows["plate"].astype(str), rows["well"].astype(str), strict=True))
    expected, found = ([f"{plate}/{well}" for plate, well in sorted(one)] for one in (set(wells), given))
    if not given & set(wells):
        raise InputError(
            f"{path}: expected plates and wells of the sheet, {_some(expected)}; found {_some(found)}. Correct the "
            "columns plate and well."
        )
    for plate, well in wells:
        _own_rows(rows, path=path, plate=plate, well=well)
    without, unknown = (
        [name for name in one if name not in other] for one, other in ((expected, found), (found, expected))
    )
    lines = []
    if without:
        lines.append(
            f"{path}: {len(without)} of {len(expected)} wells of the sheet have no MTOC in it: {_some(without)}"
        )
    if unknown:
        lines.append(f"{path}: {len(unknown)} of its {len(found)} wells are not in the sheet: {_some(unknown)}")
    return lines


def n_positions(path: Path, wells: Sequence[tuple[str, str]]) -> int:
    """Rows of a table of MTOCs that are of these wells (plate, well)."""
    rows = _rows_of(Path(path))
    known = set(wells)
    return sum(one in known for one in zip(rows["plate"], rows["well"], strict=True))


def _rows_of(path: Path) -> pd.DataFrame:
    with as_readable(path, expected="a table of MTOCs with the columns plate, well, site, y_px, x_px"):
        rows = pd.read_csv(path, dtype=dict.fromkeys(_KEY, str))
        missing = [name for name in (*_KEY, *_AXES) if name not in rows]
        if missing:
            raise InputError(f"no column {', '.join(missing)}; it has {list(rows.columns)}. Rename its columns")
    return rows


def _own_rows(rows: pd.DataFrame, *, path: Path, plate: str, well: str) -> pd.DataFrame:
    """Those of a well, with numbers as coordinates and labels."""
    own = rows[(rows["plate"] == plate) & (rows["well"] == well)]
    own = own.assign(**{name: pd.to_numeric(own[name], errors="coerce") for name in _AXES})
    if not np.isfinite(own[list(_AXES)].to_numpy(dtype=np.float64)).all():
        raise InputError(
            f"{path}: a row of well {plate}/{well} has no numbers as y_px and x_px. Correct it, or take it out."
        )
    if "label" in own:
        labels = pd.to_numeric(own["label"].fillna(0), errors="coerce")
        if not ((labels >= 0) & (labels % 1 == 0)).all():
            raise InputError(
                f"{path}: a row of well {plate}/{well} has a label that is no whole number. Correct it, or leave it "
                "empty."
            )
        own = own.assign(label=labels.astype(np.int64))
    return own


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST]) or 'nothing'}{more}"


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


def check_positions(wells: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise as `positions_of_sheet`, of any well of the sheet; `columns` may be empty."""
    for _, row in wells.iterrows() if columns else ():
        positions_of_sheet(list(row[list(columns)]), columns=columns, well=f"{row['plate']}/{row['well']}")
