"""Cells of any source of images, and reading them with several threads. No Keras."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["BatchSource", "Cells", "ImageSource", "Images", "Targets", "crops_folder", "held_in_memory", "loaded"]

Images = NDArray[np.float32]
Targets = NDArray[np.float32]


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
    """Some cells of a source: their indices in it, (n,) int, and the threads that read them."""

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
    """Read the cells at the positions `order` (B,) of `cells`: images (B, S, S, C) and targets (B,), both float32."""
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


def crops_folder(shards: Sequence[str | Path]) -> Path:
    """The folder above the plates, from the crop shards of all wells: ``folder/plate/well.arrow``.

    Raises
    ------
    ValueError
        When there is no shard, or they do not lie in one folder.
    """
    folders = {Path(shard).parents[1] for shard in shards}
    if len(folders) != 1:
        raise ValueError(
            f"crops: expected shards folder/plate/well.arrow of one folder, got {sorted(map(str, folders))}"
        )
    return folders.pop()
