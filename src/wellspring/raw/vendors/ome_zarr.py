"""OME-Zarr plates, 0.4 (Zarr 2) and 0.5 (Zarr 3): their metadata are JSON files, read without a Zarr library."""

import json
import math
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.raw.plate_index import PlateIndex, images_table
from wellspring.raw.vendors.names import distinct_names
from wellspring.raw.well_names import canonical_well
from wellspring.raw.zarr_arrays import array_file, chunk_names, shape_of

__all__ = ["ome_zarr_index", "ome_zarr_sources"]

_EXPECTED = "metadata of an OME-Zarr plate"
_MICROMETRES = {"micrometer": 1.0, "micrometre": 1.0, "um": 1.0, "µm": 1.0, "nanometer": 1e-3, "nanometre": 1e-3}
_MICROMETRES |= {"millimeter": 1e3, "millimetre": 1e3, "nm": 1e-3, "mm": 1e3}
_AXES = "tczyx"


def ome_zarr_sources(folder: Path) -> list[Path]:
    """The metadata of the plate, its wells and its images, from the plate's folder or the folder that holds only it.

    Raises
    ------
    InputError
        When there is no plate, or there are several.
    """
    places = (
        [folder] if _metadata_file(folder) else [one for one in sorted(folder.glob("*.zarr")) if _metadata_file(one)]
    )
    plates = [one for one in places if "plate" in _attributes(one)]
    if len(plates) != 1:
        found = ", ".join(one.name for one in plates[:3]) or "none"
        raise InputError(f"{folder}: expected one OME-Zarr plate (a folder with plate metadata), found {found}.")
    plate = plates[0]
    found_files = [_metadata_file(plate)]
    for well in _well_paths(plate):
        found_files.append(_metadata_file(plate / well))
        found_files += [_metadata_file(plate / well / image) for image, _ in _image_paths(plate / well)]
    return [file for file in found_files if file is not None]


def _metadata_file(place: Path) -> Path | None:
    """The file with the attributes of a group."""
    return next((place / name for name in ("zarr.json", ".zattrs", ".zgroup") if (place / name).is_file()), None)


def _attributes(place: Path) -> dict[str, Any]:
    """The OME attributes of a group, whatever its version."""
    path = _metadata_file(place)
    if path is None:
        return {}
    with as_readable(path, expected=_EXPECTED):
        found = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(found, dict):
            raise InputError("it is no object of JSON")
        if path.name == "zarr.json":
            found = found.get("attributes", {})
        found = found.get("ome", found) if isinstance(found, dict) else {}
        if not isinstance(found, dict):
            raise InputError("its attributes are no object of JSON")
    return found


def _well_paths(plate: Path) -> list[str]:
    wells = _attributes(plate)["plate"]
    listed = wells.get("wells") if isinstance(wells, dict) else None
    paths = [one.get("path") if isinstance(one, dict) else None for one in listed or []]
    wrong = [
        path for path in paths if not isinstance(path, str) or len(path.strip("/").split("/")) != 2 or ".." in path
    ]
    if wrong or not paths:
        raise InputError(
            f"{plate}: expected wells with paths such as A/1, found {wrong[0] if wrong else 'none'}. Correct it."
        )
    return [str(path).strip("/") for path in paths]


def _image_paths(well: Path) -> list[tuple[str, int]]:
    """Path and acquisition of the images of a well; of a group without attributes, the images that are in it."""
    about = _attributes(well).get("well") if well.is_dir() else None
    if not isinstance(about, dict):
        there = sorted(one.name for one in well.iterdir() if "multiscales" in _attributes(one)) if well.is_dir() else []
        return [(name, 0) for name in there]
    images = [one for one in about.get("images", []) if isinstance(one, dict)]
    return [(str(one.get("path", "")).strip("/"), int(one.get("acquisition", 0) or 0)) for one in images]


def ome_zarr_index(sources: list[Path], *, folder: Path) -> PlateIndex:
    """The index of a plate: each image of a well is a site, each acquisition a time point.

    A plane of which no chunk is stored is kept as one that cannot be read: it was never written, or is all zero.

    Raises
    ------
    InputError
        When metadata are missing or wrong, or axes are others than t, c, z, y, x in this order.
    """
    plate = sources[0].parent
    about = _attributes(plate)["plate"]
    rows: dict[str, list[Any]] = {
        name: [] for name in ("well", "site", "channel", "z", "time", "file", "page", "state")
    }
    rows |= {name: [] for name in ("x_um", "y_um", "z_um", "pixel_size_um")}
    names: dict[str, None] = {}
    missing = []
    for well in _well_paths(plate):
        images = _image_paths(plate / well)
        if not images:
            missing.append(well)
        for image, acquisition in images:
            place = plate / well / image
            site = image if image.isalnum() else "1"
            for values in _planes(place, root=plate, acquisition=acquisition):
                for key, value in zip(rows, (canonical_well(well.replace("/", "")), site, *values), strict=True):
                    rows[key].append(value)
                names[str(values[0])] = None
    notes = [f"{len(missing)} wells of the plate have no images: {', '.join(missing[:8])}."] if missing else []
    counts = [len(about[key]) if isinstance(about.get(key), list) else None for key in ("rows", "columns")]
    return PlateIndex(
        format="ome-zarr",
        plate=str(about.get("name") or plate.name.removesuffix(".zarr")).strip(),
        root=str(plate),
        images=images_table(rows, source=sources[0]),
        channels=tuple(names),
        n_rows=counts[0],
        n_columns=counts[1],
        notes=tuple(notes),
    )


