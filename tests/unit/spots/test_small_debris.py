"""Debris of a few spots' width is named, clumps of spots as bright and as wide are not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.smfish import add_spots
from wellspring.spots import detect_spots
from wellspring.spots.clumps import Decomposition, decompose_clumps
from wellspring.spots.region_light import SingleLight
from wellspring.spots.several import SeveralSpots

SIDE, SIGMA = 240, (1.5, 1.5)
PLACES = np.array([(y, x) for y in range(40, 220, 75) for x in range(40, 220, 75)], dtype=np.float64)
# Spots of light 100 and variance 2, all alike.
ALIKE = SeveralSpots((float(np.log(100.0)), 0.1), (float(np.log(2.0)), 0.05), (0.1, 0.05), np.array([0.9, 0.08, 0.02]))


def _split(extra: NDArray[np.float64], *, seed: int) -> Decomposition:
    """90 spots away from the nine places, and something at these."""
    rng, light = np.random.default_rng(seed), np.full((SIDE, SIDE), 60.0)
    free = rng.uniform(8, SIDE - 9, (400, 2))
    away = np.hypot(*(free[:, None] - PLACES).transpose(2, 0, 1)).min(axis=1) > 18
    add_spots(light, free[away][:90], 150 * np.exp(rng.normal(0, 0.1, 90)), sigma_px=SIGMA)
    image = (100 + 2 * rng.poisson(light + extra) + rng.normal(0, 3, light.shape)).astype(np.uint16)
    return decompose_clumps(image, detect_spots(image, sigma_px=SIGMA), sigma_px=SIGMA)


@pytest.mark.parametrize("times", [1.0, 1.8])
def test_round_debris_is_not_split(times: float) -> None:
    y, x = np.mgrid[:SIDE, :SIDE]
    discs = np.any([(y - a) ** 2 + (x - b) ** 2 < 4.2**2 for a, b in PLACES], axis=0)
    split = _split(ndimage.gaussian_filter(150 * times * discs, 1.5), seed=71)
    assert split.n_in_objects >= 9
    assert split.spots["is_added"].sum() <= 9
    assert len(split.spots) == pytest.approx(99, abs=6)


@pytest.mark.parametrize("n_each", [3, 8, 25])
def test_clumps_of_spots_are_split(n_each: int) -> None:
    rng, light = np.random.default_rng(72), np.zeros((SIDE, SIDE))
    out, turn = 2.2 * np.sqrt(rng.random((9, n_each))), rng.uniform(0, 2 * np.pi, (9, n_each))
    places = (PLACES[:, None] + np.stack([out * np.sin(turn), out * np.cos(turn)], axis=-1)).reshape(-1, 2)
    add_spots(light, places, np.full(len(places), 150.0), sigma_px=SIGMA)
    split = _split(light, seed=73)
    assert split.n_in_objects == 0
    assert len(split.spots) == pytest.approx(90 + 9 * n_each, rel=0.06)


def test_twice_as_wide_and_round_is_too_wide() -> None:
    single = SingleLight(100.0, several=ALIKE)
    assert single.is_too_wide(300.0, (4.1, 1.3))
    assert not single.is_too_wide(300.0, (3.9, 1.3))
    assert not single.is_too_wide(300.0, (4.1, 1.5))
    assert not single.is_too_wide(810.0, (4.1, 1.3))
    assert not SingleLight(100.0).is_too_wide(300.0, (9.0, 1.0))


@pytest.mark.parametrize(
    ("light", "shape", "n_spots"), [(120, (2.8, 1.9), 1), (150, (2.8, 1.9), 2), (150, (2, 1.1), 1)]
)
def test_a_long_region_of_more_than_a_quarter_above_one_spot_is_two(
    light: float, shape: tuple[float, float], n_spots: int
) -> None:
    assert SingleLight(100.0, 0.1, several=ALIKE).n_spots(light, 0.0, n_found=1, shape=shape) == n_spots
