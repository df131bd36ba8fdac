"""Image classifiers by their counts and shapes, and gradient reversal by hand."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.models.pattern_images import IMAGE_CLASSIFIERS, build_inception, build_squeezenet

if TYPE_CHECKING:
    import keras

    from wellspring.models.reversal import (
        GradientReversal,
        adapted_rate,
        adversarial_model,
        domain_batches,
        reversal_strength,
        train_adapted,
    )


def test_squeezenet_has_the_parameters_of_the_thesis() -> None:
    assert set(IMAGE_CLASSIFIERS) == {"squeezenet", "inception"}
    model = build_squeezenet(image_size=64)
    assert model.count_params() == 725_598
    assert model.output_shape == (None, 6)
    assert model.get_layer("embedding").output.shape == (None, 512)
    # 513 for a class, and four of its normalization.
    assert build_squeezenet(image_size=32, n_classes=8, has_skips=False).count_params() == 725_598 + 2 * 517
    with pytest.raises(ValueError, match="expected 32 px or more"):
        build_squeezenet(image_size=20)
    with pytest.raises(ValueError, match="expected 75 px or more"):
        build_inception(image_size=64)


def test_a_step_of_squeezenet_changes_its_weights_and_softmax_sums_to_one() -> None:
    keras.utils.set_random_seed(1)
    model = build_squeezenet(image_size=32, n_classes=3, dropout=0.0)
    images = np.random.default_rng(1).random((4, 32, 32, 3), np.float32)
    assert model(images).numpy().sum(axis=1) == pytest.approx(1)
    before = model.get_layer("conv1").get_weights()[0].copy()
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(images, np.array([0, 1, 2, 0]), epochs=1, verbose=0)
    assert abs(model.get_layer("conv1").get_weights()[0] - before).max() > 0


def test_the_schedules_at_their_ends() -> None:
    assert reversal_strength(0.0) == 0
    assert reversal_strength(1.0) == pytest.approx(2 / (1 + np.exp(-10)) - 1)
    assert reversal_strength(0.5) == pytest.approx(0.98661, abs=1e-5)
    assert adapted_rate(0.0) == 0.01
    assert adapted_rate(1.0) == pytest.approx(0.01 / 11**0.75)


def test_the_reversal_keeps_values_and_turns_gradients() -> None:
    """y = w · r(v · x) with one weight each: by hand dy/dw = v x, and dy/dv = -λ w x."""
    inputs = keras.Input((1,))
    before = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(2.0))
    after = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant(3.0))
    layer = GradientReversal(0.5)
    model = keras.Model(inputs, after(layer(before(inputs))))
    value = np.float32([[7.0]])
    assert model(value).numpy().item() == pytest.approx(2 * 3 * 7)
    # The loss is y itself, and SGD of rate 1 takes away its gradient.
    model.compile(keras.optimizers.SGD(1.0), loss=_mean)
    model.fit(value, value, verbose=0)
    assert after.get_weights()[0].item() == pytest.approx(3 - 2 * 7)
    assert before.get_weights()[0].item() == pytest.approx(2 + 0.5 * 3 * 7)
    again = GradientReversal.from_config(layer.get_config())
    assert again.get_config()["strength"] == 0.5
    assert layer.compute_output_shape((None, 4)) == (None, 4)
    with pytest.raises(ValueError, match="a strength of 0 or more"):
        GradientReversal(-1.0)


def _mean(truth: object, found: object) -> object:
    return keras.ops.mean(found)


def test_batches_hide_the_labels_of_the_target() -> None:
    source, target = np.zeros((5, 2), np.float32), np.ones((3, 2), np.float32)
    images, truth, weights = next(domain_batches(source, np.arange(5), target, half=4, rng=np.random.default_rng(1)))
    assert images[:, 0].tolist() == truth["domain"].ravel().tolist() == [0] * 4 + [1] * 4
    assert weights["label"].tolist() == [2] * 4 + [0] * 4
    assert weights["domain"].tolist() == [1] * 8


def _features() -> "keras.Model":
    inputs = keras.Input((2,))
    return keras.Model(inputs, keras.layers.Dense(8, activation="relu")(inputs))


def test_adaptation_learns_labels_that_hold_in_the_target() -> None:
    """The first coordinate is the label, and of the source; the second tells the domain."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 400)
    source = np.column_stack([2.0 * labels - 1, np.full(400, -1.0)]).astype(np.float32) + 0.2 * rng.normal(
        size=(400, 2)
    )
    target = source * [1, -1]
    about = {"n_classes": 2, "n_batches": 80, "half": 32, "seed": 1, "start": 0.05}
    parts = (source.astype(np.float32), labels, target.astype(np.float32))
    adapted = train_adapted(_features, *parts, **about)
    said = adapted.model.predict(parts[2], verbose=0)["label"].argmax(axis=1)
    assert (said == labels).mean() > 0.95
    assert 0.5 < adapted.domain_accuracy <= 1
    # λ has followed its schedule to the last batch.
    last = adapted.model.get_layer("reversal").strength
    assert float(last) == pytest.approx(reversal_strength(79 / 80), abs=1e-5)
    model, layer = adversarial_model(_features(), n_classes=2)
    assert {name: one.shape for name, one in model(parts[0][:3]).items()} == {"label": (3, 2), "domain": (3, 1)}
    assert float(layer.strength) == 0
    with pytest.raises(ValueError, match="images of both domains"):
        train_adapted(_features, parts[0], labels[:3], parts[2], **about)
