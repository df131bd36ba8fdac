"""Crops for training: of annotated images, turned, zoomed and relit at random, and of drawn fields."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.learned.drawn import drawn_field
from wellspring.segmentation.learned.scale import DIAMETER_PX, comparable, typical_px
from wellspring.segmentation.learned.targets import maps_of

__all__ = ["Annotated", "sample_batch"]

# Standard deviation of the logarithm of the zoom that is left after nuclei are brought to their typical diameter, and
# its largest: what the first guess of a diameter may be wrong by, and the spread of sizes within a field.
_ZOOM_SPREAD, _ZOOM_MOST = 0.28, 0.6

_Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Annotated:
    """One annotated image: intensities (Y, X), labels (Y, X) int32, its kind, its share of the crops."""

    image: _Plane
    labels: NDArray[np.int32]
    weight: float = 1.0


def sample_batch(
    images: Sequence[Annotated], *, n: int, side_px: int, drawn_share: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`n` crops as the network sees them, (n, S, S, 2), and their maps, (n, S, S, 5)."""
    weights = np.array([one.weight for one in images], dtype=np.float64)
    seen, wanted = [], []
    for _ in range(n):
        if not images or rng.random() < drawn_share:
            diameter_px = DIAMETER_PX * _random_zoom(rng)
            field = drawn_field(side_px, diameter_px=diameter_px, rng=rng)
            image, labels = field.image, field.labels
        else:
            one = images[int(rng.choice(len(images), p=weights / weights.sum()))]
            image, labels = _cropped(one, side_px=side_px, rng=rng)
            image = _relit(image, labels, rng=rng)
        seen.append(comparable(image))
        wanted.append(maps_of(labels, diameter_px=DIAMETER_PX))
    return np.stack(seen), np.stack(wanted)


def _random_zoom(rng: np.random.Generator) -> float:
    return float(np.exp(np.clip(rng.normal(0, _ZOOM_SPREAD), -_ZOOM_MOST, _ZOOM_MOST)))


def _cropped(one: Annotated, *, side_px: int, rng: np.random.Generator) -> tuple[_Plane, NDArray[np.int32]]:
    """A square of the image, turned and zoomed at random, mirrored beyond its borders."""
    scale = DIAMETER_PX * _random_zoom(rng) / (typical_px(one.labels) or DIAMETER_PX)
    height, width = one.image.shape
    half = side_px / 2 / scale
    middle = [rng.uniform(min(half, side / 2), max(side - half, side / 2)) for side in (width, height)]
    turn, flip = rng.uniform(0, 2 * np.pi), rng.choice([-1.0, 1.0])
    turned = np.array([[np.cos(turn), -np.sin(turn)], [flip * np.sin(turn), flip * np.cos(turn)]])
    linear = scale * turned @ np.diag(np.exp(rng.normal(0, 0.06, 2)))
    shift = np.array([side_px / 2, side_px / 2]) - linear @ np.array(middle)
    matrix = np.column_stack([linear, shift])
    image = one.image
    if scale < 1:
        image = cv2.GaussianBlur(image, (0, 0), 0.45 * np.sqrt(1 / scale**2 - 1) + 0.01)
    size, border = (side_px, side_px), cv2.BORDER_REFLECT
    labels = one.labels.astype(np.float32)
    return (
        np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=border), dtype=np.float32),
        np.asarray(cv2.warpAffine(labels, matrix, size, flags=cv2.INTER_NEAREST, borderMode=border), dtype=np.int32),
    )


def _relit(image: _Plane, labels: NDArray[np.int32], *, rng: np.random.Generator) -> _Plane:
    """Another brightness of each nucleus, gamma, blur, background and noise, each in a part of the crops."""
    low, high = np.percentile(image, [1, 99.8])
    image = (image - np.float32(low)) / np.float32(max(high - low, 1e-6))
    if rng.random() < 0.35:
        gains = np.exp(-rng.uniform(0, rng.uniform(0.5, 3.0), int(labels.max(initial=0)) + 1)).astype(np.float32)
        gains[0] = np.median(gains)
        image = image * cv2.GaussianBlur(gains[labels], (0, 0), 1.0)
    if rng.random() < 0.4:
        image = np.clip(image, 0, None) ** np.float32(np.exp(rng.uniform(-0.5, 0.5)))
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 2.0)))
    if rng.random() < 0.3:
        coarse = rng.uniform(0, rng.uniform(0, 0.4), (3, 3)).astype(np.float32)
        image = image + cv2.resize(coarse, image.shape[::-1], interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.4:
        spread = np.exp(rng.uniform(np.log(0.003), np.log(0.12)))
        image = image + rng.normal(0, spread, image.shape).astype(np.float32)
    return np.asarray(image, dtype=np.float32)
