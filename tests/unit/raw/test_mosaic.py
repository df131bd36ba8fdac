"""Fields of a well as one image: every pixel is one that was measured, and an object across two fields is one."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_sites, read_stacks
from wellspring.raw.index import read_index, write_index
from wellspring.raw.mosaic import mosaic_of_fields
from wellspring.raw.stage import STAGE
from wellspring.simulation.layouts.harmony import write_harmony
from wellspring.simulation.layouts.plates import DrawnPlate

RAW = {"format": "harmony", "channels": None, "rename": {}, "time": None, "pixel_size_um": None, "mosaic": "cut"}
SIZE_UM, FIELD, STEP = 0.5, (20, 24), (16, 20)


def _plate(whole: NDArray[np.uint16], *, sites: int = 6) -> DrawnPlate:
    """2 x 3 fields that overlap by 4 px, cut out of (Z, Y, X) `whole`, numbered in a snake as stages move."""
    stacks, positions = {}, {}
    for number, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)][:sites], start=1):
        top, left = row * STEP[0], column * STEP[1]
        field = whole[:, top : top + FIELD[0], left : left + FIELD[1]]
        stacks["B02", number] = {"DAPI": field[:1], "RNA": field}
        positions[number] = ((top + FIELD[0] / 2 - 18) * SIZE_UM, (left + FIELD[1] / 2 - 32) * SIZE_UM)
    return DrawnPlate("plate1", stacks, positions, pixel_size_um=SIZE_UM)


@pytest.fixture
def whole() -> NDArray[np.uint16]:
    """(3, 36, 64): noise, and a bright square in the corner where four fields meet."""
    image = np.random.default_rng(0).integers(100, 200, size=(3, 36, 64), dtype=np.uint16)
    image[:, 14:22, 18:26] = 5000
    return image


def test_the_fields_become_the_image_that_they_were_cut_from(whole: NDArray[np.uint16], tmp_path: Path) -> None:
    path = write_harmony(tmp_path / "new", _plate(whole))
    index = describe_well(path, plate="plate1", well="B02", raw=RAW)
    assert (index.sites, index.n_sites, index.doubts) == (("mosaic",), 1, ())
    assert index.site_positions_um == ((0.0, 0.0),)
    write_index(index, tmp_path / "B02.json")
    assert read_index(tmp_path / "B02.json") == index
    (image,) = read_sites(index, projection="max")
    np.testing.assert_array_equal(image.image, [whole[0], whole.max(axis=0)])
    assert (image.site, image.pixel_size_um) == ("mosaic", SIZE_UM)
    (stacks,) = read_stacks(index, wanted=["RNA", "DAPI"])
    np.testing.assert_array_equal(stacks.stacks["RNA"], whole)
    np.testing.assert_array_equal(stacks.stacks["DAPI"], whole[0])
    (one,) = read_sites(index.of_site("mosaic"), projection="max", wanted=["DAPI"])
    # The square is one object; in the fields it is four.
    assert ndimage.label(one.image[0] > 1000)[1] == 1
    fields = describe_well(path, plate="plate1", well="B02", raw={**RAW, "mosaic": "fields"})
    assert fields.sites == tuple("123456")
    assert sum(ndimage.label(site.image[0] > 1000)[1] for site in read_sites(fields, projection="max")) == 4


def test_a_well_without_a_complete_grid_keeps_its_fields_and_says_why(
    whole: NDArray[np.uint16], tmp_path: Path
) -> None:
    path = write_harmony(tmp_path / "new", _plate(whole, sites=5))
    index = describe_well(path, plate="plate1", well="B02", raw=RAW)
    assert index.sites == tuple("12345")
    assert index.doubts == (
        "its 5 fields are read one by one and not as a mosaic: 5 fields do not form a complete grid of 2 rows and 3 "
        "columns",
    )


def test_where_fields_lie_and_what_is_cut() -> None:
    places = {"a": (0.0, 0.0), "b": (0.3, 9.0)}
    found = mosaic_of_fields(places, shape=(8, 10), pixel_size_um=1.0)
    assert not isinstance(found, str)
    assert found.shape == (8, 19)
    # An overlap of one column: cut before the second field's first column is reached twice.
    assert [(one.site, one.left, one.columns) for one in found.fields] == [("a", 0, (0, 9)), ("b", 9, (0, 10))]
    touching = mosaic_of_fields({"a": (0.0, 0.0), "b": (0.0, 10.05)}, shape=(8, 10), pixel_size_um=1.0)
    assert not isinstance(touching, str)
    assert touching.shape == (8, 20)
    apart = mosaic_of_fields({"a": (0.0, 0.0), "b": (0.0, 12.0)}, shape=(8, 10), pixel_size_um=1.0)
    assert apart == "neighbouring fields do not touch"
    unknown = mosaic_of_fields({"a": (0.0, 0.0), "b": None}, shape=(8, 10), pixel_size_um=1.0)
    assert unknown == "positions of fields or the pixel size are not known"
    single = mosaic_of_fields({"a": (5.0, 5.0)}, shape=(8, 10), pixel_size_um=1.0)
    assert not isinstance(single, str)
    assert single.shape == (8, 10)


def test_a_mosaic_and_a_correction_of_single_fields_are_refused_together() -> None:
    config = {"raw": {"format": "harmony", "mosaic": "cut"}, "quality": {"channels": ["DAPI"]}}
    (mistake,) = STAGE.mistakes(config)
    assert mistake.startswith("raw.mosaic: cut cannot be combined with quality.channels")
    assert STAGE.mistakes({**config, "quality": {"channels": []}}) == []
