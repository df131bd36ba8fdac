"""MetaXpress (Molecular Devices ImageXpress): exports with an HTD file, the layout of its database, and HCS.ai's CSV.

``ZStep_0`` is a projection over the planes in ``ZStep_1`` and so on. A channel that was taken in one plane is copied
into every ``ZStep`` folder: whether planes are copies is known from their heights and pixels, once files are opened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.metaseries import metaseries_of
from wellspring.raw.plane_files import read_plane
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.tiff_headers import opened_tiff
from wellspring.raw.vendors.hcs_ai import hcs_ai_index, hcs_ai_sources
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import canonical_well, well_name

__all__ = ["metaxpress_index", "metaxpress_sources", "without_copies"]

_GUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
# GUIDs have a fixed length, so the number of the wavelength before them is known to its last digit.
_FILE = re.compile(
    rf"(?P<name>.*?)_(?P<well>A?[A-P]\d{{1,2}})(?:_s(?P<site>\d+))?(?:_w(?P<wave>\d+?))?(?P<thumb>_thumb)?"
    rf"(?P<guid>{_GUID})?\.tiff?",
    re.I,
)
_TIME = re.compile(r"TimePoint_(\d+)")
_Z = re.compile(r"ZStep_(\d+)")
_LINE = re.compile(r'\s*"([^"]*)"\s*,\s*(.*?)\s*$')
_EXPECTED = "a description of an ImageXpress export (HTD)"
_PROJECTION = 0


def metaxpress_sources(folder: Path) -> list[Path]:
    """The HTD file and the folders of images, the folders alone of a database, or HCS.ai's descriptor and tables.

    Raises
    ------
    InputError
        When there is none of them, or several exports.
    """
    folder = folder if folder.is_dir() else folder.parent
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".htd" and file.is_file())
    if len(found) > 1:
        names = ", ".join(file.name for file in found[:3])
        raise InputError(f"{folder}: expected one HTD file, found {names}. Give each plate a folder of its own.")
    if not found:
        of_ai = hcs_ai_sources(folder)
        if of_ai:
            return of_ai
    places = list(_folders(folder))
    if not found and not any(_TIME.fullmatch(place.name) for place in places):
        raise InputError(
            f"{folder}: expected an .HTD file, folders TimePoint_1 and so on, or a .jdce file with "
            "image_metadata_1.csv in it; found none."
        )
    return [*found, *places]


def _folders(folder: Path) -> Iterator[Path]:
    """The folders that hold images, at most five deep: DATE/NUMBER/TimePoint_1/ZStep_1."""
    yield folder
    if len(_TIME.findall(str(folder))) and _Z.fullmatch(folder.name):
        return
    yield from _below(folder, depth=4)


def _below(folder: Path, *, depth: int) -> Iterator[Path]:
    for place in sorted(folder.iterdir()):
        if place.is_dir() and not place.name.startswith("."):
            yield place
            if depth > 1:
                yield from _below(place, depth=depth - 1)


@dataclass(frozen=True)
class _Plan:
    """What an HTD file says: wells and sites that were to be imaged, names of the wavelengths."""

    wells: tuple[str, ...] = ()
    n_sites: int | None = None
    n_planes: int = 1
    names: tuple[str, ...] = ()
    n_rows: int | None = None
    n_columns: int | None = None


def metaxpress_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a plate.

    Raises
    ------
    InputError
        When the HTD file is damaged, or no image has a name as MetaXpress gives it.
    """
    if sources[0].suffix.lower() == ".jdce":
        return hcs_ai_index(sources)
    has_plan = sources[0].is_file()
    plan = _plan(sources[0]) if has_plan else _Plan()
    places = sources[1:] if has_plan else sources
    root = places[0]
    found = [(file, match) for place in places for file, match in _images(place)]
    if not found:
        raise InputError(
            f"{root}: expected images such as PLATE_B02_s1_w1.TIF in folders TimePoint_1, found none. Copy the folder "
            "again from its source."
        )
    numbers = sorted({int(match["wave"] or 1) for _, match in found})
    names = _names(numbers, found=found, plan=plan)
    rows: dict[str, list[object]] = {name: [] for name in ("well", "site", "channel", "z", "time", "file")}
    for file, match in found:
        place = file.parent.relative_to(root).as_posix()
        time, z = _TIME.search(place), _Z.search(place)
        rows["well"].append(canonical_well(match["well"]))
        rows["site"].append(str(int(match["site"] or 1)))
        rows["channel"].append(names[int(match["wave"] or 1)])
        rows["z"].append(int(z[1]) if z else 1)
        rows["time"].append(int(time[1]) if time else 1)
        rows["file"].append(file.relative_to(root).as_posix())
    images, notes = _without_projections(images_table(rows, source=root))
    absent = [f"{number} ({name})" for number, name in enumerate(plan.names, start=1) if number not in numbers]
    if absent:
        notes.append(f"Wavelengths that were planned have no image in any well, and are not used: {', '.join(absent)}.")
    if images["z"].max() > 1:
        notes.append(
            "Channels that were taken in one plane are in every ZStep folder: such copies are counted once when a "
            "well is read."
        )
    planes = [str(z) for z in range(1, plan.n_planes + 1) if z not in set(images["z"])]
    if planes and images["z"].max() > 1:
        notes.append(f"{plan.n_planes} planes were planned, but no well has an image of plane {', '.join(planes)}.")
    return PlateIndex(
        format="metaxpress",
        plate=found[0][1]["name"].strip() or root.name,
        root=str(root),
        images=images,
        channels=tuple(names[number] for number in numbers),
        planned=plan.wells,
        planned_sites=tuple(map(str, range(1, plan.n_sites + 1))) if plan.n_sites else (),
        n_rows=plan.n_rows,
        n_columns=plan.n_columns,
        notes=tuple(notes),
    )


