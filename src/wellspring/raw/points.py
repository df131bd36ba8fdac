"""Wells that are tables: molecules as points, cells and nuclei as outlines, whatever the program they are from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.index import RawFile, WellIndex

__all__ = ["CHANNEL", "SITE", "describe_points", "point_files"]

CHANNEL, SITE = "molecules", "1"
"""What the index names as the only channel and the only site of a well of points."""

KEYS = ("points", "outlines", "nuclei")
# A row of a table of molecules, about.
_BYTES = 40


def point_files(path: Path, *, well: str, raw: Mapping[str, Any]) -> dict[str, Path]:
    """The files of a well by their config key; a table that is a folder of parts (as Parquet's) is one of them.

    Raises
    ------
    FileNotFoundError
        When one is not there.
    """
    found = {}
    for key in KEYS:
        if raw.get(key) is None:
            continue
        file = Path(path) / str(raw[key]).replace("{well}", well)
        if not file.exists():
            raise FileNotFoundError(
                f"{file}: expected the file that raw.{key} names, found none. Correct the sheet or the config."
            )
        found[key] = file
    return found


def parts_of(file: Path) -> list[Path]:
    """The file, or the files of a folder."""
    return [file] if file.is_file() else sorted(one for one in file.rglob("*") if one.is_file())


def describe_points(path: Path, *, plate: str, well: str, raw: Mapping[str, Any]) -> WellIndex:
    """The index of a well.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is not there, or has nothing in it.
    """
    named = point_files(path, well=well, raw=raw)
    files = tuple(RawFile.of(part) for file in named.values() for part in parts_of(file))
    empty = [one.path for one in files if one.size == 0]
    if empty or not files:
        raise InputError(f"{empty[0] if empty else path}: expected a table, got an empty file. Write it again.")
    size = sum(part.stat().st_size for part in parts_of(named["points"]))
    return WellIndex(
        plate=plate,
        well=well,
        format="points",
        path=str(path),
        channels=(CHANNEL,),
        n_values=max(size // _BYTES, 1),
        n_files=len(files),
        files=files,
        n_sites=1,
        pixel_size_um=float(raw["pixel_size_um"]),
        sites=(SITE,),
        site_sizes_um=(float(raw["pixel_size_um"]),),
        plane_spacing_um=None if raw.get("z_step_um") is None else float(raw["z_step_um"]),
        tables={key: str(file) for key, file in named.items()},
    )
