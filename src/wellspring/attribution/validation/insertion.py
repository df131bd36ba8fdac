"""Insertion and deletion: how fast a prediction goes as values are removed, and comes back as they are put in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.paths import Gradients
from wellspring.attribution.roar.removal import without_first

__all__ = ["Curves", "Subject", "area", "insertion_deletion"]


@dataclass(frozen=True)
class Subject:
    """A cell whose values are deleted or inserted step by step.

    Attributes
    ----------
    image, blurred : (S, S, C) float32
        The image, and the same without detail, where insertion starts; the mask is the last channel.
    inputs : (c,) int64
        Indices of the input channels.
    fill : (c,) float64
        What replaces a deleted value.
    """

    image: NDArray[np.float32]
    blurred: NDArray[np.float32]
    inputs: NDArray[np.int64]
    fill: NDArray[np.float64]

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(S, S) bool: measured pixels."""
        return np.asarray(self.image[..., -1] > 0)

    @property
    def values(self) -> NDArray[np.float32]:
        """(n_px, c) float32: the input channels on the measured pixels."""
        return np.asarray(self.image[self.mask][:, self.inputs])

    def deleted(self, *, order: NDArray[np.int64], share: float) -> NDArray[np.float32]:
        """The image without the first `share` of its values."""
        return self._with(without_first(self.values, order=order, share=share, fill=self.fill))

    def inserted(self, *, order: NDArray[np.int64], share: float) -> NDArray[np.float32]:
        """The blurred image with the first `share` of the image's values put in."""
        blurred = self.blurred[self.mask][:, self.inputs]
        values = blurred.copy().reshape(-1)
        there = order[: round(share * len(order))]
        values[there] = self.values.reshape(-1)[there]
        return self._with(values.reshape(blurred.shape))

    def _with(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        image = self.image.copy()
        pixels = image[self.mask]
        pixels[:, self.inputs] = values
        image[self.mask] = pixels
        return image


@dataclass(frozen=True)
class Curves:
    """Mean over the cells of how near the prediction is to that of the complete image.

    Attributes
    ----------
    share : (k,) float64
        Of the values, removed or put in, from 0 to 1.
    deletion, insertion : (k,) float64
        1 = as for the complete image, 0 = as for the image with all values deleted, or for the blurred one. Below 0:
        farther away than that.
    """

    share: NDArray[np.float64]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]


def insertion_deletion(
    subjects: Sequence[Subject],
    orders: Sequence[NDArray[np.int64]],
    *,
    gradients: Gradients,
    n_steps: int,
    batch_size: int,
) -> Curves:
    """Predictions as values are removed, and put in, in a given order.

    Parameters
    ----------
    subjects, orders
        One order per cell, from `removal_order`; one cell or more.
    gradients
        Gives f; its gradients are not used.
    n_steps
        Equal steps from 0 to 1.
    batch_size
        Images per call.

    Returns
    -------
    Curves
        NaN where no cell's prediction changes at all.

    Notes
    -----
    Petsiuk, Das and Saenko (2018), for classes, follow the probability of the predicted class. For a regression the
    prediction may rise or fall, so the distance |f(x_t) - f(x)| is followed, and both the distances and those of
    the start are averaged over the cells before they are divided: a cell whose prediction is that of the empty image
    cannot blow up the mean. A good order makes deletion fall early (small area), and insertion rise early (large area).
    """
    share = np.linspace(0.0, 1.0, n_steps + 1)
    whole = _predicted((one.image for one in subjects), gradients=gradients, batch_size=batch_size)
    curves = []
    for name in ("deleted", "inserted"):
        images = (
            getattr(one, name)(order=order, share=float(at))
            for one, order in zip(subjects, orders, strict=True)
            for at in share
        )
        found = _predicted(images, gradients=gradients, batch_size=batch_size).reshape(len(subjects), len(share))
        distance = np.abs(found - whole[:, None]).mean(axis=0)
        start = distance[-1] if name == "deleted" else distance[0]
        curves.append(1 - distance / start if start > 0 else np.full(len(share), np.nan))
    return Curves(share, deletion=curves[0], insertion=curves[1])


def area(share: NDArray[np.float64], curve: NDArray[np.float64]) -> float:
    """Area under a curve over 0 to 1, by the trapezoid rule."""
    return float(np.trapezoid(curve, share))


def _predicted(images: Iterator[NDArray[np.float32]], *, gradients: Gradients, batch_size: int) -> NDArray[np.float64]:
    values: list[NDArray[np.float32]] = []
    batch: list[NDArray[np.float32]] = []
    for image in images:
        batch.append(image)
        if len(batch) == batch_size:
            values.append(gradients(np.stack(batch))[0])
            batch = []
    if batch:
        values.append(gradients(np.stack(batch))[0])
    return np.concatenate(values).astype(np.float64)
