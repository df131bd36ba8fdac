"""Batches: what is in them, and in which order."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.models import build_regressor
from wellspring.training.sources import Cells, held_in_memory, loaded

if TYPE_CHECKING:
    import keras

    from wellspring.training.batches import TrainingBatches, ValidationBatches, eight_views

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Source:
    """Image i is full of i, and its target is 10 i."""

    def __init__(self):
        self.n_read = 0

    def batch(self, indices, *, out=None):
        self.n_read += len(indices)
        images = np.empty((len(indices), 2, 2, 3), np.float32) if out is None else out
        images[:] = np.asarray(indices)[:, None, None, None]
        return images, 10 * np.asarray(indices, np.float32)


def cells(indices, threads=1):
    return Cells(Source(), np.asarray(indices), threads)


def indices_of(batches):
    """The cells of each batch."""
    return [batches[i][0][:, 0, 0, 0].astype(int).tolist() for i in range(len(batches))]


def test_an_epoch_has_each_cell_once_with_its_target():
    batches = TrainingBatches(cells(range(5, 15)), batch_size=4, seed=1)
    found = indices_of(batches)
    assert [len(batch) for batch in found] == [4, 4, 2]
    assert sorted(index for batch in found for index in batch) == list(range(5, 15))
    images, targets = batches[0]
    assert images.dtype == targets.dtype == np.float32
    np.testing.assert_array_equal(targets, 10 * images[:, 0, 0, 0])


def test_the_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        batches = TrainingBatches(cells(range(50)), batch_size=50, seed=seed)
        batches.epoch = epoch
        return indices_of(batches)[0]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [
        (9, 4, [4, 5]),  # one left over joins the batch before
        (5, 4, [5]),
        (10, 4, [4, 4, 2]),
        (8, 4, [4, 4]),
        (1, 4, [1]),
        (3, 1, [1, 1, 1]),
    ],
)
def test_no_batch_of_one_cell_where_it_can_be_helped(n, batch_size, sizes):
    batches = TrainingBatches(cells(range(n)), batch_size=batch_size, seed=1)
    assert [len(batch) for batch in indices_of(batches)] == sizes


def test_eight_views_are_all_flips_and_turns():
    image = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    views = eight_views(image)[..., 0]
    plain = image[0, ..., 0]
    assert views.shape == (8, 3, 3)
    assert len({view.tobytes() for view in views}) == 8
    np.testing.assert_array_equal(views[0], plain)
    np.testing.assert_array_equal(views[1], np.rot90(plain))
    np.testing.assert_array_equal(views[4], plain[:, ::-1])


def test_validation_batches_hold_all_views_of_their_cells():
    batches = ValidationBatches(cells([3, 4, 5]), batch_size=16)
    assert indices_of(batches) == [[3, 4] * 8, [5] * 8]
    np.testing.assert_array_equal(batches[0][1], np.tile([30, 40], 8))
    assert len(ValidationBatches(cells([3, 4, 5]), batch_size=2)) == 3


def test_validation_error_is_the_mean_over_the_views():
    class Pad(keras.layers.Layer):
        """One pixel back to four; the mean of the four is a quarter of it."""

        def call(self, images):
            return keras.ops.pad(images, ((0, 0), (0, 1), (0, 1), (0, 0)))

    # The model sees one corner's channel alone, so that the views of a cell give different values.
    model = build_regressor("linear", image_size=2, n_channels=3, input_channels=[0])
    model.set_weights([np.array([[4.0]], np.float32), np.zeros(1, np.float32)])
    corner = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Cropping2D(((0, 1), (0, 1))), Pad(), model])
    corner.compile(loss="mae", metrics=[keras.metrics.MeanAbsoluteError(name="mae")])
    batches = ValidationBatches(Cells(Ramp(), np.arange(3)), batch_size=16)
    # Corners of cell i: i, i + 1, i + 2, i + 3, each in two views; the target is i. Mean error 1.5.
    assert corner.evaluate(batches, verbose=0, return_dict=True)["mae"] == pytest.approx(1.5)


class Ramp:
    """Cell i has the four pixels i, i + 1, i + 2, i + 3 and the target i."""

    def batch(self, indices, *, out=None):
        ramp = np.arange(4, dtype=np.float32).reshape(2, 2, 1)
        images = np.asarray(indices, np.float32)[:, None, None, None] + np.repeat(ramp, 3, axis=2)
        return images, np.asarray(indices, np.float32)


@pytest.mark.parametrize("threads", [1, 2, 3, 20])
def test_threads_change_nothing(threads):
    images, targets = loaded(cells(range(10, 20), threads), np.array([7, 0, 3, 3, 9]))
    assert images[:, 1, 1, 2].tolist() == [17, 10, 13, 13, 19]
    assert targets.tolist() == [170, 100, 130, 130, 190]


def test_small_images_are_read_once_and_large_ones_again_and_again():
    few = cells([4, 2, 7], threads=2)
    # 3 images of 2 * 2 * 3 float32 have 144 bytes.
    kept = held_in_memory(few, max_bytes=144)
    n_read = few.source.n_read
    images, targets = loaded(kept, np.array([2, 0]))
    assert few.source.n_read == n_read
    assert images[:, 0, 0, 0].tolist() == [7, 4]
    assert targets.tolist() == [70, 40]
    assert held_in_memory(few, max_bytes=143) is few


def test_no_cells_stay_no_cells():
    none = cells([])
    assert held_in_memory(none, max_bytes=1000) is none


def test_a_split_without_cells_is_refused():
    with pytest.raises(ValueError, match="expected cells in the split 'train', found none"):
        TrainingBatches(cells([]), batch_size=4, seed=1)
    with pytest.raises(ValueError, match="expected cells in the split 'validation', found none"):
        ValidationBatches(cells([]), batch_size=4)
    with pytest.raises(ValueError, match="batch_size: expected at least 1, got 0"):
        TrainingBatches(cells([1]), batch_size=0, seed=1)
