"""Which label images of other programs belong to a well. The workflow reads it: nothing heavy is imported."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.raw.names import Match, compile_pattern, matching_files

__all__ = [
    "KEYS",
    "SUFFIXES",
    "annotated_files",
    "counting_of",
    "given_files",
    "has_cells",
    "has_given_cells",
    "has_nuclei",
    "site_names",
]

KEYS = {"nuclei": "segmentation.nuclei", "cells": "segmentation.pattern"}
"""What is labelled, and the config key that names its files."""
SUFFIXES = (".tif", ".tiff", ".png")


def has_given_cells(segmentation: Mapping[str, Any]) -> bool:
    """Whether the block ``segmentation`` names label images of cells."""
    return segmentation.get("pattern") is not None


def has_cells(segmentation: Mapping[str, Any]) -> bool:
    """Whether there are cells, given or found, and not nuclei alone."""
    return segmentation["cells"] is not None or has_given_cells(segmentation)


def has_nuclei(segmentation: Mapping[str, Any]) -> bool:
    """Whether there are nuclei, given or found, and not cells alone."""
    return segmentation["nucleus_channel"] is not None or segmentation.get("nuclei") is not None


def counting_of(segmentation: Mapping[str, Any]) -> dict[str, bool]:
    """What of the block ``segmentation`` decides how sites are counted: the keywords of `with_cells`."""
    cells = segmentation["cells"] or {}
    is_labelled = has_given_cells(segmentation) or cells.get("unstained") == "seed"
    return {"has_nuclei": has_nuclei(segmentation), "are_all_labelled": is_labelled}


def given_files(path: Path, *, plate: str, well: str, segmentation: Mapping[str, Any], kind: str) -> list[Path]:
    """The label images of a well, sorted; none where the config names none.

    Parameters
    ----------
    path, plate, well
        From the sheet.
    segmentation
        The block ``segmentation``: names of files, and their folder where that is not the well's own.
    kind
        ``nuclei`` or ``cells``.

    Raises
    ------
    FileNotFoundError
        When no file fits: what was looked for, and where.
    InputError
        When a pattern is none, a file is neither TIFF nor PNG, a path has braces, or two files are of one site but for
        the zeros before its number.
    """
    pattern = segmentation.get("nuclei" if kind == "nuclei" else "pattern")
    if pattern is None:
        return []
    given = segmentation.get("folder")
    folder = Path(given.replace("{plate}", plate).replace("{well}", well)) if given else Path(path)
    if not given and folder.is_file():
        folder = folder.parent
    try:
        matches = matching_files(folder, pattern=pattern, well=well)
    except (InputError, FileNotFoundError) as error:
        words = str(error).replace("raw.pattern", KEYS[kind])
        raise type(error)(f"{KEYS[kind]}, well {plate}/{well}: {words}") from None
    _check_sites(matches, key=KEYS[kind], name=f"{plate}/{well}")
    found = [match.path for match in matches]
    for file in found:
        if file.suffix.lower() not in SUFFIXES:
            raise InputError(f"{file}: expected a label image as TIFF or PNG. Export it so, or correct {KEYS[kind]}.")
        if "{" in str(file) or "}" in str(file):
            raise InputError(f"{file}: expected a path without braces. Rename the file or its folder.")
    return found


def _check_sites(matches: Sequence[Match], *, key: str, name: str) -> None:
    """Site 1 and site 01 are one site: which of both files it is to be read from, no one knows."""
    known: dict[str, Match] = {}
    for match in matches:
        site = match.parts.get("site", "")
        first = known.setdefault(site.lstrip("0") if site.isdecimal() else site, match)
        if first.parts.get("site", "") != site:
            raise InputError(
                f"{key}, well {name}: {first.path.name} and {match.path.name} in {match.path.parent} name one site, "
                "with and without zeros before its number. Remove the one that is out of date."
            )


def annotated_files(path: Path, *, plate: str, well: str, annotated: Mapping[str, Any]) -> list[Path]:
    """The label images of a well that ``segmentation.annotated`` names, sorted; none of a well that has none.

    `path`, `plate`, `well` are of the sheet, `annotated` is the block.

    Raises
    ------
    InputError
        As `given_files`.
    """
    block = {"nuclei": annotated["nuclei"], "folder": annotated["folder"]}
    try:
        return given_files(path, plate=plate, well=well, segmentation=block, kind="nuclei")
    except FileNotFoundError:
        return []
    except InputError as error:
        raise InputError(str(error).replace("segmentation.nuclei", "segmentation.annotated.nuclei")) from None


def site_names(files: Sequence[Path], *, pattern: str) -> list[str | None]:
    """The ``{site}`` part of each file's name; None for a pattern without it."""
    expression, depth = compile_pattern(pattern), pattern.count("/")
    names = [Path(*file.parts[-1 - depth :]).as_posix() for file in files]
    hits = [expression.fullmatch(name) for name in names]
    return [hit.groupdict().get("site") if hit else None for hit in hits]
