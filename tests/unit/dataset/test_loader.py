import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.cells.shards import Shard
from wellspring.dataset.crops import crop_of
from wellspring.dataset.loader import CropLoader, shuffled_indices

CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)


def normalization(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame(columns)


def manifest(object_ids: list[int], *, well: str = "A01") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "plate": "P",
            "well": well,
            "object_id": object_ids,
            "row": np.arange(len(object_ids)),
            "target": [10.0 * number for number in object_ids],
        }
    )


def naive_image(crop, *, background, table: pd.DataFrame, size: int, excluded: int | None) -> np.ndarray:
    """The definition, pixel by pixel, in float64."""
    raw, mask = crop.image().astype(float), crop.mask()
    kept = [c for c in range(len(raw)) if c != excluded]
    image = np.zeros((size, size, len(kept) + 1))
    for y in range(crop.height):
        for x in range(crop.width):
            row = y + (size - crop.height) // 2 if crop.height <= size else y - (crop.height - size) // 2
            column = x + (size - crop.width) // 2 if crop.width <= size else x - (crop.width - size) // 2
            if mask[y, x] and 0 <= row < size and 0 <= column < size:
                for index, c in enumerate(kept):
                    value = min(max(raw[c, y, x] - background[c], 0), table["clip"][c])
                    image[row, column, index] = (value - table["shift"][c]) / table["scale"][c]
                image[row, column, -1] = 1
    return image


def test_a_three_by_three_nucleus_by_hand(make_crop, make_shard) -> None:
    # Channels a, EU (excluded), b; the five pixels of a cross.
    pixels = np.array([[10, 1, 100], [12, 2, 100], [14, 3, 130], [20, 4, 160], [5, 5, 100]], dtype=np.uint16)
    folder = make_shard([make_crop(CROSS, pixels, object_id=7)], channels=("a", "EU", "b"), background=[8.0, 0.0, 90.0])
    table = normalization(channel=["a", "EU", "b"], clip=[8.0, 9.0, 50.0], shift=[4.0, 1.0, 10.0], scale=[2.0, 1, 20.0])
    loader = CropLoader(manifest([7]), crops_folder=folder, normalization=table, image_size=5, exclude_channel="EU")
    assert (loader.channels, loader.n_channels, len(loader)) == (("a", "b"), 3, 1)
    images, targets = loader.batch([0])
    assert (images.dtype, images.shape, targets.dtype, targets.tolist()) == (np.float32, (1, 5, 5, 3), np.float32, [70])
    # a: 10, 12, 14, 20, 5 less 8 is 2, 4, 6, 12, -3; within [0, 8]: 2, 4, 6, 8, 0; less 4, over 2:
    # b: 100, 100, 130, 160, 100 less 90 is 10, 10, 40, 70, 10; at most 50; less 10, over 20:
    a, b = [-1.0, 0.0, 1.0, 2.0, -2.0], [0.0, 0.0, 1.5, 2.0, 0.0]
    expected = np.zeros((5, 5, 3), dtype=np.float32)
    for (y, x), *values in zip([(1, 2), (2, 1), (2, 2), (2, 3), (3, 2)], a, b, strict=True):
        expected[y, x] = [*values, 1.0]
    np.testing.assert_array_equal(images[0], expected)


@pytest.mark.parametrize("excluded", ["c0", "c2", "c4", None])
@pytest.mark.parametrize("clipped", [True, False])
def test_images_equal_the_definition(random_crop, make_shard, excluded: str | None, clipped: bool) -> None:
    rng = np.random.default_rng(0)
    # Smaller, larger, and larger in one direction only, with odd and even differences.
    shapes = [(5, 4), (10, 10), (1, 1), (11, 7), (14, 13), (6, 21), (13, 10), (60, 40)]
    crops = [
        random_crop(rng, object_id=number, shape=shape, n_channels=5) for number, shape in enumerate(shapes, start=1)
    ]
    background = [0.0, 100.25, 300.5, 70_000.0, 12.0]
    channels = tuple(f"c{n}" for n in range(5))
    folder = make_shard(crops, channels=channels, background=background)
    clip = [60_000.0, 30_000.0, 20_000.0, 5.0, 65_000.0] if clipped else [np.inf] * 5
    table = normalization(
        channel=list(channels),
        clip=clip,
        shift=[0.0, 9000.0, 15_000.0, 0.0, 1.5],
        scale=[1.0, 8000.0, 7000.0, 1.0, 3e4],
    )
    loader = CropLoader(
        manifest([crop.object_id for crop in crops]),
        crops_folder=folder,
        normalization=table,
        image_size=10,
        exclude_channel=excluded,
    )
    order = [3, 0, 7, 6, 5, 4, 2, 1, 3]
    images, targets = loader.batch(order)
    place = None if excluded is None else channels.index(excluded)
    for image, index in zip(images, order, strict=True):
        expected = naive_image(crops[index], background=background, table=table, size=10, excluded=place)
        np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(image[..., -1], expected[..., -1])
    assert targets.tolist() == [10.0 * crops[index].object_id for index in order]


def test_a_large_crop_is_cut_centrally(make_crop, make_shard) -> None:
    pixels = np.arange(1, 26, dtype=np.uint16)[:, None]
    folder = make_shard([make_crop(np.ones((5, 5), dtype=bool), pixels)], channels=("a",), background=[0.0])
    table = normalization(channel=["a"], clip=[np.inf], shift=[0.0], scale=[1.0])
    cut = {
        size: CropLoader(manifest([1]), crops_folder=folder, normalization=table, image_size=size, exclude_channel=None)
        .batch([0])[0][0, ..., 0]
        .tolist()
        for size in (2, 3, 4)
    }
    assert cut[3] == [[7, 8, 9], [12, 13, 14], [17, 18, 19]]
    # An odd number of rows too many: one less is cut above than below.
    assert cut[2] == [[7, 8], [12, 13]]
    assert cut[4] == [[1, 2, 3, 4], [6, 7, 8, 9], [11, 12, 13, 14], [16, 17, 18, 19]]


