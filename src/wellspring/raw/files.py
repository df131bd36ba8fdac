"""Which files a well's reading depends on. Used while the workflow is parsed, so nothing heavy is imported."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["MPM_ARRAYS", "mpm_object_ids", "plate_table", "well_files"]

MPM_ARRAYS = ("mpp.npy", "x.npy", "y.npy")
_MPM_TABLES = ("metadata.csv", "channels.csv")
_MPM_OBJECT_IDS = ("mapobject_ids.npy", "obj_ids.npy")
_PLATE_TABLES = ("cell_cycle_table", "wells_table", "background_table")


def well_files(path: Path, *, well: str, raw: Mapping[str, Any]) -> list[Path]:
    """The files that reading one well depends on, those that belong to the whole plate included.

    Parameters
    ----------
    path
        The well's path in the sheet.
    well
        The well's name; TIFF names are matched against it.
    raw
        The config's block ``raw``, with its defaults filled in.

    Raises
    ------
    FileNotFoundError
        When a file is missing: what was expected where, and the remedy.
    ValueError
        When no file name fits ``raw.pattern`` (TIFF).
    """
    if raw["format"] == "tiff":
        # Only one of the two formats is ever needed.
        from wellspring.raw.names import matching_files

        return [match.path for match in matching_files(path, pattern=raw["pattern"], well=well)]
    files = [_in_folder(path, name) for name in (*MPM_ARRAYS, *_MPM_TABLES)]
    tables = [plate_table(path, name=raw[key], key=key) for key in _PLATE_TABLES if raw[key] is not None]
    return [*files, mpm_object_ids(path), *tables]


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
