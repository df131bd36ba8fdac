"""Sizes of ImageJ's metadata, as tifffile and ImageJ write them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index, write_index
from wellspring.raw.tiff_headers import read_headers

STACK = np.zeros((3, 4, 5), dtype=np.uint16)
RAW = {"format": "tiff", "pattern": "{well}_{channel}.tif", "channels": None, "pixel_size_um": None}


def _written(path: Path, *, resolution: tuple[float, float] = (8.0, 8.0), **metadata: Any) -> Path:
    tifffile.imwrite(path, STACK, imagej=True, resolution=resolution, metadata={"axes": "ZYX", **metadata})
    return path


@pytest.mark.parametrize(
    ("unit", "factor"), [("um", 1.0), ("micron", 1.0), ("\\u00B5m", 1.0), ("nm", 1e-3), ("mm", 1e3), ("inch", 25_400.0)]
)
def test_sizes_are_in_the_unit_that_imagej_names(tmp_path: Path, unit: str, factor: float) -> None:
    (header,) = read_headers(_written(tmp_path / "a.tif", unit=unit, spacing=0.3))
    assert header.pixel_size_um == pytest.approx((factor / 8, factor / 8))
    assert header.plane_spacing_um == pytest.approx(0.3 * factor)


@pytest.mark.parametrize("metadata", [{}, {"unit": "pixel", "spacing": 0.3}, {"unit": ""}])
def test_pixels_are_no_unit(tmp_path: Path, metadata: dict[str, Any]) -> None:
    (header,) = read_headers(_written(tmp_path / "a.tif", **metadata))
    assert (header.pixel_size_um, header.plane_spacing_um) == (None, None)


def test_a_spacing_that_is_not_there_or_no_length(tmp_path: Path) -> None:
    for metadata in ({}, {"spacing": 0.0}, {"spacing": float("nan")}):
        (header,) = read_headers(_written(tmp_path / "a.tif", unit="um", **metadata))
        assert header.pixel_size_um == pytest.approx((0.125, 0.125))
        assert header.plane_spacing_um is None


def test_the_resolution_of_other_programs_is_no_size(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK[0], resolution=(300, 300), resolutionunit="INCH", metadata=None)
    (header,) = read_headers(tmp_path / "a.tif")
    assert (header.pixel_size_um, header.plane_spacing_um) == (None, None)


def test_ome_metadata_say_the_distance_of_planes(tmp_path: Path) -> None:
    sizes = {"PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1, "PhysicalSizeZ": 250.0, "PhysicalSizeZUnit": "nm"}
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, ome=True, metadata={"axes": "ZYX", **sizes})
    (header,) = read_headers(tmp_path / "a.ome.tif")
    assert header.pixel_size_um == (0.1, 0.1)
    assert header.plane_spacing_um == pytest.approx(0.25)


def test_a_well_has_them_in_its_index_and_its_stacks(tmp_path: Path) -> None:
    _written(tmp_path / "A1_RNA.tif", unit="um", spacing=0.3)
    write_index(describe_well(tmp_path, plate="P", well="A1", raw=RAW), tmp_path / "A1.json")
    index = read_index(tmp_path / "A1.json")
    assert (index.pixel_size_um, index.plane_spacing_um) == (pytest.approx(0.125), pytest.approx(0.3))
    (site,) = read_stacks(index, wanted=["RNA"])
    assert (site.pixel_size_um, site.plane_spacing_um) == (index.pixel_size_um, index.plane_spacing_um)


def test_planes_of_several_distances_have_none_in_common(tmp_path: Path) -> None:
    _written(tmp_path / "A1_RNA.tif", unit="um", spacing=0.3)
    _written(tmp_path / "A1_DNA.tif", unit="um", spacing=0.5)
    assert describe_well(tmp_path, plate="P", well="A1", raw=RAW).plane_spacing_um is None
