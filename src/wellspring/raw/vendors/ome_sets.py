"""OME-XML that describes several files: scanR, ``.companion.ome`` and multi-file OME-TIFF."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from wellspring.errors import InputError
from wellspring.raw.ome import micrometres_of
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.tiff_headers import opened_tiff
from wellspring.raw.vendors.names import distinct_names, nanometres
from wellspring.raw.well_names import canonical_well, well_name
from wellspring.raw.xml_files import local_name, readable_xml, root_of, whole_number

__all__ = ["ome_sources", "ome_tiff_index", "scanr_index", "scanr_sources"]

_SCANR = "metadata.ome.xml"
_EXPECTED = "OME metadata of a plate"
_SCANR_NAME = re.compile(r"Well (\d+), Position (\d+) \(([A-Za-z]{1,2}\d{1,2})\)")
_SCANR_FILE = re.compile(r"(\w+)--W(\d+)--P(\d+)--Z(\d+)--T(\d+)--.*")


def scanr_sources(folder: Path) -> list[Path]:
    """``metadata.ome.xml`` in the folder or in ``data`` below.

    Raises
    ------
    InputError
        When there is none.
    """
    folder = folder if folder.is_dir() else folder.parent
    found = [place / _SCANR for place in (folder, folder / "data") if (place / _SCANR).is_file()]
    if not found:
        raise InputError(f"{folder}: expected {_SCANR} in it or in data below, found none.")
    return found[:1]


def ome_sources(folder: Path) -> list[Path]:
    """The ``.companion.ome`` files of a folder, or its OME-TIFF files.

    Raises
    ------
    InputError
        When there are none.
    """
    if folder.is_file():
        return [folder]
    found = sorted(folder.glob("*.companion.ome")) or sorted(folder.glob("*.ome.tif*"))
    if not found:
        raise InputError(f"{folder}: expected a .companion.ome file or .ome.tif files in it, found none.")
    return found


def scanr_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a scanR plate; positions are turned so that y grows downwards.

    Raises
    ------
    InputError
        When an image's name does not say its well, or says another one than its files.
    """
    path = sources[0]
    images = []
    for one in _images(root_of(path, expected=_EXPECTED), path=path):
        found = _SCANR_NAME.search(one.name)
        if found is None:
            raise InputError(
                f"{path}: expected names of images such as 'Well 14, Position 1 (B2)', found {one.name!r}. Export the "
                "plate again."
            )
        for plane in one.planes:
            _check_scanr_file(plane, name=found, path=path)
        images.append((canonical_well(found[3]), str(int(found[2])), one))
    root = path.parent
    plate = root.parent.name if root.name == "data" else root.name
    return _index("scanr", images, root=root, plate=plate, path=path, is_upwards=True)


def _check_scanr_file(plane: "_Plane", *, name: "re.Match[str]", path: Path) -> None:
    found = _SCANR_FILE.fullmatch(plane.file)
    if not found:
        return
    said = (canonical_well(found[1]), *map(int, found.groups()[1:]))
    if said != (canonical_well(name[3]), int(name[1]), int(name[2]), plane.z, plane.time):
        raise InputError(
            f"{path}: expected file names that say the same as the index, but {plane.file} is listed as {name[0]}, "
            f"plane {plane.z}, time {plane.time}. The index was changed or damaged: export the plate again."
        )


