"""One set of demands for all architectures."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.methods import methods_in
from wellspring.models import build_regressor, load_regressor
from wellspring.models.architecture import PLACE, Architecture

if TYPE_CHECKING:
    import keras

    from wellspring.models.devices import computing_in
    from wellspring.models.layers import ChannelFilter

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


N_CHANNELS, INPUTS = 4, (2, 0)
MEAN, STD = 380.0, 60.0


@dataclass(frozen=True)
class Case:
    """An architecture, a small image for it, and how many steps on 8 cells it gets."""

    name: str
    image_size: int
    n_parameters: int
    n_steps: int
    error: float


# `error` is the mean absolute error, in intensity, that must be left after the steps; the constant guess has 34.3.
CASES = (
    Case("linear", 12, 34, n_steps=200, error=3.0),
    Case("simple_cnn", 12, 160_129, n_steps=60, error=3.0),
    Case("resnet50v2", 32, 24_171_777, n_steps=8, error=30.0),
    Case("xception", 71, 21_373_929, n_steps=8, error=30.0),
)


def test_each_architecture_has_a_case_and_a_module_of_its_name():
    known = methods_in(PLACE, Architecture)
    assert {case.name for case in CASES} == set(known)
    for name, architecture in known.items():
        assert importlib.import_module(f"{PLACE}.{name}").METHOD is architecture
        assert architecture.settings["learning_rate"]["default"] > 0


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def case(request):
    return request.param


@pytest.fixture(scope="module")
def model(case):
    keras.utils.set_random_seed(1)
    return small(case)


def small(case):
    return build_regressor(
        case.name,
        image_size=case.image_size,
        n_channels=N_CHANNELS,
        input_channels=INPUTS,
        target_mean=MEAN,
        target_std=STD,
    )


def eight_cells(case):
    """Targets from 320 to 440, told by the mean of channel 0; channel 1 holds large numbers that must not be seen."""
    level = np.linspace(-1, 1, 8, dtype=np.float32)
    images = np.random.default_rng(3).normal(0, 0.1, (8, case.image_size, case.image_size, N_CHANNELS))
    images[..., 0] += level[:, None, None]
    images[..., 1] *= 1e4
    return images.astype(np.float32), MEAN + STD * level


def values(model, images):
    return np.asarray(model(images, training=False))


def test_trainable_parameters_are_those_of_the_thesis(case):
    model = build_regressor(case.name, image_size=224, n_channels=38, input_channels=range(33))
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == case.n_parameters


def test_output_is_one_float32_value_per_image(case, model):
    images, _ = eight_cells(case)
    found = values(model, images[:3])
    assert found.shape == (3, 1)
    assert found.dtype == np.float32
    assert model.input_shape == (None, case.image_size, case.image_size, N_CHANNELS)


def test_layers_have_names_of_their_own(case, model):
    names = [layer.name for layer in model.layers]
    assert {"images", "channel_filter", "average_pooling", "standardized_target", "target"} <= set(names)
    assert len(set(names)) == len(names)


def test_channels_that_are_not_inputs_do_not_count(case, model):
    images, _ = eight_cells(case)
    changed = images.copy()
    changed[..., 1] += 5
    changed[..., 3] -= 5
    np.testing.assert_array_equal(values(model, images), values(model, changed))


def test_a_saved_model_gives_the_same_values(case, model, tmp_path):
    images, _ = eight_cells(case)
    model.save(tmp_path / "model.keras")
    loaded = load_regressor(tmp_path / "model.keras")
    np.testing.assert_array_equal(values(loaded, images), values(model, images))


def test_a_step_changes_every_trainable_weight_and_steps_reduce_the_error(case):
    keras.utils.set_random_seed(1)
    model = small(case)
    images, targets = eight_cells(case)
    # A graph of the large models takes longer to make than these few steps take without one.
    eager = case.n_steps < 10
    optimizer = keras.optimizers.Adam(0.01)
    model.compile(optimizer=optimizer, loss=keras.losses.Huber(delta=1.0), run_eagerly=eager, jit_compile=False)
    before = [np.array(weight) for weight in model.trainable_weights]
    model.train_on_batch(images, targets)
    unchanged = [
        weight.path for weight, old in zip(model.trainable_weights, before, strict=True) if np.array_equal(weight, old)
    ]
    # A bias right before a batch normalization has no effect, hence no gradient but rounding.
    assert [path for path in unchanged if not path.endswith("bias")] == []
    for _ in range(case.n_steps):
        model.train_on_batch(images, targets)
    # Running averages of batch normalization lag behind: let the whole batch be their measure, as in training.
    left = np.abs(targets - np.asarray(model(images, training=True))[:, 0]).mean()
    assert left < case.error


def test_output_is_the_standardised_value_scaled_back():
    model = build_regressor(
        "linear", image_size=2, n_channels=3, input_channels=[1, 0], target_mean=380.0, target_std=60.0
    )
    model.set_weights([np.array([[2.0], [1.0]], np.float32), np.array([0.5], np.float32)])
    image = np.zeros((1, 2, 2, 3), np.float32)
    image[0, 0, 0] = [4, 8, 100]
    # Means 1 (channel 0) and 2 (channel 1): 2 * 2 + 1 * 1 + 0.5 = 5.5 standard deviations above the mean.
    assert values(model, image)[0, 0] == pytest.approx(380 + 60 * 5.5)


def test_mixed_precision_keeps_output_and_weights_in_float32():
    with computing_in("mixed_float16"):
        model = build_regressor("simple_cnn", image_size=8, n_channels=3, input_channels=[0, 1], target_mean=380.0)
    assert keras.config.dtype_policy().name == "float32"
    assert model.get_layer("block_1_convolution").compute_dtype == "float16"
    assert {weight.dtype for weight in model.weights} == {"float32"}
    assert np.asarray(model(np.zeros((1, 8, 8, 3), np.float32))).dtype == np.float32


def test_channel_filter_keeps_the_order_asked_for():
    images = np.arange(2 * 1 * 1 * 4, dtype=np.float32).reshape(2, 1, 1, 4)
    layer = ChannelFilter([3, 1])
    assert np.asarray(layer(images)).tolist() == [[[[3.0, 1.0]]], [[[7.0, 5.0]]]]
    assert layer.compute_output_shape((None, 1, 1, 4)) == (None, 1, 1, 2)
    again = ChannelFilter.from_config(layer.get_config())
    assert again.input_channels == [3, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "vgg"}, r"model 'vgg': expected one of \['linear'"),
        ({"name": "resnet50v2"}, "resnet50v2 needs images of at least 32 px, got 31 px. Raise cells.image_size"),
        ({"name": "xception", "image_size": 70}, "xception needs images of at least 71 px, got 70 px"),
        ({"name": "simple_cnn", "image_size": 3}, "at least 4 px, got 3 px"),
        ({"input_channels": []}, "input_channels: expected one or more"),
        ({"input_channels": [0, 0]}, r"different places from 0 to 3, got \[0, 0\]"),
        ({"input_channels": [4]}, r"different places from 0 to 3, got \[4\]"),
        ({"input_channels": [-1]}, r"got \[-1\]"),
        ({"n_channels": 0}, "image_size and n_channels: expected at least 1, got 31 and 0"),
        ({"target_std": 0.0}, "target_mean, target_std: expected a finite mean"),
        ({"target_mean": float("nan")}, "got nan and 1.0"),
    ],
)
def test_bad_demands_are_refused(change, words):
    demand = {"name": "linear", "image_size": 31, "n_channels": 4, "input_channels": [0], **change}
    with pytest.raises(ValueError, match=words):
        build_regressor(demand.pop("name"), **demand)


def test_files_that_are_no_model_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.keras: expected a model"):
        load_regressor(tmp_path / "no.keras")
    (tmp_path / "bad.keras").write_bytes(b"not a zip file")
    with pytest.raises(ValueError, match=r"bad\.keras: expected a model that the rule training_fit saved"):
        load_regressor(tmp_path / "bad.keras")
