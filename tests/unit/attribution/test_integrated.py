"""Integrated Gradients against functions whose integral is known."""

import numpy as np
import pytest

from wellspring.attribution.integrated import baseline_image, integrated_gradients, measured_noise
from wellspring.attribution.paths import Path, summed_paths

SIZE, CHANNELS = 4, 3


def make_images(n=2):
    """(n, 4, 4, 3): two channels and the mask; the first row is not measured."""
    images = np.random.default_rng(7).normal(size=(n, SIZE, SIZE, CHANNELS)).astype(np.float32)
    images[..., -1] = 1
    images[:, 0] = 0
    return images


def power(exponent):
    """f = sum of x ** exponent over the two channels, and its gradient."""

    def gradients(batch):
        x = batch.copy()
        x[..., -1] = 0
        values = (x**exponent).sum(axis=(1, 2, 3), dtype=np.float64).astype(np.float32)
        return values, exponent * x ** (exponent - 1)

    return gradients


def black(images):
    return np.stack([baseline_image(image, kind="black", rng=np.random.default_rng(0)) for image in images])


def test_linear_function_gets_weight_times_way():
    images = make_images()
    weight = np.arange(SIZE * SIZE * CHANNELS, dtype=np.float32).reshape(SIZE, SIZE, CHANNELS)
    start = np.full_like(images, 0.5)

    def gradients(batch):
        return (batch * weight).sum(axis=(1, 2, 3)) + 3, np.broadcast_to(weight, batch.shape)

    for steps in (1, 5):
        found = integrated_gradients(images, baseline=start, gradients=gradients, steps=steps, batch_size=4)
        np.testing.assert_allclose(found.attribution, weight * (images - 0.5), rtol=2e-6, atol=1e-5)
    np.testing.assert_allclose(found.baseline_prediction, weight.sum() * 0.5 + 3, rtol=1e-6)
    np.testing.assert_allclose(found.prediction, (images * weight).sum(axis=(1, 2, 3)) + 3, rtol=1e-5)


def test_trapezoid_is_exact_where_the_gradient_is_linear():
    images = make_images()
    found = integrated_gradients(images, baseline=black(images), gradients=power(2), steps=1, batch_size=8)
    np.testing.assert_allclose(found.attribution[..., :2], images[..., :2] ** 2, rtol=1e-6)
    np.testing.assert_allclose(found.error, 0, atol=1e-5)
    np.testing.assert_allclose(found.total, (images[..., :2] ** 2).sum(axis=(1, 2, 3)), rtol=1e-6)


def test_error_of_a_cubic_falls_with_the_square_of_the_steps():
    """The trapezoid rule gives x**3 * (1 + 1 / (2 * steps**2)) for f = x**3."""
    images = np.abs(make_images(1))
    exact = float((images[..., :2].astype(np.float64) ** 3).sum())
    for steps in (2, 4, 8):
        found = integrated_gradients(images, baseline=black(images), gradients=power(3), steps=steps, batch_size=5)
        np.testing.assert_allclose(found.error, exact / (2 * steps**2), rtol=1e-3)


def test_curve_rises_as_the_function_does():
    images = make_images(1)
    found = integrated_gradients(images, baseline=black(images), gradients=power(2), steps=4, batch_size=3)
    whole = float((images[..., :2].astype(np.float64) ** 2).sum())
    np.testing.assert_array_equal(found.alpha, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found.cumulative[0], whole * np.array([0, 1, 4, 9, 16]) / 16, rtol=1e-6)
    np.testing.assert_allclose(found.values[0], whole * np.array([0, 1, 4, 9, 16]) / 16, rtol=1e-6)
    np.testing.assert_allclose(found.cumulative[:, -1], found.total, rtol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 6, 7, 13, 100])
def test_batch_size_changes_nothing(batch_size):
    images, seen = make_images(3), []

    def gradients(batch):
        seen.append(len(batch))
        return power(3)(batch)

    start = np.stack([baseline_image(i, kind="noise", rng=np.random.default_rng(1)) for i in images])
    found = integrated_gradients(images, baseline=start, gradients=gradients, steps=5, batch_size=batch_size)
    whole = integrated_gradients(images, baseline=start, gradients=power(3), steps=5, batch_size=18)
    np.testing.assert_allclose(found.attribution, whole.attribution, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.cumulative, whole.cumulative, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found.values, whole.values)
    full, rest = divmod(18, batch_size)
    assert seen == [batch_size] * full + [rest] * (rest > 0)


