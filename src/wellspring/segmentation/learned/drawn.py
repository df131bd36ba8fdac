"""Drawn nuclei: crowded or sparse, of one brightness or of a 20-fold range, alone or beside what is no nucleus."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Field", "drawn_field"]

_Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Field:
    """An image (Y, X) float32, 0 or more, in units of its brightest nuclei, and its labels (Y, X) int32."""

    image: _Plane
    labels: NDArray[np.int32]


def drawn_field(side_px: int, *, diameter_px: float, rng: np.random.Generator) -> Field:
    """A field of drawn nuclei.

    Outlines are circles bent by random Fourier terms and stretched; nuclei lie at random, in a clump or in a ring. One
    field in twelve has none. Brightness has a range of 1 to 20 within the field; chromatin is smooth noise; all is
    blurred, laid on a background that may be uneven or hold a bright blob (yolk, a fold), and photons and the camera
    add their noise.
    """
    labels = np.zeros((side_px, side_px), dtype=np.int32)
    if rng.random() > 1 / 12:
        _place(labels, diameter_px=diameter_px, rng=rng)
    image = _lit(labels, diameter_px=diameter_px, rng=rng)
    image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 0.09 * diameter_px)))
    return Field(_with_noise(image + _behind(side_px, diameter_px=diameter_px, rng=rng), rng=rng), labels)


def _place(labels: NDArray[np.int32], *, diameter_px: float, rng: np.random.Generator) -> None:
    """Nuclei, each where there is still room for most of it; later ones end where earlier ones begin."""
    side = labels.shape[0]
    spread, closeness = rng.uniform(0.05, 0.3), rng.uniform(0.75, 1.3)
    n_tried = int(rng.uniform(0.05, 1.6) * (side / diameter_px) ** 2) + 1
    centres = _centres(n_tried, side, rng=rng)
    placed: list[tuple[float, float, float]] = []
    for place in centres:
        radius = diameter_px / 2 * float(np.exp(rng.normal(0, spread)))
        near = np.array(placed) if placed else np.zeros((0, 3))
        gaps = np.hypot(near[:, 0] - place[0], near[:, 1] - place[1]) - closeness * (near[:, 2] + radius)
        if (gaps < 0).any():
            continue
        placed.append((float(place[0]), float(place[1]), radius))
        own = np.zeros(labels.shape, dtype=np.uint8)
        cv2.fillPoly(own, [_outline(place, radius, rng=rng)], 1)
        labels[(own > 0) & (labels == 0)] = len(placed)


def _centres(n: int, side: int, *, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n, 2) places, y and x: everywhere, about a point, or on a ring."""
    kind = rng.random()
    if kind < 0.6:
        return np.asarray(rng.uniform(0, side, (n, 2)))
    middle = rng.uniform(0.2, 0.8, 2) * side
    if kind < 0.85:
        return np.asarray(middle + rng.normal(0, rng.uniform(0.1, 0.3) * side, (n, 2)))
    angle, radius = rng.uniform(0, 2 * np.pi, n), rng.uniform(0.25, 0.6) * side
    away = radius + rng.normal(0, 0.03 * side, n)
    return middle + np.stack([away * np.sin(angle), away * np.cos(angle) * rng.uniform(0.5, 1)], axis=1)


def _outline(place: NDArray[np.float64], radius: float, *, rng: np.random.Generator) -> NDArray[np.int32]:
    """(n, 1, 2) corners, x and y, of a stretched circle with random terms of order 2 to 4."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    away = np.ones(len(angle))
    for order, size in ((2, 0.08), (3, 0.05), (4, 0.03)):
        away += rng.normal(0, size) * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    stretch, turn = rng.uniform(0.6, 1.0) ** 0.5, rng.uniform(0, np.pi)
    along, across = radius / stretch * away * np.cos(angle), radius * stretch * away * np.sin(angle)
    y = place[0] + along * np.sin(turn) + across * np.cos(turn)
    x = place[1] + along * np.cos(turn) - across * np.sin(turn)
    return np.round(np.stack([x, y], axis=1)).astype(np.int32)[:, None]


def _lit(labels: NDArray[np.int32], *, diameter_px: float, rng: np.random.Generator) -> _Plane:
    """Nuclei with their own brightness, flat or dome-shaped, with chromatin."""
    n = int(labels.max(initial=0))
    span = np.exp(rng.uniform(0, np.log(20.0))) if rng.random() < 0.6 else 1.5
    own = np.exp(-rng.uniform(0, np.log(span), n + 1)).astype(np.float32)
    own[0] = 0
    dome = cv2.distanceTransform((labels > 0).astype(np.uint8), cv2.DIST_L2, 3) / (diameter_px / 2)
    grain = cv2.GaussianBlur(rng.normal(0, 1, labels.shape).astype(np.float32), (0, 0), 0.08 * diameter_px)
    grain *= rng.uniform(0, 0.35) / max(float(grain.std()), 1e-6)
    shape = 1 + rng.uniform(0, 1) * (np.minimum(dome, 1) - 0.5)
    return np.asarray(own[labels] * np.clip(shape * (1 + grain), 0.1, None), dtype=np.float32)


def _behind(side: int, *, diameter_px: float, rng: np.random.Generator) -> _Plane:
    """Background: a level, unevenness, out-of-focus haze, sometimes a large bright blob."""
    level = np.full((side, side), rng.uniform(0.0, 0.1), dtype=np.float32)
    coarse = rng.uniform(0, 1, (4, 4)).astype(np.float32)
    level += rng.uniform(0, 0.12) * cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.15:
        y, x = np.indices((side, side), dtype=np.float32) - rng.uniform(0, side, (2, 1, 1)).astype(np.float32)
        wide = rng.uniform(1.5, 5) * diameter_px
        level += rng.uniform(0.3, 2.0) * np.exp(-(y**2 + x**2) / (2 * wide**2)).astype(np.float32)
    return np.maximum(level, 0)


def _with_noise(image: _Plane, *, rng: np.random.Generator) -> _Plane:
    photons = np.exp(rng.uniform(np.log(20.0), np.log(2000.0)))
    noisy = rng.poisson(np.clip(image, 0, None) * photons) / photons
    return np.asarray(np.clip(noisy + rng.normal(0, rng.uniform(0, 0.03), image.shape), 0, None), dtype=np.float32)
