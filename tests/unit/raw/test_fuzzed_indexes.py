"""Damaged indexes: one message, or the right images. No traceback, nothing silent."""

import json
import random
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.formats import formats
from wellspring.raw.images import read_stacks
from wellspring.raw.index import WellIndex
from wellspring.raw.plate_readers import index_of_plate
from wellspring.simulation.layouts.all import LAYOUTS
from wellspring.simulation.layouts.plates import DrawnPlate, drawn_plate

RAW = {"channels": None, "rename": {}, "time": None, "pixel_size_um": None}
# Layout to the files of its index, from the plate's path.
INDEXES = {
    "harmony 5": ("Index.idx.xml",),
    "harmony 7": ("Index.xml",),
    "metaxpress": ("plate1.HTD",),
    "metaxpress HCS.ai": ("experiment/plate1.jdce", "experiment/image_metadata_1.csv"),
    "yokogawa": ("MeasurementData.mlf", "MeasurementDetail.mrf", "settings.mes"),
    "loaddata": ("load_data.csv",),
    "scanr": ("data/metadata.ome.xml",),
    "companion": ("plate1.companion.ome",),
    "micromanager": ("plate1_MMStack_B02-Site_1.ome.tif",),
    "CZI": ("plate1.czi",),
    "LIF": ("plate1.lif",),
    "ND2": ("plate1.nd2",),
    "OME-Zarr 0.4": (".zattrs", "B/2/.zattrs", "B/2/1/.zattrs", "B/2/1/0/.zarray"),
    "OME-Zarr 0.5": ("zarr.json", "B/2/zarr.json", "B/2/1/zarr.json", "B/2/1/0/zarr.json"),
}
N_MUTATIONS = 100
PLATE = drawn_plate(wells=("B02",), planes={"DAPI": 1, "RNA": 2}, shape=(6, 8))


@pytest.fixture(scope="module", params=sorted(INDEXES))
def layout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A layout's name and a plate in it."""
    folder = tmp_path_factory.mktemp("plate") / "new"
    return request.param, LAYOUTS[request.param].write(folder, PLATE)


def _described(text: bytes, file: str) -> list[int]:
    """Where a file says what its images are: all of an index, of a file with pixels its head and its map."""
    ending = Path(file).suffix
    if ending == ".tif":
        return [*range(330), *range(len(text) - 60, len(text))]
    if ending == ".czi":
        return [*range(112), *range(text.rindex(b"ZISRAWDIRECTORY"), len(text))]
    if ending == ".lif":
        return [*range(text.index("MemBlock_0".encode("utf-16-le"), text.rindex(b"L\0M\0S\0")))]
    if ending == ".nd2":
        head = [place for place in range(text.index(b"ImageDataSeq|0!")) if text[place]]
        return [*head, *range(text.index(b"ND2 FILEMAP"), len(text))]
    return [*range(len(text))]


def _damaged(text: bytes, rng: random.Random, *, places: list[int]) -> Iterator[bytes]:
    """Bytes changed, cut out, put in twice, and the end cut off, in turn; seeded."""
    for number in range(N_MUTATIONS):
        at = rng.choice(places)
        size = rng.choice((1, 1, 2, 5, 40))
        if number % 4 == 0:
            yield text[:at] + bytes(rng.randrange(256) for _ in range(size)) + text[at + size :]
        elif number % 4 == 1:
            yield text[:at] + text[at + size :]
        elif number % 4 == 2:
            yield text[:at] + text[at : at + size] + text[at:]
        else:
            yield text[:at]


def _outcome(name: str, path: Path, plate: DrawnPlate, *, known: WellIndex | None = None) -> str:
    """``message``, or ``read`` when every image that was read is one that was drawn, and fewer sites are explained."""
    raw = {"format": LAYOUTS[name].format, **RAW}
    try:
        index = describe_well(path, plate="p", well="B02", raw=raw)
        if known is not None and index.headers == known.headers:
            # The same planes of the same files.
            return "read"
        stacks = list(read_stacks(index, wanted=index.channels))
    except (InputError, FileNotFoundError):
        return "message"
    drawn = {
        zlib.crc32(plane.tobytes()) for channels in plate.stacks.values() for s in channels.values() for plane in s
    }
    for site in stacks:
        for stack in site.stacks.values():
            for plane in np.atleast_3d(stack[None] if stack.ndim == 2 else stack):
                assert zlib.crc32(np.ascontiguousarray(plane).tobytes()) in drawn
    if len(stacks) < len(plate.stacks) and not index.doubts:
        # Metadata that name another well in one place alone cannot be told from right ones: the site is there.
        reader = formats()[LAYOUTS[name].format].reader
        assert reader is not None
        found = index_of_plate(reader, path)
        n_sites = found.images.groupby(["well", "site"]).ngroups
        assert found.notes or n_sites >= len(plate.stacks), "a site is gone, and nothing says so"
    return "read"


