"""Plates in every layout are read as they were drawn; what is missing is a doubt of its well and shifts nothing."""

from pathlib import Path

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.files import well_files
from wellspring.raw.images import read_stacks
from wellspring.raw.index import WellIndex
from wellspring.simulation.layouts.all import LAYOUTS
from wellspring.simulation.layouts.plates import DrawnPlate, drawn_plate

RAW = {"channels": None, "rename": {}, "time": None, "pixel_size_um": None}
NAMES = sorted(LAYOUTS)
# The format stores the height of planes nowhere; HCS.ai counts sites from 0.
WITHOUT_HEIGHTS, FROM_0 = {"loaddata"}, {"metaxpress HCS.ai"}
# One number of planes for all channels: the writers repeat the last. Which way the stage's axes run is not known.
REGULAR, WITHOUT_PLACES = ("OME-Zarr", "LIF", "ND2"), {"LIF", "ND2"}


def described(name: str, path: Path, *, well: str = "B02", **changes: object) -> WellIndex:
    """The index of a well of a plate in that layout."""
    raw = {"format": LAYOUTS[name].format, **RAW, **changes}
    return describe_well(path, plate="plate1", well=well, raw=raw)


def check_pixels(name: str, index: WellIndex, plate: DrawnPlate) -> None:
    """Every stack of the well is the one that was drawn."""
    for found in read_stacks(index, wanted=index.channels):
        truth = plate.stacks[index.well, int(found.site) + (name in FROM_0)]
        for channel, stack in found.stacks.items():
            drawn = truth[channel]
            planes = stack[None] if stack.ndim == 2 else stack
            n_planes = max(map(len, truth.values())) if name.startswith(REGULAR) else len(drawn)
            np.testing.assert_array_equal(planes, drawn[np.minimum(np.arange(n_planes), len(drawn) - 1)])


@pytest.mark.parametrize("name", NAMES)
def test_a_plate_is_read_as_it_was_drawn(name: str, tmp_path: Path) -> None:
    plate = drawn_plate()
    path = LAYOUTS[name].write(tmp_path / "new", plate)
    for well in plate.wells:
        index = described(name, path, well=well)
        assert index.channels == ("DAPI", "RNA")
        assert index.sites == (("0", "1") if name in FROM_0 else ("1", "2"))
        planes = (3,) if name.startswith(REGULAR) else (1,)
        assert index.n_planes == {"DAPI": planes, "RNA": (3,)}
        assert index.pixel_size_um == pytest.approx(0.65)
        assert index.plane_spacing_um == (None if name in WITHOUT_HEIGHTS else pytest.approx(0.5))
        if name in WITHOUT_PLACES:
            assert set(index.site_positions_um or ()) <= {None}
        else:
            np.testing.assert_allclose(index.site_positions_um, [(0.0, 0.0), (0.0, 16 * 0.65)], atol=1e-3)
        assert index.doubts == ()
        check_pixels(name, index, plate)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_that_failed_leaves_its_site_out_and_shifts_no_other(name: str, tmp_path: Path) -> None:
    if name in {"OME-Zarr 0.5 with shards", "LIF", "ND2"}:
        pytest.skip("planes of a field are not missing one by one")
    plate = drawn_plate(n_sites=4, planes={"DAPI": 1, "RNA": 2}, failed=[("B02", 2, "RNA", 2)])
    path = LAYOUTS[name].write(tmp_path / "new", plate)
    index = described(name, path)
    assert index.sites == (("0", "2", "3") if name in FROM_0 else ("1", "3", "4"))
    (doubt,) = index.doubts
    assert "so 1 of 4 sites is left out" in doubt
    assert "channel RNA, plane" in doubt
    check_pixels(name, index, plate)
    other = described(name, path, well="B03")
    assert (len(other.sites), other.doubts) == (4, ())
    # Of DAPI alone nothing is missing.
    alone = described(name, path, channels=["DAPI"])
    assert (len(alone.sites), alone.channels, alone.doubts) == (4, ("DAPI",), ())


