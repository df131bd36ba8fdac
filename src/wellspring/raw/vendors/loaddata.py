"""CellProfiler's LoadData table (load_data.csv): a row per site, a pair of columns per channel."""

import csv
import math
import os
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.well_names import canonical_well

__all__ = ["loaddata_index", "loaddata_sources"]

_EXPECTED = "a LoadData table of CellProfiler"
_FILE, _PATH, _URL = "FileName_", "PathName_", "URL_"
_WELL, _SITE, _PLATE = "Metadata_Well", "Metadata_Site", "Metadata_Plate"
_PLANES = ("Metadata_PlaneID", "Metadata_Plane", "Metadata_Z")
_TIMES = ("Metadata_TimepointID", "Metadata_Timepoint", "Metadata_T")
# Rows whose files are looked for to learn where the images are now.
_N_TRIED = 20


def loaddata_sources(folder: Path) -> list[Path]:
    """The table itself, or the one in a folder: ``load_data.csv``, or the only CSV file with its columns.

    Raises
    ------
    InputError
        When there is none, or several without that name.
    """
    if folder.is_file() and folder.suffix.lower() == ".csv":
        return [folder]
    if folder.is_file():
        raise InputError(f"{folder}: expected a LoadData table (.csv), found another file.")
    usual = folder / "load_data.csv"
    found = [usual] if usual.is_file() else [file for file in sorted(folder.glob("*.csv")) if _has_columns(file)]
    if len(found) != 1:
        names = ", ".join(file.name for file in found[:3]) or "none"
        raise InputError(
            f"{folder}: expected load_data.csv, or one CSV file with columns such as FileName_OrigDNA and {_WELL}; "
            f"found {names}."
        )
    return found


