"""Simulated fields to train on: spots of any signal-to-noise ratio and density, zoomed as an image would be."""

import numpy as np
from numpy.typing import NDArray

from wellspring.spots.enhanced.scale import SIGMA_PX, zoomed_plane

__all__ = ["drawn_spots", "marked"]

# Standard deviation of a mark, px: narrow enough that two spots 2 sigma apart have two maxima.
_MARK_PX = 1.0


def drawn_spots(side_px: int, *, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """A field as the network sees it but for its noise units, (S, S), and the places of its spots (n, 2), y and x.

    Signal-to-noise ratios of 1.5 to 20, up to one spot per 20 px² of the zoomed field, background of 5 to 500 photons,
    uneven by up to a half, granules that are no spots in a third of the fields, and spots of 0.9 to 2.5 px in the
    camera's pixels.
    """
    sigma = float(np.exp(rng.uniform(np.log(0.9), np.log(2.5))))
    side = round(side_px * max(1.0, sigma / SIGMA_PX))
    density = np.exp(rng.uniform(np.log(1 / 2000), np.log(1 / 20)))
    n = int(rng.poisson(density * side_px**2)) if rng.random() > 0.05 else 0
    snr = float(np.exp(rng.uniform(np.log(1.5), np.log(20.0))))
    light = np.exp(rng.uniform(np.log(5.0), np.log(500.0)))
    slope = rng.uniform(-0.25, 0.25, 2)
    y, x = np.indices((side, side)) / side - 0.5
    photons = light * (1 + slope[0] * y + slope[1] * x + rng.uniform(0, 0.5) * np.cos(4 * (y + x) + rng.uniform(0, 6)))
    places = rng.uniform(-0.5, side - 0.5, (n, 2))
    heights = snr * np.sqrt(light) * np.exp(rng.normal(0, rng.uniform(0.05, 0.4), n))
    wide = np.full(n, sigma * np.exp(rng.normal(0, 0.08)))
    n_granules = int(rng.poisson(2)) if rng.random() < 1 / 3 else 0
    granules = rng.uniform(0, side, (n_granules, 2))
    for place, height, width in zip(
        np.concatenate([places, granules]),
        np.concatenate([heights, snr * np.sqrt(light) * rng.uniform(0.3, 2, n_granules)]),
        np.concatenate([wide, sigma * rng.uniform(2.2, 5, n_granules)]),
        strict=True,
    ):
        _add(photons, place, height=height, sigma=width)
    image = rng.poisson(np.clip(photons, 0, None)) + rng.normal(0, rng.uniform(0, 2), photons.shape)
    zoomed = zoomed_plane(image.astype(np.float32), sigma_px=(sigma, sigma))
    zoom = zoomed.shape[0] / side
    return _squared(zoomed, side_px), (places + 0.5) * zoom - 0.5


def _squared(plane: NDArray[np.float32], side_px: int) -> NDArray[np.float32]:
    """The plane with a side that rounding may have changed by a pixel or two."""
    missing = max(0, side_px - plane.shape[0])
    return np.pad(plane, ((0, missing), (0, missing)), mode="symmetric")[:side_px, :side_px]


def _add(image: NDArray[np.float64], place: NDArray[np.float64], *, height: float, sigma: float) -> None:
    reach = int(np.ceil(4 * sigma))
    first = np.maximum(np.round(place).astype(int) - reach, 0)
    last = np.minimum(np.round(place).astype(int) + reach + 1, image.shape)
    if (last <= first).any():
        return
    spans = zip(first, last, place, strict=True)
    rows, columns = (np.exp(-((np.arange(a, b) - p) ** 2) / (2 * sigma**2)) for a, b, p in spans)
    image[first[0] : last[0], first[1] : last[1]] += height * rows[:, None] * columns[None, :]


def marked(places: NDArray[np.float64], *, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A mark of height 1 at each place, Gaussian with a standard deviation of 1 px; where two overlap, the higher."""
    marks = np.zeros(shape)
    for place in places:
        first = np.maximum(np.round(place).astype(int) - 4, 0)
        last = np.minimum(np.round(place).astype(int) + 5, shape)
        if (last <= first).any():
            continue
        spans = zip(first, last, place, strict=True)
        rows, columns = (np.exp(-((np.arange(a, b) - p) ** 2) / (2 * _MARK_PX**2)) for a, b, p in spans)
        part = marks[first[0] : last[0], first[1] : last[1]]
        np.maximum(part, rows[:, None] * columns[None, :], out=part)
    return marks.astype(np.float32)
