"""Integrated Gradients against functions whose integral is known."""

import numpy as np
import pytest

from wellspring.attribution.maps.integrated import integrated_gradients, points_of, refined_integral
from wellspring.attribution.maps.paths import Path, midpoint, offset_points, summed_paths, trapezoid

SIZE, CHANNELS = 4, 3


def make_image(seed=7):
    """(4, 4, 3): two channels and the mask; the first row is not measured."""
    image = np.random.default_rng(seed).normal(size=(SIZE, SIZE, CHANNELS)).astype(np.float32)
    image[..., -1] = 1
    image[0] = 0
    return image


def black(image):
    start = np.zeros_like(image)
    start[..., -1] = image[..., -1]
    return start[None]


def power(exponent):
    """f = sum of x ** exponent over the two channels, and its gradient."""

    def gradients(batch):
        x = batch.copy()
        x[..., -1] = 0
        values = (x**exponent).sum(axis=(1, 2, 3), dtype=np.float64).astype(np.float32)
        return values, exponent * x ** (exponent - 1)

    return gradients


def integral(image, starts=None, *, gradients, steps, batch_size=4, rule="trapezoid"):
    starts = black(image) if starts is None else starts
    return integrated_gradients(image, starts, gradients=gradients, steps=steps, batch_size=batch_size, rule=rule)


@pytest.mark.parametrize("rule", ["trapezoid", "midpoint"])
@pytest.mark.parametrize("steps", [1, 5])
def test_linear_function_gets_weight_times_way(rule, steps):
    image = make_image()
    weight = np.arange(SIZE * SIZE * CHANNELS, dtype=np.float32).reshape(SIZE, SIZE, CHANNELS)

    def gradients(batch):
        return (batch * weight).sum(axis=(1, 2, 3)) + 3, np.broadcast_to(weight, batch.shape)

    found = integral(image, np.full_like(image, 0.5)[None], gradients=gradients, steps=steps, rule=rule)
    np.testing.assert_allclose(found.attribution, weight * (image - 0.5), rtol=2e-6, atol=1e-5)
    assert found.baseline_prediction == pytest.approx(weight.sum() * 0.5 + 3)
    assert found.prediction == pytest.approx((image * weight).sum() + 3, rel=1e-5)
    assert found.is_complete(tolerance=1e-5)


@pytest.mark.parametrize("rule", ["trapezoid", "midpoint"])
def test_a_quadratic_is_complete_with_one_step(rule):
    image = make_image()
    found = integral(image, gradients=power(2), steps=1, rule=rule)
    np.testing.assert_allclose(found.attribution[..., :2], image[..., :2] ** 2, rtol=1e-6)
    assert found.error == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("rule", "factor"), [("trapezoid", 0.5), ("midpoint", -0.25)])
def test_error_of_a_cubic_falls_with_the_square_of_the_steps(rule, factor):
    """Trapezoid: x³ (1 + 1 / (2 steps²)) for f = x³; midpoint: x³ (1 - 1 / (4 steps²))."""
    image = np.abs(make_image())
    exact = float((image[..., :2].astype(np.float64) ** 3).sum())
    for steps in (2, 4, 8):
        found = integral(image, gradients=power(3), steps=steps, rule=rule)
        assert found.error == pytest.approx(factor * exact / steps**2, rel=1e-3)


def test_curve_rises_as_the_function_does():
    image = make_image()
    found = integral(image, gradients=power(2), steps=4, batch_size=3)
    whole = float((image[..., :2].astype(np.float64) ** 2).sum())
    np.testing.assert_array_equal(found.alpha, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found.cumulative, whole * np.array([0, 1, 4, 9, 16]) / 16, rtol=1e-6)
    np.testing.assert_allclose(found.values, whole * np.array([0, 1, 4, 9, 16]) / 16, rtol=1e-6)
    middle = integral(image, gradients=power(2), steps=4, rule="midpoint")
    np.testing.assert_array_equal(middle.alpha, [0, 0.125, 0.375, 0.625, 0.875, 1])
    np.testing.assert_allclose(middle.cumulative, whole * np.array([0, 1, 4, 9, 16, 16]) / 16, rtol=1e-6)


def test_several_baselines_are_averaged():
    image, starts = make_image(), np.stack([np.zeros((4, 4, 3), np.float32), np.full((4, 4, 3), 2.0, np.float32)])
    found = integral(image, starts, gradients=power(2), steps=1)
    expected = np.mean([(image - start)[..., :2] * (image + start)[..., :2] for start in starts], axis=0)
    np.testing.assert_allclose(found.attribution[..., :2], expected, rtol=1e-5, atol=1e-6)
    assert found.baseline_prediction == pytest.approx((0 + 4 * 32) / 2)
    assert found.is_complete(tolerance=1e-5)