def ome_tiff_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a folder of OME files: a plate where they describe one, else the sites of one well.

    A well of such a folder may have any name in the sheet. Where the metadata do not say that images belong to
    different wells, each image is a site, numbered in the order of the metadata.

    Raises
    ------
    InputError
        When a file has no OME metadata, or none describes the images.
    """
    found: list[tuple[str, str, _Image]] = []
    seen: set[str] = set()
    plate = ""
    for path in sources:
        if path.name in seen:
            continue
        root = _root(path)
        if root is None:
            continue
        wells = _wells(root, path=path)
        for element in root:
            if local_name(element.tag) == "Plate":
                plate = plate or element.get("Name", "").strip()
        for one in _images(root, path=path):
            well, site = wells.get(one.identifier, ("", str(len(found) + 1)))
            found.append((well, site, one))
            seen.update(plane.file for plane in one.planes)
    if not found:
        raise InputError(f"{sources[0]}: expected OME metadata that describe images, found none. Export them again.")
    place = sources[0].parent
    return _index("ome-tiff", found, root=place, plate=plate or place.name, path=sources[0], is_upwards=False)


def _root(path: Path) -> ElementTree.Element | None:
    """The metadata of a file; None of one that refers to another file for them."""
    if path.suffix.lower() in (".ome", ".xml"):
        return root_of(path, expected=_EXPECTED)
    with opened_tiff(path) as tif:
        xml = tif.ome_metadata
    if not xml:
        raise InputError(f"{path}: expected OME metadata, found none. Read plain TIFF files with raw.format tiff.")
    with readable_xml(path, expected=_EXPECTED):
        root = ElementTree.fromstring(xml)
    return None if root.find("{*}BinaryOnly") is not None else root


def _wells(root: ElementTree.Element, *, path: Path) -> dict[str, tuple[str, str]]:
    """Identifier of an image to its well and site, where the metadata have a plate."""
    found = {}
    for well in root.findall("{*}Plate/{*}Well"):
        row, column = (whole_number(well.get(key), what=key, path=path) for key in ("Row", "Column"))
        for number, sample in enumerate(well.findall("{*}WellSample"), start=1):
            image = sample.find("{*}ImageRef")
            if image is not None:
                found[image.get("ID", "")] = (well_name(row + 1, column + 1), str(number))
    return found


@dataclass(frozen=True)
class _Plane:
    file: str
    page: int
    channel: int
    z: int
    time: int


@dataclass(frozen=True)
class _Image:
    """One image of OME metadata."""

    identifier: str
    name: str
    channels: dict[int, str]
    wavelengths: dict[int, str]
    pixel_size_um: float
    plane_step_um: float
    planes: tuple[_Plane, ...]
    size: dict[str, int]
    positions_um: dict[tuple[int, int, int], tuple[float, float, float]]


def _images(root: ElementTree.Element, *, path: Path) -> Iterator[_Image]:
    for image in root.findall("{*}Image"):
        found = image.findall("{*}Pixels")
        if len(found) > 1:
            raise InputError(
                f"{path}: expected one element Pixels in image {image.get('ID', '')}, found {len(found)}: the metadata "
                "are damaged. Write them again."
            )
        if not found:
            continue
        (pixels,) = found
        channels = dict(enumerate(pixels.findall("{*}Channel")))
        x, y, z = (micrometres_of(pixels, axis=axis, path=path) for axis in "XYZ")
        if x and y and abs(x - y) > 1e-3 * x:
            raise InputError(f"{path}: expected square pixels, found {x:g} x {y:g} µm. Set raw.pixel_size_um.")
        size = {axis: whole_number(pixels.get(f"Size{axis}"), what=f"Size{axis}", path=path) for axis in "CZT"}
        yield _Image(
            identifier=image.get("ID", ""),
            name=image.get("Name", ""),
            channels=distinct_names({number: one.get("Name", "") for number, one in channels.items()}),
            wavelengths={
                number: nanometres(one.get("ExcitationWavelength"), one.get("EmissionWavelength"))
                for number, one in channels.items()
            },
            pixel_size_um=x or math.nan,
            plane_step_um=z or math.nan,
            planes=tuple(_planes(pixels, size=size, path=path)),
            size=size,
            positions_um=_positions(pixels, path=path),
        )


def _planes(pixels: ElementTree.Element, *, size: dict[str, int], path: Path) -> Iterator[_Plane]:
    """Each plane that a TiffData element places: those after its first follow in the order of the dimensions."""
    order = [axis for axis in pixels.get("DimensionOrder", "XYCZT") if axis in "CZT"]
    blocks = pixels.findall("{*}TiffData")
    n_usual = max(1, size["C"] * size["Z"] * size["T"] // max(1, len(blocks)))
    for block in blocks:
        uuid = block.find("{*}UUID")
        name = uuid.get("FileName", "") if uuid is not None else ""
        if "/" in name or "\\" in name:
            raise InputError(f"{path}: expected files next to the metadata, found {name!r}. Put them into one folder.")
        first = {axis: whole_number(block.get(f"First{axis}", "0"), what=f"First{axis}", path=path) for axis in "CZT"}
        page = whole_number(block.get("IFD", "0"), what="IFD", path=path)
        text = block.get("PlaneCount", "1" if "IFD" in block.attrib else str(n_usual))
        for step in range(whole_number(text, what="PlaneCount", path=path)):
            place, rest = dict(first), step
            # The first plane is where the element says, even where a stopped acquisition left a smaller size.
            for axis in order if step else ():
                rest, place[axis] = divmod(rest + first[axis], max(1, size[axis]))
            if rest:
                raise InputError(f"{path}: its metadata place a plane behind the last one. Export the images again.")
            yield _Plane(name or path.name, page + step, place["C"], place["Z"], place["T"])


def _positions(pixels: ElementTree.Element, *, path: Path) -> dict[tuple[int, int, int], tuple[float, float, float]]:
    """(channel, plane, time) to (z, y, x), µm, where the metadata have them."""
    found = {}
    for plane in pixels.findall("{*}Plane"):
        key = tuple(whole_number(plane.get(f"The{axis}"), what=f"The{axis}", path=path) for axis in "CZT")
        values = [micrometres_of(plane, axis=axis, path=path, kind="Position") for axis in "ZYX"]
        z, y, x = (math.nan if value is None else value for value in values)
        found[key[0], key[1], key[2]] = (z, y, x)
    return found


def _single_planes(images: list[_Image]) -> set[str]:
    """Channels of which every image names one plane, though its stack has more: they were taken without a stack."""
    counts: dict[str, set[int]] = {}
    for one in images:
        for number, name in one.channels.items():
            heights = {plane.z for plane in one.planes if plane.channel == number}
            counts.setdefault(name, set()).add(len(heights))
    return {name for name, found in counts.items() if found == {1}} if any(n != {1} for n in counts.values()) else set()


def _unnamed(image: _Image, *, single: set[str]) -> list[tuple[int, int, int]]:
    """(channel, plane, time) that an image should have, and of which no file is named."""
    there = {(plane.channel, plane.z, plane.time) for plane in image.planes}
    c, z, t = (range(image.size[axis]) for axis in "CZT")
    wanted = set(product(c, z, t))
    return [key for key in sorted(wanted - there) if image.channels.get(key[0]) not in single]


def _index(
    kind: str, images: list[tuple[str, str, _Image]], *, root: Path, plate: str, path: Path, is_upwards: bool
) -> PlateIndex:
    rows: dict[str, list[Any]] = {
        name: [] for name in ("well", "site", "channel", "z", "time", "file", "page", "state")
    }
    rows |= {name: [] for name in ("x_um", "y_um", "z_um", "pixel_size_um")}
    nothing = (math.nan, math.nan, math.nan)
    names: dict[str, str] = {}
    single = _single_planes([one for _, _, one in images])
    for well, site, one in images:
        for plane in one.planes:
            name = one.channels.get(plane.channel, f"channel {plane.channel}")
            names.setdefault(name, one.wavelengths.get(plane.channel, ""))
            z, y, x = one.positions_um.get((plane.channel, plane.z, plane.time), nothing)
            height = z if not math.isnan(z) else plane.z * one.plane_step_um
            values = (well, site, name, plane.z, plane.time, plane.file, plane.page, "")
            places = (x, 0.0 - y if is_upwards else y, height, one.pixel_size_um)
            for key, value in zip(rows, (*values, *places), strict=True):
                rows[key].append(value)
        for channel, z, time in _unnamed(one, single=single):
            name = one.channels.get(channel, f"channel {channel}")
            values = (well, site, name, z, time, "", 0, "no file is named")
            for key, value in zip(rows, (*values, *nothing, math.nan), strict=True):
                rows[key].append(value)
    return PlateIndex(
        format=kind,
        plate=plate,
        root=str(root),
        images=images_table(rows, source=path),
        channels=tuple(names),
        wavelengths={name: text for name, text in names.items() if text},
        notes=tuple(_size_notes(images)),
    )


def _size_notes(images: list[tuple[str, str, _Image]]) -> list[str]:
    """That metadata name planes beyond the sizes that they give, as after an acquisition that was stopped."""
    odd = [
        one.name or one.identifier
        for _, _, one in images
        if any(p.z >= one.size["Z"] or p.time >= one.size["T"] or p.channel >= one.size["C"] for p in one.planes)
    ]
    if not odd:
        return []
    return [
        f"The metadata of {len(odd)} images name more planes than the sizes that they give ({odd[0]}); all are read."
    ]
