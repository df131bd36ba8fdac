"""Tables of molecules: cell, gene, coordinates in µm, and what is wrong with them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.localization.bento import h5ad_points

__all__ = ["NO_CELL", "Points", "read_points"]

NO_CELL = ""
_NEEDED = ("gene", "x", "y")
# Names in files of Xenium, MERSCOPE and others.
_ALSO_NAMED = {
    "cell": ("cell_id", "EntityID", "cell_ID"),
    "gene": ("feature_name", "target", "target_gene"),
    "x": ("x_location", "x_um", "global_x"),
    "y": ("y_location", "y_um", "global_y"),
    "z": ("z_location", "z_um", "global_z"),
}
# What makers of tables write for a molecule of no cell; 4294967295 is the largest uint32.
_NONE = {"", "0", "-1", "nan", "none", "na", "unassigned", "4294967295"}


@dataclass(frozen=True)
class Points:
    """Molecules.

    Attributes
    ----------
    table : DataFrame
        cell (str, empty = none), gene (str), x, y (µm), and z where the file has it.
    n_duplicates : int
        Rows that repeat cell, gene and coordinates of another. They are left out, unless `is_on_pixels`.
    is_on_pixels : bool
        All coordinates of the file are whole numbers of pixels, where two molecules may well have the same.
    has_cells : bool
        Whether the file says the cell of each molecule.
    """

    table: pd.DataFrame
    n_duplicates: int
    is_on_pixels: bool
    has_cells: bool


def read_points(path: Path, *, pixel_size_um: float, z_step_um: float | None = None) -> Points:
    """Molecules of a CSV, Parquet or Bento's H5AD file with columns ``cell``, ``gene``, ``x``, ``y``, perhaps ``z``.

    ``cell_id``, ``feature_name``, ``x_location``, ``global_x`` and the like, as makers of instruments write them, are
    read too. Without a column ``cell``, molecules get the cell whose outline they lie in. One that is empty, 0, -1,
    ``unassigned`` or the largest uint32 is none. Other columns are left out.

    Parameters
    ----------
    pixel_size_um
        By which x and y are multiplied; 1 where they are in µm.
    z_step_um
        By which z is multiplied; None: by `pixel_size_um`.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable, has not these columns, or coordinates that are no numbers.
    """
    path = Path(path)
    with as_readable(path, expected="a table of molecules with the columns cell, gene, x, y"):
        if path.suffix.lower() == ".parquet":
            rows = pd.read_parquet(path)
        elif path.suffix.lower() == ".h5ad":
            rows = h5ad_points(path)
        else:
            text: dict[str, type] = dict.fromkeys(("cell", "gene", *_ALSO_NAMED["cell"], *_ALSO_NAMED["gene"]), str)
            rows = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"x": [""], "y": [""], "z": [""]})
        rows = rows.rename(columns=_renamed(list(rows.columns)))
        missing = [name for name in _NEEDED if name not in rows.columns]
        if missing:
            raise InputError(f"no column {', '.join(missing)}; it has {list(rows.columns)}. Rename its columns")
        axes = [axis for axis in ("x", "y", "z") if axis in rows.columns]
        numbers = rows[axes].apply(pd.to_numeric, errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(dtype=np.float64)).all(axis=1)
        if bad.any():
            row = int(np.argmax(bad)) + 1
            raise InputError(f"row {row} of {len(rows)} has no numbers as {', '.join(axes)}. Correct it")
    has_cells = "cell" in rows.columns
    table = pd.DataFrame({"cell": _names(rows["cell"]) if has_cells else NO_CELL, "gene": rows["gene"].astype(str)})
    for axis in axes:
        scale = z_step_um if axis == "z" and z_step_um is not None else pixel_size_um
        table[axis] = numbers[axis].to_numpy(dtype=np.float64) * scale
    repeats = table.duplicated()
    values = numbers.to_numpy(dtype=np.float64)
    is_on_pixels = len(values) > 0 and bool((values == np.rint(values)).all())
    kept = table if is_on_pixels else table[~repeats].reset_index(drop=True)
    return Points(kept, int(repeats.sum()), is_on_pixels, has_cells)


def _names(values: pd.Series) -> pd.Series:
    """Ids as text: 7.0 as 7, and what stands for no cell as empty."""
    if pd.api.types.is_float_dtype(values.dtype):
        values = values.astype("Int64")
    text = values.astype("str").fillna(NO_CELL).str.strip()
    return text.where(~text.str.lower().isin(_NONE | {"<na>"}), NO_CELL)


def _renamed(names: list[str]) -> dict[str, str]:
    """Which column stands for which, where the file has not the name itself."""
    found = {}
    for name, others in _ALSO_NAMED.items():
        other = next((one for one in others if one in names), None)
        if name not in names and other is not None:
            found[other] = name
    return found