def _has_columns(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = next(csv.reader([file.readline()]), [])
    return _WELL in header and any(name.startswith((_FILE, _URL)) for name in header)


def loaddata_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a plate.

    Illumination functions (``FileName_IllumDNA``) and outlines are no images of the plate and are left out. Folders of
    another machine are looked for below the table's folder by their last parts.

    Raises
    ------
    InputError
        When a column is missing, the table has several plates, or images are named by addresses alone.
    """
    path = sources[0]
    header, lines = _lines(path)
    channels = _channels(header, path=path)
    plates = sorted({line[_PLATE] for line in lines if _PLATE in header})
    if len(plates) > 1:
        raise InputError(
            f"{path}: expected one plate, found {', '.join(plates[:4])} as {_PLATE}. Write a table for each plate."
        )
    place = _Places(path.parent, lines[:_N_TRIED], channels)
    rows: dict[str, list[Any]] = {name: [] for name in ("well", "site", "channel", "z", "time", "file")}
    rows |= {name: [] for name in ("x_um", "y_um", "pixel_size_um")}
    plane, time = (next((name for name in names if name in header), None) for names in (_PLANES, _TIMES))
    for number, line in enumerate(lines, start=2):
        if not line[_WELL]:
            raise InputError(f"{path}, line {number}: expected the name of a well as {_WELL}, found none. Complete it.")
        size, x, y = _lengths(line)
        for channel, column in channels.items():
            name = line[_FILE + column]
            if not name:
                # A channel without a stack has no file in the rows of further planes; what is missing is found later.
                continue
            rows["well"].append(canonical_well(line[_WELL]))
            rows["site"].append(line.get(_SITE, "") or "1")
            rows["channel"].append(channel)
            rows["z"].append(_number(line, plane, path=path, line_number=number))
            rows["time"].append(_number(line, time, path=path, line_number=number))
            rows["file"].append(place.file(name, line.get(_PATH + column, "")))
            for key, value in (("x_um", x), ("y_um", 0.0 - y), ("pixel_size_um", size)):
                rows[key].append(value)
    return PlateIndex(
        format="loaddata",
        plate=plates[0] if plates else path.parent.name,
        root=str(path.parent),
        images=images_table(rows, source=path),
        channels=tuple(channels),
        notes=_unlisted(lines, header, place, path=path),
    )


def _unlisted(lines: list[dict[str, str]], header: list[str], place: "_Places", *, path: Path) -> tuple[str, ...]:
    """A note when the images' folders have more images of the same kind than the table: it may have been cut off."""
    columns = [name.removeprefix(_FILE) for name in header if name.startswith(_FILE)]
    files = {place.file(line[_FILE + one], line.get(_PATH + one, "")) for line in lines for one in columns}
    listed = {os.path.normpath(path.parent / file) for file in files}
    suffixes = tuple({Path(file).suffix for file in listed} - {""})
    folders = sorted({os.path.dirname(file) for file in listed})
    there = [file.path for folder in folders if os.path.isdir(folder) for file in os.scandir(folder)]
    more = sorted(file for file in there if file.endswith(suffixes) and file not in listed)
    if not more:
        return ()
    return (f"{len(more)} images next to the listed ones are not in {path.name} (the first: {Path(more[0]).name})",)


def _lines(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with as_readable(path, expected=_EXPECTED):
        try:
            text = path.read_text(encoding="utf-8-sig")
            found = [line for line in csv.reader(text.splitlines()) if any(line)]
        except csv.Error as error:
            raise InputError(f"{error}") from error
        if not found:
            raise InputError("it is empty")
        header = [name.strip() for name in found[0]]
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise InputError(f"there are several columns {twice[0]}")
        wrong = next((number for number, line in enumerate(found[1:], start=2) if len(line) != len(header)), None)
        if wrong is not None:
            raise InputError(f"line {wrong} has {len(found[wrong - 1])} fields, the header {len(header)}")
    return header, [dict(zip(header, map(str.strip, line), strict=True)) for line in found[1:]]


def _channels(header: list[str], *, path: Path) -> dict[str, str]:
    """Channel to what its columns are called, in the order of the table."""
    columns = [name.removeprefix(_FILE) for name in header if name.startswith(_FILE)]
    columns = [name for name in columns if not name.startswith("Illum") and not name.endswith("Outlines")]
    if not columns or _WELL not in header:
        addresses = any(name.startswith(_URL) for name in header)
        remedy = "download the images and name them in FileName_ columns" if addresses else "add the missing ones"
        raise InputError(f"{path}: expected columns {_WELL}, and FileName_ with each channel's name; {remedy}.")
    names = [name.removeprefix("Orig") or name for name in columns]
    return dict(zip(names if len(set(names)) == len(names) else columns, columns, strict=True))


def _number(line: dict[str, str], column: str | None, *, path: Path, line_number: int) -> int:
    text = line[column] if column else "0"
    if not (text.isascii() and text.isdecimal()):
        raise InputError(
            f"{path}, line {line_number}: expected a whole number as {column}, found {text!r}. Correct the table."
        )
    return int(text)


def _lengths(line: dict[str, str]) -> tuple[float, float, float]:
    """Side of a pixel and position (x, y growing upwards), µm, of tables from Harmony, which has metres."""
    found = []
    for name in ("ImageResolutionX", "PositionX", "PositionY"):
        try:
            found.append(float(line.get(f"Metadata_{name}", "")) * 1e6)
        except ValueError:
            found.append(math.nan)
    size, x, y = found
    # A table of another program, with other units.
    return (size, x, y) if 0 < size < 100 else (math.nan, math.nan, math.nan)


class _Places:
    """Where the images are: as the table says, or below its own folder when it was written on another machine."""

    def __init__(self, root: Path, lines: list[dict[str, str]], channels: dict[str, str]) -> None:
        tried = [(line[_FILE + one], line.get(_PATH + one, "")) for line in lines for one in channels.values()]
        named = [pair for pair in tried if pair[0]]
        counts = {
            n: sum(os.path.isfile(root / self._path(*pair, n_kept=n)) for pair in named) for n in (-1, 0, 1, 2, 3)
        }
        # Of equally good ones the first: as written, then next to the table, then with more and more parts.
        self._n_kept = max(counts, key=lambda n: counts[n])

    @staticmethod
    def _path(name: str, folder: str, *, n_kept: int) -> str:
        parts = folder.replace("\\", "/").rstrip("/").split("/") if folder else []
        if n_kept == -1:
            return "/".join([*parts, name])
        return "/".join([*parts[len(parts) - min(n_kept, len(parts)) :], name])

    def file(self, name: str, folder: str) -> str:
        """The file relative to the table's folder, or absolute."""
        return self._path(name, folder, n_kept=self._n_kept)
