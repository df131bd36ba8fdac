"""Bright things that are no spots, faint classes that are, and noise that is not Gaussian."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.images import SpotTables, spots_of_image
from wellspring.spots.objects import is_no_sum_of_spots
from wellspring.spots.pixel_noise import HeavyNoise

SIGMA = (1.4, 1.4)
SHAPE = (220, 220)
SETTINGS = {
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}
Y, X = np.mgrid[: SHAPE[0], : SHAPE[1]]


def _found(image: NDArray[np.generic]) -> SpotTables:
    cells = np.ones(image.shape[-2:], np.uint32)
    return spots_of_image(image, cells, cells, sigma_px=SIGMA, spacing_um=(0.16, 0.16), **SETTINGS)


def _with(mask: NDArray[np.bool_], *, height: float, blur: float) -> NDArray[np.uint16]:
    field = simulate_smfish(FieldSettings(SHAPE, SIGMA, 150, snr=12.0, margin_px=6.0), rng=np.random.default_rng(8))
    light = ndimage.gaussian_filter(np.where(mask, height, 0.0), blur)
    noise = np.sqrt(2 * light) * np.random.default_rng(9).standard_normal(SHAPE)
    return np.clip(field.image + light + noise, 0, 65535).astype(np.uint16)


DEBRIS = {
    "disc": (Y - 90) ** 2 + (X - 120) ** 2 < 10**2,
    "large disc": (Y - 90) ** 2 + (X - 120) ** 2 < 17**2,
    "fibre": (np.abs(Y - 0.5 * X - 60) < 2) & (X > 50) & (X < 170),
    "curl": np.abs(np.hypot(Y - 110, X - 100) - 35) < 1.5,
}


@pytest.mark.parametrize("blur", [0.7, 1.4])
@pytest.mark.parametrize("name", DEBRIS)
def test_debris_is_not_split_into_spots_and_is_named(name: str, blur: float) -> None:
    found = _found(_with(DEBRIS[name], height=1300.0, blur=blur))
    assert len(found.spots) == pytest.approx(150, rel=0.06)
    assert "objects that are no spots" in found.thresholds["doubts"][0]


def test_small_debris_is_a_bright_object() -> None:
    found = _found(_with((Y - 90) ** 2 + (X - 120) ** 2 < 5**2, height=1500.0, blur=1.4))
    assert "few bright objects" in found.thresholds["doubts"][0]


def test_a_clean_field_has_no_objects() -> None:
    found = _found(_with(np.zeros(SHAPE, bool), height=0.0, blur=1.0))
    assert found.thresholds["doubts"][0] == "none"


def test_hot_pixels_beside_each_other_are_named() -> None:
    image = _with(np.zeros(SHAPE, bool), height=0.0, blur=1.0)
    hot = (Y % 50 >= 24) & (Y % 50 <= 25) & (X % 50 >= 24) & (X % 50 <= 25)
    image[hot] = 1700
    assert "objects that are no spots" in _found(image).thresholds["doubts"][0]


@pytest.mark.parametrize("spread", [2.0, 5.0])
def test_clusters_of_spots_are_no_objects(spread: float) -> None:
    rng = np.random.default_rng(10)
    n_called = 0
    for _ in range(12):
        light = np.zeros((80, 80))
        add_spots(light, 40 + rng.normal(0, spread, (60, 2)), 150 * rng.normal(1, 0.15, 60), sigma_px=SIGMA)
        labels, _ = ndimage.label(light > 75)
        own = labels == np.argmax(np.bincount(labels.ravel())[1:]) + 1
        maxima = int((own & (light == ndimage.maximum_filter(light, size=3))).sum())
        n_called += is_no_sum_of_spots(light, own, amplitude=150.0, sigma_px=SIGMA, n_found=maxima)
    assert n_called <= 1


@pytest.mark.parametrize(("snr", "share"), [(4.0, 0.14), (5.0, 0.3)])
def test_molecules_are_not_taken_for_noise_where_many_are_in_clumps(snr: float, share: float) -> None:
    n_free = 150
    n_clumps = round(n_free * share / (1 - share))
    settings = FieldSettings(
        SHAPE, SIGMA, n_free, snr=snr, n_clumps=n_clumps, spots_per_clump=9, clump_radius_px=1.6, margin_px=6.0
    )
    field = simulate_smfish(settings, rng=np.random.default_rng(12))
    found = _found(field.image)
    about = found.thresholds.iloc[0]
    assert about["n_detected"] + about["n_added"] == pytest.approx(len(field.spots), rel=0.2)
    # Mostly light: the maxima alone are counted, and it is said.
    assert "mostly in clumps" in about["doubts"]
    assert len(found.spots) == about["n_spots"] == about["n_detected"] > 0.8 * (n_free + n_clumps)


def test_autofluorescence_is_still_left_out_without_a_doubt() -> None:
    settings = FieldSettings(SHAPE, SIGMA, 90, snr=15.0, n_granules=220, granule_snr=4.0, margin_px=6.0)
    found = _found(simulate_smfish(settings, rng=np.random.default_rng(13)).image)
    assert len(found.spots) == pytest.approx(90, rel=0.1)
    assert "fainter spots left out" not in found.thresholds["doubts"][0]


def _electrons(rng: np.random.Generator, photons: float) -> NDArray[np.float64]:
    counts = rng.poisson(photons, (200, 200))
    multiplied = rng.gamma(np.maximum(counts, 1e-9), 80.0) * (counts > 0)
    return np.asarray(400 + multiplied + rng.normal(0, 9, (200, 200)))


def _own_gains(rng: np.random.Generator) -> NDArray[np.float64]:
    reading = 3 * np.exp(rng.normal(0, 1.0, (200, 200))) * rng.normal(0, 1, (200, 200))
    return np.asarray(100 + rng.normal(2, 0.3, (200, 200)) * rng.poisson(6, (200, 200)) + reading)


def _step(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.asarray(900 + rng.normal(0, 1, (200, 200)) * np.where(np.arange(200) < 85, 9.0, 27.0))


@pytest.mark.parametrize(
    "draw", [lambda rng: _electrons(rng, 0.2), lambda rng: _electrons(rng, 0.6), _own_gains, _step]
)
def test_noise_that_is_not_gaussian_has_hardly_a_spot(
    draw: Callable[[np.random.Generator], NDArray[np.float64]],
) -> None:
    fields = [np.rint(draw(np.random.default_rng(seed))).clip(0).astype(np.uint16) for seed in range(20, 26)]
    assert sum(len(detect_spots(field, sigma_px=1.4)) for field in fields) <= 3


def test_heavy_noise_agrees_with_simulated_pixels() -> None:
    # Exponential jumps at a rate of 0.5 per pixel: third cumulant 3 and fourth 12 at a variance of 1.
    heavy = HeavyNoise(third=3.0, fourth=12.0, sigma_px=SIGMA)
    levels = heavy.gaussian_levels(np.array([0.5, 3.0, 6.0]))
    assert levels[0] == pytest.approx(0.5, rel=0.1)
    assert 2.0 < levels[1] < 3.0
    even = HeavyNoise(third=0.0, fourth=3.0, sigma_px=SIGMA).gaussian_levels(np.array([3.0, 6.0]))
    assert levels[1] < even[0] < 3.0
    assert even[1] < 6.0


def test_hot_pixels_cost_no_faint_spots() -> None:
    settings = FieldSettings(SHAPE, SIGMA, 60, snr=8.0, margin_px=6.0)
    image = simulate_smfish(settings, rng=np.random.default_rng(14)).image
    places = np.random.default_rng(15).integers(0, 220, (2, 25))
    image[tuple(places)] = 3000
    assert len(detect_spots(image, sigma_px=1.4)) == pytest.approx(59, abs=4)
