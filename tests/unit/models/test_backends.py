"""The same files, numbers and behaviour on Keras' backend jax as on the one that the tests run on."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.models import build_regressor, load_regressor

if TYPE_CHECKING:
    import keras

    from wellspring.models.gradients import input_gradients
    from wellspring.training.augmentation import scaled

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

NAMES = ("linear", "simple_cnn")


@pytest.fixture(scope="module")
def images():
    images = np.random.default_rng(0).normal(size=(9, 8, 8, 3)).astype(np.float32)
    images[..., -1] = 0
    images[:, 2:6, 1:7, -1] = 1
    images[..., :-1] *= images[..., -1:]
    return images


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    folder = tmp_path_factory.mktemp("backends")
    np.save(folder / "images.npy", images)
    for name in NAMES:
        keras.utils.set_random_seed(1)
        model = build_regressor(
            name, image_size=8, n_channels=3, input_channels=[0, 1], target_mean=380.0, target_std=60.0
        )
        model.save(folder / f"{name}.keras")
    return folder


@pytest.fixture(scope="module")
def results(folder):
    """What the other backend made of the folder."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    script = Path(__file__).with_name("on_other_backend.py")
    done = subprocess.run([sys.executable, str(script), str(folder)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return np.load(folder / "results.npz")


def test_it_was_another_backend(results):
    assert str(results["backend"]) == "jax"
    assert keras.backend.backend() == "tensorflow"


def test_parameters(results):
    assert int(results["linear/parameters"]) == 34
    assert int(results["simple_cnn/parameters"]) == 160_129


@pytest.mark.parametrize("name", NAMES)
def test_predictions_and_gradients_of_a_saved_model(name, results, folder, images):
    predictions, gradients = input_gradients(load_regressor(folder / f"{name}.keras"))(images)
    np.testing.assert_allclose(results[f"{name}/predictions"], predictions, rtol=1e-5)
    np.testing.assert_allclose(results[f"{name}/gradients"], gradients, rtol=1e-3, atol=1e-5)
    assert np.abs(gradients).max() > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_a_model_saved_there_is_the_same_here(name, results, folder, images):
    here, there = (load_regressor(folder / f"{prefix}{name}.keras") for prefix in ("", "saved_"))
    np.testing.assert_array_equal(np.asarray(there(images)), np.asarray(here(images)))


def test_zooms_are_the_same(results, images):
    expected = np.asarray(scaled(images, np.linspace(0.6, 1.4, len(images), dtype=np.float32)))
    np.testing.assert_allclose(results["scaled"], expected, atol=1e-5)


def test_training_steps_change_the_cnn(results):
    history = results["simple_cnn/history"]
    assert history.shape == (2, 4)
    assert np.isfinite(history).all()
    assert history[0, 0] != history[1, 0]


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(results):
    assert results["whole"].shape == (4, 4)
    assert len(np.unique(results["whole"][:, 0])) == 4
    np.testing.assert_allclose(results["parts"], results["whole"], rtol=1e-5)
