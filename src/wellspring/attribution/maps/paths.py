"""Gradients summed up along straight paths from baselines to images, in full batches and bounded memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = [
    "RULES",
    "Gradients",
    "Path",
    "Points",
    "end_point",
    "midpoint",
    "offset_points",
    "summed_paths",
    "trapezoid",
]

Gradients = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From images (B, S, S, C) float32 to the values f (B,) and their gradients (B, S, S, C), both float32.

The images are a buffer that is filled anew for the next call: the callback must not keep or change it.
"""


@dataclass(frozen=True)
class Points:
    """Points on the path from baseline (0) to image (1), ascending, and their weights: (p,) float64 each."""

    alpha: NDArray[np.float64]
    weight: NDArray[np.float64]


def trapezoid(steps: int) -> Points:
    """The steps + 1 points of the trapezoid rule, both ends included."""
    _check_steps(steps)
    weight = np.full(steps + 1, 1.0 / steps)
    weight[[0, -1]] /= 2
    return Points(np.arange(steps + 1) / steps, weight)


def midpoint(steps: int) -> Points:
    """The middles of `steps` equal steps, and both ends without weight: completeness needs f there."""
    _check_steps(steps)
    alpha = np.concatenate([[0.0], (np.arange(steps) + 0.5) / steps, [1.0]])
    return Points(alpha, np.concatenate([[0.0], np.full(steps, 1.0 / steps), [0.0]]))


RULES = {"trapezoid": trapezoid, "midpoint": midpoint}


def offset_points(n: int, *, offset: float) -> Points:
    """`n` evenly spaced points, the first at `offset` / n, of equal weight.

    With an offset drawn evenly from 0 to 1, the mean of a function over the points is, on average over the draws, its
    mean over the whole path, however few points there are.
    """
    _check_steps(n)
    return Points((np.arange(n) + offset) / n, np.full(n, 1.0 / n))


def end_point() -> Points:
    """The image itself: its gradient and nothing of the path."""
    return Points(np.ones(1), np.ones(1))


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise InputError(f"attribution.steps: expected 1 or more, got {steps}. Correct the config.")


class Path:
    """The straight line from a baseline to an image, and what is summed up along it.

    Parameters
    ----------
    image, baseline : (S, S, C) float32
    points
        Where on the line f and its gradient are taken.
    has_slopes
        Also keep f's slope along the path at each point. It costs about as much as the sum itself.

    Attributes
    ----------
    values : (p,) float64
        f at each point.
    slopes : (p,) float64
        Derivative of f by the position on the path (0 to 1) at each point; empty without `has_slopes`.

    Raises
    ------
    ValueError
        When the shapes differ.
    """

    def __init__(
        self, image: NDArray[np.float32], baseline: NDArray[np.float32], *, points: Points, has_slopes: bool = True
    ) -> None:
        if image.shape != baseline.shape:
            raise InputError(f"baseline: expected the image's shape {image.shape}, got {baseline.shape}.")
        n = len(points.alpha)
        self.points = points
        self.shape = image.shape
        self.values = np.empty(n)
        self.slopes = np.empty(n if has_slopes else 0)
        self._start = np.asarray(baseline, dtype=np.float32).reshape(-1)
        self._way = np.asarray(image, dtype=np.float32).reshape(-1) - self._start
        self._alpha, self._weight = points.alpha.astype(np.float32), points.weight.astype(np.float32)
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

    def way(self) -> NDArray[np.float32]:
        """(S, S, C) float32: image - baseline."""
        return self._way.reshape(self.shape)

    def gradient(self) -> NDArray[np.float64]:
        """(S, S, C) float64: the weighted mean of the gradients, once the path is summed.

        Raises
        ------
        ValueError
            When a value or gradient on the path was not finite.
        """
        if not np.isfinite(self._gradient).all() or not np.isfinite(self.values).all():
            raise InputError(
                "model: expected finite values and gradients along the path from baseline to image, but some are not. "
                "Train the model again, with a smaller training.learning_rate if its loss diverged."
            )
        return self._gradient.reshape(self.shape)

    def attribution(self) -> NDArray[np.float32]:
        """(S, S, C) float32: way times gradient, the integrated gradients. Raises as `gradient`."""
        return np.asarray(self.way() * self.gradient(), dtype=np.float32)


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
        raise InputError(f"attribution.batch_size: expected 1 or more, got {batch_size}. Correct the config.")
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
            raise InputError(f"images: expected all of shape {self._images.shape[1:]}, got {path.shape}.")
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
            raise InputError(
                f"gradients: expected values {images.shape[:1]} and gradients {images.shape}, "
                f"got {values.shape} and {gradients.shape}. The callback must answer for every image."
            )
        flat = gradients.reshape(len(images), -1)
        parts, self._parts = self._parts, []
        for path, where in parts:
            path.add(values[where], flat[where])
        yield from (path for path, _ in parts if path.is_summed)
