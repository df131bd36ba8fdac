"""Revvity Harmony (Opera Phenix, Operetta): ``Index.idx.xml`` and ``Index.xml``, versions 5 to 7.

The two differ in their namespace, which is ignored; in where a channel's facts are (in each image, or once in a map);
and in whether time points are counted from 0 or 1, which stays as it is.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from wellspring.errors import InputError
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.names import distinct_names, nanometres
from wellspring.raw.well_names import well_name
from wellspring.raw.xml_files import elements, local_name, whole_number

__all__ = ["harmony_index", "harmony_sources"]

_NAMES = ("Index.idx.xml", "Index.ref.xml", "Index.xml")
_EXPECTED = "an index that Harmony wrote"
_METRES = {"m": 1e6, "mm": 1e3, "um": 1.0, "µm": 1.0, "nm": 1e-3, "": 1e6}
# The name says once more what the index says: row, column, field, plane, channel.
_FILE = re.compile(r"r(\d+)c(\d+)f(\d+)p(\d+)-ch(\d+)(?:sk\d+fk\d+fl\d+)?\.tiff?", re.I)
_WANTED = frozenset(
    (
        *("State", "URL", "Row", "Col", "FieldID", "PlaneID", "TimepointID", "ChannelID", "ChannelName"),
        *("ImageResolutionX", "PositionX", "PositionY", "PositionZ"),
        *("MainExcitationWavelength", "MainEmissionWavelength"),
    )
)


def harmony_sources(folder: Path) -> list[Path]:
    """The index in the folder of the images, one above, or in ``Images`` below.

    Raises
    ------
    InputError
        When there is none.
    """
    folder = folder if folder.is_dir() else folder.parent
    for place in (folder, folder / "Images", folder / "images", folder.parent):
        found = [place / name for name in _NAMES if (place / name).is_file()]
        if found:
            return found[:1]
    raise InputError(
        f"{folder}: expected {' or '.join(_NAMES)} in it, in Images below or one folder above; found none."
    )


@dataclass
class _Found:
    """What was read so far."""

    plate: dict[str, str] = field(default_factory=dict)
    planned: list[str] = field(default_factory=list)
    channels: dict[int, dict[str, Any]] = field(default_factory=dict)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    has_flat_field: bool = False


def harmony_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a plate.

    An image whose ``State`` is not ``Ok`` is kept as one that cannot be read. Positions are turned so that y grows
    downwards: Harmony's grow upwards.

    Raises
    ------
    InputError
        When the file is no index of Harmony, or an image in it has no place on the plate.
    """
    path = sources[0]
    found = _Found()
    for name, element in elements(path, expected=_EXPECTED):
        if name == "Plate" and len(element):
            found.plate = {local_name(one.tag): (one.text or "").strip() for one in element}
            found.planned = [_planned(one.get("id", ""), path=path) for one in element if local_name(one.tag) == "Well"]
        elif name == "Entry":
            _read_entry(element, found, path=path)
        elif name == "Image" and len(element):
            found.rows.append(_read_image(element, found, path=path))
            element.clear()
        elif name == "Images":
            element.clear()
    if not found.rows:
        raise InputError(f"{path}: expected {_EXPECTED}, but it lists no images. Export the plate again.")
    return _index(found, path=path)


def _planned(text: str, *, path: Path) -> str:
    if len(text) != 4 or not text.isdecimal():
        raise InputError(f"{path}: expected a well's id of four digits, found {text!r}. Export the plate again.")
    return well_name(int(text[:2]), int(text[2:]))


def _read_entry(element: ElementTree.Element, found: _Found, *, path: Path) -> None:
    """A channel's facts in version 7, and whether a flat field is stored, in all versions."""
    number = whole_number(element.get("ChannelID"), what="ChannelID", path=path)
    values = {local_name(one.tag): one for one in element}
    profile = values.get("FlatfieldProfile")
    if profile is not None and "Polynomial" in (profile.text or ""):
        found.has_flat_field = True
    if "ChannelName" in values or "ImageResolutionX" in values:
        found.channels.setdefault(number, {}).update(_channel(values, path=path))
    element.clear()


