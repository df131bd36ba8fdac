"""File names of a well, split by a pattern with named parts. Standard library only: the workflow reads it too."""

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from wellspring.errors import InputError

__all__ = ["PARTS", "Match", "compile_pattern", "is_file", "matches_below", "matching_files"]

PARTS = ("plate", "well", "site", "channel", "z")

_PART = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Match:
    """A file and what the pattern found in its name: part name to text."""

    path: Path
    parts: dict[str, str]


@cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The regular expression (for `fullmatch`) that a pattern such as ``{well}_s{site}_{channel}_{_}.tif`` means.

    A part holds at least one character and no ``/``. It ends where the literal text that follows it first occurs;
    ``{plate}`` ends where it last occurs, since plate names are free text and often hold the separator.
    ``{_}`` is a part to ignore. All else is literal, upper and lower case differ.

    Raises
    ------
    ValueError
        When a part is unknown or repeated, when two parts follow each other with nothing between them, or when a
        brace has no partner.
    """
    pieces = _PART.split(pattern)
    literals, names = pieces[0::2], pieces[1::2]
    known = f"known parts are {', '.join(f'{{{name}}}' for name in (*PARTS, '_'))}"
    for name in names:
        if name not in (*PARTS, "_"):
            raise InputError(f"pattern {pattern!r}: unknown part {{{name}}}; {known}.")
        if name != "_" and names.count(name) > 1:
            raise InputError(
                f"pattern {pattern!r}: part {{{name}}} occurs more than once; {known}, each once but {{_}}."
            )
    if any(brace in literal for literal in literals for brace in "{}"):
        raise InputError(f"pattern {pattern!r}: a brace has no partner; {known}.")
    if "" in literals[1:-1]:
        raise InputError(
            f"pattern {pattern!r}: two parts follow each other; put a separator between them, or make one of them "
            "{_}."
        )
    parts = [_part(name, after=after) for name, after in zip(names, literals[1:], strict=True)]
    ends = [re.escape(literal) for literal in literals[1:]]
    return re.compile(re.escape(literals[0]) + "".join(p + e for p, e in zip(parts, ends, strict=True)))


def _part(name: str, *, after: str) -> str:
    stop = f"(?!{re.escape(after)})" if after and name != "plate" else ""
    body = f"(?:{stop}[^/])+"
    return body if name == "_" else f"(?P<{name}>{body})"


def matching_files(folder: Path, *, pattern: str, well: str | None, without: Sequence[str] = ()) -> list[Match]:
    """The files of a well, sorted by path.

    Parameters
    ----------
    folder
        Where the files are; or one file, then only that one is looked at.
    pattern
        See `compile_pattern`. Matched against the complete file name, or, when it holds a ``/``, against the path
        relative to `folder`.
    well
        Files whose ``{well}`` part differs are left out. A pattern without ``{well}`` takes every file that matches;
        None takes the files of every well.
    without
        Patterns of files that are none of the well's, although `pattern` fits them.

    Raises
    ------
    FileNotFoundError
        When `folder` does not exist, or no file matches; the message names an example of a file that is there.
    ValueError
        When the pattern is bad, when the files of the well belong to several plates, or when what has the name of one
        is no file.
    """
    folder = Path(folder)
    wells, odd = _by_well(folder, pattern, _stamp(folder, depth=pattern.count("/")))
    if well is not None and (well in odd or None in odd):
        raise InputError(
            f"{odd.get(well, odd.get(None))}: its name is that of a file of well {well}, but it is a pipe, a device, "
            "or a link to itself or to nothing. Remove it, or put the file there."
        )
    chosen = wells.values() if well is None else [wells.get(well, ()), wells.get(None, ())]
    found = sorted((match for matches in chosen for match in matches), key=_by_path)
    found = [one for one in found if not _is_any(one.path, folder=folder, patterns=without)]
    if not found:
        raise FileNotFoundError(_nothing_found(folder, pattern=pattern, well=well))
    plates = sorted({m.parts["plate"] for m in found if "plate" in m.parts})
    if len(plates) > 1 and well is not None:
        raise InputError(
            f"{folder}: well {well} of several plates ({', '.join(plates)}) lies in this one folder; "
            "give each plate a folder of its own."
        )
    return found


def _is_any(path: Path, *, folder: Path, patterns: Sequence[str]) -> bool:
    name = path.relative_to(folder).as_posix() if path != folder else path.name
    return any(compile_pattern(one).fullmatch(name) for one in patterns)


def matches_below(folder: Path, *, pattern: str) -> list[Match]:
    """Every file of `folder` that matches, sorted by path; none is no error. See `matching_files`."""
    return [one for one in _matches(Path(folder), pattern=pattern) if is_file(one.path)]


def _matches(folder: Path, *, pattern: str) -> list[Match]:
    expression = compile_pattern(pattern)
    found = [(path, expression.fullmatch(name)) for path, name in _candidates(folder, depth=pattern.count("/"))]
    return sorted((Match(path, hit.groupdict()) for path, hit in found if hit), key=_by_path)


# The workflow asks well by well, so a folder of 384 wells is listed once and not once per well and rule. The stamp
# makes it listed again after a file came or went.
@lru_cache(maxsize=64)
def _by_well(
    folder: Path, pattern: str, stamp: tuple[int, ...]
) -> tuple[dict[str | None, tuple[Match, ...]], dict[str | None, Path]]:
    """The files of each well, and the first of each well that is no file, such as a pipe."""
    wells: dict[str | None, list[Match]] = {}
    odd: dict[str | None, Path] = {}
    for match in _matches(folder, pattern=pattern):
        well = match.parts.get("well")
        if is_file(match.path):
            wells.setdefault(well, []).append(match)
        else:
            odd.setdefault(well, match.path)
    return {well: tuple(matches) for well, matches in wells.items()}, odd


def _stamp(folder: Path, *, depth: int) -> tuple[int, ...]:
    if not folder.is_dir():
        return (int(folder.exists()),)
    folders = [folder, *(inner for d in range(depth) for inner in sorted(folder.glob("*/" * (d + 1))))]
    return tuple(one.stat().st_mtime_ns for one in folders)


def _by_path(match: Match) -> str:
    return match.path.as_posix()


def _candidates(folder: Path, *, depth: int) -> list[tuple[Path, str]]:
    """What is no folder at this depth, and its name below `folder`; what is hidden, or in hidden folders, left out.

    A folder that a Mac copied has a hidden ``._NAME`` for each NAME.
    """
    if not folder.is_dir():
        return [] if not is_file(folder) else [(folder, Path(*folder.parts[-1 - depth :]).as_posix())]
    if depth == 0:
        names = (entry.name for entry in os.scandir(folder))
        return [(folder / name, name) for name in names if not name.startswith(".") and not _is_folder(folder / name)]
    found = ((path, path.relative_to(folder).as_posix()) for path in folder.glob("/".join(["*"] * (depth + 1))))
    return [(path, name) for path, name in found if not f"/{name}".count("/.") and not _is_folder(path)]


def _is_folder(path: Path) -> bool:
    # A link to itself raises an error in some functions of the standard library.
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether there is a file to read: no pipe or device, whose reading may never end, and no link to itself."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _nothing_found(folder: Path, *, pattern: str, well: str | None) -> str:
    if not folder.exists():
        return f"{folder}: there is no such file or folder. Check the path in the sheet."
    there = sorted(name for _, name in _candidates(folder, depth=pattern.count("/")))
    example = f"files there are like {there[0]!r}" if there else "there are no files at that depth"
    of_well = f" with well {well!r}" if well is not None else ""
    return f"{folder}: no file matches the pattern {pattern!r}{of_well}; {example}. Change raw.pattern or the path."
