"""A known vignette is found again, in memory that does not depend on how many images there are."""

import numpy as np
import pytest
from scipy import ndimage

from wellspring.quality.illumination import RatioHistogram, SmallImage, corrected, illumination_function, small_image
from wellspring.quality.medians import local_median

SIZE = 256
OFFSET = 100.0


def _vignette(depth: float = 0.4) -> np.ndarray:
    """1 off the middle, 1 - depth in the corners; the bright place is not the centre."""
    y, x = np.mgrid[:SIZE, :SIZE] / (SIZE - 1) - 0.5
    return 1 - depth * ((y + 0.08) ** 2 + (x - 0.05) ** 2) / 0.5


def _fields(n: int, vignette: np.ndarray, *, seed: int, debris: bool = True) -> list[np.ndarray]:
    """Fields of round cells of differing brightness, also across the edges, on a ground; some with debris."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    fields = []
    for number in range(n):
        cells = np.zeros((SIZE + 40, SIZE + 40))
        indices = rng.integers(0, SIZE + 40, (2, 500))
        cells[*indices] = rng.uniform(100, 300, 500) * 2 * np.pi * 16
        light = 150 + ndimage.gaussian_filter(cells, 4)[20:-20, 20:-20]
        if debris and number % 4 == 0:
            row, column = rng.uniform(0, SIZE, 2)
            light[np.hypot(y - row, x - column) < 15] = 8000
        light *= rng.uniform(0.7, 1.4)
        fields.append(rng.poisson(light * vignette + OFFSET).astype(np.uint16))
    return fields


def _histogram(fields: list[np.ndarray]) -> RatioHistogram:
    small = [small_image(field, background=OFFSET, bright_sd=3.0) for field in fields]
    histogram = RatioHistogram(small[0].ratio.shape)
    for one in small:
        histogram.add(one)
    return histogram


@pytest.fixture(scope="module")
def fields() -> list[np.ndarray]:
    # Fewer than a plate has: with more of them the correction gets better.
    return _fields(128, _vignette(), seed=1)


@pytest.fixture(scope="module")
def function(fields: list[np.ndarray]) -> np.ndarray:
    """The correction found in the fields; most of this file's time."""
    return illumination_function(_histogram(fields).median(), smoothing_share=0.3)


def test_a_known_vignette_is_recovered_within_2_percent(function: np.ndarray) -> None:
    # A constant field under the vignette, made even.
    flat = np.full((SIZE, SIZE), 20000.0) * _vignette() + OFFSET
    light = corrected(flat.astype(np.uint16), function, background=OFFSET) - OFFSET
    error = np.abs(light / light.mean() - 1)
    assert np.sqrt((error**2).mean()) < 0.01
    assert np.quantile(error, 0.99) < 0.02
    assert error.max() < 0.04


@pytest.mark.slow
def test_corrected_fields_are_flat_within_3_percent(function: np.ndarray) -> None:
    others = _fields(160, _vignette(), seed=2, debris=False)
    before = np.mean([field - OFFSET for field in others], axis=0)
    after = np.mean([corrected(field, function, background=OFFSET) - OFFSET for field in others], axis=0)
    # Means of 64 px tiles: what is left of the cells themselves is less than what is asked of the field.
    tiles = [image.reshape(4, 64, 4, 64).mean(axis=(1, 3)) / image.mean() for image in (before, after)]
    assert np.abs(tiles[0] - 1).max() > 0.15
    assert np.abs(tiles[1] - 1).max() < 0.03


def test_histograms_of_wells_merge_to_that_of_the_plate(fields: list[np.ndarray]) -> None:
    whole, parts = _histogram(fields[:8]), [_histogram(fields[:3]), _histogram(fields[3:8])]
    parts[0].merge(parts[1:])
    assert np.array_equal(parts[0].counts, whole.counts)
    assert parts[0].n_images == 8
    assert whole.counts.nbytes == 512 * 128 * 128 * 4


def test_median_over_images_by_hand() -> None:
    histogram = RatioHistogram((1, 2))
    for value in (0.5, 1.0, 1.5, 2.0, 4.0):
        histogram.add(SmallImage(np.array([[value, 1.0]], dtype=np.float32), np.ones((1, 2), dtype=bool)))
    assert histogram.median() == pytest.approx(np.array([[1.5, 1.0]]), rel=0.005)


