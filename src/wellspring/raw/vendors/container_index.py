"""The index of files that hold the images of many fields: whose well each field is."""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wellspring.errors import InputError
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.containers import Scene, opened
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import canonical_well

__all__ = ["container_index", "container_sources", "content_of_container"]

# A1, A01_0000, A1-Site_2 and Well B3 at the beginning of a name, plate1_B02 at its end, and A/1 as parts of a path.
_START = re.compile(r"(?:well[ _-]*)?([a-z]{1,2})(\d{1,2})(?![0-9a-z])", re.IGNORECASE)
_END = re.compile(r"(?<![0-9a-z])([a-p])(\d{2})$", re.IGNORECASE)
_PATH = re.compile(r"(?:^|/)([A-Za-z]{1,2})/(\d{1,2})(?:/|$)")
# Positions, sites, times and planes are numbered so: P1, S2, ...
_NUMBERED = tuple("PSTZ")
_MAJORITY = 0.5
# Bytes at either end of a file that tell it from others.
_LOOKED_AT = 2**20
_ROWS = ("well", "site", "channel", "z", "time", "file", "page", "state", "x_um", "y_um", "z_um", "pixel_size_um")


def container_sources(folder: Path, *, ending: str) -> list[Path]:
    """The files of that ending in a folder, or the file itself.

    Raises
    ------
    InputError
        When there are none.
    """
    if folder.is_file():
        found = [folder] if folder.suffix.lower() == ending else []
    else:
        found = sorted(one for one in folder.iterdir() if one.suffix.lower() == ending and not one.name.startswith("."))
    if not found:
        raise InputError(f"{folder}: expected {ending} files, found none.")
    return found


def container_index(sources: Sequence[Path], *, folder: Path, name: str) -> PlateIndex:
    """The index of all scenes of some files.

    A scene's well is in its name, or else in that of its file, if `folder` is one; a file that is named in the sheet
    without wells in it is one well. Sites are counted from 1 in each well, in the order of the files' names and of the
    scenes in them. A file that cannot be read leaves the well of its name without images, next to others.

    Raises
    ------
    FileNotFoundError, InputError
        As `opened`; when there are several files and nothing names their wells, or two have the same content.
    """
    root = folder if folder.is_dir() else folder.parent
    _check_copies(sources)
    rows: dict[str, list[Any]] = {name: [] for name in _ROWS}
    channels: dict[str, None] = {}
    notes: list[str] = []
    places: dict[str, list[str]] = {}
    damaged: dict[str, InputError] = {}
    for path in sources:
        own = _well_of_file(path) if folder.is_dir() else ""
        try:
            with opened(path) as container:
                scenes = container.scenes
        except InputError as error:
            if not own or len(sources) == 1:
                raise
            damaged[path.relative_to(root).as_posix()] = error
            continue
        wells = _wells(path, scenes, own=own, n_files=len(sources))
        notes += _notes(path, scenes, wells, own=own)
        first = 0
        for scene, well in zip(scenes, wells, strict=True):
            if well is not None:
                places.setdefault(well, []).append(path.name)
                file = path.relative_to(root).as_posix()
                names = distinct_names(dict(enumerate(scene.channels)))
                channels |= dict.fromkeys(names.values())
                _add(
                    rows, scene, {"well": well, "site": str(len(places[well])), "file": file}, names=names, first=first
                )
            first += scene.n_numbers
    if damaged and not channels:
        raise next(iter(damaged.values()))
    for file, reason in damaged.items():
        _add_damaged(rows, file, well=_well_of_file(Path(file)), channels=list(channels))
        notes.append(str(reason))
    several = {well: sorted(set(files)) for well, files in places.items() if len(set(files)) > 1}
    notes += [f"well {well} is in {len(files)} files: {', '.join(files[:3])}" for well, files in several.items()]
    return PlateIndex(
        format=name,
        plate=sources[0].stem if len(sources) == 1 else root.name,
        root=str(root),
        images=images_table(rows, source=sources[0]),
        channels=tuple(channels),
        notes=tuple(notes),
    )


def _check_copies(sources: Sequence[Path]) -> None:
    """Raise where two files have the same content: their cells would be counted twice."""
    seen: dict[object, Path] = {}
    for path in sources:
        other = seen.setdefault(content_of_container(path), path)
        if other is not path:
            raise InputError(
                f"{path}: expected images of its own, found the content of {other.name}. Remove one of the two from "
                "the folder."
            )