@pytest.mark.slow
def test_mutations_give_a_message_or_the_images_that_were_drawn(layout: tuple[str, Path], tmp_path: Path) -> None:
    name, path = layout
    shutil.copytree(path, tmp_path / "new")
    known = describe_well(tmp_path / "new", plate="p", well="B02", raw={"format": LAYOUTS[name].format, **RAW})
    outcomes = []
    for file in INDEXES[name]:
        place = tmp_path / "new" / file
        text = place.read_bytes()
        rng = random.Random(file)
        for damaged in list(_damaged(text, rng, places=_described(text, file)))[:: len(INDEXES[name])]:
            place.write_bytes(damaged)
            outcomes.append(_outcome(name, tmp_path / "new", PLATE, known=known))
        place.write_bytes(text)
    assert len(outcomes) >= N_MUTATIONS
    assert outcomes.count("message") > 20


def test_an_empty_cut_or_foreign_index_is_one_message(layout: tuple[str, Path], tmp_path: Path) -> None:
    name, path = layout
    shutil.copytree(path, tmp_path / "new")
    place = tmp_path / "new" / INDEXES[name][0]
    text = place.read_bytes()
    others = {"empty": b"", "blank": b"\n\n", "another": b"<a><b/></a>", "a list": json.dumps([1]).encode()}
    for kind, content in {**others, "half": text[: len(text) // 2]}.items():
        place.write_bytes(content)
        outcome = _outcome(name, tmp_path / "new", PLATE)
        # What an image describes by itself needs no descriptor.
        assert outcome == "message" or (name, kind) == ("OME-Zarr 0.4", "half"), kind


@pytest.mark.parametrize("name", ["harmony 5", "yokogawa", "loaddata", "scanr", "metaxpress HCS.ai"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_is_read_right_or_one_message(name: str, encoding: str, tmp_path: Path) -> None:
    plate = drawn_plate(wells=("B02",), planes={"Zellkern-ä": 1}, shape=(6, 8))
    path = LAYOUTS[name].write(tmp_path / "new", plate)
    place = path / INDEXES[name][-1]
    place.write_bytes(place.read_text(encoding="utf-8-sig").encode(encoding))
    raw = {"format": LAYOUTS[name].format, **RAW}
    try:
        index = describe_well(path, plate="p", well="B02", raw=raw)
    except InputError as error:
        message = str(error)
    else:
        message = INDEXES[name][-1]
        assert index.channels == ("Zellkern-ä",)
        assert len(index.sites) == 2
    assert INDEXES[name][-1] in message


def test_a_loaddata_table_cut_at_the_end_of_a_row_says_which_images_it_lacks(tmp_path: Path) -> None:
    path = LAYOUTS["loaddata"].write(tmp_path / "new", PLATE)
    reader = formats()["loaddata"].reader
    assert reader is not None
    assert index_of_plate(reader, path).notes == ()
    place = path / "load_data.csv"
    place.write_bytes(b"".join(place.read_bytes().splitlines(keepends=True)[:3]))
    assert index_of_plate(reader, path).notes == (
        "3 images next to the listed ones are not in load_data.csv (the first: B02_2_DAPI_1.tiff)",
    )


def test_two_images_of_a_companion_that_became_one_are_refused(tmp_path: Path) -> None:
    path = LAYOUTS["companion"].write(tmp_path / "new", PLATE)
    place = path / "plate1.companion.ome"
    text = place.read_text(encoding="utf-8")
    joined = re.sub(r"</Image>\s*<Image [^>]*>", "", text, count=1)
    assert joined.count("<Image ") == text.count("<Image ") - 1
    place.write_text(joined, encoding="utf-8")
    reader = formats()["ome-tiff"].reader
    assert reader is not None
    with pytest.raises(InputError, match=r"plate1\.companion\.ome: expected one element Pixels in image .*, found 2"):
        index_of_plate(reader, path)


def test_a_map_with_channels_by_the_million_is_one_message(tmp_path: Path) -> None:
    path = LAYOUTS["micromanager"].write(tmp_path / "new", PLATE)
    place = path / INDEXES["micromanager"][0]
    text = bytearray(place.read_bytes())
    # The last entry of the map: channel, plane, time, position, offset.
    text[-20:-16] = (2**31 - 1).to_bytes(4, "little")
    place.write_bytes(bytes(text))
    with pytest.raises(InputError, match="expected fewer than 1000 channels, but its map has channel 2147483647"):
        describe_well(path, plate="p", well="B02", raw={"format": "micromanager", **RAW})
