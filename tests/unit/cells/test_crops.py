"""Pixels of a well to cells: hand-made objects in every order, values checked one by one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.cells import crops as crops_module
from wellspring.cells.crops import cell_size_ratio, crops_of, extract_cells, mean_above_background
from wellspring.cells.shards import Crop, Shard
from wellspring.cells.tables import CELLS
from wellspring.raw.pixels import PixelTable
from wellspring.tables import read_table, write_table

# Two objects side by side, row by row as they lie in the well:  5 5 . 2
#                                                                5 . 2 2
Y = np.array([10, 10, 10, 11, 11, 11])
X = np.array([20, 21, 23, 20, 22, 23])
IDS = np.array([5, 5, 2, 5, 2, 2])
PIXELS = np.array([[1, 100], [2, 200], [3, 300], [4, 400], [5, 500], [6, 65535]], dtype=np.uint16)


def table(order: list[int] | slice = slice(None), **changes: object) -> PixelTable:
    """The two objects, their pixels in the given order."""
    usual = PixelTable(
        pixels=PIXELS[order],
        y=Y[order],
        x=X[order],
        object_id=IDS[order],
        channels=("DAPI", "EU"),
        background=np.array([2.5, 0.0]),
        objects=pd.DataFrame({"object_id": [5, 2], "cell_cycle": ["G1", None]}),
        source="well",
    )
    return replace(usual, **changes)


def empty() -> PixelTable:
    return table(
        [], objects=pd.DataFrame({"object_id": np.zeros(0, dtype=np.int64), "cell_cycle": pd.Series(dtype="str")})
    )


ORDERS = {"raster": [0, 1, 2, 3, 4, 5], "by object": [0, 1, 3, 2, 4, 5], "any": [4, 1, 5, 0, 2, 3]}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_crops_are_in_raster_order_whatever_the_order_of_the_pixels(order: list[int]) -> None:
    two, five = sorted(crops_of(table(order)), key=_object_id)
    assert (two.object_id, two.y_min, two.x_min, two.height, two.width) == (2, 10, 22, 2, 2)
    np.testing.assert_array_equal(two.mask(), [[False, True], [True, True]])
    np.testing.assert_array_equal(two.image()[0], [[0, 3], [5, 6]])
    np.testing.assert_array_equal(two.pixels, [[3, 300], [5, 500], [6, 65535]])
    assert (five.object_id, five.y_min, five.x_min, five.height, five.width) == (5, 10, 20, 2, 2)
    np.testing.assert_array_equal(five.image()[1], [[100, 200], [400, 0]])


def _object_id(crop: Crop) -> int:
    return crop.object_id


def test_cells_come_in_the_order_of_their_first_pixels() -> None:
    assert [crop.object_id for crop in crops_of(table(ORDERS["raster"]))] == [5, 2]
    assert [crop.object_id for crop in crops_of(table(ORDERS["any"]))] == [2, 5]


def test_the_cell_table_has_key_geometry_means_and_annotations(tmp_path: Path) -> None:
    cells = extract_cells(table(), tmp_path / "w.arrow", plate="P", well="A1", image_size=4)
    assert list(cells.columns) == [*CELLS.names, "mean_DAPI", "mean_EU", "cell_cycle"]
    assert cells["object_id"].tolist() == [5, 2]
    assert set(zip(cells["plate"], cells["well"], strict=True)) == {("P", "A1")}
    assert cells[["n_px", "y_min", "x_min", "height_px", "width_px"]].to_numpy().tolist() == [
        [3, 10, 20, 2, 2],
        [3, 10, 22, 2, 2],
    ]
    # Object 5: (0 + 0 + 1.5) / 3, since 1 and 2 lie below the background; object 2: (0.5 + 2.5 + 3.5) / 3.
    np.testing.assert_allclose(cells["mean_DAPI"], [0.5, 6.5 / 3], rtol=1e-15)
    np.testing.assert_allclose(cells["mean_EU"], [700 / 3, 66335 / 3], rtol=1e-15)
    assert cells["cell_size_ratio"].tolist() == [0.5, 0.5]
    assert cells["is_cropped"].tolist() == [False, False]
    assert cells["cell_cycle"].isna().tolist() == [False, True]


def test_rows_of_table_and_shard_correspond(tmp_path: Path) -> None:
    cells = extract_cells(table(), tmp_path / "w.arrow", plate="P", well="A1", image_size=4)
    shard = Shard(tmp_path / "w.arrow")
    assert [shard.read(row).object_id for row in range(len(shard))] == cells["object_id"].tolist()
    assert shard.header.channels == ("DAPI", "EU")
    np.testing.assert_array_equal(shard.header.background, [2.5, 0.0])
    assert (shard.header.plate, shard.header.well) == ("P", "A1")


def test_a_cell_larger_than_the_image_is_flagged(tmp_path: Path) -> None:
    cells = extract_cells(table(), tmp_path / "w.arrow", plate="P", well="A1", image_size=1)
    assert cells["is_cropped"].tolist() == [True, True]
    assert cells["cell_size_ratio"].tolist() == [1.0, 1.0]


def test_a_well_without_cells_makes_an_empty_table_and_an_empty_shard(tmp_path: Path) -> None:
    cells = extract_cells(empty(), tmp_path / "w.arrow", plate="P", well="A1", image_size=4)
    write_table(cells, tmp_path / "w.parquet", CELLS)
    again = read_table(tmp_path / "w.parquet", CELLS)
    full = extract_cells(table(), tmp_path / "full.arrow", plate="P", well="A1", image_size=4)
    write_table(full, tmp_path / "full.parquet", CELLS)
    assert len(again) == 0
    assert again.dtypes.to_dict() == read_table(tmp_path / "full.parquet", CELLS).dtypes.to_dict()
    shard = Shard(tmp_path / "w.arrow")
    assert len(shard) == 0
    assert shard.header.channels == ("DAPI", "EU")


def test_memory_mapped_pixels_give_the_same_crops_when_pages_are_handed_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "mpp.npy", PIXELS)
    monkeypatch.setattr(crops_module, "_RELEASE_BYTES", 1)
    mapped = table(pixels=np.lib.format.open_memmap(tmp_path / "mpp.npy", mode="r"))
    for one, other in zip(crops_of(mapped), crops_of(table()), strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_random_objects_equal_those_found_by_masking(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    place = rng.permutation(40 * 50)[:700]
    ids = rng.integers(1, 12, 700) * 1000
    y, x = place // 50, place % 50
    pixels = rng.integers(0, 65536, (700, 3), dtype=np.uint16)
    many = PixelTable(
        pixels=pixels,
        y=y,
        x=x,
        object_id=ids,
        channels=("a", "b", "c"),
        background=np.array([100.25, 0.0, 40000.0]),
        objects=pd.DataFrame({"object_id": np.unique(ids)}),
    )
    cells = extract_cells(many, tmp_path / "w.arrow", plate="P", well="A1", image_size=64)
    shard = Shard(tmp_path / "w.arrow")
    assert sorted(cells["object_id"]) == np.unique(ids).tolist()
    for row, object_id in enumerate(cells["object_id"]):
        mine = ids == object_id
        image = np.zeros((3, 40, 50), dtype=np.uint16)
        image[:, y[mine], x[mine]] = pixels[mine].T
        crop = shard.read(row)
        box = image[:, crop.y_min : crop.y_min + crop.height, crop.x_min : crop.x_min + crop.width]
        np.testing.assert_array_equal(crop.image(), box)
        assert image.sum(dtype=np.int64) == box.sum(dtype=np.int64)
        expected = np.maximum(pixels[mine].astype(np.float64) - many.background, 0).mean(axis=0)
        np.testing.assert_allclose(cells.loc[row, ["mean_a", "mean_b", "mean_c"]].astype(float), expected, rtol=1e-13)


def test_the_mean_is_exact_over_many_blocks() -> None:
    # Where every value is 65535, rounding in float32 would show.
    pixels = np.full((100_001, 2), 65535, dtype=np.uint16)
    pixels[0] = 0
    expected = 100_000 * (65535 - np.array([0.5, 7.0])) / 100_001
    np.testing.assert_allclose(mean_above_background(pixels, np.array([0.5, 7.0])), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("side", "ratio"),
    [(0, 0.0), (1, 0.25), (3, 0.5), (4, 0.5), (5, 0.75), (7, 1.0), (8, 1.0), (20, 1.0)],
)
def test_cell_size_ratio_is_one_minus_twice_the_margin(side: int, ratio: float) -> None:
    assert cell_size_ratio(side, image_size=8) == ratio


def _repeated() -> PixelTable:
    return table(x=np.array([20, 21, 23, 20, 22, 22]))


def _lacking() -> PixelTable:
    return table(objects=pd.DataFrame({"object_id": [5]}))


def _extra() -> PixelTable:
    return table(objects=pd.DataFrame({"object_id": [5, 2, 8]}))


def _clashing() -> PixelTable:
    return table(objects=pd.DataFrame({"object_id": [5, 2], "n_px": [1, 1], "mean_EU": [0.0, 0.0]}))


def _huge() -> PixelTable:
    return table(x=np.array([20, 21, 23, 20, 22, 70000]))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (_repeated, "well: expected every pixel .* object 2 has 1 more than once; the first: y = 11, x = 22"),
        (_lacking, r"well: expected the same ids .* but 1 are on one side only; the first: \[2\]"),
        (_extra, r"well: expected the same ids .* but 1 are on one side only; the first: \[8\]"),
        (_clashing, r"well: the annotations \['mean_EU', 'n_px'\] have names of columns"),
        (_huge, "object 2 spans 2 x 69979 px"),
    ],
)
def test_a_bad_pixel_table_is_reported_and_leaves_no_file(
    bad: Callable[[], PixelTable], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        extract_cells(bad(), tmp_path / "w.arrow", plate="P", well="A1", image_size=4)
    assert not list(tmp_path.iterdir())
