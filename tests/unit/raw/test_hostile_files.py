"""Files that lie about their size, or name other files: one short message, at once and in little memory."""

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw import memory
from wellspring.raw.names import matching_files
from wellspring.raw.tiff import read_sites

OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:7"><Image '
    'ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="32" SizeY="32" SizeC="{c}" '
    'SizeZ="{z}" SizeT="{t}">{data}</Pixels></Image></OME>'
)
PLAIN, DEFLATE = 1, 8
PIXELS = bytes(32 * 32 * 2)


def tiff(
    path: Path,
    *,
    shape: tuple[int, int] = (32, 32),
    strips: tuple[bytes, ...] = (PIXELS,),
    compression: int = PLAIN,
    rows: int | None = None,
    text: str = "",
) -> None:
    """Write a little-endian TIFF of uint16 pixels that says whatever it is given."""
    offsets = np.cumsum([8, *(len(strip) for strip in strips)]).tolist()
    tags = [
        *((256, "I", [shape[1]]), (257, "I", [shape[0]]), (258, "H", [16]), (259, "H", [compression])),
        *((262, "H", [1]), (273, "I", offsets[:-1]), (277, "H", [1]), (278, "I", [rows or shape[0]])),
        (279, "I", [len(strip) for strip in strips]),
    ]
    raw = [(code, kind, len(values), struct.pack(f"<{len(values)}{kind}", *values)) for code, kind, values in tags]
    if text:
        raw.insert(5, (270, "s", len(text.encode()) + 1, text.encode() + b"\0"))
    behind = offsets[-1] + 2 + 12 * len(raw) + 4
    head, more = struct.pack("<H", len(raw)), b""
    for code, kind, count, data in raw:
        inner = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", behind + len(more))
        more += b"" if len(data) <= 4 else data
        head += struct.pack("<HHI", code, {"H": 3, "I": 4, "s": 2}[kind], count) + inner
    start = struct.pack("<2sHI", b"II", 42, offsets[-1])
    path.write_bytes(start + b"".join(strips) + head + struct.pack("<I", 0) + more)


def refused(folder: Path, words: str) -> None:
    """The message, and that little memory was asked for on the way."""
    tracemalloc.start()
    try:
        with pytest.raises((InputError, FileNotFoundError), match=words):
            list(read_sites(folder, well="D4", pattern="{well}.tif", channels=["GFP"], projection="max"))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_the_writer_of_these_tests_writes_what_is_read(tmp_path: Path) -> None:
    tiff(tmp_path / "D4.tif", text=OME.format(c=1, z=1, t=1, data="<TiffData/>"))
    (site,) = read_sites(tmp_path, well="D4", pattern="{well}.tif", channels=["GFP"], projection="max")
    assert site.image.shape == (1, 32, 32)


@pytest.mark.parametrize("sizes", [{"c": 3 * 10**9}, {"z": 10**12}, {"t": 10**7, "z": 10**7}])
def test_more_planes_than_the_file_has(tmp_path: Path, sizes: dict[str, int]) -> None:
    text = OME.format(**{"c": 1, "z": 1, "t": 1, "data": "<TiffData/>", **sizes})
    tiff(tmp_path / "D4.tif", text=text)
    refused(tmp_path, "D4.tif: its OME metadata say [0-9,]+ planes, but 1 is in the file")


@pytest.mark.parametrize("data", ['IFD="70000"', 'IFD="0" PlaneCount="2000000000"', 'IFD="0" NumPlanes="3"'])
def test_pages_that_are_not_there(tmp_path: Path, data: str) -> None:
    tiff(tmp_path / "D4.tif", text=OME.format(c=1, z=1, t=1, data=f"<TiffData {data}/>"))
    refused(tmp_path, "D4.tif: its OME metadata name page [0-9,]+, but the file has 1")


