"""The tables around an MPM well: what is known of its objects, and the background of its channels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.joins import join_annotations, same_values

__all__ = ["add_cell_cycle", "add_wells", "read_background", "read_metadata"]

# Names that may look like numbers.
_TEXT = ("plate_name", "well_name", "perturbation", "cell_cycle", "cell_type", "channel")
_UNTREATED = "normal"


def read_metadata(path: Path) -> pd.DataFrame:
    """The metadata of a well: one row per object, ``mapobject_id`` renamed to ``object_id`` (int64).

    Columns without a name (a stored index) are dropped; every other column is kept as an annotation. A missing
    perturbation becomes "normal".

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or unreadable, has no column mapobject_id, or an id is missing, broken or repeated.
    """
    table = _read(path, needed=["mapobject_id"])
    ids = _ids(table, "mapobject_id", path=path)
    if ids.isna().any():
        raise InputError(f"{path}: expected an id in every row of mapobject_id, but {int(ids.isna().sum())} are empty.")
    repeated = ids[ids.duplicated()].unique().tolist()
    if repeated:
        raise InputError(
            f"{path}: expected one row per mapobject_id, but {len(repeated)} repeat; the first: {repeated[:5]}. "
            "Remove the repeated rows."
        )
    if "object_id" in table:
        raise InputError(
            f"{path}: has a column object_id as well as mapobject_id, which is the object's id. Rename it."
        )
    if "mapobject_id_cell" in table:
        table["mapobject_id_cell"] = _ids(table, "mapobject_id_cell", path=path)
    objects = table.drop(columns="mapobject_id")
    objects.insert(0, "object_id", ids.astype("int64"))
    return _with_untreated(objects)


def add_cell_cycle(objects: pd.DataFrame, path: Path, *, metadata: Path) -> pd.DataFrame:
    """Join the plate's cell cycle table by the *cell's* id; an object without an entry is mitotic: a missing value.

    The cell's id is called ``mapobject_id_cell`` in the metadata. In the table it is called that, or
    ``mapobject_id``: CAMPA's file uses that name, but it holds the cell's id, not the object's.

    Raises
    ------
    FileNotFoundError, ValueError
        When the table cannot be read or a column is missing; when a cell of this well has more than one row; when a
        column of both sides differs.
    """
    if "mapobject_id_cell" not in objects:
        raise InputError(
            f"{metadata}: expected the column mapobject_id_cell, by which {path} is joined. Add it, or set "
            "raw.cell_cycle_table: null."
        )
    table = _read(path, needed=["cell_cycle"])
    key = "mapobject_id_cell" if "mapobject_id_cell" in table else "mapobject_id"
    if key not in table:
        raise InputError(
            f"{path}: expected a column mapobject_id_cell or mapobject_id with the cells' ids; "
            f"found {list(map(str, table.columns))}."
        )
    table[key] = _ids(table, key, path=path)
    table = table.rename(columns={key: "mapobject_id_cell"})
    return join_annotations(objects, table, on=["mapobject_id_cell"], names=(str(metadata), str(path)), every=False)


def add_wells(objects: pd.DataFrame, path: Path, *, metadata: Path) -> pd.DataFrame:
    """Join the plate's table of wells by ``well_name``, and by ``plate_name`` where both sides have it.

    A missing perturbation becomes "normal".

    Raises
    ------
    FileNotFoundError, ValueError
        When the table cannot be read or a column is missing; when a well of the metadata has no row or several; when a
        column of both sides differs.
    """
    if "well_name" not in objects:
        raise InputError(
            f"{metadata}: expected the column well_name, by which {path} is joined. Add it, or set "
            "raw.wells_table: null."
        )
    table = _with_untreated(_read(path, needed=["well_name"]))
    on = ["well_name", *(["plate_name"] if "plate_name" in objects and "plate_name" in table else [])]
    return join_annotations(objects, table, on=on, names=(str(metadata), str(path)), every=True)


def read_background(path: Path, *, channels: Sequence[str], rows: Mapping[str, str | float]) -> NDArray[np.float64]:
    """Background of each channel, (n_channels,) float64: ``mean_background`` of the rows that match `rows`.

    A channel without a matching row has background 0.

    The published data are used with the rows measurement_type = non-cell, cell_line = HeLa for every cell, those of
    the line 184A1 included; that quirk is the default of the config and is kept so that figures compare. Where it
    matters, name the line in ``raw.background_rows``. CAMPA reads a missing background as 0; here it is an error,
    since a channel that silently keeps its background shifts every mean.

    Raises
    ------
    FileNotFoundError, ValueError
        When the table cannot be read or a column is missing; when no row matches; when none of the matching rows
        names a channel of the well; when a channel has several; when a background is missing, negative or no number.
    """
    table = _read(path, needed=["channel", "mean_background", *rows])
    matching = np.ones(len(table), dtype=bool)
    for name, value in rows.items():
        matching &= same_values(table[name], pd.Series([value] * len(table), index=table.index, dtype=object))
    used = table[matching & table["channel"].isin(list(channels)).to_numpy()]
    if used.empty:
        known = {name: sorted(map(str, table[name].dropna().unique()))[:10] for name in rows}
        what = "with a channel of this well" if matching.any() else f"among the values {known}"
        raise InputError(
            f"{path}: expected rows with {dict(rows)}, but none is there {what}. Correct raw.background_rows, or set "
            "raw.background_table: null."
        )
    repeated = sorted(used.loc[used["channel"].duplicated(), "channel"].unique())
    if repeated:
        raise InputError(
            f"{path}: expected one row per channel with {dict(rows)}, but {repeated} have several. Narrow "
            "raw.background_rows."
        )
    values = pd.to_numeric(used["mean_background"], errors="coerce").to_numpy(dtype=np.float64)
    broken = used.loc[~(np.isfinite(values) & (values >= 0)), ["channel", "mean_background"]]
    if len(broken):
        raise InputError(
            f"{path}: expected a mean_background of 0 or more for every channel, but found "
            f"{dict(broken.itertuples(index=False, name=None))}. Correct them, or remove their rows: 0 is used then."
        )
    known_background = dict(zip(used["channel"], values, strict=True))
    return np.array([known_background.get(name, 0.0) for name in channels], dtype=np.float64)


def _read(path: Path, *, needed: Sequence[str]) -> pd.DataFrame:
    with as_readable(path, expected="a comma-separated table"):
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, "str"), low_memory=False)
    table = table[[name for name in table.columns if not str(name).startswith("Unnamed: ")]]
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: expected the columns {list(needed)}, but {missing} are missing; "
            f"found {list(map(str, table.columns))}."
        )
    return table.copy()


def _ids(table: pd.DataFrame, name: str, *, path: Path) -> pd.Series:
    values = pd.to_numeric(table[name], errors="coerce")
    broken = table.loc[(values.isna() & table[name].notna()) | (values.notna() & (values % 1 != 0)), name]
    if len(broken):
        raise InputError(f"{path}: expected whole numbers in {name}, but found {broken.tolist()[0]!r}. Correct them.")
    return values.astype("Int64")


def _with_untreated(table: pd.DataFrame) -> pd.DataFrame:
    if "perturbation" not in table:
        return table
    return table.assign(perturbation=table["perturbation"].fillna(_UNTREATED))
