"""Yokogawa CellVoyager (CV7000, CV8000, CQ1, CQ3000): MeasurementData.mlf, MeasurementDetail.mrf and the .mes file."""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from wellspring.errors import InputError
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import well_name
from wellspring.raw.xml_files import elements, local_name, root_of, whole_number

__all__ = ["yokogawa_index", "yokogawa_sources"]

_RECORDS, _DETAIL = "MeasurementData.mlf", "MeasurementDetail.mrf"
_EXPECTED = "an index that a CellVoyager wrote"
# The name says once more what the record says.
_FILE = re.compile(r".*_([A-Z]{1,2}\d{2})_T(\d+)F(\d+)L\d+A(\d+)Z(\d+)C(\d+)\.\w+")


def yokogawa_sources(folder: Path) -> list[Path]:
    """The records in `folder`, or in its one subfolder with records, with the detail and the settings next to them.

    Raises
    ------
    InputError
        When there are no records, or those of several plates.
    """
    folder = folder if folder.is_dir() else folder.parent
    found = [folder / _RECORDS] if (folder / _RECORDS).is_file() else sorted(folder.glob(f"*/{_RECORDS}"))
    if len(found) != 1:
        kind = "none" if not found else ", ".join(str(one.parent.name) for one in found[:3])
        raise InputError(f"{folder}: expected one {_RECORDS} in it or in a folder below, found {kind}.")
    place = found[0].parent
    return [*found, *(file for file in (place / _DETAIL, *sorted(place.glob("*.mes"))) if file.is_file())]


@dataclass
class _Detail:
    """What the detail and the settings say: all may be missing."""

    plate: str = ""
    n_rows: int | None = None
    n_columns: int | None = None
    sizes_um: dict[int, float] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    wells: tuple[str, ...] = ()
    n_fields: int | None = None
    notes: list[str] = field(default_factory=list)


