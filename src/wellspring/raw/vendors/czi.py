"""Zeiss CZI files, read with czifile: each scene, or each tile of a scene, is a field."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.raw.vendors.containers import Container, Scene, package
from wellspring.raw.xml_files import readable_xml

__all__ = ["opened_file"]

# Dimensions that a field may have several of; scenes and tiles are fields of their own.
_OWN, _FIELD = "CZT", "SM"
_ZSTD, _ZSTD_PACKED = 5, 6


@dataclass(frozen=True)
class _Block:
    """One plane as the directory has it: start and size of each dimension, and what reads it."""

    starts: Mapping[str, int]
    sizes: Mapping[str, int]
    entry: Any

    @property
    def field(self) -> tuple[int, int]:
        """Scene and tile."""
        return self.starts.get("S", 0), self.starts.get("M", 0)

    @property
    def place(self) -> tuple[int, int, int]:
        """Time, plane and channel."""
        return self.starts.get("T", 0), self.starts.get("Z", 0), self.starts.get("C", 0)


@contextmanager
def opened_file(path: Path) -> Iterator[Container]:
    """The fields of a CZI file, tiles of a scene each by itself; levels of pyramids are left out.

    Raises
    ------
    InputError
        For colour images, and for dimensions besides scene, tile, time, plane and channel.
    """
    with path.open("rb") as file, package(".czi").CziFile(file) as czi:
        if czi.header.directory_position <= 0:
            raise InputError("it has no directory of its images, as when an acquisition was stopped")
        blocks = [block for entry in czi.subblock_directory if (block := _block(entry, path=path)) is not None]
        if not blocks:
            raise InputError(f"{path}: expected images, found none. Export the file again.")
        about = _About.of(czi.metadata() or "<a/>", path=path)
        fields: dict[tuple[int, int], list[_Block]] = defaultdict(list)
        for block in blocks:
            fields[block.field].append(block)
        order = sorted(fields)
        whole = {axis: 1 + max(block.starts.get(axis, 0) for block in blocks) for axis in _OWN}
        scenes = tuple(_scene(key, fields[key], about=about, whole=whole, path=path) for key in order)
        by_place = [{block.place: block for block in fields[key]} for key in order]

        def plane(scene: int, time: int, z: int, channel: int) -> NDArray[np.generic]:
            """Pixels of one plane."""
            return _pixels(by_place[scene][time, z, channel].entry, czi)

        yield Container(scenes, plane)


def _block(entry: Any, *, path: Path) -> _Block | None:
    """One entry of the directory, of either generation of czifile; None of a level of a pyramid."""
    if hasattr(entry, "dimension_entries"):
        dims = {one.dimension: (one.start, one.size, one.stored_size) for one in entry.dimension_entries}
        n_samples = int(np.prod(np.dtype(entry.dtype).shape))
    else:
        dims = dict(zip(entry.dims, zip(entry.start, entry.shape, entry.stored_shape, strict=True), strict=True))
        n_samples = int(dims.pop("S")[1])
        for axis, start in (("S", entry.scene_index), ("M", entry.mosaic_index)):
            dims |= {axis: (start, 1, 1)} if start >= 0 else {}
    if any(size != stored for _, size, stored in dims.values()):
        return None
    if n_samples != 1:
        raise InputError(f"{path}: expected grey images, found colour. Export each channel as a grey image.")
    other = [
        axis for axis, (start, size, _) in dims.items() if axis not in "XY" + _OWN + _FIELD and (start or size > 1)
    ]
    if other or any(dims[axis][1] > 1 for axis in _OWN + _FIELD if axis in dims):
        raise InputError(
            f"{path}: expected scenes, tiles, times, planes and channels, each plane by itself, found the dimensions "
            f"{', '.join(dims)}. Export it as OME-TIFF."
        )
    return _Block(
        {axis: start for axis, (start, *_) in dims.items()}, {a: size for a, (_, size, _) in dims.items()}, entry
    )


@dataclass(frozen=True)
class _About:
    """What the metadata say: names of channels, names and wells of scenes, sizes in µm."""

    channels: Mapping[int, str]
    scenes: Mapping[int, tuple[str, str]]
    pixel_size_um: float
    step_um: float

    @classmethod
    def of(cls, text: str, *, path: Path) -> "_About":
        """From the XML of a file."""
        with readable_xml(path, expected="a CZI file with metadata in XML"):
            root = ElementTree.fromstring(text)
        image = next(iter(root.iter("Image")), ElementTree.Element("Image"))
        channels = [one.get("Name", "") for one in image.findall("./Dimensions/Channels/Channel")]
        scenes = {
            int(one.get("Index", number)): (one.get("Name", ""), _carrier_well(one))
            for number, one in enumerate(image.findall("./Dimensions/S/Scenes/Scene"))
        }
        sizes = {one.get("Id", ""): one.findtext("Value") for one in root.iter("Distance")}
        return cls(dict(enumerate(channels)), scenes, _micrometres(sizes.get("X")), _micrometres(sizes.get("Z")))


def _carrier_well(scene: ElementTree.Element) -> str:
    shape = scene.find("Shape")
    return ("" if shape is None else shape.get("Name", "")) or scene.findtext("ArrayName") or ""


def _micrometres(metres: str | None) -> float:
    try:
        value = float(metres or "")
    except ValueError:
        return math.nan
    return value * 1e6 if value > 0 else math.nan


def _scene(key: tuple[int, int], blocks: list[_Block], *, about: _About, whole: Mapping[str, int], path: Path) -> Scene:
    """One field; what is not stored of it is absent."""
    shapes = {(block.sizes["Y"], block.sizes["X"]) for block in blocks}
    places = [block.place for block in blocks]
    if len(shapes) > 1 or len(set(places)) < len(places):
        raise InputError(
            f"{path}: expected one image of one size for each plane of scene {key[0] + 1}, found several. Export the "
            "file again, or as OME-TIFF."
        )
    height, width = shapes.pop()
    first = blocks[0]
    name, well = about.scenes.get(key[0], ("", ""))
    every = np.ndindex(whole["T"], whole["Z"], whole["C"])
    dtype = first.entry.dtype
    return Scene(
        name=name or f"scene {key[0] + 1}",
        well=well,
        channels=tuple(about.channels.get(number, "") for number in range(whole["C"])),
        n_times=whole["T"],
        n_planes=whole["Z"],
        shape=(height, width),
        dtype=np.dtype(dtype),
        pixel_size_um=about.pixel_size_um,
        step_um=about.step_um,
        x_um=(first.starts["X"] + width / 2) * about.pixel_size_um,
        y_um=(first.starts["Y"] + height / 2) * about.pixel_size_um,
        absent=frozenset(set(every) - set(places)),
    )


def _pixels(entry: Any, czi: Any) -> NDArray[np.generic]:
    """(Y, X) of one entry. What czifile before 2021 cannot decompress, ZSTD, is decompressed here."""
    if not hasattr(entry, "dimension_entries"):
        return _flat(entry.read_segment_data(czi).data(), entry)
    segment = entry.data_segment()
    if int(entry.compression) not in (_ZSTD, _ZSTD_PACKED):
        return _flat(segment.data(resize=False), entry)
    import imagecodecs

    data = bytes(segment.data(raw=True))
    begin, is_packed = 0, False
    if int(entry.compression) == _ZSTD_PACKED:
        begin = data[0]
        is_packed = begin > 1 and bool(data[2] & 1)
    values = np.frombuffer(imagecodecs.zstd_decode(data[begin:]), dtype=np.uint8)
    if is_packed:
        # Low bytes of all pixels, then their high bytes.
        values = values.reshape(2, -1).T.ravel()
    return _flat(values.view(np.dtype(entry.dtype)), entry)


def _flat(values: NDArray[np.generic], entry: Any) -> NDArray[np.generic]:
    """(Y, X) of values with further axes of one."""
    names = list(entry.axes[:-1] if hasattr(entry, "axes") else entry.dims)
    shape = dict(zip(names, entry.stored_shape, strict=False))
    return np.asarray(values).reshape(shape["Y"], shape["X"])
