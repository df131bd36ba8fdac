"""Counts of images with uneven light, bleaching, rows of spots and saturation: right within 5 %, or named."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.simulation.smfish import FieldSettings, SmfishField, add_spots, simulate_smfish
from wellspring.spots.images import SpotTables, spots_of_image

PLANE, STACK = (1.5, 1.5), (1.2, 1.5, 1.5)
OFFSET = 100


def _found(image: NDArray[np.generic]) -> SpotTables:
    labels = np.ones(image.shape[-2:], np.uint32)
    return spots_of_image(
        image,
        labels,
        labels,
        sigma_px=PLANE if image.ndim == 2 else STACK,
        spacing_um=(0.3, 0.1, 0.1)[-image.ndim :],
        threshold={"method": "noise"},
        max_instability=0.5,
        max_per_neighborhood=1,
        decompose=True,
        focus_radius_um=0.35,
        focus_min_spots=4,
    )


def _drawn(shape: tuple[int, ...], n_spots: int, *, seed: int, snr: float = 12.0) -> SmfishField:
    sigma = PLANE if len(shape) == 2 else STACK
    settings = FieldSettings(shape, sigma, n_spots, snr=snr, offset=OFFSET, margin_px=6.0)
    return simulate_smfish(settings, rng=np.random.default_rng(seed))


def _is_right_or_named(found: SpotTables, true: int) -> bool:
    return abs(len(found.spots) - true) <= 0.05 * true or found.thresholds["doubts"][0] != "none"


@pytest.mark.parametrize("fall", [0.4, 0.7])
def test_dark_corners(fall: float) -> None:
    field = _drawn((280, 280), 140, seed=71)
    y, x = np.mgrid[:280, :280]
    light = 1 - fall * ((y - 140) ** 2 + (x - 140) ** 2) / (2 * 140**2)
    found = _found((OFFSET + (field.image - OFFSET) * light).clip(0).astype(np.uint16))
    assert len(found.spots) == pytest.approx(140, rel=0.05)


@pytest.mark.parametrize("fall", [0.3, 0.6, 0.8])
def test_planes_that_bleach(fall: float) -> None:
    field = _drawn((16, 200, 200), 220, seed=72)
    light = (1 - fall) ** (np.arange(16) / 15)
    image = (
        OFFSET + (field.image - OFFSET) * light[:, None, None] + np.random.default_rng(73).normal(0, 3, (16, 200, 200))
    )
    assert _is_right_or_named(_found(image.clip(0).astype(np.uint16)), 220)


def test_bright_ends_of_a_stack_that_bleached_are_no_clumps() -> None:
    rng, sigma = np.random.default_rng(79), STACK
    light = np.full((14, 130, 130), 60.0)
    places = rng.uniform((1.5, 8, 8), (11.5, 121, 121), (130, 3))
    add_spots(light, places, 120 * np.exp(rng.normal(0, 0.1, 130)), sigma_px=sigma)
    light *= (0.2 ** (np.arange(14) / 13))[:, None, None]
    found = _found((OFFSET + 2 * rng.poisson(light) + rng.normal(0, 3, light.shape)).clip(0).astype(np.uint16))
    assert found.thresholds["n_added"][0] == 0
    assert len(found.spots) == pytest.approx(130, rel=0.15)
    assert "clumps not split" in found.thresholds["doubts"][0]


@pytest.mark.parametrize("length", [3, 5])
@pytest.mark.parametrize("snr", [6.0, 12.0])
def test_short_rows(length: int, snr: float) -> None:
    rng = np.random.default_rng(74 + length)
    field = _drawn((280, 280), 80, seed=75, snr=snr)
    light = np.zeros((280, 280))
    steps = 1.1 * (np.arange(length) - (length - 1) / 2)
    for _ in range(9):
        angle, middle = rng.uniform(0, np.pi), rng.uniform(25, 255, 2)
        places = middle + steps[:, None] * [np.sin(angle), np.cos(angle)]
        add_spots(light, places, np.full(length, field.spots["amplitude"].mean()), sigma_px=PLANE)
    found = _found((field.image + light + rng.normal(0, np.sqrt(light))).clip(0, 65535).astype(np.uint16))
    assert _is_right_or_named(found, 80 + 9 * length)
    assert found.thresholds["n_detected"][0] + found.thresholds["n_added"][0] == pytest.approx(
        80 + 9 * length, rel=0.08
    )


@pytest.mark.parametrize("level", [0.3, 0.6, 1.0])
def test_saturated_spots_are_counted_or_named(level: float) -> None:
    field = _drawn((280, 280), 90, seed=76, snr=20.0)
    top = int(np.median(field.image) + level * field.spots["amplitude"].mean())
    found = _found(np.minimum(field.image, top).astype(np.uint16))
    assert len(found.spots) == pytest.approx(90, rel=0.05)
    assert "saturated" in found.thresholds["doubts"][0]
