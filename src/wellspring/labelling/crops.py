"""Crops for training, each rotated, enlarged and lit in its own way, cut from the original image."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.labelling.fields import Field
from wellspring.labelling.scaling import StainScale
from wellspring.labelling.settings import Augmentation

__all__ = ["CropSource"]

_Image = NDArray[np.float32]


@dataclass(frozen=True)
class CropSource:
    """Draws batches of crops.

    Attributes
    ----------
    fields : sequence of Field
        With stains.
    scale : StainScale
    crop_px, batch_size : int
    augmentation : Augmentation
    seed : int
        With the number of the step it sets the batch, so that a resumed training draws what it would have drawn.
    corrupted : function of (P, Y, X) planes and a generator, or None
        A corruption of the light, applied to each crop.
    """

    fields: Sequence[Field]
    scale: StainScale
    crop_px: int
    batch_size: int
    augmentation: Augmentation
    seed: int
    corrupted: Callable[[_Image, np.random.Generator], _Image] | None = None

    def batch(self, step: int) -> tuple[_Image, _Image]:
        """Light (B, S, S, P) in camera counts, and stain (B, S, S, 1) in units of `StainScale.value`.

        A field is drawn as often as it is large.
        """
        rng = np.random.default_rng((self.seed, step))
        sizes = np.array([one.planes[0].size for one in self.fields], dtype=np.float64)
        chosen = rng.choice(len(self.fields), size=self.batch_size, p=sizes / sizes.sum())
        light, stain = zip(*[self._crop(self.fields[number], rng) for number in chosen], strict=True)
        return np.stack(light), np.stack(stain)[..., None]

    def _crop(self, field: Field, rng: np.random.Generator) -> tuple[_Image, _Image]:
        """Light (S, S, P) and stain (S, S) of one place, turned and enlarged alike."""
        matrix = _matrix(field.planes.shape[1:], side=self.crop_px, augmentation=self.augmentation, rng=rng)
        planes = np.stack([_warped(plane, matrix, side=self.crop_px) for plane in field.planes])
        if self.corrupted is not None:
            planes = self.corrupted(planes, rng)
        light = _lit(planes, self.augmentation, rng)
        stain = _warped(np.asarray(field.stain), matrix, side=self.crop_px)
        stain = stain if self.scale.kind == "mask" else self.scale.value(stain)
        return np.moveaxis(light, 0, -1), stain


def _matrix(
    shape: tuple[int, ...], *, side: int, augmentation: Augmentation, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(2, 3): where in the field each pixel of a crop comes from, (x, y) to (x, y).

    The centre is drawn so that the unrotated crop lies inside the field; what a rotated one needs beyond its own square
    is the original image, and at the edge of the field its reflection.
    """
    factor = math.exp(rng.uniform(-1, 1) * math.log(augmentation.max_scale))
    angle = rng.uniform(0, 2 * math.pi) if augmentation.rotation else 0.0
    mirror = rng.choice([-1.0, 1.0]) if augmentation.rotation else 1.0
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ np.diag([mirror, 1.0])
    turn /= factor
    centre = [_centre(length, side=side, rng=rng) for length in reversed(shape)]
    middle = np.full(2, (side - 1) / 2)
    return np.hstack([turn, (np.array(centre) - turn @ middle)[:, None]])


def _centre(length: int, *, side: int, rng: np.random.Generator) -> float:
    """A whole number of pixels from the border, so that a crop that is not turned is not interpolated."""
    free = max(length - side, 0)
    return float(rng.integers(free + 1)) + (side - 1) / 2 if length >= side else (length - 1) / 2


def _warped(image: NDArray[np.number], matrix: NDArray[np.float64], *, side: int) -> _Image:
    """(S, S): the image where `matrix` says that each pixel comes from, between pixels by straight lines."""
    warped: _Image = cv2.warpAffine(
        image.astype(np.float32, copy=False),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return warped


def _lit(planes: _Image, augmentation: Augmentation, rng: np.random.Generator) -> _Image:
    """Contrast, brightness and noise of a crop, each drawn anew; planes of a field share contrast and brightness."""
    mean, sd = planes.mean(axis=(1, 2), keepdims=True), planes.std(axis=(1, 2), keepdims=True)
    gain = 1 + augmentation.gain * rng.uniform(-1, 1)
    offset = augmentation.offset_sd * rng.uniform(-1, 1)
    noise = augmentation.noise_sd * rng.uniform(0, 1) * rng.standard_normal(planes.shape, dtype=np.float32)
    lit: _Image = ((planes - mean) * gain + mean + sd * (offset + noise)).clip(0).astype(np.float32)
    return lit
