"""Baselines on small images: what they hold on measured pixels, and nothing elsewhere."""

import numpy as np
import pytest

from wellspring.attribution.maps.baselines import BASELINES, Baselines, measured_noise

NO_CELLS = np.empty((0, 4, 4, 3), dtype=np.float32)


def make_images(n=1, size=4):
    """(n, 4, 4, 3): two channels and the mask; the first row is not measured."""
    images = np.random.default_rng(7).normal(size=(n, size, size, 3)).astype(np.float32)
    images[..., -1] = 1
    images[:, 0] = 0
    return images


def of(image, method, *, cells=NO_CELLS, sigma_px=None, seed=1):
    return Baselines(method, cells, sigma_px=sigma_px).of(image, rng=np.random.default_rng(seed))


@pytest.mark.parametrize("method", BASELINES)
def test_padding_stays_padding_and_the_mask_is_the_image_s(method):
    image, cells = make_images(1)[0], make_images(3) + 0.5
    found = of(image, method, cells=cells)
    assert found.shape == (3 if method == "random" else 1, 4, 4, 3)
    assert found.dtype == np.float32
    assert not found[:, 0].any()
    for one in found:
        np.testing.assert_array_equal(one[..., 2], image[..., 2])


def test_black_is_zero():
    assert not of(make_images(1)[0], "black")[..., :2].any()


def test_noise_fills_measured_pixels_only():
    image = np.zeros((60, 60, 3), dtype=np.float32)
    image[10:, :, 2] = 1
    (found,) = of(image, "noise", seed=3)
    # 6,000 draws: mean within 4 / sqrt(6000), standard deviation within 4 / sqrt(12000)
    assert abs(found[10:, :, :2].mean()) < 0.052
    assert abs(found[10:, :, :2].std() - 1) < 0.037
    assert abs(np.corrcoef(found[10:, :, 0].ravel(), found[10:, :, 1].ravel())[0, 1]) < 0.073


def test_a_wide_blur_leaves_the_mean_of_the_measured_pixels():
    image = make_images(1)[0]
    (found,) = of(image, "blur", sigma_px=50.0)
    np.testing.assert_allclose(found[1:, :, 0], image[1:, :, 0].mean(), atol=1e-3)
    np.testing.assert_allclose(found[1:, :, 1], image[1:, :, 1].mean(), atol=1e-3)
    (sharp,) = of(image, "blur", sigma_px=0.01)
    np.testing.assert_allclose(sharp, image, atol=1e-6)


def test_the_mean_cell_is_the_mean_of_those_that_measure_a_pixel():
    image = np.ones((2, 2, 2), dtype=np.float32)
    cells = np.zeros((2, 2, 2, 2), dtype=np.float32)
    cells[0, 0, 0], cells[1, 0, 0], cells[0, 0, 1] = (2, 1), (4, 1), (6, 1)
    (found,) = of(image, "mean", cells=cells)
    assert found[..., 0].tolist() == [[3.0, 6.0], [0.0, 0.0]]


def test_random_baselines_are_the_training_cells():
    image, cells = make_images(1)[0], make_images(3)
    np.testing.assert_array_equal(of(image, "random", cells=cells), cells)


def test_noise_without_measured_pixels_is_zero():
    found = measured_noise(np.zeros((3, 3, 2), dtype=np.float32), sd=2.0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.zeros((3, 3, 1)))


def test_an_unknown_baseline_and_one_without_cells_are_refused():
    with pytest.raises(ValueError, match=r"attribution.baseline.method: expected one of .* got 'white'"):
        Baselines("white", NO_CELLS)
    with pytest.raises(ValueError, match="'random' needs training cells, got none"):
        Baselines("random", NO_CELLS)
