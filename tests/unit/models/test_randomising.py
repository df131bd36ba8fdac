"""Layers made random from the top down, and restored."""

from typing import TYPE_CHECKING

import numpy as np

from wellspring.models import build_regressor

if TYPE_CHECKING:
    from wellspring.models.randomising import randomised_from_top


def test_layers_go_from_the_output_down_and_come_back():
    model = build_regressor("simple_cnn", image_size=8, n_channels=4, input_channels=range(3))
    before = [values.copy() for values in model.get_weights()]
    names = []
    for name in randomised_from_top(model, seed=0):
        names.append(name)
        if name == "block_4_dense":
            changed = [
                layer.name
                for layer in model.layers
                if any(
                    not np.array_equal(now, then)
                    for now, then in zip(layer.get_weights(), _of(layer, model, before), strict=True)
                )
            ]
            assert "block_1_convolution" not in changed
            assert "block_3_dense" not in changed
            assert {"standardized_target", "block_4_dense"} <= set(changed)
            kernel = model.get_layer("block_4_dense").get_weights()[0]
            then = _of(model.get_layer("block_4_dense"), model, before)[0]
            np.testing.assert_array_equal(np.sort(kernel, axis=None), np.sort(then, axis=None))
    assert names == [
        "standardized_target",
        "block_4_dense",
        "block_3_dense",
        "block_2_convolution",
        "block_1_convolution",
    ]
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_giving_up_restores_the_model_too():
    model = build_regressor("linear", image_size=4, n_channels=4, input_channels=range(3))
    before = [values.copy() for values in model.get_weights()]
    stream = randomised_from_top(model, seed=0)
    next(stream)
    stream.close()
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def _of(layer, model, weights):
    """The entries of the model's `weights` that belong to a layer."""
    index = 0
    for one in model.layers:
        n = len(one.get_weights())
        if one is layer:
            return weights[index : index + n]
        index += n
    raise AssertionError(layer.name)
