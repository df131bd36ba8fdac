"""Texture of objects: how grey values of pixels 3 px apart depend on one another (Haralick et al. 1973)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.intensity import Light
from wellspring.cells.features.objects import Objects

__all__ = ["DISTANCE_PX", "FEATURES", "N_LEVELS", "Pairs", "cooccurrences", "grey_levels", "pairs_of", "texture_of"]

_Floats = NDArray[np.float64]
DISTANCE_PX = 3
N_LEVELS = 8
# Levels are half a standard deviation wide, the mean between the fourth and the fifth.
_PER_SPREAD = 2.0
_DIRECTIONS = ((0, DISTANCE_PX), (DISTANCE_PX, DISTANCE_PX), (DISTANCE_PX, 0), (DISTANCE_PX, -DISTANCE_PX))
_MEANINGS = {
    "AngularSecondMoment": ("1 of one grey value, low of many", "sum of p(i, j)^2", 0.0, 1.0),
    "Contrast": ("squared difference of grey values", "sum of (i - j)^2 p(i, j)", 0.0, None),
    "Correlation": ("correlation of grey values", "sum of (i - m)(j - m) p(i, j) / variance of i", -1.0, 1.0),
    "Entropy": ("disorder of pairs, bits", "- sum of p log2 p", 0.0, None),
    "InverseDifferenceMoment": ("evenness, 1 where no pair differs", "sum of p(i, j) / (1 + (i - j)^2)", 0.0, 1.0),
}
FEATURES = tuple(
    Feature(
        family="Texture",
        name=f"{name}_{{channel}}_{DISTANCE_PX}px",
        unit="1",
        meaning=f"{meaning}: texture of {{channel}} between pixels {DISTANCE_PX} px apart, mean of four directions",
        formula=f"{formula}; i, j: {N_LEVELS} levels of half a standard deviation around the object's mean",
        of="channel",
        minimum=low,
        maximum=high,
    )
    for name, (meaning, formula, low, high) in _MEANINGS.items()
)


@dataclass(frozen=True)
class Pairs:
    """The pairs of pixels of one object in one direction: indices of both pixels, and 64 x the index of the object."""

    one: NDArray[np.int32]
    other: NDArray[np.int32]
    base: NDArray[np.int32]


def pairs_of(labels: NDArray[np.integer], objects: Objects) -> tuple[Pairs, ...]:
    """The pairs of pixels of one object, in each of the four directions."""
    height, width = objects.shape
    flat, found = labels.ravel(), []
    for dy, dx in _DIRECTIONS:
        is_inside = (objects.y + dy < height) & (objects.x + dx >= 0) & (objects.x + dx < width)
        one = np.flatnonzero(is_inside)
        other = objects.at[one] + (dy * width + dx)
        is_same = flat[other] == flat[objects.at[one]]
        one = one[is_same].astype(np.int32)
        found.append(Pairs(one, objects.place[other[is_same]], objects.owner[one] * np.int32(N_LEVELS**2)))
    return tuple(found)


def grey_levels(light: Light, objects: Objects) -> NDArray[np.uint8]:
    """(n_px,) levels 0 to 7: half a standard deviation of the object each, its mean in the middle; beyond, the last.

    So texture does not depend on brightness and contrast. A constant object has one level.
    """
    slope = np.where(light.spread > 0, _PER_SPREAD / np.where(light.spread > 0, light.spread, 1), 0)
    offset = N_LEVELS / 2 - slope * light.mean
    levels = light.values * slope.astype(np.float32)[objects.owner]
    levels += offset.astype(np.float32)[objects.owner]
    return np.clip(levels, 0, N_LEVELS - 1, out=levels).astype(np.uint8)


def cooccurrences(levels: NDArray[np.uint8], pairs: Pairs, *, n_objects: int) -> _Floats:
    """(n_objects, 8, 8) share of the pairs with these levels, either pixel first; 0 of objects without pairs."""
    key = pairs.base + levels[pairs.one] * np.uint8(N_LEVELS)
    key += levels[pairs.other]
    counts = np.bincount(key, minlength=n_objects * N_LEVELS**2).reshape(n_objects, N_LEVELS, N_LEVELS)
    both = (counts + counts.swapaxes(1, 2)).astype(np.float64)
    total = both.sum(axis=(1, 2), keepdims=True)
    np.divide(both, total, out=both, where=total > 0)
    return both


def texture_of(light: Light, objects: Objects, pairs: tuple[Pairs, ...]) -> dict[str, _Floats]:
    """The features of the family Texture of one channel by name, (n_objects,) each.

    As `skimage.feature.graycoprops` of the pairs inside the object. A constant object has none, nor has one without
    pixels 3 px apart in one of the directions: they are missing.
    """
    levels = grey_levels(light, objects)
    shares = [cooccurrences(levels, one, n_objects=len(objects)) for one in pairs]
    is_known = light.spread > 0
    for share in shares:
        is_known &= share.any(axis=(1, 2))
    each = [_haralick(share) for share in shares]
    return {
        f"{name}_{{channel}}_{DISTANCE_PX}px": np.where(is_known, np.mean([one[name] for one in each], axis=0), np.nan)
        for name in _MEANINGS
    }


def _haralick(share: _Floats) -> dict[str, _Floats]:
    i, j = np.indices(share.shape[1:])
    margin = share.sum(axis=2)
    level = np.arange(N_LEVELS)
    mean = margin @ level
    variance = margin @ level**2 - mean**2
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    flat, product = share.reshape(len(share), N_LEVELS**2), (i * j).ravel()
    covariance = flat @ product - mean**2
    # One level alone: as scikit-image has it.
    is_even = variance < 1e-12
    return {
        "AngularSecondMoment": np.einsum("nij,nij->n", share, share),
        "Contrast": flat @ ((i - j) ** 2).ravel(),
        "Correlation": np.where(is_even, 1.0, covariance / np.where(is_even, 1.0, variance)).clip(-1, 1),
        "Entropy": -np.einsum("nij,nij->n", share, logs),
        "InverseDifferenceMoment": flat @ (1 / (1 + (i - j) ** 2.0)).ravel(),
    }