@pytest.fixture
def small(random_crop, make_shard) -> CropLoader:
    """Two wells of three and two cells."""
    rng = np.random.default_rng(1)
    crops = [random_crop(rng, object_id=n, shape=(4, 5), n_channels=3) for n in range(1, 6)]
    options = {"channels": ("a", "b", "EU"), "background": [1.0, 2.0, 3.0]}
    make_shard(crops[:3], well="A01", **options)
    folder = make_shard(crops[3:], well="A02", **options)
    table = normalization(channel=["a", "b", "EU"], clip=[6e4] * 3, shift=[3e4] * 3, scale=[1e4] * 3)
    cells = pd.concat([manifest([1, 2, 3]), manifest([4, 5], well="A02")], ignore_index=True)
    return CropLoader(cells, crops_folder=folder, normalization=table, image_size=8, exclude_channel="EU")


def test_out_is_overwritten_whole(small: CropLoader) -> None:
    expected, _ = small.batch([4, 0])
    out = np.full((2, 8, 8, 3), np.nan, dtype=np.float32)
    images, targets = small.batch([4, 0], out=out)
    assert images is out
    np.testing.assert_array_equal(out, expected)
    assert targets.tolist() == [50.0, 10.0]


@pytest.mark.parametrize(
    "out",
    [
        np.empty((1, 8, 8, 3), dtype=np.float32),
        np.empty((2, 8, 8, 3)),
        np.empty((2, 8, 8, 6), dtype=np.float32)[..., ::2],
    ],
)
def test_out_of_another_form_is_an_error(small: CropLoader, out: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"out: expected a C-contiguous float32 array of shape \(2, 8, 8, 3\)"):
        small.batch([0, 1], out=out)


def test_no_indices_give_an_empty_batch(small: CropLoader) -> None:
    images, targets = small.batch([])
    assert (images.shape, targets.shape) == ((0, 8, 8, 3), (0,))


def test_loader_of_an_empty_manifest(small: CropLoader) -> None:
    table = normalization(channel=["a"], clip=[1.0], shift=[0.0], scale=[1.0])
    loader = CropLoader(
        manifest([]), crops_folder=Path("none"), normalization=table, image_size=8, exclude_channel=None
    )
    assert len(loader) == 0
    assert loader.batch([])[0].shape == (0, 8, 8, 2)


def test_threads_share_a_loader(small: CropLoader) -> None:
    expected, _ = small.batch(range(5))
    with ThreadPoolExecutor(8) as pool:
        for images, _ in pool.map(small.batch, [list(range(5))] * 200):
            np.testing.assert_array_equal(images, expected)


def test_a_loader_with_open_shards_can_be_sent_to_another_process(small: CropLoader) -> None:
    expected, _ = small.batch([4, 0])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(small)).batch([4, 0])[0], expected)


def test_a_missing_shard_is_named(small: CropLoader, tmp_path: Path) -> None:
    (tmp_path / "P" / "A02.arrow").unlink()
    with pytest.raises(FileNotFoundError, match=r"P/A02\.arrow: expected an Arrow crop shard"):
        small.batch([3])


def test_a_shard_of_other_channels_is_named(small: CropLoader, random_crop, make_shard) -> None:
    crop = random_crop(np.random.default_rng(0), object_id=4, shape=(2, 2), n_channels=3)
    make_shard([crop], channels=("b", "a", "EU"), background=[0.0] * 3, well="A02")
    with pytest.raises(
        ValueError, match=r"A02\.arrow: expected the channels \['a', 'b', 'EU'\], found \['b', 'a', 'EU'\]"
    ):
        small.batch([3])


def test_a_shard_of_other_cells_is_named(small: CropLoader, random_crop, make_shard, tmp_path: Path) -> None:
    crop = random_crop(np.random.default_rng(0), object_id=9, shape=(2, 2), n_channels=3)
    make_shard([crop], channels=("a", "b", "EU"), background=[0.0] * 3, well="A02")
    with pytest.raises(ValueError, match=r"A02\.arrow: expected cell 4 in row 0, found cell 9.*dataset_select"):
        small.batch([3])
    with pytest.raises(ValueError, match=r"A02\.arrow: expected cell 5 in row 1, found 1 cells only"):
        small.batch([4])
    assert crop_of(Shard(tmp_path / "P" / "A02.arrow"), row=0, object_id=9).object_id == 9


def test_unknown_excluded_channel_is_named(tmp_path: Path) -> None:
    table = normalization(channel=["a", "b"], clip=[1.0] * 2, shift=[0.0] * 2, scale=[1.0] * 2)
    with pytest.raises(ValueError, match=r"exclude_channel: .*'EU'.*\['a', 'b'\]"):
        CropLoader(manifest([1]), crops_folder=tmp_path, normalization=table, image_size=8, exclude_channel="EU")


def test_each_epoch_has_its_own_order_and_each_run_the_same() -> None:
    first = shuffled_indices(50, seed=1, epoch=0)
    assert sorted(first.tolist()) == list(range(50))
    assert shuffled_indices(50, seed=1, epoch=0).tolist() == first.tolist()
    assert shuffled_indices(50, seed=1, epoch=1).tolist() != first.tolist()
    assert shuffled_indices(50, seed=2, epoch=0).tolist() != first.tolist()
    assert shuffled_indices(0, seed=1, epoch=0).tolist() == []
