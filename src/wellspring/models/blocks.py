"""Blocks that the architectures share: what goes in, what comes out, and the dense part between."""

from typing import Any

import keras
from keras import layers

from wellspring.models.layers import ChannelFilter
from wellspring.models.specification import Specification

__all__ = ["dense_block", "filtered_images", "pooled_features", "regression"]

# ASSUME: running averages over some 10 steps. Keras' default (0.99: 100 steps) is stale for many epochs on a data set
# of a thousand cells, where an epoch has 20 steps, and so hides the validation error from early stopping.
_NORM_MOMENTUM = 0.9


def filtered_images(specification: Specification, *, dtype: str | None = None) -> tuple[Any, Any]:
    """The input (B, S, S, n_channels), float32, and its filtered channels (B, S, S, k).

    `dtype` is that of the filter; by default Keras' dtype policy.
    """
    size = specification.image_size
    images = keras.Input((size, size, specification.n_channels), dtype="float32", name="images")
    return images, ChannelFilter(specification.input_channels, name="channel_filter", dtype=dtype)(images)


def pooled_features(features: Any) -> Any:
    """Global average over the pixels: (B, h, w, k) to (B, k).

    Always float32: a sum over 50,176 pixels leaves float16's range.
    """
    return layers.GlobalAveragePooling2D(name="average_pooling", dtype="float32")(features)


def dense_block(features: Any, *, units: int, name: str) -> Any:
    """Dense, batch normalization, ReLU: (B, k) to (B, units)."""
    features = layers.Dense(units, name=f"{name}_dense")(features)
    features = layers.BatchNormalization(name=f"{name}_norm")(features)
    return layers.ReLU(name=f"{name}_relu")(features)


def regression(images: Any, features: Any, *, specification: Specification, name: str) -> keras.Model:
    """End a graph with one value per image, (B, 1) float32, in the target's unit.

    The dense layer predicts the standardised target; the last layer, which has no parameters, undoes the
    standardisation (output = target_mean + target_std * dense). This departs from Becker 2021, where the dense layer
    is the output: with targets near 380 and a Huber loss of delta = 1, Adam moves that output by about one learning
    rate a step, and most of a training goes into finding the mean.
    """
    standardized = layers.Dense(1, name="standardized_target", dtype="float32")(features)
    target = layers.Rescaling(
        scale=specification.target_std, offset=specification.target_mean, name="target", dtype="float32"
    )(standardized)
    model = keras.Model(images, target, name=name)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = _NORM_MOMENTUM
    return model
