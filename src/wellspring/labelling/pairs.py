"""The list of pairs of files, transmitted light and fluorescence, and the images that it names."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.labelling.fields import Field
from wellspring.labelling.images import checked_planes, checked_stain
from wellspring.labelling.splitting import SPLITS
from wellspring.raw.tiff_headers import opened_tiff, read_headers

__all__ = ["Pair", "output_name", "read_field", "read_pairs"]

_NEEDED = ("well", "transmitted")
_FILES = ("transmitted", "fluorescence")
_TIFF = (".tif", ".tiff")
_OTHER = (".png", ".jpg", ".jpeg")
_ENDINGS = (".ome.tif", ".ome.tiff", *_TIFF, *_OTHER)


@dataclass(frozen=True)
class Pair:
    """One line of the list.

    Attributes
    ----------
    well : str
    transmitted : Path
    fluorescence : Path or None
    split : str or None
        ``train``, ``validation`` or ``test``; None where the list has none.
    """

    well: str
    transmitted: Path
    fluorescence: Path | None
    split: str | None


def read_pairs(path: Path, *, needs_fluorescence: bool) -> list[Pair]:
    """Read a list of pairs: a CSV file with the columns well, transmitted, fluorescence and, if wanted, split.

    Paths are relative to the list's folder. Other columns are left alone.

    Parameters
    ----------
    needs_fluorescence
        Whether the column must be there, with at least one file.

    Raises
    ------
    FileNotFoundError, ValueError
        When the list or a file is missing, a column or a value is, a split is none of the three or given for some rows
        only, or an image is listed twice. The message names the row.
    """
    path = Path(path)
    with (
        as_readable(path, expected="a CSV file with the columns well, transmitted and fluorescence"),
        path.open(encoding="utf-8-sig", newline="") as file,
    ):
        reader = csv.DictReader(file, skipinitialspace=True)
        columns = [str(name).strip() for name in reader.fieldnames or ()]
        rows = [{str(k).strip(): str(v or "").strip() for k, v in row.items()} for row in reader]
    rows = [row for row in rows if any(row.values())]
    missing = [name for name in (*_NEEDED, *(("fluorescence",) if needs_fluorescence else ())) if name not in columns]
    if missing or not rows:
        raise InputError(
            f"{path}: expected a header with the columns well, transmitted, fluorescence and a row per field, "
            f"found the "
            f"columns {columns} and {len(rows)} row(s). Add {', '.join(missing) if missing else 'the fields'}."
        )
    pairs = [_pair(row, number=number, path=path) for number, row in enumerate(rows, start=2)]
    _check(pairs, path=path, needs_fluorescence=needs_fluorescence)
    return pairs


def _pair(row: dict[str, str], *, number: int, path: Path) -> Pair:
    """A row of the list as a pair."""
    files = {name: _existing(row.get(name, ""), name=name, number=number, path=path) for name in _FILES}
    transmitted = files["transmitted"]
    if not row.get("well") or transmitted is None:
        raise InputError(f"{path}, row {number}: expected a well and a file in transmitted, got {row}.")
    split = row.get("split") or None
    if split is not None and split not in SPLITS:
        raise InputError(f"{path}, row {number}: split: expected one of {list(SPLITS)}, got {split!r}.")
    return Pair(row["well"], transmitted, files["fluorescence"], split)


def _existing(given: str, *, name: str, number: int, path: Path) -> Path | None:
    """The file that a row names, None where it names none."""
    found = path.parent / given if given else None
    if found is not None and not found.is_file():
        raise FileNotFoundError(
            f"{path}, row {number}: {name}: expected the file {found}, found none. Paths are relative to the folder of "
            "the list."
        )
    return found


def _check(pairs: list[Pair], *, path: Path, needs_fluorescence: bool) -> None:
    """Refuse fields listed twice, a list without stains where they are needed, and splits in some rows only."""
    repeated = [name for name, n in Counter(one.transmitted for one in pairs).items() if n > 1]
    if repeated:
        raise InputError(f"{path}: {repeated[0]} is listed more than once in transmitted. Keep one row.")
    if needs_fluorescence and not any(one.fluorescence for one in pairs):
        raise InputError(f"{path}: no row has a file in fluorescence; nothing can be learned. Name the stained fields.")
    with_stain = [one for one in pairs if one.fluorescence] if needs_fluorescence else []
    if len({one.split is None for one in with_stain}) > 1:
        raise InputError(
            f"{path}: split is given for some of the fields only. Fill it in all of them, or leave it out."
        )


def output_name(pair: Pair) -> str:
    """Name of the predicted image: that of the transmitted file without its ending, and ``.ome.tif``."""
    name = pair.transmitted.name
    ending = next((one for one in _ENDINGS if name.lower().endswith(one)), "")
    return f"{name[: len(name) - len(ending)] if ending else name}.ome.tif"


def read_field(pair: Pair, *, with_stain: bool) -> Field:
    """The images of a pair, checked.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is unreadable, or its image is not what `checked_planes` and `checked_stain` expect.
    """
    image, size = _image(pair.transmitted)
    planes = checked_planes(image, source=str(pair.transmitted))
    stain = None
    if with_stain and pair.fluorescence is not None:
        stain = checked_stain(_image(pair.fluorescence)[0], planes=planes, source=str(pair.fluorescence))
    return Field(pair.well, pair.transmitted.name, planes, stain, size)


def _image(path: Path) -> tuple[NDArray[np.number], float | None]:
    """The one image of a file, axes of length 1 left out, and the side of its pixels in µm where the file says it."""
    if path.suffix.lower() in _OTHER:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if image is None or image.ndim != 2:
            raise InputError(f"{path}: expected a grey image, {'cannot be read' if image is None else 'got colours'}.")
        return image, None
    header = read_headers(path)
    if len(header) != 1:
        raise InputError(f"{path}: expected one field per file, got {len(header)} images. Export each field as a file.")
    with opened_tiff(path) as tif:
        image = np.squeeze(tif.series[0].asarray())
    size = header[0].pixel_size_um
    return image, size[0] if size else None
