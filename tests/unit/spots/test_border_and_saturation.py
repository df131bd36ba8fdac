"""Spots at the borders, where flanks of others end too, and tops that the camera cut off."""

import numpy as np
import pytest

from wellspring.simulation.smfish import add_spots
from wellspring.spots import detect_spots
from wellspring.spots.border_maxima import gathered, peaks_inside, placed_at_borders
from wellspring.spots.filters import difference_of_gaussians, spot_gain
from wellspring.spots.saturation import restored_tops

SIGMA = (1.5, 1.5)


def _image(place: tuple[float, float]) -> np.ndarray:
    image = np.full((40, 50), 100.0)
    add_spots(image, np.array([place]), np.array([500.0]), sigma_px=SIGMA)
    return image


@pytest.mark.parametrize(
    ("place", "pixel", "is_inside"),
    [
        ((0.2, 20.0), (0, 20), True),
        ((-2.0, 20.0), (0, 20), False),
        ((39.0, 20.0), (39, 20), True),
        ((41.0, 20.0), (39, 20), False),
        ((20.0, 0.0), (20, 0), True),
        ((20.0, -2.0), (20, 0), False),
        ((20.0, 49.0), (20, 49), True),
        ((20.0, 51.0), (20, 49), False),
        ((0.0, 0.0), (0, 0), True),
        ((20.0, 20.0), (20, 20), True),
    ],
)
def test_peaks_inside(place: tuple[float, float], pixel: tuple[int, int], is_inside: bool) -> None:
    assert peaks_inside(_image(place), np.array([pixel]), sigma_px=SIGMA).tolist() == [is_inside]


def test_slopes_flat_borders_and_small_images_have_no_peaks() -> None:
    slope = np.broadcast_to(np.arange(50) * 10.0, (40, 50))
    assert peaks_inside(slope, np.array([[20, 49]]), sigma_px=SIGMA).tolist() == [False]
    assert peaks_inside(np.ones((40, 50)), np.array([[20, 49]]), sigma_px=SIGMA).tolist() == [False]
    assert peaks_inside(np.ones((4, 4)), np.array([[0, 2], [2, 2]]), sigma_px=SIGMA).tolist() == [False, True]


def test_a_cut_top_gets_its_height_back() -> None:
    whole = np.zeros((41, 41))
    add_spots(whole, np.array([[20.0, 20.0]]), np.array([1000.0]), sigma_px=(3.0, 3.0))
    cut = np.minimum(whole, 300.0)
    restored = restored_tops(cut, sigma_px=(3.0, 3.0))
    assert restored.dtype == np.float32
    assert restored.argmax() == 20 * 41 + 20
    assert restored.max() == pytest.approx(1000, rel=0.2)
    outside = whole < 300
    assert (restored[outside] == cut.astype(np.float32)[outside]).all()


@pytest.mark.parametrize("size", [1, 2, 30])
def test_tops_that_are_no_spots_stay(size: int) -> None:
    image = np.zeros((60, 60), np.uint16)
    image[10 : 10 + size, 10 : 10 + size] = 65_535
    assert restored_tops(image, sigma_px=(2.0, 2.0)) is image


@pytest.mark.parametrize("distance", [0.0, 0.3, 0.6, 1.0, 1.7, 2.6])
def test_places_near_a_border_are_those_of_the_spots(distance: float) -> None:
    light, rng = np.full((90, 110), 100.0), np.random.default_rng(int(10 * distance))
    across = np.arange(14.0, 90, 15)
    upper, lower = (np.stack([np.full(len(across), y), across], axis=1) for y in (distance, 89 - distance))
    left = np.stack([np.arange(20.0, 80, 15), np.full(4, distance)], axis=1)
    true = np.concatenate([upper, lower, left])
    add_spots(light, true, np.full(len(true), 500.0), sigma_px=SIGMA)
    found = detect_spots(rng.poisson(light).astype(np.uint16), sigma_px=SIGMA)[["y_px", "x_px"]].to_numpy()
    away = found[np.hypot(*(found[:, None] - true[None]).transpose(2, 0, 1)).argmin(axis=0)] - true
    assert np.abs(away).max() < 0.25
    assert np.abs(away.mean(axis=0)).max() < 0.07
    assert found.min() >= 0