@pytest.mark.parametrize("name", ["harmony 5", "yokogawa", "loaddata", "scanr", "companion"])
def test_a_file_that_is_gone_is_a_doubt_and_a_well_without_sites_an_error(name: str, tmp_path: Path) -> None:
    plate = drawn_plate(planes={"DAPI": 1})
    path = LAYOUTS[name].write(tmp_path / "new", plate)
    raw = {"format": LAYOUTS[name].format, **RAW}
    first, second = well_files(path, well="r02c02", raw=raw)
    first.unlink()
    index = described(name, path, well="B2")
    assert index.sites == ("2",)
    assert "no such file (" in index.doubts[0]
    assert f"{first.name})" in index.doubts[0]
    second.unlink()
    with pytest.raises(InputError, match=r"expected at least one complete site of well B2 .* found none; the first"):
        described(name, path, well="B2")
    with pytest.raises(InputError, match=r"expected images of well C09, but the index has 2 other wells: B02, B03"):
        described(name, path, well="C09")


def test_channels_are_chosen_ordered_and_renamed_and_the_config_overrides_sizes(tmp_path: Path) -> None:
    plate = drawn_plate(planes={"DAPI": 1, "RNA": 2, "WGA": 1})
    path = LAYOUTS["harmony 7"].write(tmp_path / "new", plate)
    index = described("harmony 7", path, channels=["WGA", "nuclei"], rename={"DAPI": "nuclei"}, pixel_size_um=0.6)
    assert index.channels == ("WGA", "nuclei")
    assert (index.pixel_size_um, index.pixel_size_in_files_um) == (0.6, pytest.approx(0.65))
    assert index.wavelengths == dict.fromkeys(("WGA", "nuclei"), "405 to 456 nm")
    with pytest.raises(InputError, match=r"raw.channels: expected channels of .*, DAPI, RNA, WGA; got GFP. Correct"):
        described("harmony 7", path, channels=["GFP"])
    with pytest.raises(InputError, match=r"raw.rename: expected channels of .* got GFP. Correct"):
        described("harmony 7", path, rename={"GFP": "x"})
    with pytest.raises(InputError, match=r"expected images of one time point, but the plate has 1: 1. Choose one"):
        described("harmony 7", path, time=3)


def test_metaxpress_counts_no_projection_and_no_copy(tmp_path: Path) -> None:
    path = LAYOUTS["metaxpress"].write(tmp_path / "new", drawn_plate())
    there = sorted(one.relative_to(path).as_posix() for one in path.rglob("*_B02_s1_w1.TIF"))
    assert there == [f"TimePoint_1/ZStep_{z}/plate1_B02_s1_w1.TIF" for z in range(4)]
    index = described("metaxpress", path)
    # The one plane of DAPI is copied into each folder; of RNA there are three planes and a projection.
    assert [one.channels for one in index.headers if one.site == "1"] == [("DAPI",), ("RNA",), ("RNA",), ("RNA",)]
    for thumb in path.rglob("*_thumb.TIF"):
        thumb.unlink()
    pattern = {"pattern": "TimePoint_1/ZStep_{z}/plate1_{well}_s{site}_w{channel}.TIF", "bad_wells": "stop"}
    raw = {"format": "tiff", **RAW, **pattern}
    with pytest.raises(InputError, match=r"site 1, channel 1 has 4 at 9000 µm: copies of one plane, .* metaxpress\."):
        describe_well(path, plate="p", well="B02", raw=raw)


def test_a_table_from_another_machine_finds_its_images_next_to_it(tmp_path: Path) -> None:
    from wellspring.simulation.layouts.loaddata import write_loaddata

    path = write_loaddata(tmp_path / "new", drawn_plate(), written_in="D:\\data\\plate1")
    assert described("loaddata", path).sites == ("1", "2")
    assert described("loaddata", path / "load_data.csv").sites == ("1", "2")
