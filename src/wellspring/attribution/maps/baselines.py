"""Images without information, from which the path to a cell's image starts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.methods import Method

__all__ = ["BASELINES", "METHODS", "NEEDS_CELLS", "Baselines", "measured_noise"]

_CELLS = {"cells": {"type": "integer", "minimum": 1, "default": 10, "description": "Number of training cells."}}
_SIGMA = {
    "sigma_px": {
        "oneOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0}],
        "default": None,
        "description": "Standard deviation of the blur. null = a tenth of cells.image_size.",
        "unit": "px",
    }
}
METHODS = (
    Method(name="black", meaning="zeros"),
    Method(name="noise", meaning="standard normal values"),
    Method(name="blur", meaning="the cell itself, blurred", settings=_SIGMA),
    Method(name="mean", meaning="mean of some training cells", settings=_CELLS),
    Method(name="random", meaning="some training cells, one baseline each (expected gradients)", settings=_CELLS),
)
BASELINES = tuple(one.name for one in METHODS)
# Those that are made from training cells.
NEEDS_CELLS = tuple(one.name for one in METHODS if "cells" in one.settings)
_BLUR_SHARE = 0.1


def measured_noise(image: NDArray[np.float32], *, sd: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(S, S, C - 1) float32: normal values with standard deviation `sd` where the mask (last channel) is set, else 0.

    Each channel of each measured pixel has its own draw. A mask without any pixel gives zeros.
    """
    mask = image[..., -1] > 0
    noise = np.zeros((*mask.shape, image.shape[-1] - 1), dtype=np.float32)
    noise[mask] = np.float32(sd) * rng.standard_normal((int(mask.sum()), noise.shape[-1]), dtype=np.float32)
    return noise


@dataclass(frozen=True)
class Baselines:
    """Makes the baselines of an image: one, or as many as there are training cells (``random``).

    Attributes
    ----------
    method : str
        ``black``: zeros. ``noise``: standard normal values. ``blur``: the image itself, blurred. ``mean``: the mean of
        the training cells, pixel by pixel, over those that measure it. ``random``: the training cells themselves, one
        baseline each; integrated gradients averaged over them are expected gradients.
    cells : (k, S, S, C) float32
        Training cells, normalised, the mask as the last channel; k may be 0 unless the method needs them.
    sigma_px : float, optional
        Standard deviation of the blur; by default a tenth of the image's side.

    Raises
    ------
    ValueError
        When the method is unknown, or needs training cells and there are none.

    Notes
    -----
    Becker (2021), section 4.3 (black and noise); Sturmfels, Lundberg and Lee (2020) for the others; Erion et al. (2021)
    for expected gradients. Every baseline keeps the image's mask: it holds values on the image's measured pixels
    alone, as outside of them a model only ever sees zeros. Where a training cell has no pixel, the baseline is 0, the
    mean of the normalised training pixels.
    """

    method: str
    cells: NDArray[np.float32]
    sigma_px: float | None = None

    def __post_init__(self) -> None:
        """Check the method."""
        if self.method not in BASELINES:
            raise InputError(
                f"attribution.baseline.method: expected one of {list(BASELINES)}, got {self.method!r}. "
                "Correct the config."
            )
        if self.method in NEEDS_CELLS and len(self.cells) == 0:
            raise InputError(
                f"attribution.baseline: {self.method!r} needs training cells, got none. Choose another baseline."
            )

    def of(self, image: NDArray[np.float32], *, rng: np.random.Generator) -> NDArray[np.float32]:
        """(k, S, S, C) float32: the baselines of `image` (S, S, C); `rng` is drawn from for ``noise`` alone."""
        mask = image[..., -1:]
        if self.method == "noise":
            values = measured_noise(image, sd=1.0, rng=rng)[None]
        elif self.method == "blur":
            values = _blurred(image, sigma=self.sigma_px or _BLUR_SHARE * len(image))[None]
        elif self.method == "mean":
            values = _mean_cell(self.cells)[None]
        elif self.method == "random":
            values = self.cells[..., :-1]
        else:
            values = np.zeros((1, *image[..., :-1].shape), dtype=np.float32)
        measured = np.where(mask > 0, values, np.float32(0))
        return np.concatenate([measured, np.broadcast_to(mask, (len(values), *mask.shape))], axis=-1, dtype=np.float32)


def _blurred(image: NDArray[np.float32], *, sigma: float) -> NDArray[np.float32]:
    """Gaussian mean of the measured pixels around each pixel, (S, S, C - 1)."""
    from scipy import ndimage

    mask = (image[..., -1] > 0).astype(np.float64)
    weight = ndimage.gaussian_filter(mask, sigma)
    total = ndimage.gaussian_filter(image[..., :-1] * mask[..., None], (sigma, sigma, 0), output=np.float64)
    return np.asarray(total / np.maximum(weight, 1e-12)[..., None], dtype=np.float32)


def _mean_cell(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    mask = cells[..., -1:] > 0
    total = np.where(mask, cells[..., :-1], 0).sum(axis=0, dtype=np.float64)
    return np.asarray(total / np.maximum(mask.sum(axis=0), 1), dtype=np.float32)
