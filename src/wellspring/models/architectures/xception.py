"""Xception with a dense head."""

from typing import TYPE_CHECKING

from wellspring.models.architecture import Architecture, learning_rate
from wellspring.models.specification import Specification

if TYPE_CHECKING:
    import keras

__all__ = ["METHOD", "build_xception"]


def build_xception(specification: Specification) -> "keras.Model":
    """Keras' Xception without pre-trained weights, global average, two dense blocks (Becker 2021, table 4.9).

    (B, S, S, n_channels) float32 to (B, 1) float32, S at least 71 px; 21,373,929 trainable parameters for 33 inputs.
    """
    import keras

    from wellspring.models.blocks import dense_block, filtered_images, pooled_features, regression

    images, filtered = filtered_images(specification)
    backbone = keras.applications.Xception(include_top=False, weights=None, input_tensor=filtered)
    features = pooled_features(backbone.output)
    for number, units in enumerate((256, 128), start=1):
        features = dense_block(features, units=units, name=f"head_{number}")
    return regression(images, features, specification=specification, name="xception")


METHOD = Architecture(
    name="xception",
    meaning="Xception",
    settings=learning_rate(0.0005),
    build=build_xception,
    min_image_size=71,
)
