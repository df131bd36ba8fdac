"""The sample sheet, written from what lies in a folder."""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.raw.names import compile_pattern, matches_below

__all__ = ["MAX_DEPTH", "WellFolder", "mpm_wells", "tiff_wells", "write_sheet"]

MAX_DEPTH = 3

_MPM_FILE = "mpp.npy"
# As in workflow/schemas/wells.schema.yaml: plate and well become folder names of the results.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, order=True)
class WellFolder:
    """One row of a sheet: plate and well, and the folder that holds the well's files."""

    plate: str
    well: str
    path: Path


def tiff_wells(folder: Path, *, pattern: str, plate: str | None = None) -> list[WellFolder]:
    """The wells whose TIFF files lie in `folder`, sorted.

    Parameters
    ----------
    folder
        It and its subfolders, at most three deep, are searched for names that match. A pattern with a ``/`` is
        matched against the path relative to `folder` alone.
    pattern
        See `wellspring.raw.names.compile_pattern`; to be given to the config as ``raw.pattern`` unchanged. Without
        ``{well}``, each subfolder that holds matching files is a well, named like the folder.
    plate
        Name of the plate. None: the ``{plate}`` part, or else the name of the folder that holds the wells' files
        (for a pattern without ``{well}``: the wells' folders).

    Raises
    ------
    FileNotFoundError
        When there is no such folder, or no file matches.
    ValueError
        When the pattern is bad.
    """
    folder = _existing(folder)
    parts = compile_pattern(pattern).groupindex
    if "/" in pattern and "well" not in parts:
        raise InputError(f"pattern {pattern!r}: with a / it must say where the well's name is: put {{well}} in.")
    found: set[WellFolder] = set()
    for place in [folder] if "/" in pattern else _folders(folder):
        # Without {well}, files in the folder itself belong to no subfolder, so to no well.
        if "well" not in parts and place == folder:
            continue
        above = place if "well" in parts else place.parent
        for match in matches_below(place, pattern=pattern):
            name = plate or match.parts.get("plate") or above.name
            found.add(WellFolder(name, match.parts.get("well", place.name), place))
    if not found:
        raise FileNotFoundError(_no_match(folder, pattern=pattern))
    return sorted(found)


def mpm_wells(folder: Path, *, plate: str | None = None) -> list[WellFolder]:
    """The MPM wells in `folder`, sorted: each subfolder, at most three deep, that holds ``mpp.npy``.

    The well is named like its folder, the plate like the folder above it unless `plate` is given.

    Raises
    ------
    FileNotFoundError
        When there is no such folder, or no well in it.
    """
    folder = _existing(folder)
    places = [place for place in _folders(folder) if place != folder and (place / _MPM_FILE).is_file()]
    if not places:
        raise FileNotFoundError(
            f"{folder}: expected subfolders with {_MPM_FILE}, at most {MAX_DEPTH} deep, but there are none. "
            "Give the folder that holds the wells' folders."
        )
    return sorted(WellFolder(plate or place.parent.name, place.name, place) for place in places)


def write_sheet(path: Path, wells: Sequence[WellFolder], *, force: bool = False) -> None:
    """Write a sheet with the columns plate, well, path; paths are relative to the sheet's folder.

    Parameters
    ----------
    path
        Tab-separated file.
    wells
        Rows, in order.
    force
        Replace a sheet that lists wells. One without any, as a fresh clone has it, is replaced in any case.

    Raises
    ------
    FileExistsError
        When there is a file `path` with more in it than comments and a header, unless `force`.
    ValueError
        When a name is not made of letters, digits, ``.``, ``_`` and ``-``, or a plate has a well twice.
    """
    path = Path(path).absolute()
    _check(wells)
    if path.exists() and not force and _lists_wells(path):
        raise FileExistsError(f"{path}: there is a sheet already. Choose another name, or add --force to replace it.")
    with replaced_when_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(["plate", "well", "path"])
        writer.writerows([well.plate, well.well, _relative(well.path, to=path.parent)] for well in wells)


def _lists_wells(path: Path) -> bool:
    """Whether there is more in a file than comments and the header of a sheet."""
    lines = [line for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines() if line.strip()]
    rows = [line for line in lines if not line.startswith("#")]
    return len(rows) > 1 or any(not row.startswith("plate\twell\tpath") for row in rows)


def _relative(path: Path, *, to: Path) -> str:
    return Path(os.path.relpath(path.absolute(), to)).as_posix()


def _check(wells: Iterable[WellFolder]) -> None:
    places: dict[tuple[str, str], Path] = {}
    for well in wells:
        for kind, name, remedy in (("plate", well.plate, " or give --plate"), ("well", well.well, "")):
            if not _NAME.fullmatch(name):
                raise InputError(
                    f"{well.path}: {kind} {name!r} must be letters, digits, '.', '_' and '-', and start with a letter "
                    f"or digit. Rename the folder or files{remedy}."
                )
        other = places.setdefault((well.plate, well.well), well.path)
        if other != well.path:
            raise InputError(
                f"plate {well.plate}, well {well.well} lies both in {other} and in {well.path}. "
                "Write one sheet per plate with --plate, or put {plate} in the pattern."
            )
    plates_of: dict[tuple[Path, str], str] = {}
    for well in wells:
        plate = plates_of.setdefault((well.path, well.well), well.plate)
        if plate != well.plate:
            raise InputError(
                f"{well.path}: well {well.well} of several plates ({plate}, {well.plate}) lies in this one folder. "
                "Give each plate a folder of its own."
            )


def _existing(folder: Path) -> Path:
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: expected a folder, but there is none.")
    return folder


def _folders(folder: Path) -> Iterator[Path]:
    """`folder` and its subfolders, at most `MAX_DEPTH` deep; hidden ones left out."""
    yield folder
    for depth in range(1, MAX_DEPTH + 1):
        for place in sorted(folder.glob("/".join(["*"] * depth))):
            if place.is_dir() and not any(part.startswith(".") for part in place.relative_to(folder).parts):
                yield place


def _no_match(folder: Path, *, pattern: str) -> str:
    names = (file.name for place in _folders(folder) for file in sorted(place.iterdir()) if file.is_file())
    some = next(names, None)
    example = f"files there are like {some!r}" if some else "there are no files in it"
    return f"{folder}: no file in it, or in its subfolders, matches the pattern {pattern!r}; {example}."