def test_a_channel_beyond_all_others(tmp_path: Path) -> None:
    tiff(tmp_path / "D4.tif", text=OME.format(c=1, z=1, t=1, data='<TiffData FirstC="2000000000" IFD="0"/>'))
    refused(tmp_path, "D4.tif: its OME metadata say images of 32 x 32 px, but its pages hold .* other planes")


@pytest.mark.parametrize("shape", [(10**6, 10**6), (2**31, 2**31), (1, 2**32 - 1)])
@pytest.mark.parametrize("compression", [PLAIN, DEFLATE])
def test_more_pixels_than_the_file_can_hold(tmp_path: Path, shape: tuple[int, int], compression: int) -> None:
    tiff(tmp_path / "D4.tif", shape=shape, strips=(zlib.compress(PIXELS),), compression=compression)
    refused(tmp_path, r"D4.tif: its header says [0-9,]+ values .* but the file has \d+ bytes: less than any image")


def test_zeros_that_are_packed_a_thousandfold(tmp_path: Path) -> None:
    strip = zlib.compress(bytes(30_000 * 1000 * 2), 9)
    tiff(tmp_path / "D4.tif", shape=(30_000, 30_000), strips=(strip,) * 30, rows=1000, compression=DEFLATE)
    refused(tmp_path, r"D4.tif: its header says 900,000,000 values .* 1.8 GB, but the file has 1.75 MB")


def test_a_small_image_may_be_empty(tmp_path: Path) -> None:
    strip = zlib.compress(bytes(2000 * 2000 * 2), 9)
    tiff(tmp_path / "D4.tif", shape=(2000, 2000), strips=(strip,), compression=DEFLATE)
    (site,) = read_sites(tmp_path, well="D4", pattern="{well}.tif", channels=["GFP"], projection="max")
    assert site.image.shape == (1, 2000, 2000)


def test_a_strip_that_unpacks_to_more_than_its_rows(tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    strip = b"".join(packer.compress(bytes(2**22)) for _ in range(8)) + packer.flush()
    tiff(tmp_path / "D4.tif", strips=(strip,), compression=DEFLATE)
    refused(tmp_path, "D4.tif: expected a complete TIFF file, but it cannot be read")


def test_an_image_that_does_not_fit_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile.imwrite(tmp_path / "D4.tif", np.ones((500, 400), np.uint16), photometric="minisblack")
    monkeypatch.setattr("wellspring.raw.tiff_pages.available_bytes", lambda: 1_000_000)
    refused(tmp_path, r"reading them takes 1.2 MB of memory, and this job has 1 MB. Cut the image into sites")


def test_the_least_limit_is_the_memory_that_a_job_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max").write_text("12345\n", encoding="ascii")
    (tmp_path / "none").write_text("max\n", encoding="ascii")
    paths = (tmp_path / "max", tmp_path / "none", tmp_path / "absent")
    monkeypatch.setattr(memory, "_GROUP_LIMITS", paths)
    assert memory.available_bytes() == 12345
    monkeypatch.setattr(memory, "_GROUP_LIMITS", paths[1:])
    assert memory.available_bytes() > 10**8


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (8192, "8.19 kB"), (8e8, "800 MB"), (2e12, "2 TB")]
)
def test_sizes_in_words(size: float, text: str) -> None:
    assert memory.readable_size(size) == text


def _pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.tif")
    return f'<TiffData FirstC="0" IFD="0"><UUID FileName="{folder / "pipe.tif"}">urn:uuid:8</UUID></TiffData>'


def _neighbour(folder: Path) -> str:
    tiff(folder / "D5.tif")
    return '<TiffData FirstC="0" IFD="0"><UUID FileName="D5.tif">urn:uuid:9</UUID></TiffData>'


@pytest.mark.parametrize(("named", "name"), [(_pipe, "pipe.tif"), (_neighbour, "D5.tif")])
def test_a_file_that_the_metadata_name_is_not_opened(tmp_path: Path, named: Callable[[Path], str], name: str) -> None:
    tiff(tmp_path / "D4.tif", text=OME.format(c=1, z=1, t=1, data=named(tmp_path)))
    refused(tmp_path, f"D4.tif: its OME metadata name images that are not in this file but in {name}, which was not")


