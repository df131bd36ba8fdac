"""Images of single cells in DypFISH's HDF5 layout: what is written is read, what is wrong is said."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from wellspring.raw.describe import describe_well
from wellspring.raw.dypfish import CellImage, describe_cell_images, read_cell_images, split_path, write_cell_images
from wellspring.raw.files import well_files

CELL = np.zeros((6, 8), dtype=bool)
CELL[1:5, 1:7] = True
NUCLEUS = np.zeros((6, 8), dtype=bool)
NUCLEUS[2:4, 2:4] = True
HEIGHT = np.where(CELL, 3.0, 0.0).astype(np.float32)
MOLECULES = CellImage(
    "1", CELL, NUCLEUS, spots=np.array([[0.5, 2.0, 6.0], [1, 3, 4]]), height=HEIGHT, mtoc=np.array([4.0, 2.5])
)
LIGHT = CellImage("2", CELL, NUCLEUS, intensity=np.arange(48, dtype=np.float32).reshape(6, 8))
GROUP = "protein/gene_a/2h"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cells.h5"
    write_cell_images(path, {"mrna/gene_a/2h": [MOLECULES], GROUP: [LIGHT]})
    return path


def test_what_is_written_is_read(file: Path) -> None:
    index = describe_cell_images(file / "mrna/gene_a/2h", plate="p", well="w")
    assert (index.sites, index.channels, index.n_values, index.n_sites) == (("1",), ("molecules",), 48, 1)
    (found,) = read_cell_images(index)
    np.testing.assert_array_equal(found.cell, CELL)
    np.testing.assert_array_equal(found.nucleus, NUCLEUS)
    np.testing.assert_array_equal(found.spots, MOLECULES.spots)
    np.testing.assert_array_equal(found.height, HEIGHT)
    np.testing.assert_array_equal(found.mtoc, [4.0, 2.5])
    (light,) = read_cell_images(describe_cell_images(file / GROUP, plate="p", well="w"))
    np.testing.assert_array_equal(light.intensity, LIGHT.intensity)
    assert light.spots is light.mtoc is light.height is None


def test_the_layout_is_the_published_one(file: Path) -> None:
    with h5py.File(file) as tree:
        image = tree["mrna/gene_a/2h/1"]
        # x, y, z and x, y.
        assert image["spots"][0].tolist() == [6.0, 2.0, 0.5]
        assert image["mtoc_position"][...].tolist() == [2.5, 4.0]
        assert image["nucleus_centroid"][...].tolist() == [2.5, 2.5]
        assert set(tree[f"{GROUP}/2"]) == {"cell_mask", "nucleus_mask", "nucleus_centroid", "IF"}


def test_the_height_is_above_the_dish_and_at_least_half_a_slice(file: Path) -> None:
    with h5py.File(file, "r+") as tree:
        image = tree["mrna/gene_a/2h/1"]
        image["height_map"][1, 1] = 1
        del image["zero_level"]
        image["zero_level"] = 2
    (found,) = read_cell_images(describe_cell_images(file / "mrna/gene_a/2h", plate="p", well="w"))
    assert (found.height[1, 1], found.height[2, 2], found.height[0, 0]) == (0.5, 1.0, 0.0)


def test_the_workflow_finds_the_file_of_a_well(file: Path) -> None:
    raw = {"format": "dypfish"}
    assert well_files(file / GROUP, well="w", raw=raw) == [file]
    assert split_path(file / GROUP) == (file, f"/{GROUP}")
    assert describe_well(file / GROUP, plate="p", well="w", raw=raw).files[0].path == str(file)
    with pytest.raises(FileNotFoundError, match="expected an HDF5 file followed by a group"):
        split_path(file.parent / "absent.h5/mrna")


def test_an_empty_group_is_a_well_without_cells(file: Path) -> None:
    with h5py.File(file, "r+") as tree:
        tree.create_group("mrna/gene_b/2h")
    index = describe_cell_images(file / "mrna/gene_b/2h", plate="p", well="w")
    assert index.n_sites == 0
    assert list(read_cell_images(index)) == []


def test_no_hdf5_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.h5"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="expected an HDF5 file, but it cannot be read"):
        describe_cell_images(path / "mrna", plate="p", well="w")


def test_a_truncated_file(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(ValueError, match="expected an HDF5 file, but it cannot be read"):
        describe_cell_images(file / GROUP, plate="p", well="w")


def _without(image: h5py.Group, key: str) -> None:
    del image[key]


def _shape(image: h5py.Group, key: str) -> None:
    del image[key]
    image[key] = np.zeros((5, 5))


def _text(image: h5py.Group, key: str) -> None:
    del image[key]
    image[key] = np.array([[np.nan, 1.0]])


@pytest.mark.parametrize(
    ("group", "damage", "key", "message"),
    [
        (GROUP, _without, "cell_mask", "expected cell_mask, nucleus_mask and one of spots and IF"),
        (GROUP, _without, "IF", "one of spots and IF, found"),
        (GROUP, _shape, "IF", "masks and maps of one shape"),
        ("mrna/gene_a/2h", _text, "spots", "expected finite coordinates"),
    ],
)
def test_images_that_cannot_be(file: Path, group: str, damage: object, key: str, message: str) -> None:
    with h5py.File(file, "r+") as tree:
        damage(next(iter(tree[group].values())), key)  # type: ignore[operator]
    with pytest.raises(ValueError, match=message):
        list(read_cell_images(describe_cell_images(file / group, plate="p", well="w")))


def test_infinite_intensity(file: Path) -> None:
    with h5py.File(file, "r+") as tree:
        tree[f"{GROUP}/2/IF"][0, 0] = np.inf
    with pytest.raises(ValueError, match="expected finite numbers in IF"):
        list(read_cell_images(describe_cell_images(file / GROUP, plate="p", well="w")))


def test_a_group_that_is_not_there_names_those_that_are(file: Path) -> None:
    with pytest.raises(ValueError, match="expected a group /mrna/gene_a/3h, found /mrna/gene_a/2h, /protein"):
        describe_cell_images(file / "mrna/gene_a/3h", plate="p", well="w")
