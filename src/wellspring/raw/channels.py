"""The channel table of a raw well."""

import csv
from pathlib import Path

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = ["read_channels"]

_NAMES = ("channel_name", "name", "channel")


def read_channels(path: Path) -> tuple[str, ...]:
    """The channel names of ``channels.csv``, in the order of the pixel table's columns.

    Two forms are in use: with a header that names the columns ``id`` and ``channel_name`` (or ``name``, ``channel``),
    in any order, other columns allowed; and without a header, ``id,name``. Rows may come in any order: the id, counted
    from 0, is the column.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When the file has neither form, an id is not a whole number, the ids are not 0, 1, 2, ... each once, or a
        name is empty or repeats.
    """
    with as_readable(path, expected="a table of channels"), Path(path).open(newline="", encoding="utf-8-sig") as file:
        lines = [[field.strip() for field in line] for line in csv.reader(file) if line]
    if not lines:
        raise InputError(f"{path}: expected one row per channel, but the file is empty. Copy it from its source.")
    header = [field.lower() for field in lines[0]]
    named = [name for name in _NAMES if name in header]
    if "id" in header and named:
        id_place, name_place, rows = header.index("id"), header.index(named[0]), lines[1:]
    else:
        id_place, name_place, rows = 0, 1, lines
    try:
        found = {int(row[id_place]): row[name_place] for row in rows}
    except (ValueError, IndexError):
        raise InputError(
            f"{path}: expected rows `id,name` with whole-number ids, or a header with the columns id and channel_name; "
            f"the first line is {lines[0]}."
        ) from None
    return _checked(found, n_rows=len(rows), path=path)


def _checked(found: dict[int, str], *, n_rows: int, path: Path) -> tuple[str, ...]:
    if sorted(found) != list(range(n_rows)):
        raise InputError(
            f"{path}: expected the ids 0 to {n_rows - 1}, each once (the columns of mpp.npy), but found "
            f"{sorted(found)} in {n_rows} rows. Number the channels in the order of the columns."
        )
    names = tuple(found[number] for number in range(n_rows))
    bad = sorted({name for name in names if not name or names.count(name) > 1})
    if bad:
        raise InputError(f"{path}: expected a name of its own for every channel, but {bad} are empty or repeat.")
    return names
