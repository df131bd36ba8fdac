"""Other types of numbers than uint16: the same values, or one message."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from wellspring.errors import InputError
from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_sites
from wellspring.raw.values import as_uint16

RAW = {"format": "tiff", "pattern": "{well}_{channel}.tif", "channels": None, "rename": {}, "pixel_size_um": None}
IMAGE = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint32", "uint64", "float16", "float32", "float64"])
def test_values_that_fit_stay_as_they_are(dtype: str) -> None:
    values = np.array([[0, 1], [2, 32_000]], dtype=dtype)
    found = as_uint16(values, path=Path("a.tif"))
    assert found.dtype == np.uint16
    assert found.tolist() == [[0, 1], [2, 32_000]]
    assert as_uint16(np.zeros((0, 3), dtype=dtype), path=Path("a.tif")).shape == (0, 3)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.array([-1, 5], dtype=np.int16), "-1 to 5 in an image of int16"),
        (np.array([0, 65_536], dtype=np.uint32), "0 to 65536 in an image of uint32"),
        (np.array([0.0, 0.5], dtype=np.float32), "fractions in an image of float32"),
        (np.array([1.0, np.nan], dtype=np.float32), "values that are no numbers in an image of float32"),
        (np.array([1.0, np.inf]), "1 to inf in an image of float64"),
    ],
)
def test_a_value_that_would_be_lost_is_one_message(values: np.ndarray, found: str) -> None:
    with pytest.raises(
        InputError, match=f"a.tif: expected intensities that are whole numbers from 0 to 65535, found {found}"
    ):
        as_uint16(values, path=Path("a.tif"))
    with pytest.raises(InputError, match="expected an image of whole or real numbers, found complex128"):
        as_uint16(np.zeros(2, dtype=complex), path=Path("a.tif"))


@pytest.mark.parametrize("dtype", ["int16", "uint32", "float32"])
def test_an_image_of_another_type_is_read_or_refused_when_it_is_described(dtype: str, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "A01_DAPI.tif", (IMAGE // 2).astype(dtype))
    index = describe_well(tmp_path, plate="p", well="A01", raw=RAW)
    assert index.dtype == dtype
    (site,) = read_sites(index, projection="max")
    np.testing.assert_array_equal(site.image[0], IMAGE // 2)
    tifffile.imwrite(tmp_path / "A01_DAPI.tif", (IMAGE // 2).astype(dtype) - 1)
    if dtype != "uint32":
        with pytest.raises(InputError, match=f"found -1 to 31499 in an image of {dtype}"):
            describe_well(tmp_path, plate="p", well="A01", raw=RAW)


@pytest.mark.parametrize(
    "options",
    [
        {"bigtiff": True},
        {"tile": (16, 16)},
        {"compression": "lzw"},
        {"compression": "zstd", "predictor": True},
        {"compression": "jpeg2000", "compressionargs": {"level": 0}},
        {"byteorder": ">"},
    ],
    ids=str,
)
def test_the_ways_in_which_a_tiff_stores_its_pixels_make_no_difference(options: dict, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 60_000, (40, 48), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "A01_DAPI.tif", image, **options)
    index = describe_well(tmp_path, plate="p", well="A01", raw=RAW)
    (site,) = read_sites(index, projection="max")
    np.testing.assert_array_equal(site.image[0], image)


def test_of_a_pyramid_the_full_level_is_read_and_a_time_axis_of_one_is_none(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 60_000, (64, 64), dtype=np.uint16)
    with tifffile.TiffWriter(tmp_path / "A01_DAPI.tif") as writer:
        writer.write(image, subifds=1, tile=(16, 16))
        writer.write(image[::2, ::2], subfiletype=1, tile=(16, 16))
    (site,) = read_sites(describe_well(tmp_path, plate="p", well="A01", raw=RAW), projection="max")
    np.testing.assert_array_equal(site.image[0], image)
    tifffile.imwrite(tmp_path / "A02_DAPI.tif", image[None, None], ome=True, metadata={"axes": "TCYX"})
    (site,) = read_sites(describe_well(tmp_path, plate="p", well="A02", raw=RAW), projection="max")
    np.testing.assert_array_equal(site.image[0], image)
