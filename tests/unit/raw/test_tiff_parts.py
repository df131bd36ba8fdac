"""Parts of TIFF files: planes that are not there, pages that are no sites, values that are no intensities."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.tiff import describe_tiff, read_sites, read_stacks

PATTERN = "{well}_f{site}_{channel}.tif"
PLANES = "{well}_f{site}_z{z}_{channel}.tif"
OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels '
    'ID="Pixels:0" DimensionOrder="XYZCT" SizeX="48" SizeY="36" SizeC="{c}" SizeZ="{z}" SizeT="1" Type="uint16" {more}>'
    "{data}</Pixels></Image></OME>"
)


def field(seed: int = 0, *, offset: int = 90, shape: tuple[int, int] = (36, 48)) -> Any:
    return np.random.default_rng(seed).poisson(40, shape).astype(np.uint16) + np.uint16(offset)


def write(path: Path, image: Any, **settings: Any) -> None:
    tifffile.imwrite(path, image, **{"photometric": "minisblack", "metadata": None, **settings})


def pages(folder: Path, *given: tuple[Any, dict[str, Any]]) -> None:
    with tifffile.TiffWriter(folder / "C03_f1_GFP.tif") as file:
        for image, settings in given:
            file.write(image, metadata=None, photometric="minisblack", **settings)


def read(folder: Path, *, pattern: str = PATTERN, channels: Any = None) -> list[tuple[str, Any]]:
    """(site, stacks) of each site; the projection must hold too."""
    sites = list(read_sites(folder, well="C03", pattern=pattern, channels=channels, projection="max"))
    named = sites[0].channels
    stacks = read_stacks(folder, well="C03", pattern=pattern, channels=channels, wanted=named)
    return [(one.site, one.stacks) for one in stacks]


def refused(folder: Path, words: str, **settings: Any) -> None:
    with pytest.raises(InputError, match=words):
        read(folder, **settings)


@pytest.mark.parametrize("factor", [2, 4, 12])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_page_that_is_tagged_as_reduced_is_no_site(tmp_path: Path, factor: int, dtype: str) -> None:
    small = np.ascontiguousarray(field()[::factor, ::factor] // 2).astype(dtype)
    pages(tmp_path, (small, {"subfiletype": 1}), (field(), {}))
    ((site, stacks),) = read(tmp_path)
    assert site == "1"
    np.testing.assert_array_equal(stacks["GFP"], field())


@pytest.mark.parametrize("factor", [2, 3])
def test_an_image_without_that_tag_is_a_site_whatever_its_size(tmp_path: Path, factor: int) -> None:
    small = np.ascontiguousarray(field()[::factor, ::factor])
    pages(tmp_path, (field(), {}), (small, {}))
    (first, one), (second, other) = read(tmp_path)
    assert (first, second) == ("1-1", "1-2")
    np.testing.assert_array_equal(one["GFP"], field())
    np.testing.assert_array_equal(other["GFP"], small)


def test_a_pyramid_is_read_at_its_full_size(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "C03_f1_GFP.tif", ome=True) as file:
        file.write(field(), subifds=2, photometric="minisblack", metadata={"axes": "YX"})
        for factor in (2, 4):
            file.write(np.ascontiguousarray(field()[::factor, ::factor]), subfiletype=1, photometric="minisblack")
    ((site, stacks),) = read(tmp_path)
    assert site == "1"
    np.testing.assert_array_equal(stacks["GFP"], field())


def test_values_that_count_down_from_white_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "C03_f1_GFP.tif", 255 - field().astype(np.uint8), photometric="miniswhite")
    refused(tmp_path, r"C03_f1_GFP.tif: its values count down from white \(photometric interpretation MinIsWhite\)")


@pytest.mark.parametrize("planarconfig", ["separate", "contig"])
def test_a_colour_picture_is_refused_however_it_is_stored(tmp_path: Path, planarconfig: str) -> None:
    axis = 0 if planarconfig == "separate" else -1
    image = np.stack([field(1), field(2), field(3)], axis=axis)
    write(tmp_path / "C03_f1_GFP.tif", image, photometric="rgb", planarconfig=planarconfig)
    refused(tmp_path, "Export each channel as a grey image")


@pytest.mark.parametrize(("is_rising", "is_read"), [(True, True), (False, False)])
def test_a_table_of_colours_must_grow_brighter(tmp_path: Path, is_rising: bool, is_read: bool) -> None:
    table = np.zeros((3, 256), np.uint16)
    table[1] = np.arange(256) * 257
    if not is_rising:
        table[1] = np.random.default_rng(3).permutation(table[1])
    write(tmp_path / "C03_f1_GFP.tif", field(offset=0).astype(np.uint8), photometric="palette", colormap=table)
    if is_read:
        assert read(tmp_path)[0][1]["GFP"].dtype == np.uint16
    else:
        refused(tmp_path, "places in a table of colours")


@pytest.mark.parametrize("kind", ["tile", "strip"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("tag", ["Offsets", "ByteCounts"])
def test_a_part_that_is_not_in_the_file_is_reported(tmp_path: Path, kind: str, compression: Any, tag: str) -> None:
    path = tmp_path / "C03_f1_GFP.tif"
    layout: dict[str, Any] = {"tile": (16, 16)} if kind == "tile" else {"rowsperstrip": 6}
    write(path, field(), compression=compression, **layout)
    with tifffile.TiffFile(path, mode="r+b") as file:
        page = file.pages.first
        name = f"{kind.capitalize()}{tag}"
        values = page.dataoffsets if tag == "Offsets" else page.databytecounts
        page.tags[name].overwrite([0 if place == 2 else value for place, value in enumerate(values)])
    refused(tmp_path, rf"{kind} 2 of \d+ \(counted from 0\) of plane 1 is not in the file")


@pytest.mark.parametrize(("c", "z", "n_there"), [(1, 9, 7), (1, 4, 6), (3, 5, 3), (3, 5, 5), (2, 6, 11)])
def test_ome_metadata_that_say_another_number_of_planes(tmp_path: Path, c: int, z: int, n_there: int) -> None:
    stack = np.stack([field(seed) for seed in range(n_there)])
    text = OME.format(c=c, z=z, more="", data="<TiffData/>")
    write(tmp_path / "C03_f1.ome.tif", stack, description=text)
    named = ["A", "B", "C"][:c]
    words = rf"its OME metadata say {c * z} planes, but {n_there} are in the file"
    refused(tmp_path, words, pattern="{well}_f{site}.ome.tif", channels=named)


@pytest.mark.parametrize("n_there", [1, 4, 7])
def test_imagej_metadata_that_say_another_number_of_planes(tmp_path: Path, n_there: int) -> None:
    text = "ImageJ=1.53t\nimages=5\nslices=5\nhyperstack=true\n"
    with tifffile.TiffWriter(tmp_path / "C03_f1_GFP.tif") as file:
        for seed in range(n_there):
            file.write(field(seed), contiguous=False, metadata=None, description=text if seed == 0 else None)
    refused(tmp_path, f"its ImageJ metadata say 5 planes, but {n_there} (is|are) in the file")


def test_metadata_of_tifffile_that_say_another_shape(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "C03_f1_GFP.tif") as file:
        for seed in range(3):
            text = '{"shape": [8, 36, 48]}' if seed == 0 else None
            file.write(field(seed), contiguous=False, metadata=None, description=text, compression="zlib")
    refused(tmp_path, r"say the shape \(8, 36, 48\), but its pages hold|say 8 planes, but")


def test_planes_that_are_named_twice_are_reported(tmp_path: Path) -> None:
    named = "".join(f'<TiffData FirstZ="{z}" IFD="{min(z, 1)}"/>' for z in range(3))
    stack = np.stack([field(seed) for seed in range(3)])
    write(tmp_path / "C03_f1_GFP.tif", stack, description=OME.format(c=1, z=3, more="", data=named))
    refused(tmp_path, "planes 2 and 3 are the same bytes of the file")


def test_a_plane_that_the_metadata_leave_out_is_reported(tmp_path: Path) -> None:
    named = '<TiffData FirstZ="0" IFD="0"/><TiffData FirstZ="2" IFD="2"/>'
    stack = np.stack([field(seed) for seed in range(3)])
    write(tmp_path / "C03_f1_GFP.tif", stack, description=OME.format(c=1, z=3, more="", data=named))
    refused(tmp_path, "plane 2 of 3 is not in the file")


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (("3", "4", "6", "7"), "has the planes 3, 4, 6, 7; expected plane 5 after this one"),
        (("00", "02", "06"), "has the planes 0, 2, 6; expected plane 4"),
        (("7", "007"), "site 1, channel GFP, z 7 is also in"),
    ],
)
def test_numbers_of_planes_with_a_gap_or_twice(tmp_path: Path, numbers: tuple[str, ...], words: str) -> None:
    for seed, z in enumerate(numbers):
        write(tmp_path / f"C03_f1_z{z}_GFP.tif", field(seed))
    refused(tmp_path, words, pattern=PLANES)


def test_a_gap_shows_where_other_sites_have_what_lies_in_it(tmp_path: Path) -> None:
    for site, numbers in ((1, (1, 2, 3)), (2, (1, 3))):
        for z in numbers:
            write(tmp_path / f"C03_f{site}_z{z}_GFP.tif", field(z))
    refused(tmp_path, "site 2, channel GFP has the planes 1, 3; expected plane 2", pattern=PLANES)


@pytest.mark.parametrize("numbers", [("5", "10", "15"), ("a", "b", "d"), ("2", "3"), ("0",)])
def test_planes_may_have_any_names_and_steps(tmp_path: Path, numbers: tuple[str, ...]) -> None:
    for seed, z in enumerate(numbers):
        write(tmp_path / f"C03_f1_z{z}_GFP.tif", field(seed))
    ((_, stacks),) = read(tmp_path, pattern=PLANES)
    assert stacks["GFP"].size == len(numbers) * field().size


def test_sites_whose_names_are_one_number_are_reported(tmp_path: Path) -> None:
    for site in ("2", "02"):
        write(tmp_path / f"C03_f{site}_GFP.tif", field())
    refused(tmp_path, "sites 0?2 and 0?2: expected one way to write each number of a site")


@pytest.mark.parametrize("value", ["0", "-0.2", "NaN", "INF"])
def test_a_pixel_without_a_size_has_none(tmp_path: Path, value: str) -> None:
    sizes = f'PhysicalSizeX="{value}" PhysicalSizeY="{value}"'
    write(tmp_path / "C03_f1_GFP.tif", field(), description=OME.format(c=1, z=1, more=sizes, data="<TiffData/>"))
    index = describe_tiff(tmp_path, well="C03", pattern=PATTERN, channels=None)
    assert index.pixel_size_um is None


@pytest.mark.parametrize(("axis", "value"), [("SizeZ", "-2"), ("SizeC", "0"), ("SizeT", "1.5"), ("SizeX", "many")])
def test_a_size_that_cannot_be_is_reported(tmp_path: Path, axis: str, value: str) -> None:
    text = OME.format(c=1, z=1, more="", data="<TiffData/>")
    old = {"SizeZ": "1", "SizeC": "1", "SizeT": "1", "SizeX": "48"}[axis]
    write(tmp_path / "C03_f1_GFP.tif", field(), description=text.replace(f'{axis}="{old}"', f'{axis}="{value}"'))
    refused(tmp_path, f"as {axis} of its OME metadata, found '{value}'")


@pytest.mark.parametrize("lost", [(0,), (3,), (6,), (2, 5)])
@pytest.mark.parametrize("value", [0, 65535])
@pytest.mark.parametrize("projection", ["max", "mean"])
def test_frames_that_were_lost_are_reported(tmp_path: Path, lost: Any, value: int, projection: str) -> None:
    stack = np.stack([field(seed) for seed in range(7)])
    stack[list(lost)] = value
    write(tmp_path / "C03_f1_GFP.tif", stack)
    numbers = ", ".join(str(one + 1) for one in lost)
    words = rf"channel GFP: every pixel of planes? {numbers} of 7 is {value}, so the camera's frame was lost"
    with pytest.raises(InputError, match=words):
        list(read_stacks(tmp_path, well="C03", pattern=PATTERN, channels=None, wanted=["GFP"]))
    with pytest.raises(InputError, match=words):
        list(read_sites(tmp_path, well="C03", pattern=PATTERN, channels=None, projection=projection))


@pytest.mark.parametrize(
    "change",
    [
        lambda stack: np.where(stack > 145, stack, 0) * (np.arange(5) != 2)[:, None, None],
        lambda stack: np.zeros_like(stack),
        lambda stack: stack,
    ],
)
def test_planes_as_empty_as_the_background_of_the_others_are_read(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    stack = change(np.stack([field(seed) for seed in range(5)])).astype(np.uint16)
    write(tmp_path / "C03_f1_GFP.tif", stack)
    ((_, stacks),) = read(tmp_path)
    np.testing.assert_array_equal(stacks["GFP"], stack)
