"""Spots at the border beside flanks, and tops that the camera cut off."""

import numpy as np
import pytest

from wellspring.simulation.smfish import add_spots
from wellspring.spots.border_maxima import peaks_inside
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
