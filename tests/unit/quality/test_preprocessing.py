"""Each preprocessing step against scikit-image, SciPy or a count by hand."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.restoration import denoise_tv_chambolle
from skimage.restoration import rolling_ball as reference_ball

from wellspring.quality.preprocessing import (
    centre_crop,
    median_filter,
    preprocessed,
    remove_bright_outliers,
    rolling_ball,
    total_variation,
)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    """Nuclei on an uneven ground, with camera noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:160, :180]
    light = 300 + 100 * np.sin(x / 60)
    for row, column in rng.uniform(0, 160, (12, 2)):
        light += 900 * (np.hypot(y - row, x - column) < 10)
    return rng.poisson(light).astype(np.uint16)


@pytest.mark.parametrize("radius", [5, 12])
def test_a_small_ball_is_that_of_scikit_image(image: np.ndarray, radius: int) -> None:
    expected = image - reference_ball(image, radius=radius).astype(float)
    assert np.abs(rolling_ball(image, radius_px=radius) - expected).max() <= 1


def test_a_large_ball_is_near_that_of_scikit_image(image: np.ndarray) -> None:
    difference = rolling_ball(image, radius_px=30) - (image - reference_ball(image, radius=30).astype(float))
    # The noise of a pixel is some 18.
    assert abs(difference.mean()) < 2
    assert difference.std() < 2
    assert np.quantile(np.abs(difference), 0.999) < 12


def test_the_ball_leaves_nothing_of_a_constant_image() -> None:
    assert not rolling_ball(np.full((70, 50), 800, dtype=np.uint16), radius_px=50).any()


def test_bright_outliers_alone_are_replaced() -> None:
    image = np.full((40, 40), 100, dtype=np.uint16)
    image[20, 20:22] = 200
    image[10, 10] = 130
    image[30, 30] = 0
    cleaned = remove_bright_outliers(image, radius_px=4, threshold=50)
    assert cleaned[20, 20:22].tolist() == [100, 100]
    assert cleaned[10, 10] == 130
    assert cleaned[30, 30] == 0


@pytest.mark.parametrize("radius", [1, 2])
def test_median_filter_is_that_of_scipy(image: np.ndarray, radius: int) -> None:
    expected = ndimage.median_filter(image, size=2 * radius + 1, mode="nearest")
    assert np.array_equal(median_filter(image, radius_px=radius), expected)


def test_median_filter_of_a_large_radius_is_close_to_that_of_scipy(image: np.ndarray) -> None:
    expected = ndimage.median_filter(image, size=9, mode="nearest").astype(float)
    assert np.abs(median_filter(image, radius_px=4) - expected).mean() < 3


def test_total_variation_is_that_of_scikit_image_in_any_unit(image: np.ndarray) -> None:
    scaled = (image - image.mean()) / image.std()
    expected = denoise_tv_chambolle(scaled, weight=0.2) * image.std() + image.mean()
    assert np.abs(total_variation(image, weight=0.2) - expected).max() < 3
    doubled = total_variation((image * 2).astype(np.uint16), weight=0.2)
    assert np.abs(doubled - 2 * expected).max() < 6


def test_total_variation_of_a_constant_image() -> None:
    constant = np.full((8, 8), 5, dtype=np.uint16)
    assert np.array_equal(total_variation(constant, weight=1.0), constant)


def test_centre_crop_by_hand() -> None:
    image = np.arange(30, dtype=np.uint16).reshape(5, 6)
    assert centre_crop(image, size_px=2).tolist() == [[8, 9], [14, 15]]
    with pytest.raises(ValueError, match=r"crop to 6 px needs images of at least that size, got \(5, 6\)"):
        centre_crop(image, size_px=6)


def test_steps_are_applied_in_order_to_their_channels() -> None:
    image = np.full((20, 20), 100, dtype=np.uint16)
    image[10, 10] = 900
    steps = [
        {"step": "median", "radius_px": 1, "channels": ["nuclei"]},
        {"step": "crop", "size_px": 10, "channels": None},
    ]
    assert preprocessed(image, channel="nuclei", steps=steps).max() == 100
    assert preprocessed(image, channel="actin", steps=steps).max() == 900
    assert preprocessed(image, channel="actin", steps=steps).shape == (10, 10)
    with pytest.raises(ValueError, match="'blur' is no step"):
        preprocessed(image, channel="actin", steps=[{"step": "blur"}])
