"""The sample sheet, written from a list of wells."""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import replaced_when_whole
from wellspring.sheet.text import sheet_lines, sheet_text

__all__ = ["WellFolder", "append_to_sheet", "write_sheet"]

# As in workflow/schemas/wells.schema.yaml: plate and well become folder names of the results.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, order=True)
class WellFolder:
    """One row of a sheet: plate and well, and the folder that holds the well's files."""

    plate: str
    well: str
    path: Path


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


def append_to_sheet(path: Path, wells: Sequence[WellFolder]) -> list[WellFolder]:
    """Add the wells that a sheet does not list yet, below the others; all that is there stays as it is.

    Annotations of the new wells are left empty. A sheet in another encoding is written in UTF-8. Without a sheet,
    or with one that lists no wells, it is written anew.

    Returns
    -------
    list of WellFolder
        Those that were added.

    Raises
    ------
    InputError
        When the sheet lacks a column, lists one of the wells with another path, or a name is wrong (`write_sheet`).
    """
    path = Path(path).absolute()
    if not path.exists() or not _lists_wells(path):
        write_sheet(path, wells)
        return list(wells)
    _check(wells)
    header, *rows = sheet_lines(path)
    missing = [name for name in ("plate", "well", "path") if name not in header.cells]
    if missing:
        raise InputError(f"{path}: expected the columns plate, well and path, but {missing} are missing. Add them.")
    at = {name: header.cells.index(name) for name in ("plate", "well", "path")}
    known = {(row.cells[at["plate"]], row.cells[at["well"]]): row for row in rows if len(row.cells) > max(at.values())}
    added = [well for well in wells if (well.plate, well.well) not in known]
    for well in wells:
        row = known.get((well.plate, well.well))
        if row is not None and os.path.realpath(path.parent / row.cells[at["path"]]) != os.path.realpath(well.path):
            raise InputError(
                f"{path}, line {row.number}: plate {well.plate}, well {well.well} is listed with another path, "
                f"{row.cells[at['path']]}, than {well.path}. Name the new plate with --plate."
            )
    lines = []
    for well in added:
        cells = [""] * len(header.cells)
        for name, value in (("plate", well.plate), ("well", well.well), ("path", _relative(well.path, to=path.parent))):
            cells[at[name]] = value
        lines.append("\t".join(cells))
    text = sheet_text(path)
    if added:
        with replaced_when_whole(path) as temporary:
            joined = "\n".join([text.rstrip("\n"), *lines])
            temporary.write_text(f"{joined}\n", encoding="utf-8", newline="\n")
    return added


def _lists_wells(path: Path) -> bool:
    """Whether there is more in a file than comments and the header of a sheet."""
    lines = [line for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines() if line.strip()]
    rows = [line for line in lines if not line.startswith("#")]
    return len(rows) > 1 or any(not row.startswith("plate\twell\tpath") for row in rows)


def _relative(path: Path, *, to: Path) -> str:
    relative = Path(os.path.relpath(path.absolute(), to)).as_posix()
    # A spreadsheet takes what begins with such a sign for a formula.
    return f"./{relative}" if relative.startswith(("=", "+", "-", "@")) else relative


def _check(wells: Iterable[WellFolder]) -> None:
    indices: dict[tuple[str, str], Path] = {}
    for well in wells:
        for kind, name, remedy in (("plate", well.plate, " or give --plate"), ("well", well.well, "")):
            if not _NAME.fullmatch(name):
                raise InputError(
                    f"{well.path}: {kind} {name!r} must be letters, digits, '.', '_' and '-', and start with a letter "
                    f"or digit. Rename the folder or files{remedy}."
                )
        other = indices.setdefault((well.plate, well.well), well.path)
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