def _planes(place: Path, *, root: Path, acquisition: int) -> Iterator[tuple[Any, ...]]:
    """The values of the rows of one image."""
    about = _attributes(place)
    axes, path, scale, translation = _multiscale(about, place=place)
    array = array_file(place / path)
    shape = shape_of(array)
    if len(shape) != len(axes):
        raise InputError(
            f"{array}: expected {len(axes)} axes, as in its group's metadata, found {len(shape)}. Correct it."
        )
    size = dict(zip(axes, shape, strict=True))
    channels = _channels(about, n=size.get("c", 1))
    centre = {axis: translation[axis] + scale[axis] * size[axis] / 2 for axis in "yx"}
    lengths = [size.get(axis, 1) for axis in "tcz"]
    is_square = abs(scale["y"] - scale["x"]) <= 1e-3 * scale["x"]
    pixel = scale["x"] if is_square else math.nan
    stored = chunk_names(array)
    for page, (time, channel, z) in enumerate(product(*map(range, lengths))):
        state = "" if stored is None or stored(page) else "no chunk is stored: it was not written, or is all zero"
        file = array.relative_to(root).as_posix()
        number = acquisition if size.get("t", 1) == 1 else time
        place_of = (centre["x"], centre["y"], translation["z"] + z * scale["z"], pixel)
        yield (channels[channel], z, number, file, page, state, *place_of)


def _multiscale(about: Mapping[str, Any], *, place: Path) -> tuple[str, str, dict[str, float], dict[str, float]]:
    """Axes, path of the full level, scale and translation, µm, by axis; NaN where they are not known."""
    try:
        first = about["multiscales"][0]
        axes = "".join(str(one["name"] if isinstance(one, dict) else one) for one in first["axes"])
        level = first["datasets"][0]
        units = [one.get("unit") if isinstance(one, dict) else None for one in first["axes"]]
        path = str(level["path"])
        steps = [*level.get("coordinateTransformations", []), *first.get("coordinateTransformations", [])]
        scale, translation = [1.0] * len(axes), [math.nan] * len(axes)
        for step in steps:
            if step["type"] == "scale":
                scale = [a * float(b) for a, b in zip(scale, step["scale"], strict=True)]
            elif step["type"] == "translation":
                translation = [float(value) for value in step["translation"]]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{place}: expected multiscales metadata with axes, datasets and their scales, found others ({error!r}). "
            "Write the image again with a program that follows the specification."
        ) from None
    if not axes.endswith("yx") or list(axes) != sorted(axes, key=_AXES.find) or set(axes) - set(_AXES):
        raise InputError(
            f"{place}: expected axes among t, c, z, y, x in this order, found {axes}. Write the image again."
        )
    if len(translation) != len(axes) or ".." in path:
        raise InputError(
            f"{place}: expected a translation with {len(axes)} numbers, found {len(translation)}. Correct it."
        )
    factor = {axis: _MICROMETRES.get(str(unit), math.nan) for axis, unit in zip(axes, units, strict=True)}
    known = {axis: value * factor[axis] for axis, value in zip(axes, scale, strict=True)}
    moved = {axis: value * factor[axis] for axis, value in zip(axes, translation, strict=True)}
    nothing = dict.fromkeys(_AXES, math.nan)
    known = {axis: value if value > 0 else math.nan for axis, value in known.items()}
    # A stack has heights even where its own place is not known.
    moved["z"] = 0.0 if math.isnan(moved.get("z", math.nan)) else moved["z"]
    return axes, path, nothing | known, nothing | moved


def _channels(about: Mapping[str, Any], *, n: int) -> dict[int, str]:
    omero = about.get("omero")
    listed = omero.get("channels", []) if isinstance(omero, dict) else []
    labels = [str(one.get("label", "")) if isinstance(one, dict) else "" for one in listed]
    return distinct_names({number: labels[number] if number < len(labels) else "" for number in range(n)})