def _channel(values: dict[str, ElementTree.Element], *, path: Path) -> dict[str, Any]:
    names = ("ChannelName", "MainExcitationWavelength", "MainEmissionWavelength")
    facts: dict[str, Any] = {name: (values[name].text or "").strip() for name in names if name in values}
    if "ImageResolutionX" in values:
        facts["pixel_size_um"] = _micrometres(values["ImageResolutionX"], what="ImageResolutionX", path=path)
    return facts


def _read_image(element: ElementTree.Element, found: _Found, *, path: Path) -> tuple[Any, ...]:
    values = {name: one for one in element if (name := local_name(one.tag)) in _WANTED}
    text = {name: (one.text or "").strip() for name, one in values.items()}
    names = ("Row", "Col", "FieldID", "PlaneID", "ChannelID")
    row, column, site, z, channel = (whole_number(text.get(name), what=name, path=path) for name in names)
    time = whole_number(text.get("TimepointID", "0"), what="TimepointID", path=path)
    url = text.get("URL", "")
    _check_file(url, numbers=(row, column, site, z, channel), path=path)
    facts = found.channels.get(channel)
    if facts is None or "ChannelName" in values:
        facts = found.channels.setdefault(channel, {})
        if "ChannelName" not in facts:
            facts.update(_channel(values, path=path))
    size = facts.get("pixel_size_um", math.nan)
    if "ImageResolutionX" in values:
        size = _micrometres(values["ImageResolutionX"], what="ImageResolutionX", path=path)
    state = text.get("State", "Ok")
    x, y, height = (_position(values.get(f"Position{axis}"), path=path) for axis in "XYZ")
    state = f"state {state or 'unknown'}" if state.lower() != "ok" else "" if url else "no file is named"
    return (well_name(row, column), str(site), channel, z, time, url, state, x, 0.0 - y, height, size)


def _check_file(url: str, *, numbers: tuple[int, ...], path: Path) -> None:
    found = _FILE.fullmatch(url)
    if found and tuple(map(int, found.groups())) != numbers:
        raise InputError(
            f"{path}: expected file names that say the same as the index, but {url} is listed as row {numbers[0]}, "
            f"column {numbers[1]}, field {numbers[2]}, plane {numbers[3]}, channel {numbers[4]}. The index was changed "
            "or damaged: export the plate again."
        )
    if "/" in url or "\\" in url:
        raise InputError(f"{path}: expected names of files next to the index, found {url!r}. Export the plate again.")


def _position(element: ElementTree.Element | None, *, path: Path) -> float:
    return math.nan if element is None else _micrometres(element, what=local_name(element.tag), path=path)


def _micrometres(element: ElementTree.Element, *, what: str, path: Path) -> float:
    unit = element.get("Unit", "")
    try:
        value = float((element.text or "").strip()) * _METRES[unit]
    except (ValueError, KeyError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{path}: expected a length as {what}, found {element.text!r} {unit}. Export the plate again.")
    return value


def _index(found: _Found, *, path: Path) -> PlateIndex:
    names = distinct_names({number: str(facts.get("ChannelName", "")) for number, facts in found.channels.items()})
    well, site, channel, z, time, file, state, x, y, height, size = map(list, zip(*found.rows, strict=True))
    columns = {"well": well, "site": site, "z": z, "time": time, "file": file, "state": state}
    columns |= {"channel": [names[number] for number in channel], "x_um": x, "y_um": y, "z_um": height}
    notes = []
    if found.has_flat_field:
        notes.append(
            "The index has flat-field profiles of Harmony. They are not applied; quality.channels estimates the "
            "illumination from the images."
        )
    n_rows, n_columns = (found.plate.get(name, "") for name in ("PlateRows", "PlateColumns"))
    return PlateIndex(
        format="harmony",
        plate=found.plate.get("Name") or found.plate.get("PlateID", ""),
        root=str(path.parent),
        images=images_table({**columns, "pixel_size_um": size}, source=path),
        channels=tuple(name for number, name in sorted(names.items()) if number in set(channel)),
        planned=tuple(dict.fromkeys(found.planned)),
        n_rows=int(n_rows) if n_rows.isdecimal() else None,
        n_columns=int(n_columns) if n_columns.isdecimal() else None,
        wavelengths={
            names[number]: nanometres(facts.get("MainExcitationWavelength"), facts.get("MainEmissionWavelength"))
            for number, facts in found.channels.items()
            if facts.get("MainExcitationWavelength")
        },
        notes=tuple(notes),
    )