def test_stream_reads_no_further_than_one_batch():
    read = 0

    def paths():
        nonlocal read
        for image in make_images(6):
            read += 1
            yield Path(image, np.zeros_like(image), steps=2)

    stream = summed_paths(paths(), gradients=power(2), batch_size=4)
    next(stream)
    assert read == 2


def test_no_images():
    none = np.empty((0, SIZE, SIZE, CHANNELS), dtype=np.float32)
    found = integrated_gradients(none, baseline=none, gradients=power(2), steps=3, batch_size=2)
    assert found.attribution.shape == none.shape
    assert found.values.shape == found.cumulative.shape == (0, 4)
    assert found.error.shape == (0,)


def test_points_lie_evenly_between_baseline_and_image():
    image, start, seen = make_images(1)[0], np.full((SIZE, SIZE, CHANNELS), 0.25, dtype=np.float32), []

    def gradients(batch):
        seen.append(batch.copy())
        return power(2)(batch)

    list(summed_paths([Path(image, start, steps=4)], gradients=gradients, batch_size=2))
    alpha = np.array([0, 0.25, 0.5, 0.75, 1])[:, None, None, None]
    np.testing.assert_allclose(np.concatenate(seen), (1 - alpha) * start + alpha * image, rtol=1e-5, atol=1e-6)


def test_black_baseline_keeps_the_mask():
    image = make_images(1)[0]
    found = baseline_image(image, kind="black", rng=np.random.default_rng(0))
    assert not found[..., :2].any()
    np.testing.assert_array_equal(found[..., 2], image[..., 2])
    assert found.dtype == np.float32


def test_noise_baseline_fills_measured_pixels_only():
    image = np.zeros((60, 60, 3), dtype=np.float32)
    image[10:, :, 2] = 1
    found = baseline_image(image, kind="noise", rng=np.random.default_rng(3))
    assert not found[:10].any()
    np.testing.assert_array_equal(found[..., 2], image[..., 2])
    # 6,000 draws: mean within 4 / sqrt(6000), standard deviation within 4 / sqrt(12000)
    assert abs(found[10:, :, :2].mean()) < 0.052
    assert abs(found[10:, :, :2].std() - 1) < 0.037
    assert abs(np.corrcoef(found[10:, :, 0].ravel(), found[10:, :, 1].ravel())[0, 1]) < 0.073


def test_noise_without_measured_pixels_is_zero():
    found = measured_noise(np.zeros((3, 3, 2), dtype=np.float32), sd=2.0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(found, np.zeros((3, 3, 1)))


def test_unknown_baseline_is_refused():
    with pytest.raises(ValueError, match="'black' or 'noise', got 'white'"):
        baseline_image(make_images(1)[0], kind="white", rng=np.random.default_rng(0))


@pytest.mark.parametrize(("steps", "batch_size", "words"), [(0, 4, r"steps.*got 0"), (3, 0, r"batch_size.*got 0")])
def test_numbers_below_one_are_refused(steps, batch_size, words):
    images = make_images()
    with pytest.raises(ValueError, match=words):
        integrated_gradients(images, baseline=images, gradients=power(2), steps=steps, batch_size=batch_size)


def test_other_shapes_are_refused():
    images = make_images()
    with pytest.raises(ValueError, match="expected one shape"):
        integrated_gradients(images, baseline=images[:1], gradients=power(2), steps=2, batch_size=4)
    with pytest.raises(ValueError, match=r"expected the image's shape \(4, 4, 3\), got \(4, 4, 1\)"):
        Path(images[0], images[0, ..., :1], steps=2)
    paths = [Path(image, image, steps=2) for image in (images[0], images[0, :2])]
    with pytest.raises(ValueError, match=r"all of shape \(4, 4, 3\), got \(2, 4, 3\)"):
        list(summed_paths(paths, gradients=power(2), batch_size=4))


def test_an_answer_of_another_shape_is_refused():
    images = make_images()

    def gradients(batch):
        values, found = power(2)(batch)
        return values[:, None], found

    with pytest.raises(ValueError, match=r"expected values \(4,\).*got \(4, 1\)"):
        integrated_gradients(images, baseline=images, gradients=gradients, steps=2, batch_size=4)


@pytest.mark.parametrize("is_value", [True, False])
def test_a_model_that_is_not_finite_is_refused(is_value):
    images = make_images()

    def gradients(batch):
        values, found = power(2)(batch)
        (values if is_value else found)[0] = np.nan
        return values, found

    with pytest.raises(ValueError, match="expected finite values and gradients"):
        integrated_gradients(images, baseline=black(images), gradients=gradients, steps=2, batch_size=4)
