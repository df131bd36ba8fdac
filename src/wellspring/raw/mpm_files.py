"""The files of an MPM well. Used while the workflow is parsed, so nothing heavy is imported."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["mpm_columns", "mpm_files", "mpm_object_ids", "plate_table"]

_MPM_ARRAYS = ("mpp.npy", "x.npy", "y.npy")
_MPM_TABLES = ("metadata.csv", "channels.csv")
# Config keys of the tables whose columns the objects get.
_JOINED = ("cell_cycle_table", "wells_table")
_MPM_OBJECT_IDS = ("mapobject_ids.npy", "obj_ids.npy")


def mpm_files(path: Path, *, tables: Mapping[str, str | None]) -> list[Path]:
    """The files of the well in folder `path`, and its plate's tables.

    Parameters
    ----------
    tables
        Config key to the name of a table, see `plate_table`; None: not used.

    Raises
    ------
    FileNotFoundError
        When a file is missing: what was expected where, and the remedy.
    """
    files = [_in_folder(path, name) for name in (*_MPM_ARRAYS, *_MPM_TABLES)]
    found = [plate_table(path, name=name, key=key) for key, name in tables.items() if name is not None]
    return [*files, mpm_object_ids(path), *found]


def mpm_object_ids(path: Path) -> Path:
    """The file of a well's object ids: ``mapobject_ids.npy``, or ``obj_ids.npy`` as newer data call it.

    Raises
    ------
    FileNotFoundError
        When the folder has neither.
    """
    for name in _MPM_OBJECT_IDS:
        if (path / name).is_file():
            return path / name
    return _in_folder(path, _MPM_OBJECT_IDS[0], note=f" (or {_MPM_OBJECT_IDS[1]})")


def plate_table(path: Path, *, name: str | Path, key: str) -> Path:
    """The table `name` in the nearest of the two folders above the well's folder `path`.

    Parameters
    ----------
    name
        File name; an absolute one is taken as it is.
    key
        The config key that names the table, for the message.

    Raises
    ------
    FileNotFoundError
        When neither folder has it.
    """
    # Not made absolute: a plate that is moved together with its sheet keeps its names.
    folders = [Path(os.path.normpath(Path(path) / up)) for up in ("..", "../..")]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{path}: expected the table {name} in one of the folders {[str(f) for f in folders]}, but it is in neither. "
        f"Copy it there, give its name as raw.{key}, or set raw.{key}: null to do without."
    )


def _in_folder(path: Path, name: str, *, note: str = "") -> Path:
    if (path / name).is_file():
        return path / name
    what = "there is no such file" if path.is_dir() else "the well's path is not a folder"
    raise FileNotFoundError(
        f"{path / name}: expected the file {name}{note} of an MPM well, but {what}. "
        "Copy it from its source, or correct the well's path in the sheet."
    )


def mpm_columns(path: Path, *, tables: Mapping[str, str | None]) -> set[str] | None:
    """What the tables of the well in folder `path` say of its objects, from their first lines; None without objects.

    Raises
    ------
    OSError, ValueError
        When a table is missing or is no text.
    """
    head, has_rows = _header(path / "metadata.csv")
    if not has_rows:
        return None
    joined = [plate_table(path, name=str(tables[key]), key=key) for key in _JOINED if tables[key] is not None]
    return {name for columns in (head, *(_header(table)[0] for table in joined)) for name in columns if name}


def _header(path: Path) -> tuple[list[str], bool]:
    """Names of the columns, and whether a row follows."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        return next(rows, []), next(rows, None) is not None