def test_a_file_whose_metadata_are_elsewhere_is_refused(tmp_path: Path) -> None:
    text = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><BinaryOnly '
        'MetadataFile="set.companion.ome" UUID="urn:uuid:1"/></OME>'
    )
    tiff(tmp_path / "D4.tif", text=text)
    refused(tmp_path, "not in this file but in set.companion.ome")


def test_a_renamed_file_is_its_own(tmp_path: Path) -> None:
    own = '<TiffData IFD="0"><UUID FileName="old name.ome.tif">urn:uuid:7</UUID></TiffData>'
    tiff(tmp_path / "D4.tif", text=OME.format(c=1, z=1, t=1, data=own))
    (site,) = read_sites(tmp_path, well="D4", pattern="{well}.tif", channels=["GFP"], projection="max")
    assert site.channels == ("GFP",)


def test_pages_that_follow_each_other_in_a_ring(tmp_path: Path) -> None:
    tiff(tmp_path / "D4.tif")
    data = bytearray((tmp_path / "D4.tif").read_bytes())
    (start,) = struct.unpack("<I", data[4:8])
    end = start + 2 + 12 * 9
    data[end : end + 4] = data[4:8]
    (tmp_path / "D4.tif").write_bytes(data)
    refused(tmp_path, "D4.tif: expected a complete TIFF file, but it cannot be read")


def test_only_files_are_read_and_hidden_ones_are_left_out(tmp_path: Path) -> None:
    tiff(tmp_path / "D4.tif")
    (tmp_path / "._D4.tif").write_bytes(b"\0\5\x16\7")
    (tmp_path / ".hidden").mkdir()
    tiff(tmp_path / ".hidden" / "D4.tif")
    os.symlink("D9.tif", tmp_path / "D9.tif")
    os.mkfifo(tmp_path / "D8.tif")
    assert [one.path.name for one in matching_files(tmp_path, pattern="{well}.tif", well=None)] == ["D4.tif"]
    with pytest.raises(FileNotFoundError):
        matching_files(tmp_path, pattern="{_}D4.tif", well=None)
    (tmp_path / "shown").mkdir()
    tiff(tmp_path / "shown" / "D4.tif")
    below = matching_files(tmp_path, pattern="{_}/{well}.tif", well="D4")
    assert [one.path for one in below] == [tmp_path / "shown" / "D4.tif"]


@pytest.mark.parametrize("kind", ["pipe", "link to itself", "link to nothing", "device"])
@pytest.mark.parametrize("pattern", ["{well}_s{site}.tif", "{_}/{well}_s{site}.tif"])
def test_what_has_the_name_of_a_file_and_is_none_stops_its_own_well(tmp_path: Path, kind: str, pattern: str) -> None:
    folder = tmp_path / "plate"
    folder.mkdir()
    for name in ("D4_s1.tif", "D5_s1.tif"):
        tiff(folder / name)
    odd = folder / "D5_s2.tif"
    if kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.symlink_to({"link to itself": odd.name, "link to nothing": "gone.tif", "device": "/dev/zero"}[kind])
    place = tmp_path if "/" in pattern else folder
    assert [one.path.name for one in matching_files(place, pattern=pattern, well="D4")] == ["D4_s1.tif"]
    with pytest.raises(
        InputError, match=r"D5_s2\.tif: its name is that of a file of well D5, but it is a pipe, a device"
    ):
        matching_files(place, pattern=pattern, well="D5")


@pytest.mark.parametrize("name", ["D8.tif", "D9.tif"])
def test_a_pipe_or_a_link_to_itself_is_no_file_of_a_well(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "D8.tif")
    os.symlink("D9.tif", tmp_path / "D9.tif")
    with pytest.raises(FileNotFoundError, match=rf"{name}: "):
        list(read_sites(tmp_path / name, well=name[:2], pattern="{well}.tif", channels=["GFP"], projection="max"))