@pytest.mark.parametrize("distance", [0.2, 0.7, 1.4])
def test_planes_near_the_ends_of_a_stack_are_those_of_the_spots(distance: float) -> None:
    light, rng = np.full((7, 80, 80), 100.0), np.random.default_rng(int(10 * distance))
    grid = np.stack(np.meshgrid(np.arange(12.0, 75, 18), np.arange(12.0, 75, 18)), axis=-1).reshape(-1, 2)
    true = np.insert(grid, 0, np.where(np.arange(len(grid)) % 2, distance, 6 - distance), axis=1)
    add_spots(light, true, np.full(len(true), 500.0), sigma_px=(1.2, *SIGMA))
    spots = detect_spots(rng.poisson(light).astype(np.uint16), sigma_px=(1.2, *SIGMA))
    assert len(spots) == len(true)
    nearer = np.minimum(spots["z_px"], 6 - spots["z_px"])
    assert np.abs(nearer - distance).max() < 0.2
    assert nearer.mean() == pytest.approx(distance, abs=0.07)


@pytest.mark.parametrize("offset", [0, 5000])
@pytest.mark.parametrize("share", [0.8, 0.5, 0.2])
def test_saturated_spots_are_found_with_their_response_whatever_the_offset(offset: int, share: float) -> None:
    light, rng = np.full((130, 130), 60.0), np.random.default_rng(4)
    true = np.stack(np.meshgrid(np.arange(15.0, 125, 24), np.arange(15.0, 125, 24)), axis=-1).reshape(-1, 2)
    true += rng.uniform(-0.5, 0.5, true.shape)
    add_spots(light, true, np.full(len(true), 900.0), sigma_px=SIGMA)
    cut = np.minimum(offset + rng.poisson(light), offset + 60 + share * 900)
    spots = detect_spots(cut.astype(np.uint16), sigma_px=SIGMA)
    assert len(spots) == len(true)
    assert (spots["response"] / (900 * spot_gain(2))).between(0.85, 1.2).all()
    assert spots["sigma_px"].median() == pytest.approx(1.5, abs=0.15)


def test_a_long_top_has_one_height_along_its_middle_and_a_block_of_hot_pixels_none() -> None:
    whole = np.full((60, 60), 200.0)
    places = np.stack([np.full(9, 30.0), np.arange(20.0, 29)], axis=1)
    add_spots(whole, places, np.full(9, 300.0), sigma_px=(2.0, 2.0))
    restored = restored_tops(np.minimum(whole, 500.0), sigma_px=(2.0, 2.0))
    assert restored.max() == pytest.approx(whole.max(), rel=0.4)
    image = np.full((40, 40), 100, np.uint16)
    image[10:13, 10:13] = 65_535
    assert restored_tops(image, sigma_px=(1.5, 1.5)) is image
    spot = np.full((40, 40), 100.0)
    add_spots(spot, np.array([[20.0, 20.0]]), np.array([900.0]), sigma_px=(2.0, 2.0))
    assert restored_tops(np.minimum(spot, 500).astype(np.uint16), sigma_px=(2.0, 2.0)).dtype == np.int32


def test_values_beyond_the_border_are_those_of_the_nearest_pixel() -> None:
    image = np.arange(12.0).reshape(3, 4)
    corners = np.array([[0, 0], [2, 3]])
    assert gathered(image, corners, (-1, -2)).tolist() == [0.0, 5.0]
    assert gathered(image, corners, (1, 1)).tolist() == [5.0, 11.0]


def test_a_stack_of_three_planes_has_places_between_them_too() -> None:
    light = np.zeros((3, 31, 31))
    add_spots(light, np.array([[0.4, 15.0, 15.0]]), np.array([100.0]), sigma_px=(1.2, *SIGMA))
    response = difference_of_gaussians(light, sigma_px=(1.2, *SIGMA))
    points = np.array([[0, 15, 15]])
    place = placed_at_borders(response, points, points.astype(np.float64), sigma_px=(1.2, *SIGMA))
    assert place[0] == pytest.approx([0.4, 15.0, 15.0], abs=0.06)