def test_what_was_measured_counts_more_than_what_was_replaced() -> None:
    histogram = RatioHistogram((1, 1))
    for value, is_measured in ((2.0, True), (1.0, False), (1.0, False)):
        histogram.add(SmallImage(np.array([[value]], dtype=np.float32), np.array([[is_measured]])))
    assert histogram.median() == pytest.approx(np.array([[2.0]]), rel=0.005)


def test_debris_is_replaced_by_its_neighbourhood() -> None:
    image = np.random.default_rng(0).poisson(500, (100, 120)).astype(np.uint16)
    image[40:50, 60:70] = 20000
    small = small_image(image, background=0, bright_sd=3.0)
    assert small.ratio.shape == (100, 120)
    assert not small.is_measured[40:50, 60:70].any()
    assert small.ratio[40:50, 60:70] == pytest.approx(1.0, abs=0.02)
    assert small.is_measured.mean() > 0.97


def test_debris_is_replaced_beside_a_part_without_light() -> None:
    image = np.full((128, 128), 200, dtype=np.uint16)
    image[:, :40] = np.random.default_rng(0).integers(97, 102, (128, 40))
    image[100, 100] = 5000
    small = small_image(image, background=100, bright_sd=3.0)
    assert not small.is_measured[100, 100]
    assert small.ratio[100, 100] == pytest.approx(1.0)
    assert np.isfinite(small.ratio).all()


def test_an_image_without_light_is_left_out() -> None:
    histogram = RatioHistogram((32, 32))
    histogram.add(small_image(np.full((32, 32), 100, dtype=np.uint16), background=100, bright_sd=3))
    assert histogram.n_images == 0
    with pytest.raises(ValueError, match="expected at least one image with light"):
        histogram.median()


def test_images_of_two_sizes_on_a_plate() -> None:
    with pytest.raises(ValueError, match="expected images of one size on a plate"):
        RatioHistogram((4, 4)).add(SmallImage(np.ones((4, 5), dtype=np.float32), np.ones((4, 5), dtype=bool)))


def test_correction_rounds_cuts_and_leaves_the_background() -> None:
    image = np.array([[100, 101, 40000]], dtype=np.uint16)
    doubled = corrected(image, np.full((1, 3), 2.0, dtype=np.float32), background=100)
    assert doubled.tolist() == [[100, 102, 65535]]


def test_a_quadratic_surface_is_kept_up_to_the_edge() -> None:
    y, x = np.mgrid[:64, :80] / 80
    surface = 1 + x - 0.5 * y**2 + 0.3 * x * y
    function = illumination_function(surface, smoothing_share=0.1)
    assert function * surface == pytest.approx(np.full((64, 80), surface.mean()), rel=1e-5)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_local_median_of_few_values_is_exact(dtype: type) -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(0, 900, (40, 50)).astype(dtype)
    wide = np.pad(image, 3, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(wide, (7, 7))
    assert np.array_equal(local_median(image, radius_px=3), np.median(windows, axis=(2, 3)))


def test_local_median_of_many_values_is_within_a_1016th_of_the_pixels() -> None:
    image = np.random.default_rng(6).normal(30000, 4000, (200, 200)).astype(np.uint16)
    wide = np.pad(image, 4, mode="edge")
    exact = np.median(np.lib.stride_tricks.sliding_window_view(wide, (9, 9)), axis=(2, 3))
    found = local_median(image, radius_px=4)
    ranks = [np.searchsorted(np.sort(image, axis=None), values) / image.size for values in (found, exact)]
    assert np.abs(ranks[0] - ranks[1]).max() <= 1 / 1016


def test_local_median_needs_a_window() -> None:
    with pytest.raises(ValueError, match="radius_px: expected 1 or more, got 0"):
        local_median(np.zeros((5, 5), dtype=np.uint16), radius_px=0)


@pytest.mark.parametrize("median", [np.zeros((20, 30)), np.full((20, 30), np.nan), np.ones((1, 1)), np.ones((2, 40))])
def test_without_light_or_with_too_few_pixels_the_function_is_one(median):
    np.testing.assert_array_equal(illumination_function(median, smoothing_share=0.1), np.ones(median.shape))
