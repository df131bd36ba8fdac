"""TIFF wells drawn in a temporary folder: values, names and sizes are known."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.images import SiteImage, SiteStacks, read_sites, read_stacks
from wellspring.raw.index import RawFile, WellIndex, read_index, write_index
from wellspring.raw.tiff import describe_tiff

NAMED = "{well}_{site}_{channel}.tif"


def _plane(value: int, *, shape: tuple[int, int] = (4, 5), dtype: str = "uint16") -> Any:
    image = np.full(shape, value, dtype=dtype)
    image[0, 0] = value + 1
    return image


def _index(path: Path, *, pattern: str = NAMED, channels: Any = None, **settings: Any) -> WellIndex:
    """The index, written and read again as the workflow does."""
    found = describe_tiff(path, plate="p", well="A1", pattern=pattern, channels=channels, **settings)
    written = (path if path.is_dir() else path.parent) / "index.json"
    write_index(found, written)
    assert read_index(written) == found
    return found


def _sites(path: Path, *, projection: str = "max", wanted: Any = None, **settings: Any) -> list[SiteImage]:
    return list(read_sites(_index(path, **settings), projection=projection, wanted=wanted))


def _stacks(path: Path, *, wanted: list[str], **settings: Any) -> list[SiteStacks]:
    return list(read_stacks(_index(path, **settings), wanted=wanted))


def _write(path: Path, image: Any, **settings: Any) -> None:
    tifffile.imwrite(path, image, photometric="minisblack", **settings)


def test_one_channel_per_file(tmp_path: Path) -> None:
    for site in ("2", "1"):
        for channel, value in (("GFP", 20), ("DAPI", 10)):
            _write(tmp_path / f"A1_{site}_{channel}.tif", _plane(value + int(site)))
    first, second = _sites(tmp_path)
    assert (first.site, second.site) == ("1", "2")
    assert first.channels == ("DAPI", "GFP")
    assert first.image.dtype == np.uint16
    assert first.image[:, 1, 1].tolist() == [11, 21]
    assert second.image[:, 0, 0].tolist() == [13, 23]
    assert first.pixel_size_um is None
    found = _index(tmp_path)
    assert (found.channels, found.n_sites, found.n_values) == (("DAPI", "GFP"), 2, 4 * _plane(0).size)
    assert found.n_planes == {"DAPI": (1,), "GFP": (1,)}


def test_listed_channels_give_the_order(tmp_path: Path) -> None:
    for channel, value in (("GFP", 20), ("DAPI", 10)):
        _write(tmp_path / f"A1_1_{channel}.tif", _plane(value))
    (site,) = _sites(tmp_path, channels=["GFP", "DAPI"])
    assert site.channels == ("GFP", "DAPI")
    assert site.image[:, 1, 1].tolist() == [20, 10]


def test_ome_names_axes_and_size(tmp_path: Path) -> None:
    stack = np.stack([np.stack([_plane(v) for v in (1, 5)]), np.stack([_plane(v) for v in (7, 3)])])  # C, Z
    metadata = {
        "axes": "CZYX",
        "Channel": {"Name": ["RNA", "DNA"]},
        "PhysicalSizeX": 325,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.325,
        "PhysicalSizeYUnit": "µm",
    }
    tifffile.imwrite(tmp_path / "s1.ome.tif", stack, ome=True, metadata=metadata)
    (site,) = _sites(tmp_path, pattern="s{site}.ome.tif")
    assert site.channels == ("RNA", "DNA")
    assert site.image[:, 1, 1].tolist() == [5, 7]
    assert site.pixel_size_um == pytest.approx(0.325)
    (site,) = _sites(tmp_path, pattern="s{site}.ome.tif", pixel_size_um=0.5)
    assert site.pixel_size_um == 0.5


def test_mean_rounds_halves_to_even(tmp_path: Path) -> None:
    for z, value in enumerate((0, 1, 65534, 65535)):
        _write(tmp_path / f"A1_{z}.tif", np.array([[value, z // 2 * 3, 7]], dtype=np.uint16))
    (site,) = _sites(tmp_path, pattern="{well}_{z}.tif", projection="mean", channels=["DAPI"])
    # Sums over the four planes: 131070 / 4 = 32767.5, to the even 32768; 6 / 4 = 1.5, to the even 2.
    assert site.image.tolist() == [[[32768, 2, 7]]]
    # In a file: 1 / 2 = 0.5, to the even 0; 3 / 2 = 1.5, to the even 2.
    stack = np.array([[[0, 1]], [[1, 2]]], dtype=np.uint16)
    _write(tmp_path / "B_DAPI.tif", stack)
    (site,) = _sites(tmp_path, pattern="B_{channel}.tif", projection="mean")
    assert site.image.tolist() == [[[0, 2]]]


def test_z_in_the_name_takes_the_maximum(tmp_path: Path) -> None:
    for z, value in ((1, 4), (2, 9), (3, 2)):
        _write(tmp_path / f"A1_1_DAPI_z{z}.tif", _plane(value))
    (site,) = _sites(tmp_path, pattern="{well}_{site}_{channel}_z{z}.tif")
    assert site.image[0, 1, 1] == 9


def test_uint8_is_widened(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(254, dtype="uint8"))
    (site,) = _sites(tmp_path)
    assert site.image.dtype == np.uint16
    assert site.image[0, 0].tolist() == [255, 254, 254, 254, 254]


@pytest.mark.parametrize("axes", ["CYX", None])
def test_listed_channels_name_the_planes(tmp_path: Path, axes: str | None) -> None:
    _write(tmp_path / "s1.tif", np.stack([_plane(3), _plane(8)]), metadata={"axes": axes} if axes else None)
    (site,) = _sites(tmp_path, pattern="s{site}.tif", channels=["a", "b"])
    assert site.channels == ("a", "b")
    assert site.image[:, 1, 1].tolist() == [3, 8]


def test_unnamed_planes_of_one_channel_are_a_stack(tmp_path: Path) -> None:
    _write(tmp_path / "s1.tif", np.stack([_plane(3), _plane(8), _plane(1)]), metadata=None)
    (site,) = _sites(tmp_path, pattern="s{site}.tif", channels=["DAPI"])
    assert site.image[:, 1, 1].tolist() == [8]


def test_imagej_hyperstack(tmp_path: Path) -> None:
    stack = np.stack([np.stack([_plane(1), _plane(2)]), np.stack([_plane(5), _plane(0)])])  # Z, C
    tifffile.imwrite(tmp_path / "s1.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    (site,) = _sites(tmp_path, pattern="s{site}.tif", channels=["a", "b"])
    assert site.image[:, 1, 1].tolist() == [5, 2]


def test_each_image_of_a_file_is_a_site(tmp_path: Path) -> None:
    path = tmp_path / "A1.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for value, shape in ((1, (4, 5)), (2, (6, 3))):
            metadata = {"axes": "CYX", "Channel": {"Name": ["x", "y"]}}
            writer.write(np.stack([_plane(value, shape=shape)] * 2), photometric="minisblack", metadata=metadata)
    first, second = _sites(path, pattern="{well}.ome.tif")
    assert [(s.site, s.image.shape, s.channels) for s in (first, second)] == [
        ("1-1", (2, 4, 5), ("x", "y")),
        ("1-2", (2, 6, 3), ("x", "y")),
    ]
    assert second.image[1, 1, 1] == 2


def test_no_ome_names_unless_each_has_its_own(tmp_path: Path) -> None:
    metadata = {"axes": "CYX", "Channel": {"Name": ["x", "x"]}}
    tifffile.imwrite(tmp_path / "s1.ome.tif", np.stack([_plane(1), _plane(2)]), ome=True, metadata=metadata)
    assert _sites(tmp_path, pattern="s{site}.ome.tif", channels=["a", "b"])[0].channels == ("a", "b")


def test_unknown_projection(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(1))
    with pytest.raises(ValueError, match=r"raw.projection: expected one of \['max', 'mean'\], got 'sum'"):
        _sites(tmp_path, projection="sum")


def test_no_such_well(tmp_path: Path) -> None:
    _write(tmp_path / "B1_1_DAPI.tif", _plane(1))
    with pytest.raises(FileNotFoundError, match=r"B1_1_DAPI\.tif"):
        _sites(tmp_path)


def test_not_a_tiff(tmp_path: Path) -> None:
    (tmp_path / "A1_1_DAPI.tif").write_bytes(b"no image at all")
    with pytest.raises(ValueError, match=r"A1_1_DAPI.tif: (expected a complete TIFF file|its )"):
        _sites(tmp_path)


@pytest.mark.parametrize("settings", [{}, {"ome": True}, {"imagej": True}, {"compression": "zlib"}, {"metadata": None}])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_truncated(tmp_path: Path, settings: dict[str, Any], share: float) -> None:
    path = tmp_path / "A1_1_DAPI.tif"
    rng = np.random.default_rng(1)
    _write(path, rng.integers(0, 60_000, (4, 40, 50)).astype(np.uint16), **settings)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match=r"A1_1_DAPI.tif: (expected a complete TIFF file|its )"):
        _sites(tmp_path)


def test_shapes_of_one_site_differ(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(1))
    _write(tmp_path / "A1_1_GFP.tif", _plane(1, shape=(4, 6)))
    with pytest.raises(ValueError, match=r"A1_1_GFP.tif: .*\(4, 5\) as in .*A1_1_DAPI.tif, found \(4, 6\)"):
        _index(tmp_path)


def test_a_site_lacks_a_channel(tmp_path: Path) -> None:
    for name in ("1_DAPI", "1_GFP", "2_DAPI"):
        _write(tmp_path / f"A1_{name}.tif", _plane(1))
    with pytest.raises(ValueError, match=r"A1_2_DAPI.tif: site 2 .* missing: \['GFP'\], too many: none"):
        _sites(tmp_path)


def test_a_channel_that_is_not_listed(tmp_path: Path) -> None:
    for name in ("DAPI", "GFP"):
        _write(tmp_path / f"A1_1_{name}.tif", _plane(1))
    with pytest.raises(ValueError, match=r"missing: none, too many: \['GFP'\]"):
        _sites(tmp_path, channels=["DAPI"])


def test_two_files_for_one_plane(tmp_path: Path) -> None:
    for run in ("1", "2"):
        _write(tmp_path / f"A1_{run}_DAPI.tif", _plane(1))
    with pytest.raises(ValueError, match=r"A1_2_DAPI.tif: site 1, channel DAPI is also in .*A1_1_DAPI.tif"):
        _sites(tmp_path, pattern="{well}_{_}_{channel}.tif")


def test_channels_without_names(tmp_path: Path) -> None:
    _write(tmp_path / "s1.tif", np.stack([_plane(1), _plane(2)]), metadata={"axes": "CYX"})
    with pytest.raises(ValueError, match=r"s1.tif: holds 2 channel\(s\) without names, but raw.channels names 3"):
        _sites(tmp_path, pattern="s{site}.tif", channels=["a", "b", "c"])


def test_name_says_one_channel_file_holds_two(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", np.stack([_plane(1), _plane(2)]), metadata={"axes": "CYX"})
    with pytest.raises(ValueError, match=r"says one channel \(DAPI\), but the file holds 2"):
        _sites(tmp_path)


@pytest.mark.parametrize("axes", ["TYX", None])
def test_axes_that_mean_nothing_here(tmp_path: Path, axes: str | None) -> None:
    _write(tmp_path / "s1.tif", np.stack([_plane(1), _plane(2)]), metadata={"axes": axes} if axes else None)
    with pytest.raises(ValueError, match=r"s1.tif: expected the axes Y and X, and at most C .* found .YX"):
        _sites(tmp_path, pattern="s{site}.tif")


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    metadata = {"axes": "YX", "PhysicalSizeX": 0.3, "PhysicalSizeY": 0.6}
    tifffile.imwrite(tmp_path / "A1_1_DAPI.tif", _plane(1), ome=True, metadata=metadata)
    with pytest.raises(ValueError, match=r"expected square pixels .* \[0.3, 0.6\] µm. Set raw.pixel_size_um"):
        _sites(tmp_path)
    assert _sites(tmp_path, pixel_size_um=0.4)[0].pixel_size_um == 0.4


def test_one_of_several_files_of_an_ome_set(tmp_path: Path) -> None:
    first, second = tmp_path / "s1.ome.tif", tmp_path / "s2.ome.tif"
    image = np.stack([_plane(1), _plane(2)])
    tifffile.imwrite(first, image, ome=True, metadata={"axes": "CYX"})
    with tifffile.TiffFile(first) as tif:
        xml = tif.ome_metadata
    assert xml is not None
    here, there = xml.split('UUID="urn:uuid:')[1].split('"')[0], "00000000-0000-0000-0000-000000000001"
    blocks = "".join(
        f'<TiffData FirstC="{c}" IFD="0" PlaneCount="1"><UUID FileName="{path.name}">urn:uuid:{uuid}</UUID></TiffData>'
        for c, (path, uuid) in enumerate(((first, here), (second, there)))
    )
    before, _, after = xml.partition("<TiffData")
    described = before + blocks + after.partition("/>")[2]
    _write(first, image[0], description=described.encode(), metadata=None)
    _write(second, image[1], description=described.replace(here, there, 1).encode(), metadata=None)
    with pytest.raises(ValueError, match=r"s1.ome.tif: its OME metadata name images that are not in this file"):
        _sites(tmp_path, pattern="s{site}.ome.tif", channels=["a", "b"])


def test_stacks_keep_their_planes_in_order_and_only_wanted_channels_are_read(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_RNA.tif", np.stack([_plane(v) for v in (3, 1, 2, 4, 9)]))
    _write(tmp_path / "A1_1_DAPI.tif", _plane(7))
    (site,) = _stacks(tmp_path, wanted=["RNA", "DAPI"], pixel_size_um=0.1)
    assert (site.site, site.pixel_size_um) == ("1", 0.1)
    assert site.stacks["RNA"][:, 1, 1].tolist() == [3, 1, 2, 4, 9]
    assert site.stacks["DAPI"].shape == (4, 5)
    (site,) = _stacks(tmp_path, wanted=["DAPI"])
    assert list(site.stacks) == ["DAPI"]


def test_planes_of_several_files_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for z in (10, 9, 8):
        _write(tmp_path / f"A1_RNA_{z}.tif", _plane(z))
    (site,) = _stacks(tmp_path, pattern="{well}_{channel}_{z}.tif", wanted=["RNA"])
    assert site.stacks["RNA"][:, 1, 1].tolist() == [8, 9, 10]


def test_a_wanted_channel_that_is_not_there(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(7))
    with pytest.raises(InputError, match=r"in well p/A1, but \['RNA'\] are not among \['DAPI'\]"):
        _stacks(tmp_path, wanted=["RNA"])
    with pytest.raises(InputError, match=r"in well p/A1, but \['RNA'\] are not among \['DAPI'\]"):
        _sites(tmp_path, wanted=["DAPI", "RNA"])


def test_only_files_with_wanted_channels_are_opened_and_the_order_is_the_wanted_one(tmp_path: Path) -> None:
    for channel, value in (("DAPI", 10), ("GFP", 20), ("RFP", 30)):
        _write(tmp_path / f"A1_1_{channel}.tif", _plane(value))
    index = _index(tmp_path)
    (tmp_path / "A1_1_GFP.tif").unlink()
    (site,) = read_sites(index, projection="mean", wanted=["RFP", "DAPI"])
    assert site.channels == ("RFP", "DAPI")
    assert site.image[:, 1, 1].tolist() == [30, 10]
    with pytest.raises(FileNotFoundError, match=r"A1_1_GFP.tif"):
        list(read_sites(index, projection="max"))


def test_a_file_that_was_replaced_after_its_headers_were_read(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(7))
    index = _index(tmp_path)
    _write(tmp_path / "A1_1_DAPI.tif", _plane(7, shape=(5, 5)))
    with pytest.raises(InputError, match=r"A1_1_DAPI.tif: expected \d+ bytes .* It was replaced meanwhile"):
        list(read_sites(index, projection="max"))


def test_a_file_of_the_same_size_with_another_shape(tmp_path: Path) -> None:
    _write(tmp_path / "A1_1_DAPI.tif", _plane(7, shape=(4, 5)), metadata=None)
    index = _index(tmp_path)
    (header,) = index.headers
    wrong = replace(index, headers=(replace(header, shape=(4, 6)),))
    with pytest.raises(InputError, match=r"A1_1_DAPI.tif: (expected a complete TIFF file|its )"):
        list(read_sites(wrong, projection="max"))


def test_what_the_index_says_of_a_well(tmp_path: Path) -> None:
    for site, size in (("1", 0.3), ("2", 0.6)):
        metadata = {"axes": "ZYX", "PhysicalSizeX": size, "PhysicalSizeY": size}
        stack = np.stack([_plane(1)] * (2 + int(site)))
        tifffile.imwrite(tmp_path / f"A1_{site}_RNA.tif", stack, ome=True, metadata=metadata)
    found = _index(tmp_path)
    assert (found.name, found.format, found.sites, found.n_files) == ("p/A1", "tiff", ("1", "2"), 2)
    assert (found.n_planes, found.n_values, found.dtype) == ({"RNA": (3, 4)}, 7 * 20, "uint16")
    # The sites differ, so the well has no one size.
    assert (found.site_sizes_um, found.pixel_size_um) == ((0.3, 0.6), None)
    assert _index(tmp_path, pixel_size_um=0.1).pixel_size_um == 0.1
    status = (tmp_path / "A1_1_RNA.tif").stat()
    assert found.files[0] == RawFile(str(tmp_path / "A1_1_RNA.tif"), status.st_size, status.st_mtime_ns)
