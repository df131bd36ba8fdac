"""Training and validation batches for Keras, from any source of images."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.dataset.loader import shuffled_indices
from wellspring.errors import InputError

__all__ = [
    "BatchSource",
    "Cells",
    "ImageSource",
    "TrainingBatches",
    "ValidationBatches",
    "eight_views",
    "held_in_memory",
    "loaded",
]

Images = NDArray[np.float32]
Targets = NDArray[np.float32]

N_VIEWS = 8


class BatchSource(Protocol):
    """What batches are made from; `wellspring.dataset.loader.CropLoader` is one."""

    def batch(self, indices: NDArray[np.integer], *, out: Images | None = None) -> tuple[Images, Targets]:
        """Images (B, S, S, C) float32, written into `out` if given, and targets (B,) float32."""


class ImageSource(BatchSource, Protocol):
    """A source that says what its images hold: the channels' names, without the mask, and the size, px."""

    channels: tuple[str, ...]
    n_channels: int
    image_size: int


@dataclass(frozen=True)
class Cells:
    """Some cells of a source: their places in it, (n,) int, and the threads that read them."""

    source: BatchSource
    indices: NDArray[np.integer]
    threads: int = 1

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.indices)


@dataclass(frozen=True)
class _Memory:
    """Images (n, S, S, C) and targets (n,) held in memory."""

    images: Images
    targets: Targets

    def batch(self, indices: NDArray[np.integer], *, out: Images | None = None) -> tuple[Images, Targets]:
        return np.take(self.images, indices, axis=0, out=out), self.targets[indices]


def loaded(cells: Cells, order: NDArray[np.integer]) -> tuple[Images, Targets]:
    """Read the cells at the places `order` (B,) of `cells`: images (B, S, S, C) and targets (B,), both float32."""
    chosen = cells.indices[order]
    n_parts = min(cells.threads, len(chosen))
    if n_parts < 2:
        return cells.source.batch(chosen)
    first, target = cells.source.batch(chosen[:1])
    images = np.empty((len(chosen), *first.shape[1:]), dtype=np.float32)
    targets = np.empty(len(chosen), dtype=np.float32)
    images[:1], targets[:1] = first, target
    edges = np.linspace(1, len(chosen), n_parts + 1).astype(int)

    def read(begin: int, end: int) -> None:
        _, targets[begin:end] = cells.source.batch(chosen[begin:end], out=images[begin:end])

    with ThreadPoolExecutor(n_parts) as pool:
        list(pool.map(read, edges[:-1], edges[1:]))
    return images, targets


def held_in_memory(cells: Cells, *, max_bytes: int) -> Cells:
    """The same cells, read once and kept, if their images fit into `max_bytes`; else the cells as they are.

    No cells are returned as they are.
    """
    n = len(cells)
    if n == 0:
        return cells
    first, _ = cells.source.batch(cells.indices[:1])
    if n * first.nbytes > max_bytes:
        return cells
    images, targets = loaded(cells, np.arange(n))
    return Cells(_Memory(images, targets), np.arange(n))


class TrainingBatches(keras.utils.PyDataset):
    """Shuffled batches of training cells: images (B, S, S, C) and targets (B,), float32.

    The order depends on `seed` and `epoch` alone, so a training that goes on after an interruption sees what it would
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
