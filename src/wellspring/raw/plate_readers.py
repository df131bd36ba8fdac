"""What a format with an index of the plate brings, and the cache that keeps the index, so that it is parsed once."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wellspring.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.raw.plate_index import PlateIndex

__all__ = ["PlateReader", "files_of_index", "index_of_plate", "rows_of_well", "sources_of"]

# In the folder of the run, next to what Snakemake keeps there; removing it costs no more than parsing again.
CACHE = Path(".snakemake") / "wellspring"
_KEPT_S = 5


@dataclass(frozen=True)
class PlateReader:
    """One format with an index.

    Attributes
    ----------
    name : str
        As in ``raw.format``.
    module : str
        Dotted name of the module that parses it: an index is parsed again when its code changes.
    sources : function (folder) -> list of Path
        The files of the index, the main one first, from the folder of the plate; raises `InputError` that says what
        was looked for when there is none.
    parse : function (sources, *, folder) -> PlateIndex
    refined : function (rows, *, root) -> (rows, doubts), or None
        What is known of the images of one well once their headers are read, and doubts for the user.
    contents : function (file) -> list of Path, or None
        The files that one file of the index speaks for, such as the chunks of an array; None: itself.
    """

    name: str
    module: str
    sources: Callable[[Path], list[Path]]
    parse: "Callable[..., PlateIndex]"
    refined: "Callable[..., tuple[pd.DataFrame, list[str]]] | None" = None
    contents: Callable[[Path], list[Path]] | None = None


def sources_of(reader: PlateReader, folder: Path) -> list[Path]:
    """The files of the index in `folder`.

    Raises
    ------
    FileNotFoundError, InputError
        When there is no such folder, or no index in it.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: there is no such file or folder. Check the path in the sheet.")
    return reader.sources(folder)


def files_of_index(reader: PlateReader, folder: Path) -> list[Path]:
    """The files of the index in `folder`, without the folders that are looked at; empty where there is no index."""
    try:
        return [path for path in _state(reader, Path(folder))[0] if path.is_file()]
    except (InputError, OSError):
        # Who reads the index says what is wrong with it.
        return []


def index_of_plate(reader: PlateReader, folder: Path) -> "PlateIndex":
    """The index of the plate in `folder`, parsed once: then it is read from the folder of the run.

    Raises
    ------
    FileNotFoundError, InputError
        When there is no index, or it is damaged.
    """
    return _index(reader, Path(folder), *_state(reader, Path(folder)))


@lru_cache(maxsize=8)
def _index(reader: PlateReader, folder: Path, sources: tuple[Path, ...], stamp: str) -> "PlateIndex":
    from wellspring.raw.plate_index import completed, read_plate_index, write_plate_index

    cached = CACHE / f"{stamp}.parquet"
    if cached.is_file():
        return read_plate_index(cached)
    index = completed(reader.parse(list(sources), folder=folder))
    # Only in the folder of a run; a command such as `wellspring sheet` leaves nothing behind.
    if CACHE.parent.is_dir() and os.access(CACHE.parent, os.W_OK):
        write_plate_index(index, cached)
    return index


@lru_cache(maxsize=8)
def _by_well(reader: PlateReader, folder: Path, sources: tuple[Path, ...], stamp: str) -> "dict[str, pd.DataFrame]":
    images = _index(reader, folder, sources, stamp).images
    return {str(well): rows for well, rows in images.groupby("well", sort=False)}


def rows_of_well(reader: PlateReader, folder: Path, *, well: str) -> "tuple[PlateIndex, pd.DataFrame]":
    """The index of the plate, and its rows of one well, whose name may be written as ``C03``, ``C3`` or ``r03c03``.

    Raises
    ------
    FileNotFoundError, InputError
        As `index_of_plate`; when the index has no such well.
    """
    from wellspring.raw.well_names import canonical_well

    key = (reader, Path(folder), *_state(reader, Path(folder)))
    wells = _by_well(*key)
    # An index without wells, such as a set of OME-TIFF files, is that of one well, whatever its name.
    rows = wells[""] if list(wells) == [""] else wells.get(canonical_well(well))
    if rows is None:
        some = ", ".join(list(wells)[:5])
        source = key[2][0] if len(key[2]) == 1 else folder
        raise InputError(
            f"{source}: expected images of well {well}, but the index has {len(wells)} other wells: {some}"
            f"{', ...' if len(wells) > 5 else ''}. Correct the sheet."
        )
    return _index(*key), rows


def _state(reader: PlateReader, folder: Path) -> tuple[tuple[Path, ...], str]:
    """The files of the index, and their stamp."""
    if not CACHE.parent.is_dir():
        return _looked_up(reader, folder)
    # A workflow asks several times for each well of a plate: what was found is kept for some seconds.
    return _recent(reader, folder, os.getcwd(), int(time.monotonic() // _KEPT_S))


@lru_cache(maxsize=64)
def _recent(reader: PlateReader, folder: Path, place: str, tick: int) -> tuple[tuple[Path, ...], str]:
    return _looked_up(reader, folder)


def _looked_up(reader: PlateReader, folder: Path) -> tuple[tuple[Path, ...], str]:
    sources = sources_of(reader, folder)
    return tuple(sources), _stamp(reader, sources)


def _stamp(reader: PlateReader, sources: Sequence[Path]) -> str:
    """The same as long as neither the files of the index nor the code that parses it change."""
    from wellspring.provenance import code_digest

    status = [(str(path), os.stat(path)) for path in sources]
    lines = [f"{name}\0{one.st_size}\0{one.st_mtime_ns}" for name, one in status]
    text = "\n".join([reader.name, code_digest(reader.module, "wellspring.raw.plate_index"), *lines])
    return hashlib.sha256(text.encode()).hexdigest()[:24]
