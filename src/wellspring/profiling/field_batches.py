"""Batches of augmented fields (Dincu 2021, section 5.2)."""

from typing import Any

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.profiling.fields import standardized

__all__ = ["FieldBatches", "augmented"]

_LEAST_SCALE = 0.5


def augmented(image: NDArray[np.uint16], *, rng: np.random.Generator, crop: bool = True) -> NDArray[np.uint16]:
    """A random square part of the field at half to full size, enlarged again (nearest neighbour), turned, mirrored.

    Parameters
    ----------
    image : (C, S, S) uint16
    crop
        False for validation: turned and mirrored only.

    Returns
    -------
    (C, S, S) uint16
    """
    size = image.shape[1]
    if crop:
        side = max(1, int(rng.uniform(_LEAST_SCALE, 1) * size))
        y, x = rng.integers(0, size - side + 1, 2)
        part = image[:, y : y + side, x : x + side]
        image = np.stack([cv2.resize(plane, (size, size), interpolation=cv2.INTER_NEAREST) for plane in part])
    image = np.rot90(image, int(rng.integers(4)), axes=(1, 2))
    for axis in (1, 2):
        if rng.random() < 0.5:
            image = np.flip(image, axis)
    return np.ascontiguousarray(image)


class FieldBatches(keras.utils.PyDataset):
    """Batches of augmented, standardised fields with their targets: each field `factor` times an epoch.

    Parameters
    ----------
    images : (n, C, S, S) uint16
    labels : (n,) float32 or None
        Targets; None: the images themselves, as `target` says.
    target
        ``softmax``: share of object and background, intensities between their 1st and 99th percentile; ``mse``: the
        standardised image.
    """

    def __init__(
        self,
        images: NDArray[np.uint16],
        labels: NDArray[np.float32] | None,
        *,
        factor: int,
        batch_size: int,
        seed: int,
        crop: bool,
        target: str = "mse",
    ) -> None:
        super().__init__()
        self._images, self._labels, self._target = images, labels, target
        self._batch_size, self._crop = batch_size, crop
        self._rng = np.random.default_rng(seed)
        self._order = np.repeat(np.arange(len(images)), factor)
        self._shuffle()

    def _shuffle(self) -> None:
        self._rng.shuffle(self._order)

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        raw = np.stack([augmented(self._images[row], rng=self._rng, crop=self._crop) for row in rows])
        images = np.moveaxis(standardized(raw), 1, -1)
        if self._labels is not None:
            return images, self._labels[rows][:, None]
        return images, images if self._target == "mse" else _shares(images)

    def on_epoch_end(self) -> None:
        """Another order for the next epoch, of training fields."""
        if self._crop:
            self._shuffle()


def _shares(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(B, S, S, 1) to (B, S, S, 2): background and object, which add up to 1."""
    low, high = np.percentile(images, [1, 99], axis=(1, 2, 3), keepdims=True)
    share = np.clip((images - low) / np.maximum(high - low, 1e-6), 0, 1)
    return np.concatenate([1 - share, share], axis=-1).astype(np.float32)
