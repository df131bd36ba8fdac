"""Input gradients against hand arithmetic and finite differences."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.models import build_regressor

if TYPE_CHECKING:
    import keras

    from wellspring.models.gradients import input_gradients

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_gradient_of_the_linear_model_is_its_weight_over_the_pixels():
    model = build_regressor("linear", image_size=2, n_channels=3, input_channels=[0, 2], target_mean=10, target_std=2)
    model.set_weights([np.array([[3.0], [-1.0]], np.float32), np.array([0.5], np.float32)])
    images = np.ones((3, 2, 2, 3), np.float32)
    predictions, gradients = input_gradients(model)(images)
    # 10 + 2 * (3 * 1 - 1 * 1 + 0.5); each of the 4 pixels has a quarter of 2 * weight.
    assert predictions.tolist() == pytest.approx([15.0] * 3)
    assert predictions.dtype == gradients.dtype == np.float32
    expected = np.broadcast_to(np.array([1.5, 0.0, -0.5], np.float32), (3, 2, 2, 3))
    np.testing.assert_allclose(gradients, expected, rtol=1e-6)


def test_gradient_of_the_cnn_matches_finite_differences_in_inference_mode():
    keras.utils.set_random_seed(2)
    model = build_regressor("simple_cnn", image_size=8, n_channels=3, input_channels=[0, 1], target_std=100.0)
    rng = np.random.default_rng(5)
    images = rng.normal(size=(4, 8, 8, 3)).astype(np.float32)
    gradients = input_gradients(model)
    value, slope = gradients(images)
    np.testing.assert_allclose(value, np.asarray(model(images, training=False))[:, 0], rtol=1e-5)
    # Along the gradient, the slope is the gradient's length.
    length = np.sqrt((slope**2).sum(axis=(1, 2, 3), keepdims=True))
    step = 2e-3
    above, _ = gradients(images + step * slope / length)
    below, _ = gradients(images - step * slope / length)
    np.testing.assert_allclose((above.astype(float) - below) / (2 * step), length.ravel(), rtol=0.02)
    assert np.abs(slope[..., 2]).max() == 0
    # One image alone has the gradient that it has among others: no statistics are shared within a batch.
    np.testing.assert_allclose(gradients(images[:1])[1], slope[:1], rtol=1e-4, atol=1e-6)


def test_gradients_follow_the_weights():
    model = build_regressor("linear", image_size=1, n_channels=2, input_channels=[0])
    gradients = input_gradients(model)
    images = np.zeros((1, 1, 1, 2), np.float32)
    for weight in (2.0, 7.0):
        model.set_weights([np.array([[weight]], np.float32), np.zeros(1, np.float32)])
        assert gradients(images)[1][0, 0, 0].tolist() == [weight, 0.0]


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (1, 4, 4, 2), (1, 5, 4, 3)])
def test_batches_of_another_shape_are_refused(shape):
    model = build_regressor("linear", image_size=4, n_channels=3, input_channels=[0])
    with pytest.raises(ValueError, match=r"images: expected a batch of shape \(B, 4, 4, 3\)|images: expected"):
        input_gradients(model)(np.zeros(shape, np.float32))


def test_other_backends_are_refused(monkeypatch):
    model = build_regressor("linear", image_size=4, n_channels=3, input_channels=[0])
    monkeypatch.setattr(keras.backend, "backend", "torch".strip)
    with pytest.raises(ValueError, match=r"KERAS_BACKEND: expected one of \['jax', 'tensorflow'\], got 'torch'"):
        input_gradients(model)
