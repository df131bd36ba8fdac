"""The wells that a folder holds, by the names of its files and subfolders."""

from collections.abc import Iterator
from pathlib import Path

from wellspring.errors import InputError
from wellspring.raw.names import compile_pattern, matches_below
from wellspring.sheet.writing import WellFolder

__all__ = ["MAX_DEPTH", "mpm_wells", "tiff_wells"]

MAX_DEPTH = 3

_MPM_FILE = "mpp.npy"


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
