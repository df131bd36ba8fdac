"""Gradients summed up along straight paths from baselines to images, in full batches and bounded memory."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gradients", "Path", "summed_paths", "trapezoid"]

Gradients = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From images (B, S, S, C) float32 to the values f (B,) and their gradients (B, S, S, C), both float32.

The images are a buffer that is filled anew for the next call: the callback must not keep or change it.
"""


def trapezoid(steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points and weights of the trapezoid rule on [0, 1], (steps + 1,) float64 each; the weights sum to 1."""
    weight = np.full(steps + 1, 1.0 / steps)
    weight[[0, -1]] /= 2
    return np.arange(steps + 1) / steps, weight


class Path:
    """The straight line from a baseline to an image, and what is summed up along it.

    Parameters
    ----------
    image, baseline : (S, S, C) float32
    steps
        Steps of the trapezoid rule; the path has steps + 1 points.
    has_slopes
        Also keep f's slope along the path at each point. It costs about as much as the sum itself.

    Attributes
    ----------
    values : (steps + 1,) float64
        f at each point.
    slopes : (steps + 1,) float64
        Derivative of f by the position on the path (0 to 1) at each point; empty without `has_slopes`.

    Raises
    ------
    ValueError
        When `steps` is below 1 or the shapes differ.
    """

    def __init__(
        self, image: NDArray[np.float32], baseline: NDArray[np.float32], *, steps: int, has_slopes: bool = True
    ) -> None:
        if steps < 1:
            raise ValueError(f"attribution.steps: expected 1 or more, got {steps}. Correct the config.")
        if image.shape != baseline.shape:
            raise ValueError(f"baseline: expected the image's shape {image.shape}, got {baseline.shape}.")
        self.steps = steps
        self.shape = image.shape
        self.values = np.empty(steps + 1)
        self.slopes = np.empty(steps + 1 if has_slopes else 0)
        self._start = np.asarray(baseline, dtype=np.float32).reshape(-1)
        self._way = np.asarray(image, dtype=np.float32).reshape(-1) - self._start
        alpha, weight = trapezoid(steps)
        self._alpha, self._weight = alpha.astype(np.float32), weight.astype(np.float32)
        self._gradient = np.zeros(self._way.size)
        self._n_filled = self._n_summed = 0

    @property
    def n_waiting(self) -> int:
        """Points that no batch holds yet."""
        return len(self.values) - self._n_filled

    @property
    def is_summed(self) -> bool:
        """Whether the gradients of all points are in."""
        return self._n_summed == len(self.values)

    def fill(self, images: NDArray[np.float32]) -> None:
        """Write the next points of the path into `images` (n, S * S * C)."""
        alpha = self._alpha[self._n_filled : self._n_filled + len(images), None]
        np.multiply(alpha, self._way, out=images)
        images += self._start
        self._n_filled += len(images)

    def add(self, values: NDArray[np.float32], gradients: NDArray[np.float32]) -> None:
        """Sum up what the callback gave for the next n points: `values` (n,), `gradients` (n, S * S * C)."""
        where = slice(self._n_summed, self._n_summed + len(values))
        self.values[where] = values
        # einsum and not BLAS: whose threads, waiting for a core that the model's threads hold, cost far more.
        self._gradient += np.einsum("n,nk->k", self._weight[where], gradients, dtype=np.float64)
        if self.slopes.size:
            self.slopes[where] = np.einsum("nk,k->n", gradients, self._way, dtype=np.float64)
        self._n_summed += len(values)

    def attribution(self) -> NDArray[np.float32]:
        """(S, S, C) float32: the integrated gradients, once the path is summed.

        Raises
        ------
        ValueError
            When a value or gradient on the path was not finite.
        """
        attribution = (self._way * self._gradient).astype(np.float32).reshape(self.shape)
        if not np.isfinite(attribution).all() or not np.isfinite(self.values).all():
            raise ValueError(
                "model: expected finite values and gradients along the path from baseline to image, but some are not. "
                "Train the model again, with a smaller training.learning_rate if its loss diverged."
            )
        return attribution


def summed_paths(paths: Iterable[Path], *, gradients: Gradients, batch_size: int) -> Iterator[Path]:
    """Sum up a stream of paths and yield each, in order, when its last gradient is in.

    Points are packed into full batches across the borders of paths; only the last batch may be smaller. Memory holds
    one batch and the paths in it, however many paths, steps and batches there are.

    Raises
    ------
    ValueError
        When `batch_size` is below 1, the paths' shapes differ, or the callback's answer has another shape.
    """
    if batch_size < 1:
        raise ValueError(f"attribution.batch_size: expected 1 or more, got {batch_size}. Correct the config.")
    batch = _Batch(gradients, size=batch_size)
    for path in paths:
        while path.n_waiting:
            batch.take(path)
            if batch.room == 0:
                yield from batch.summed()
    yield from batch.summed()


class _Batch:
    """One batch of path points, of several paths, and its gradient call."""

    def __init__(self, gradients: Gradients, *, size: int) -> None:
        self._gradients = gradients
        self._size = size
        self._images = np.empty((0, 0, 0, 0), dtype=np.float32)
        self._parts: list[tuple[Path, slice]] = []

    @property
    def room(self) -> int:
        """Points that still fit."""
        return self._size - self._n_points

    @property
    def _n_points(self) -> int:
        return self._parts[-1][1].stop if self._parts else 0

    def take(self, path: Path) -> None:
        """Take as many of the path's waiting points as fit."""
        if self._images.size == 0:
            self._images = np.empty((self._size, *path.shape), dtype=np.float32)
        if path.shape != self._images.shape[1:]:
            raise ValueError(f"images: expected all of shape {self._images.shape[1:]}, got {path.shape}.")
        start = self._n_points
        where = slice(start, start + min(self.room, path.n_waiting))
        path.fill(self._images.reshape(self._size, -1)[where])
        self._parts.append((path, where))

    def summed(self) -> Iterator[Path]:
        """Call for the gradients, add them to their paths, and yield the paths that are complete with them."""
        images = self._images[: self._n_points]
        if len(images) == 0:
            return
        values, gradients = self._gradients(images)
        if values.shape != images.shape[:1] or gradients.shape != images.shape:
            raise ValueError(
                f"gradients: expected values {images.shape[:1]} and gradients {images.shape}, "
                f"got {values.shape} and {gradients.shape}. The callback must answer for every image."
            )
        flat = gradients.reshape(len(images), -1)
        parts, self._parts = self._parts, []
        for path, where in parts:
            path.add(values[where], flat[where])
        yield from (path for path, _ in parts if path.is_summed)