def content_of_container(path: Path) -> object:
    """The same for files of one content, as far as their size, their beginning and their end tell."""
    size = path.stat().st_size
    with path.open("rb") as file:
        parts = hashlib.sha256(file.read(_LOOKED_AT))
        file.seek(max(0, size - _LOOKED_AT))
        parts.update(file.read(_LOOKED_AT))
    return size, parts.hexdigest()


def _notes(path: Path, scenes: Sequence[Scene], wells: Sequence[str | None], *, own: str) -> list[str]:
    """What a user must know of the wells of a file."""
    others = [one.name for one, well in zip(scenes, wells, strict=True) if well is None]
    found = {well for well in wells if well}
    notes = []
    if others:
        notes.append(f"{path.name}: {len(others)} of {len(wells)} images name no well and are left out: {others[0]}")
    if own and own not in found:
        notes.append(f"{path.name}: its name says well {own}, its images say {', '.join(sorted(found)[:3])}")
    if not found:
        notes.append(f"{path.name}: none of its {len(wells)} images names a well; all are one well")
    return notes


def _add(
    rows: dict[str, list[Any]], scene: Scene, fixed: Mapping[str, str], *, names: Mapping[int, str], first: int
) -> None:
    """Add a row for each plane that is stored."""
    places = np.ndindex(scene.n_times, scene.n_planes, len(scene.channels))
    for number, (time, z, channel) in enumerate(places):
        if (time, z, channel) in scene.absent:
            continue
        values = {
            **fixed,
            "channel": names[channel],
            "z": z,
            "time": time,
            "page": first + number,
            "state": "",
            "x_um": scene.x_um,
            "y_um": scene.y_um,
            "z_um": z * scene.step_um if scene.n_planes > 1 else math.nan,
            "pixel_size_um": scene.pixel_size_um,
        }
        for key, value in values.items():
            rows[key].append(value)


def _add_damaged(rows: dict[str, list[Any]], file: str, *, well: str, channels: Sequence[str]) -> None:
    """Add rows of images that cannot be read, of a file that is the well of its name."""
    for channel in channels:
        values = {"well": well, "site": "1", "channel": channel, "file": file, "state": "its file is damaged"}
        numbers = {"z": 0, "time": 0, "page": 0, "x_um": math.nan, "y_um": math.nan, "z_um": math.nan}
        for key, value in {**values, **numbers, "pixel_size_um": math.nan}.items():
            rows[key].append(value)


def _wells(path: Path, scenes: Sequence[Scene], *, own: str, n_files: int) -> list[str | None]:
    """The well of each scene; None of one that is in none, such as an overview.

    Positions are often called P1, P2, ...: names whose letters are all P, S, T or Z are no wells, but for parts of a
    path.
    """
    if any(scene.well for scene in scenes):
        return [canonical_well(scene.well) or None for scene in scenes]
    found = [_well_in(scene.name) for scene in scenes]
    named = [well for well, _ in found if well]
    is_sure = any(is_in_path for _, is_in_path in found)
    is_usual = len(named) > _MAJORITY * len(found) and not _letters(named) <= set(_NUMBERED)
    if is_sure or is_usual:
        return [well or None for well, _ in found]
    if not own and n_files > 1:
        raise InputError(
            f"{path}: expected the name of a well, such as A01, in the names of the file's images or of the file, "
            f"found images called {', '.join(scene.name.strip() for scene in scenes[:3])}. Rename the files, or give "
            "each its own line in the sheet, with the file as its path."
        )
    return [own] * len(scenes)


def _letters(wells: Sequence[str]) -> set[str]:
    return {well.rstrip("0123456789") for well in wells}


def _well_of_file(path: Path) -> str:
    """The well that a file's name says; empty where it says none, or a number such as P1."""
    well, _ = _well_in(path.stem)
    return "" if _letters([well]) <= set(_NUMBERED) else well


def _well_in(name: str) -> tuple[str, bool]:
    """``A01`` for ``A1``, ``A01_0003``, ``Well A1`` and ``Plate/A/1/R1``, and whether it is sure, as in a path.

    Empty where a name has none, or several.
    """
    in_path = {canonical_well(f"{a}{b}") for a, b in _PATH.findall(name)}
    parts = [part.strip() for part in name.split("/")]
    matches = [match for part in parts for match in (_START.match(part), _END.search(part)) if match]
    found = in_path or {canonical_well(f"{match[1]}{match[2]}") for match in matches}
    return (next(iter(found)), bool(in_path)) if len(found) == 1 else ("", False)