def test_a_cell_that_misses_the_tolerance_gets_more_steps():
    """The relative error of x³ is 1 / (2 steps²): 1/8, 1/32, 1/128 for 2, 4, 8 steps."""
    image = np.abs(make_image())
    settings = {"gradients": power(3), "batch_size": 8, "rule": "trapezoid"}
    coarse = integral(image, gradients=power(3), steps=2)
    for tolerance, max_steps, steps in ((0.2, 64, 2), (0.05, 64, 4), (0.01, 64, 8), (0.01, 7, 4)):
        found = refined_integral(coarse, image, black(image), tolerance=tolerance, max_steps=max_steps, **settings)
        assert found.steps == steps
        assert found.is_complete(tolerance=tolerance) == (max_steps == 64)


@pytest.mark.parametrize("batch_size", [1, 3, 6, 7, 13, 100])
def test_batch_size_changes_nothing(batch_size):
    images, seen = [make_image(seed) for seed in range(3)], []

    def gradients(batch):
        seen.append(len(batch))
        return power(3)(batch)

    def paths():
        return (Path(image, black(image)[0], points=trapezoid(5)) for image in images)

    found = list(summed_paths(paths(), gradients=gradients, batch_size=batch_size))
    whole = list(summed_paths(paths(), gradients=power(3), batch_size=18))
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_allclose(one.attribution(), other.attribution(), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(one.values, other.values)
    full, rest = divmod(18, batch_size)
    assert seen == [batch_size] * full + [rest] * (rest > 0)


def test_stream_reads_no_further_than_one_batch():
    read = 0

    def paths():
        nonlocal read
        for seed in range(6):
            read += 1
            yield Path(make_image(seed), np.zeros((4, 4, 3), np.float32), points=trapezoid(2))

    next(summed_paths(paths(), gradients=power(2), batch_size=4))
    assert read == 2


def test_points_lie_evenly_between_baseline_and_image():
    image, start, seen = make_image(), np.full((SIZE, SIZE, CHANNELS), 0.25, dtype=np.float32), []

    def gradients(batch):
        seen.append(batch.copy())
        return power(2)(batch)

    list(summed_paths([Path(image, start, points=trapezoid(4))], gradients=gradients, batch_size=2))
    alpha = np.array([0, 0.25, 0.5, 0.75, 1])[:, None, None, None]
    np.testing.assert_allclose(np.concatenate(seen), (1 - alpha) * start + alpha * image, rtol=1e-5, atol=1e-6)


def test_weights_of_every_rule_sum_to_one():
    for points in (trapezoid(3), midpoint(3), offset_points(3, offset=0.2)):
        assert points.weight.sum() == pytest.approx(1)
        assert (np.diff(points.alpha) > 0).all()
    np.testing.assert_allclose(offset_points(4, offset=0.5).alpha, midpoint(4).alpha[1:-1])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, r"steps.*got 0"),
        ({"steps": 3, "batch_size": 0}, r"batch_size.*got 0"),
        ({"steps": 3, "rule": "simpson"}, r"rule: expected one of .* got 'simpson'"),
    ],
)
def test_useless_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        integral(make_image(), gradients=power(2), **settings)


def test_other_shapes_are_refused():
    image = make_image()
    with pytest.raises(ValueError, match=r"expected the image's shape \(4, 4, 3\), got \(4, 4, 1\)"):
        Path(image, image[..., :1], points=trapezoid(2))
    paths = [Path(part, part, points=trapezoid(2)) for part in (image, image[:2])]
    with pytest.raises(ValueError, match=r"all of shape \(4, 4, 3\), got \(2, 4, 3\)"):
        list(summed_paths(paths, gradients=power(2), batch_size=4))
    assert points_of("trapezoid", steps=2).alpha.tolist() == [0, 0.5, 1]


def test_an_answer_of_another_shape_is_refused():
    def gradients(batch):
        values, found = power(2)(batch)
        return values[:, None], found

    with pytest.raises(ValueError, match=r"expected values \(3,\).*got \(3, 1\)"):
        integral(make_image(), gradients=gradients, steps=2)


@pytest.mark.parametrize("is_value", [True, False])
def test_a_model_that_is_not_finite_is_refused(is_value):
    def gradients(batch):
        values, found = power(2)(batch)
        (values if is_value else found)[0] = np.nan
        return values, found

    with pytest.raises(ValueError, match="expected finite values and gradients"):
        integral(make_image(), gradients=gradients, steps=2)
