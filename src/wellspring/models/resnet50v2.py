"""ResNet50V2 with a dense head."""

import keras

from wellspring.models.blocks import dense_block, filtered_images, pooled_features, regression
from wellspring.models.specification import Specification

__all__ = ["build_resnet50v2"]


def build_resnet50v2(specification: Specification) -> keras.Model:
    """Keras' ResNet50V2 without pre-trained weights, global average, two dense blocks (Becker 2021, table 4.8).

    (B, S, S, n_channels) float32 to (B, 1) float32, S at least 32 px; 24,171,777 trainable parameters for 33 inputs.
    """
    images, filtered = filtered_images(specification)
    backbone = keras.applications.ResNet50V2(include_top=False, weights=None, input_tensor=filtered)
    features = pooled_features(backbone.output)
    for number, units in enumerate((256, 128), start=1):
        features = dense_block(features, units=units, name=f"head_{number}")
    return regression(images, features, specification=specification, name="resnet50v2")
