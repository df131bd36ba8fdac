"""The response and its noise."""

import numpy as np
import pytest

from wellspring.simulation.smfish import add_spots
from wellspring.spots.filters import (
    axis_sigmas,
    blurred,
    checked_image,
    difference_of_gaussians,
    gaussian_kernel,
    spot_gain,
)


def test_gain_by_hand() -> None:
    # 2D: 1 / (1 + 1 / 1.6) - 1 / (1 + 1.6) = 0.61538 - 0.38462.
    assert spot_gain(2) == pytest.approx(0.61538 - 0.38462, abs=1e-5)
    assert spot_gain(3) == pytest.approx(0.61538**1.5 - 0.38462**1.5, abs=1e-5)


@pytest.mark.parametrize(("shape", "sigma"), [((61, 61), (2.0, 2.0)), ((41, 61, 61), (1.5, 2.0, 2.5))])
def test_the_response_to_a_spot_is_its_amplitude_times_the_gain(
    shape: tuple[int, ...], sigma: tuple[float, ...]
) -> None:
    image = np.zeros(shape)
    center = np.array(shape) // 2
    add_spots(image, center[None].astype(float), np.array([1000.0]), sigma_px=sigma)
    response = difference_of_gaussians(image + 500, sigma_px=sigma)
    assert response.dtype == np.float32
    assert np.unravel_index(int(response.argmax()), shape) == tuple(center)
    # Integration over voxels widens the spot a little.
    assert response.max() == pytest.approx(1000 * spot_gain(len(shape)), rel=0.05)


def test_slabs_of_a_stack_join_without_a_seam() -> None:
    image = np.random.default_rng(0).integers(0, 1000, (5, 300, 20)).astype(np.uint16)
    response = difference_of_gaussians(image, sigma_px=(1.0, 2.0, 2.0))
    middle = difference_of_gaussians(image[:, 60:240], sigma_px=(1.0, 2.0, 2.0))
    np.testing.assert_allclose(response[:, 100:200], middle[:, 40:140], atol=1e-3)


def test_constants_and_empty_images() -> None:
    flat = difference_of_gaussians(np.full((7, 30, 30), 1000, np.uint16), sigma_px=(1.0, 2.0, 2.0))
    assert np.abs(flat).max() < 1e-2
    assert difference_of_gaussians(np.zeros((0, 5), np.uint8), sigma_px=(1.0, 1.0)).shape == (0, 5)
    assert blurred(np.full((9, 9), 7.0), sigma_px=(2.0, 2.0)) == pytest.approx(np.full((9, 9), 7.0), abs=1e-4)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.inf, (1.0, 2.0, 3.0), (1.0, 0.0)])
def test_sizes_that_are_none(sigma: float | tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sigma_px: expected one positive number, or 2"):
        axis_sigmas(sigma, n_axes=2)


def test_one_size_for_all_axes() -> None:
    assert axis_sigmas(1.5, n_axes=3) == (1.5, 1.5, 1.5)
    assert axis_sigmas([1.0, 2.0], n_axes=2) == (1.0, 2.0)


def test_one_value_that_is_not_finite_is_enough_to_refuse_an_image() -> None:
    image = np.zeros((9, 9))
    image[4, 4] = np.nan
    with pytest.raises(ValueError, match="expected finite values, got NaN or infinity"):
        checked_image(image)


def test_a_kernel_reaches_to_3_5_sigma_on_both_sides() -> None:
    kernel = gaussian_kernel(2.0)
    assert kernel.shape == (2 * 7 + 1, 1)
    assert kernel.sum() == pytest.approx(1)
    assert (kernel[9] / kernel[7]).item() == pytest.approx(np.exp(-0.5))
