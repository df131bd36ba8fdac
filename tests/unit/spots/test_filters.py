"""The response and its noise."""

import numpy as np
import pytest

from wellspring.simulation.smfish import add_spots
from wellspring.spots.filters import axis_sigmas, blurred, difference_of_gaussians, noise_map, spot_gain


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


def test_noise_follows_the_field_and_ignores_spots() -> None:
    rng = np.random.default_rng(1)
    scale = np.repeat([10.0, 40.0], 320)
    response = (rng.standard_normal((640, 640)) * scale).astype(np.float32)
    response[::20, ::20] = 1e4
    noise = noise_map(response, sigma_px=(2.0, 2.0), floor=1e-3)
    assert noise.tiles.shape == (8, 8)
    assert noise.at(np.array([[300, 40], [300, 600]])).tolist() == pytest.approx([10, 40], rel=0.1)
    # White noise: differences of neighbours have twice the variance in both directions.
    assert noise.roughness == pytest.approx(2.0, rel=0.1)


def test_noise_is_known_at_the_borders_too() -> None:
    rng = np.random.default_rng(2)
    sigma = (2.0, 1.5, 1.5)
    stacks = [
        difference_of_gaussians(rng.standard_normal((8, 60, 60)).astype(np.float32), sigma_px=sigma) for _ in range(60)
    ]
    spread = np.std(stacks, axis=0)
    noise = noise_map(np.concatenate(stacks, axis=1)[:, :2000], sigma_px=sigma, floor=1e-6)
    planes = spread[:, 15:-15, 15:-15].mean(axis=(1, 2))
    middle = np.column_stack([np.arange(8), np.full(8, 30), np.full(8, 30)])
    # The mirrored image doubles the kernel on the first plane: the noise there is much higher than inside.
    assert planes[0] > 1.2 * planes[3]
    assert noise.at(middle + np.array([0, 970, 0])) == pytest.approx(planes, rel=0.1)
    corner = noise_map(stacks[0], sigma_px=sigma, floor=1e-6).edge_factor(np.array([[0, 0, 0], [0, 30, 30]]))
    assert corner[0] / corner[1] == pytest.approx(spread[0, 0, 0] / planes[0], rel=0.25)


def test_noise_has_a_floor() -> None:
    noise = noise_map(np.zeros((50, 50), np.float32), sigma_px=(1.0, 1.0), floor=0.25)
    assert (noise.tiles == 0.25).all()
    assert noise.roughness == 0


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.inf, (1.0, 2.0, 3.0), (1.0, 0.0)])
def test_sizes_that_are_none(sigma: float | tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="sigma_px: expected one positive number, or 2"):
        axis_sigmas(sigma, n_axes=2)


def test_one_size_for_all_axes() -> None:
    assert axis_sigmas(1.5, n_axes=3) == (1.5, 1.5, 1.5)
    assert axis_sigmas([1.0, 2.0], n_axes=2) == (1.0, 2.0)
