"""Spots that noise hides are doubted, none are found where an image has no data."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.smfish import add_spots
from wellspring.spots import detect_spots
from wellspring.spots.crowding import crowding, lost_share
from wellspring.spots.detection import response_and_noise
from wellspring.spots.images import spots_of_image
from wellspring.spots.unseen import filled_areas

SIDE = 200
PLANE = (1.5, 1.5)


def _counted(image: NDArray[np.generic], *, sigma_px: tuple[float, ...] = PLANE) -> tuple[pd.DataFrame, pd.Series]:
    cell = np.ones(image.shape[-2:], np.uint32)
    found = spots_of_image(
        image,
        cell,
        cell,
        sigma_px=sigma_px,
        spacing_um=(0.1,) * image.ndim,
        threshold={"method": "noise"},
        max_instability=0.5,
        max_per_neighborhood=1,
        decompose=True,
        focus_radius_um=0.35,
        focus_min_spots=4,
    )
    return found.spots, found.thresholds.iloc[0]


def _field(
    n_spots: int,
    *,
    snr: float,
    sd: float | NDArray[np.float64] = 5.0,
    sigma: float = 1.5,
    spread: float = 0.1,
    seed: int,
) -> NDArray[np.uint16]:
    rng, light = np.random.default_rng(seed), np.zeros((SIDE, SIDE))
    amplitudes = snr * float(np.min(sd)) * np.exp(rng.normal(0, spread, n_spots))
    add_spots(light, rng.uniform(8, SIDE - 9, (n_spots, 2)), amplitudes, sigma_px=(sigma, sigma))
    return np.rint(150 + light + rng.normal(0, 1, light.shape) * sd).clip(0).astype(np.uint16)


@pytest.mark.parametrize(("snr", "per_px", "sigma"), [(5.0, 58, 1.2), (4.0, 75, 1.2), (4.0, 90, 1.5), (5.0, 62, 1.5)])
def test_faint_spots_of_which_a_fifth_is_lost_are_doubted(snr: float, per_px: int, sigma: float) -> None:
    n_spots = SIDE**2 // per_px
    spots, about = _counted(_field(n_spots, snr=snr, sigma=sigma, seed=51), sigma_px=(sigma, sigma))
    assert len(spots) < 0.87 * n_spots
    assert "crowded" in about["doubts"]


@pytest.mark.parametrize("snr", [5.0, 4.5])
def test_pairs_and_noise_that_hide_a_sixth_only_together_are_doubted(snr: float) -> None:
    n_spots = SIDE**2 // 140
    fields = [_counted(_field(n_spots, snr=snr, spread=0.3, seed=seed)) for seed in range(61, 67)]
    hidden = ["crowded" in about["doubts"] for spots, about in fields if len(spots) < 0.88 * n_spots]
    assert len(hidden) >= 5
    assert sum(hidden) >= len(hidden) - 1


def test_the_spacing_of_maxima_is_their_density_where_none_are_close() -> None:
    rng, points = np.random.default_rng(65), np.zeros((0, 2))
    while len(points) < 400:
        place = rng.uniform(0, 299, 2)
        if not len(points) or np.hypot(*(points - place).T).min() > 3.0:
            points = np.vstack([points, place])
    _, _, noise = response_and_noise(rng.normal(500, 10, (300, 300)).astype(np.float32), sigma_px=PLANE)
    found = crowding(np.rint(points).astype(np.int64), noise, sigma_px=PLANE)
    assert found.spacing == pytest.approx(400 * np.pi * 3.0**2 / 300**2, rel=0.15)
    clump = rng.normal(150, 6, (20, 2))
    few = crowding(np.rint(np.vstack([points, clump])).astype(np.int64), noise, sigma_px=PLANE)
    assert few.spacing < 1.15 * found.spacing


@pytest.mark.parametrize(("snr", "n_spots"), [(6.0, 40), (8.0, 190), (12.0, 330)])
def test_spots_clear_of_the_noise_are_not_doubted(snr: float, n_spots: int) -> None:
    spots, about = _counted(_field(n_spots, snr=snr, seed=52))
    assert len(spots) == pytest.approx(n_spots, rel=0.06)
    assert about["doubts"] == "none"


@pytest.mark.parametrize(("times", "snr", "is_hidden"), [(5, 9.0, True), (10, 24.0, True), (2, 14.0, False)])
def test_a_step_of_noise_that_hides_spots_is_doubted(times: int, snr: float, is_hidden: bool) -> None:
    sd = np.where(np.arange(SIDE) < 110, 4.0, 4.0 * times)[None] * np.ones((SIDE, 1))
    spots, about = _counted(_field(60, snr=snr, sd=sd, seed=53))
    assert (len(spots) < 0.87 * 60) == is_hidden
    assert ("crowded" in about["doubts"]) == is_hidden


def test_a_step_of_light_that_hides_spots_is_doubted() -> None:
    rng, light = np.random.default_rng(54), np.where(np.arange(SIDE) < 100, 15.0, 15.0 * 50)[None] * np.ones((SIDE, 1))
    add_spots(light, rng.uniform(8, SIDE - 9, (60, 2)), np.full(60, 60.0), sigma_px=PLANE)
    spots, about = _counted((100 + 2 * rng.poisson(light) + rng.normal(0, 3, light.shape)).astype(np.uint16))
    assert len(spots) < 0.87 * 60
    assert "crowded" in about["doubts"]


def test_the_lost_share_is_that_of_a_normal_variable() -> None:
    image = np.random.default_rng(55).normal(500, 10, (160, 160)).astype(np.float32)
    _, _, noise = response_and_noise(image, sigma_px=PLANE)
    one = noise.usual
    # Half of them lie below a threshold at the usual response, 16 % below one of a deviation less; more at the borders.
    same = np.full(20, 5 * one, np.float32)
    assert lost_share(same, noise, value=0.0, factor=5.0) == pytest.approx(0.52, abs=0.04)
    assert lost_share(same, noise, value=0.0, factor=4.0) == pytest.approx(0.16, abs=0.05)
    assert lost_share(same, noise, value=5 * one, factor=3.0) == pytest.approx(0.5, abs=0.03)
    # Brightness that varies by as much as the noise makes it 24 % (one deviation of 1.4).
    varied = 5 * one * np.exp(np.random.default_rng(56).normal(0, 0.2, 4000)).astype(np.float32)
    assert lost_share(varied, noise, value=0.0, factor=4.0) == pytest.approx(0.24, abs=0.05)
    assert lost_share(same[:9], noise, value=0.0, factor=5.0) == 0.0


def _areas(seed: int, share: float) -> NDArray[np.bool_]:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(SIDE, SIDE)), 15)
    return np.asarray(smooth < np.quantile(smooth, share))


@pytest.mark.parametrize("share", [0.15, 0.5])
@pytest.mark.parametrize("ground", [20.0, 300.0])
def test_areas_without_data_have_no_spots_and_hide_none_elsewhere(share: float, ground: float) -> None:
    rng, light, masked = np.random.default_rng(57), np.full((SIDE, SIDE), ground), _areas(58, share)
    blank = (100 + 2 * rng.poisson(light)).astype(np.uint16)
    assert len(_counted(np.where(masked, 0, blank).astype(np.uint16))[0]) == 0
    places = rng.uniform(8, SIDE - 9, (70, 2))
    add_spots(light, places, np.full(70, 12 * np.sqrt(ground)), sigma_px=PLANE)
    image = np.where(masked, 0, 100 + 2 * rng.poisson(light)).astype(np.uint16)
    spots, about = _counted(image)
    near = ndimage.binary_dilation(masked, iterations=5)
    row, column = places.round().astype(int).T
    assert (~near[row, column]).sum() <= len(spots) <= (~masked[row, column]).sum()
    assert about["doubts"] == "none"
    assert len(detect_spots(image, sigma_px=PLANE)) <= len(spots)


def test_areas_without_data_of_a_stack() -> None:
    rng, masked = np.random.default_rng(59), _areas(60, 0.3)[:120, :120]
    light = np.full((8, 120, 120), 50.0)
    image = np.where(masked, 0, 100 + 2 * rng.poisson(light)).astype(np.uint16)
    assert len(_counted(image, sigma_px=(1.2, 1.5, 1.5))[0]) == 0


def test_areas_are_filled_with_what_lies_around_them() -> None:
    rng, masked = np.random.default_rng(61), _areas(62, 0.3)
    image = np.where(masked, 0, rng.normal(400, 7, (SIDE, SIDE)) + np.arange(SIDE) / 5).round().astype(np.uint16)
    filled, where = filled_areas(image, sigma_px=PLANE)
    assert where is not None
    assert where[masked].all()
    assert (filled[~where] == image[~where]).all()
    rest = filled[where].astype(float) - (400 + np.nonzero(where)[1] / 5)
    assert rest.mean() == pytest.approx(0, abs=2)
    assert rest.std() == pytest.approx(7, rel=0.25)
    assert (filled == filled_areas(image, sigma_px=PLANE)[0]).all()
    bright, none = filled_areas(image + np.uint16(1), sigma_px=PLANE)
    assert none is None
    assert (bright == image + 1).all()
