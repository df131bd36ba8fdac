"""The ring around a spot, by hand."""

import numpy as np
import pytest

from wellspring.spots.measures import local_background

MIDDLE = np.array([[30, 40]])


@pytest.mark.parametrize("sigma", [(2.0, 2.0), (1.0, 3.0)])
def test_the_background_is_the_median_of_a_ring_from_3_to_5_sigma(sigma: tuple[float, float]) -> None:
    y, x = np.mgrid[:61, :81]
    distance = np.hypot((y - 30) / sigma[0], (x - 40) / sigma[1])
    ring = distance[(distance >= 3) & (distance <= 5)]
    median, spread = local_background(distance, MIDDLE, sigma_px=sigma)
    assert median[0] == pytest.approx(np.median(ring))
    assert spread[0] == pytest.approx(1.4826 * np.median(np.abs(ring - np.median(ring))))


def test_grey_values_coarser_than_the_noise_have_the_spread_of_the_smallest_deviations() -> None:
    y, x = np.mgrid[:61, :81]
    distance = np.hypot(y - 30, x - 40)
    image = np.where((x + 2 * y) % 4 == 0, 101.0, 100.0)
    ring = image[(distance >= 3) & (distance <= 5)]
    smallest = np.sort(np.abs(ring - 100))[: round(0.8 * len(ring))]
    median, spread = local_background(image, MIDDLE, sigma_px=(1.0, 1.0))
    assert median[0] == 100
    assert spread[0] == pytest.approx(1.5115 * np.sqrt(np.mean(smallest**2)))


def test_beyond_the_border_the_image_is_mirrored_and_planes_stay_apart() -> None:
    image = np.zeros((2, 20, 20))
    image[1] = 7
    image[0, :, :10] = 3
    median, _ = local_background(image, np.array([[0, 0, 0], [1, 10, 10]]), sigma_px=(1.0, 1.0, 1.0))
    assert median.tolist() == [3, 7]
