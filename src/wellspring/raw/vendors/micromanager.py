"""Micro-Manager's image stacks (``NAME_MMStack_POSITION.ome.tif``): a map at the head of each file names its planes."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tifffile import read_micromanager_metadata

from wellspring.errors import InputError
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.tiff_headers import opened_tiff
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import canonical_well

__all__ = ["micromanager_index", "micromanager_sources"]

_PATTERN = "*_MMStack*.tif"
# More are a damaged map.
_MOST_CHANNELS = 1000
# Positions that the plugin for plates made are called so: A01-Site_0.
_LABEL = re.compile(r"([A-Za-z]{1,2}\d{1,2})-Site_(\d+)")


def micromanager_sources(folder: Path) -> list[Path]:
    """The stacks of a folder, or of the folders below where each has those of one position.

    Raises
    ------
    InputError
        When there are none.
    """
    if folder.is_file() and "_MMStack" in folder.name:
        return [folder]
    if folder.is_file():
        raise InputError(f"{folder}: expected a file such as NAME_MMStack_Pos0.ome.tif, found another one.")
    found = sorted(folder.glob(_PATTERN)) or sorted(folder.glob(f"*/{_PATTERN}"))
    if not found:
        raise InputError(f"{folder}: expected files such as NAME_MMStack_Pos0.ome.tif in it or one below, found none.")
    return found


def micromanager_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of all positions; a well where their labels name it (``A01-Site_0``), else they are sites of one well.

    Raises
    ------
    InputError
        When a file is not Micro-Manager's, or its map is damaged or names another number of planes than it has.
    """
    root = folder if folder.is_dir() else folder.parent
    rows: dict[str, list[Any]] = {name: [] for name in ("well", "site", "channel", "z", "time", "file", "page")}
    rows |= {name: [] for name in ("x_um", "y_um", "z_um", "pixel_size_um")}
    names: dict[int, str] = {}
    name = ""
    for path in sources:
        summary, planes = _head(path)
        name = name or str(summary.get("Prefix", "")).strip()
        names = names or _channels(summary, n=1 + max(channel for channel, *_ in planes))
        step, size = _positive(summary.get("z-step_um")), _positive(summary.get("PixelSize_um"))
        labels = _positions(summary)
        for page, (channel, z, time, position) in enumerate(planes):
            label, x, y = labels.get(position, ("", math.nan, math.nan))
            found = _LABEL.fullmatch(label)
            _check_file(path, label=label)
            values = {
                "well": canonical_well(found[1]) if found else "",
                "site": found[2] if found else str(position + 1),
                "channel": names.get(channel, f"channel {channel}"),
                "z": z,
                "time": time,
                "file": path.relative_to(root).as_posix(),
                "page": page,
                "x_um": x,
                "y_um": y,
                "z_um": z * step,
                "pixel_size_um": size,
            }
            for key, value in values.items():
                rows[key].append(value)
    return PlateIndex(
        format="micromanager",
        plate=name or root.name,
        root=str(root),
        images=images_table(rows, source=sources[0]),
        channels=tuple(names.values()),
    )


def _check_file(path: Path, *, label: str) -> None:
    """Raise where the name of a file says another place on the plate than its position's label."""
    found = _LABEL.search(path.name)
    if found and found[0] != label:
        raise InputError(
            f"{path}: expected the position {found[0]}, as the name says, found {label!r} in its summary. The file was "
            "renamed or damaged: export it again."
        )


def _head(path: Path) -> tuple[Mapping[str, Any], list[tuple[int, int, int, int]]]:
    """Summary of a file, and (channel, plane, time, position) of each of its pages, in their order."""
    with opened_tiff(path) as tif:
        n_pages = len(tif.pages)
        found = read_micromanager_metadata(tif.filehandle, {"Summary", "IndexMap"})
    if "Summary" not in found or "IndexMap" not in found:
        raise InputError(
            f"{path}: expected a stack of Micro-Manager with its summary and map of planes, found none. The "
            "acquisition may have been stopped: open and save it in Micro-Manager, or use raw.format tiff."
        )
    table = sorted(found["IndexMap"].tolist(), key=_offset)
    if len(table) != n_pages:
        raise InputError(
            f"{path}: expected {len(table)} planes, as its map says, found {n_pages}. Copy the file again from its "
            "source."
        )
    most = max((row[0] for row in table), default=0)
    if most >= _MOST_CHANNELS:
        raise InputError(
            f"{path}: expected fewer than {_MOST_CHANNELS} channels, but its map has channel {most}. Copy the file "
            "again from its source."
        )
    return found["Summary"], [(row[0], row[1], row[2], row[3]) for row in table]


def _offset(row: list[int]) -> int:
    return row[4]


def _channels(summary: Mapping[str, Any], *, n: int) -> dict[int, str]:
    given = summary.get("ChNames")
    texts = [str(one) for one in given] if isinstance(given, list) else []
    return distinct_names(
        {number: texts[number] if number < len(texts) else "" for number in range(max(n, len(texts)))}
    )


def _positions(summary: Mapping[str, Any]) -> dict[int, tuple[str, float, float]]:
    """Number of a position to its label and place (x, y), µm, in the form of version 2 or 1.4."""
    listed = summary.get("StagePositions") or summary.get("InitialPositionList") or []
    found = {}
    for number, one in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(one, dict):
            x, y = _place(one)
            found[number] = (str(one.get("Label", "")).strip(), x, y)
    return found


def _place(position: Mapping[str, Any]) -> tuple[float, float]:
    """(x, y) of the first device that has two coordinates, which is the stage."""
    devices = position.get("DevicePositions")
    given = [one.get("Position_um") for one in devices if isinstance(one, dict)] if isinstance(devices, list) else []
    older = position.get("DeviceCoordinatesUm")
    given += list(older.values()) if isinstance(older, dict) else []
    for one in given:
        if isinstance(one, list) and len(one) == 2 and all(isinstance(value, int | float) for value in one):
            return float(one[0]), float(one[1])
    return math.nan, math.nan


def _positive(value: object) -> float:
    is_known = isinstance(value, int | float) and math.isfinite(value) and value > 0
    return float(value) if is_known else math.nan  # type: ignore[arg-type]