def yokogawa_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a plate; a record of an error is kept as an image that cannot be read.

    Positions are turned so that y grows downwards: the instrument's grow upwards.

    Raises
    ------
    InputError
        When a file is no index of a CellVoyager, or a record has no place on the plate.
    """
    path = sources[0]
    detail = _detail(sources)
    records = [
        _record(one, path=path) for name, one in elements(path, expected=_EXPECTED) if name == "MeasurementRecord"
    ]
    if not records:
        raise InputError(f"{path}: expected {_EXPECTED}, but it lists no images. Export the plate again.")
    names = _names(records, detail)
    rows: dict[str, list[Any]] = {name: [] for name in ("well", "site", "channel", "z", "time", "file", "state")}
    rows |= {name: [] for name in ("x_um", "y_um", "z_um", "pixel_size_um")}
    everywhere = list(dict.fromkeys(names.values()))
    for one in records:
        # An error may be recorded before the camera's channel is known: then the site has no image of any.
        found = [names[one["variant"]]] if one["variant"] in names else everywhere
        for name in found:
            for key in ("well", "site", "z", "time", "file", "state", "x_um", "y_um", "z_um"):
                rows[key].append(one[key])
            rows["channel"].append(name)
            rows["pixel_size_um"].append(detail.sizes_um.get(one["variant"][0], math.nan))
    n_found = len({one["site"] for one in records})
    n_planned = detail.n_fields if detail.n_fields and detail.n_fields >= n_found else 0
    return PlateIndex(
        format="yokogawa",
        plate=detail.plate or path.parent.name,
        root=str(path.parent),
        images=images_table(rows, source=path),
        channels=tuple(everywhere),
        planned=detail.wells,
        planned_sites=tuple(map(str, range(1, n_planned + 1))),
        n_rows=detail.n_rows,
        n_columns=detail.n_columns,
        notes=tuple(detail.notes),
    )


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    return {local_name(name): value.strip() for name, value in element.attrib.items()}


def _record(element: ElementTree.Element, *, path: Path) -> dict[str, Any]:
    values = _attributes(element)
    text = (element.text or "").strip()
    element.clear()
    is_image = values.get("Type") == "IMG"
    numbers = {name: whole_number(values.get(name), what=name, path=path) for name in ("Row", "Column", "FieldIndex")}
    # Errors are recorded with less.
    further = {
        name: whole_number(values.get(name, None if is_image else "0"), what=name, path=path)
        for name in ("TimePoint", "ZIndex", "Ch")
    }
    action = whole_number(values.get("ActionIndex", "1"), what="ActionIndex", path=path)
    well = well_name(max(1, numbers["Row"]), max(1, numbers["Column"]))
    if is_image:
        same = (well, further["TimePoint"], numbers["FieldIndex"], action, further["ZIndex"], further["Ch"])
        _check_file(text, record=same, path=path)
    x, y, z = (_number(values.get(axis)) for axis in "XYZ")
    state = "" if is_image else f"recorded as {values.get('Type', 'no image')}"
    return {
        "well": well,
        "site": str(numbers["FieldIndex"]),
        "z": further["ZIndex"],
        "time": further["TimePoint"],
        "file": text if is_image else "",
        "state": state,
        "x_um": x,
        "y_um": 0.0 - y,
        "z_um": z,
        "variant": (further["Ch"], action, values.get("ZImageProcessing", "")),
    }


def _check_file(name: str, *, record: tuple[Any, ...], path: Path) -> None:
    found = _FILE.fullmatch(name)
    if found and (found[1], *map(int, found.groups()[1:])) != record:
        raise InputError(
            f"{path}: expected file names that say the same as the records, but {name} is recorded as well "
            f"{record[0]}, time {record[1]}, field {record[2]}, action {record[3]}, plane {record[4]}, "
            f"channel {record[5]}. The index was changed or damaged: export the plate again."
        )
    if not name or "/" in name or "\\" in name:
        raise InputError(f"{path}: expected names of files next to the index, found {name!r}. Export the plate again.")


def _number(text: str | None) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _names(records: list[dict[str, Any]], detail: _Detail) -> dict[tuple[int, int, str], str]:
    """(Ch, action, processing) to a name: where one Ch was taken by several actions, each is a channel of its own."""
    variants = sorted({one["variant"] for one in records if not one["state"] and one["variant"][0]})
    numbers = [number for number, _, _ in variants]
    names = distinct_names({number: detail.names.get(number, f"C{number:02d}") for number in dict.fromkeys(numbers)})
    found = {}
    for number, action, processing in variants:
        name = names[number]
        if numbers.count(number) > 1:
            name = f"{name} {processing.lower() or f'action {action}'}"
        found[number, action, processing] = name
    doubled = {name for name in found.values() if list(found.values()).count(name) > 1}
    return {key: f"{name} {key[1]}" if name in doubled else name for key, name in found.items()}


def _detail(sources: list[Path]) -> _Detail:
    found = _Detail()
    measured = next((path for path in sources if path.suffix == ".mrf"), None)
    settings = [path for path in sources if path.suffix == ".mes"]
    if measured is None:
        found.notes.append(f"{_DETAIL} is missing: the pixel size is not known.")
    else:
        _read_detail(measured, found)
    if not settings:
        found.notes.append("The .mes file is missing: channels have numbers for names.")
    for path in settings[:1]:
        _read_settings(path, found)
    return found


def _read_detail(path: Path, found: _Detail) -> None:
    root = root_of(path, expected=_EXPECTED)
    about = _attributes(root)
    found.plate = about.get("Title", "")
    counts = [about.get(name, "") for name in ("RowCount", "ColumnCount")]
    found.n_rows, found.n_columns = (int(text) if text.isdecimal() else None for text in counts)
    for one in root:
        if local_name(one.tag) != "MeasurementChannel":
            continue
        values = _attributes(one)
        number = whole_number(values.get("Ch"), what="Ch", path=path)
        size, other = (_number(values.get(f"{axis}PixelDimension")) for axis in ("Horizontal", "Vertical"))
        is_square = math.isnan(other) or abs(size - other) <= 1e-3 * size
        if size > 0 and is_square:
            found.sizes_um[number] = size
        elif size > 0:
            found.notes.append(f"Pixels of channel {number} are not square ({size:g} x {other:g} µm); give their size.")


def _read_settings(path: Path, found: _Detail) -> None:
    root = root_of(path, expected="the settings of a CellVoyager measurement")
    by_name: dict[str, list[ElementTree.Element]] = {}
    for one in root.iter():
        by_name.setdefault(local_name(one.tag), []).append(one)
    for one in by_name.get("Channel", []):
        values = _attributes(one)
        parts = (values.get("Fluorophore", ""), values.get("Target", ""), values.get("Acquisition", ""))
        found.names[whole_number(values.get("Ch"), what="Ch", path=path)] = next((part for part in parts if part), "")
    targets = [_attributes(one) for one in by_name.get("TargetWell", []) if (one.text or "true").strip() != "false"]
    places = [(one.get("Row", ""), one.get("Column", "")) for one in targets]
    if all(row.isdecimal() and column.isdecimal() for row, column in places):
        found.wells = tuple(dict.fromkeys(well_name(int(row), int(column)) for row, column in places))
    if len(by_name.get("Timeline", [])) == 1 and len(by_name.get("FixedPosition", [])) == 1:
        found.n_fields = sum(local_name(one.tag) == "Point" for one in by_name["FixedPosition"][0]) or None