def _images(place: Path) -> Iterator[tuple[Path, "re.Match[str]"]]:
    for file in sorted(place.iterdir()):
        match = _FILE.fullmatch(file.name)
        if match and not match["thumb"] and not file.name.startswith("."):
            yield file, match


def _names(numbers: list[int], *, found: "list[tuple[Path, re.Match[str]]]", plan: _Plan) -> dict[int, str]:
    """Number of a wavelength to its name: of the HTD file, or else as the first of its images says."""
    names: dict[int, str] = {}
    for number in numbers:
        if number <= len(plan.names):
            names[number] = plan.names[number - 1]
            continue
        first = next(file for file, match in found if int(match["wave"] or 1) == number)
        with opened_tiff(first) as tif:
            names[number] = metaseries_of(tif).channel or f"w{number}"
    return distinct_names(names)


def _without_projections(images: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Without the projections of stacks; those of which no plane was exported are used, and a note says so."""
    key = ["well", "site", "channel", "time"]
    n_planes = images.assign(is_plane=images["z"] > _PROJECTION).groupby(key)["is_plane"].transform("sum")
    is_alone = (images["z"] == _PROJECTION) & (n_planes == 0)
    notes = []
    if is_alone.any():
        names = ", ".join(dict.fromkeys(images.loc[is_alone, "channel"]))
        notes.append(f"Of {int(is_alone.sum())} stacks only the projection was exported (channel {names}); it is used.")
    return images[(images["z"] > _PROJECTION) | is_alone].reset_index(drop=True), notes


def _plan(path: Path) -> _Plan:
    with as_readable(path, expected=_EXPECTED):
        text = path.read_text(encoding="latin-1")
    values = {found[1]: found[2] for line in text.splitlines() if (found := _LINE.fullmatch(line))}
    if "HTSInfoFile" not in values or '"EndFile"' not in text:
        raise InputError(
            f"{path}: expected {_EXPECTED}, from HTSInfoFile to EndFile, but it is another file or cut off. Copy it "
            "again from its source."
        )
    n_rows, n_columns, n_waves = (_count(values, key, path=path) for key in ("YWells", "XWells", "NWavelengths"))
    wells = [
        well_name(row, column)
        for row in range(1, n_rows + 1)
        for column, is_on in enumerate(_flags(values, f"WellsSelection{row}", n=n_columns, path=path), start=1)
        if is_on
    ]
    n_x, n_y = (_count(values, key, path=path) for key in ("XSites", "YSites"))
    selected = [_flags(values, f"SiteSelection{row}", n=n_x, path=path) for row in range(1, n_y + 1)]
    is_sited = values.get("Sites", "").upper() == "TRUE"
    names = [values.get(f"WaveName{number}", "").strip().strip('"') for number in range(1, n_waves + 1)]
    return _Plan(
        wells=tuple(wells),
        n_sites=sum(map(sum, selected)) if is_sited else 1,
        n_planes=int(steps) if (steps := values.get("ZSteps", "")).isdecimal() else 1,
        names=tuple(names),
        n_rows=n_rows,
        n_columns=n_columns,
    )


def _count(values: dict[str, str], key: str, *, path: Path) -> int:
    text = values.get(key, "1" if key in ("XSites", "YSites", "NWavelengths") else "")
    if not text.isdecimal() or not 0 < int(text) < 1000:
        raise InputError(f"{path}: expected a number from 1 to 999 as {key}, found {text!r}. Export the plate again.")
    return int(text)


def _flags(values: dict[str, str], key: str, *, n: int, path: Path) -> list[bool]:
    text = values.get(key)
    if text is None and key.startswith("SiteSelection"):
        return [True] * n
    flags = [one.strip().upper() for one in (text or "").split(",")]
    if len(flags) != n or not set(flags) <= {"TRUE", "FALSE"}:
        raise InputError(f"{path}: expected {n} times TRUE or FALSE as {key}, found {text!r}. Export the plate again.")
    return [one == "TRUE" for one in flags]


def without_copies(rows: pd.DataFrame, *, root: Path) -> tuple[pd.DataFrame, list[str]]:
    """The rows of one well without planes that are copies of one, and what is said of copies from another time.

    Planes are copies where all of a stack have the same height, or none is known, and the same pixels.
    """
    drop: list[object] = []
    doubts: list[str] = []
    for (site, channel), own in rows.groupby(["site", "channel"], sort=False):
        heights = own["z_um"]
        if len(own) < 2 or (heights.notna().all() and heights.nunique() > 1):
            continue
        first, *others = (read_plane(root / row.file, row.page) for row in own.itertuples())
        same = [np.array_equal(first, other) for other in others]
        if all(same):
            drop += list(own.index[1:])
        else:
            doubts.append(f"site {site}, channel {channel}: {len(own)} planes have the same height but other pixels")
    return rows.drop(index=drop), doubts + _old_images(rows, root=root)


def _old_images(rows: pd.DataFrame, *, root: Path) -> list[str]:
    """Channels that were not acquired at this time: MetaXpress exports a copy of the time before."""
    time = int(rows["time"].iloc[0])
    found = []
    for channel, own in rows.groupby("channel", sort=False):
        name = str(own["file"].iloc[0])
        before = root / name.replace(f"TimePoint_{time}", f"TimePoint_{time - 1}", 1)
        is_there = time > 1 and before != root / name and before.is_file()
        if is_there and np.array_equal(read_plane(before, 0), read_plane(root / name, 0)):
            found.append(str(channel))
    if not found:
        return []
    return [
        f"{', '.join(found)}: the images of time point {time} are copies of those before; not acquired at this time"
    ]
