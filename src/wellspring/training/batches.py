"""Training and validation batches for Keras, from any source of images."""

import keras
import numpy as np

from wellspring.dataset.loader import shuffled_indices
from wellspring.errors import InputError
from wellspring.training.sources import Cells, Images, Targets, loaded

__all__ = ["TrainingBatches", "ValidationBatches", "eight_views"]

N_VIEWS = 8


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches of training cells: images (B, S, S, C) and targets (B,), float32.

    The order depends on `seed` and `epoch` alone, so a training that resumes after an interruption sees what it would
    have seen. All cells are used in each epoch: the last batch is smaller, except that a single cell left over joins
    the batch before it (batch normalization has no variance of one cell).

    Attributes
    ----------
    epoch : int
        0-based number of the epoch; to be set when an epoch begins.

    Raises
    ------
    ValueError
        When there are no cells.
    """

    def __init__(self, cells: Cells, *, batch_size: int, seed: int) -> None:
        super().__init__()
        _check(cells, split="train", batch_size=batch_size)
        self.epoch = 0
        self._cells = cells
        self._seed = seed
        self._edges = _edges(len(cells), batch_size=batch_size)

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._edges) - 1

    def __getitem__(self, index: int) -> tuple[Images, Targets]:
        """Batch number `index` of the present epoch."""
        order = shuffled_indices(len(self._cells), seed=self._seed, epoch=self.epoch)
        return loaded(self._cells, order[self._edges[index] : self._edges[index + 1]])


class ValidationBatches(keras.utils.PyDataset):
    """Validation cells in their order, each in its 8 fixed flips and turns, which stay in one batch.

    As all views weigh the same, a metric that Keras averages over the images is the mean of the metric over the 8 views
    (Becker 2021, section 3.3). A batch has at most `batch_size` images, but at least the 8 views of one cell.

    Raises
    ------
    ValueError
        When there are no cells.
    """

    def __init__(self, cells: Cells, *, batch_size: int) -> None:
        super().__init__()
        _check(cells, split="validation", batch_size=batch_size)
        self._cells = cells
        self._step = max(1, batch_size // N_VIEWS)

    def __len__(self) -> int:
        """Number of batches."""
        return -(-len(self._cells) // self._step)

    def __getitem__(self, index: int) -> tuple[Images, Targets]:
        """Batch number `index`: (8 B, S, S, C) images, view by view, and (8 B,) targets."""
        end = min((index + 1) * self._step, len(self._cells))
        images, targets = loaded(self._cells, np.arange(index * self._step, end))
        return eight_views(images), np.tile(targets, N_VIEWS)


def eight_views(images: Images) -> Images:
    """The 8 flips and quarter turns of (B, S, S, C) images, one after another: (8 B, S, S, C)."""
    return np.concatenate([np.rot90(x, k, axes=(1, 2)) for x in (images, images[:, :, ::-1]) for k in range(4)])


def _check(cells: Cells, *, split: str, batch_size: int) -> None:
    if len(cells) == 0:
        raise InputError(
            f"manifest: expected cells in the split {split!r}, found none. Select more cells (dataset.filter, "
            "dataset.select) or change dataset.split."
        )
    if batch_size < 1:
        raise InputError(f"batch_size: expected at least 1, got {batch_size}. Correct training.batch_size.")


def _edges(n: int, *, batch_size: int) -> list[int]:
    """Where each batch begins, and n."""
    edges = list(range(0, n, batch_size))
    if batch_size > 1 and n > 1 and n - edges[-1] == 1:
        edges.pop()
    return [*edges, n]
