"""Fields of crowded nuclei: spindles that touch, of a twenty-fold range of brightness, with dark nucleoli, in haze."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CrowdedField", "draw_crowded"]

_Plane = NDArray[np.float32]
# Camera: counts per photon, offset, read noise.
_GAIN, _OFFSET, _READ = 4.0, 100.0, 6.0
# Photons of the brightest nuclei; the dimmest have a twentieth.
_PHOTONS, _RANGE = 1200.0, 20.0
_TRIES_PER_AREA = 6.0


@dataclass(frozen=True)
class CrowdedField:
    """An image (Y, X) uint16 in camera counts and its labels (Y, X) uint32, in raster order of their first pixels."""

    image: NDArray[np.uint16]
    labels: NDArray[np.uint32]


def draw_crowded(size_px: int, *, diameter_px: float, rng: np.random.Generator) -> CrowdedField:
    """A field of nuclei that lie as closely as they find room, one over the other by a tenth at most.

    Nuclei are spindles (an axis ratio of 1.3 to 2.4) along a direction that turns slowly over the field, each with its
    own brightness, a bright rim, and one to four dark nucleoli; the light of nuclei out of focus lies behind them.
    """
    labels = np.zeros((size_px, size_px), dtype=np.int32)
    light = np.zeros(labels.shape, dtype=np.float32)
    turn = rng.uniform(0, np.pi) + _smooth(size_px, rng=rng)
    n_tries = int(_TRIES_PER_AREA * (size_px / diameter_px) ** 2)
    n = 0
    for _ in range(n_tries):
        own = _spindle(labels.shape, turn, diameter_px=diameter_px, rng=rng)
        inside = own > 0
        if not inside.any() or (labels[inside] > 0).mean() > 0.1:
            continue
        n += 1
        labels[inside & (labels == 0)] = n
        brightness = np.exp(-rng.uniform(0, np.log(_RANGE)))
        light += np.float32(brightness) * _stained(own, diameter_px=diameter_px, rng=rng)
    seen = cv2.GaussianBlur(light, (0, 0), 0.06 * diameter_px) + _haze(light, diameter_px=diameter_px, rng=rng)
    photons = rng.poisson(_PHOTONS * np.clip(seen, 0, None) + 15)
    counts = _OFFSET + _GAIN * photons + rng.normal(0, _READ, photons.shape)
    return CrowdedField(np.clip(np.round(counts), 0, 65535).astype(np.uint16), _numbered(labels))


def _smooth(size: int, *, rng: np.random.Generator) -> _Plane:
    coarse = rng.normal(0, 0.5, (4, 4)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _spindle(
    shape: tuple[int, ...], turn: _Plane, *, diameter_px: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """(Y, X): 1 in one nucleus at random."""
    centre = rng.uniform(0, shape[0], 2)
    ratio = rng.uniform(1.3, 2.4) ** 0.5
    radius = diameter_px / 2 * float(np.exp(rng.normal(0, 0.12)))
    at = turn[int(centre[0]), int(centre[1])] + rng.normal(0, 0.25)
    own = np.zeros(shape, dtype=np.uint8)
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    bent = 1 + rng.normal(0, 0.05) * np.cos(2 * angle + rng.uniform(0, 6)) + rng.normal(0, 0.04) * np.cos(3 * angle)
    along, across = radius * ratio * bent * np.cos(angle), radius / ratio * bent * np.sin(angle)
    y = centre[0] + along * np.sin(at) + across * np.cos(at)
    x = centre[1] + along * np.cos(at) - across * np.sin(at)
    cv2.fillPoly(own, [np.round(np.stack([x, y], axis=1)).astype(np.int32)], 1)
    return own


def _stained(own: NDArray[np.uint8], *, diameter_px: float, rng: np.random.Generator) -> _Plane:
    """Light of one nucleus of brightness 1: its rim brighter than its middle, nucleoli dark."""
    depth = cv2.distanceTransform(np.pad(own, 1), cv2.DIST_L2, 3)[1:-1, 1:-1] / diameter_px
    light = np.where(own > 0, 0.5 + 0.5 * np.exp(-((depth / 0.12) ** 2)), 0).astype(np.float32)
    rows, columns = np.nonzero(depth > 0.12)
    for _ in range(int(rng.integers(1, 5)) if len(rows) else 0):
        one = int(rng.integers(len(rows)))
        cv2.circle(light, (int(columns[one]), int(rows[one])), round(0.09 * diameter_px), 0.12, -1)
    return light


def _haze(light: _Plane, *, diameter_px: float, rng: np.random.Generator) -> _Plane:
    moved = np.roll(light, rng.integers(0, light.shape[0], 2).tolist(), axis=(0, 1))
    wide = float(rng.uniform(0.8, 1.6)) * diameter_px
    return np.asarray(rng.uniform(0.1, 0.3) * cv2.GaussianBlur(moved, (0, 0), wide), dtype=np.float32)


def _numbered(labels: NDArray[np.int32]) -> NDArray[np.uint32]:
    """The labels in raster order; what later nuclei left of an earlier one stays one label."""
    present, first = np.unique(labels, return_index=True)
    order = present[present > 0][np.argsort(first[present > 0])]
    numbers = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.uint32)
    numbers[order] = 1 + np.arange(len(order), dtype=np.uint32)
    return numbers[labels]
