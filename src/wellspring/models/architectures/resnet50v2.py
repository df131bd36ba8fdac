"""ResNet50V2 with a dense head."""

from typing import TYPE_CHECKING

from wellspring.models.architecture import Architecture, learning_rate
from wellspring.models.specification import Specification

if TYPE_CHECKING:
    import keras

__all__ = ["METHOD", "build_resnet50v2"]


def build_resnet50v2(specification: Specification) -> "keras.Model":
    """Keras' ResNet50V2 without pre-trained weights, global average, two dense blocks (Becker 2021, table 4.8).

    (B, S, S, n_channels) float32 to (B, 1) float32, S at least 32 px; 24,171,777 trainable parameters for 33 inputs.
    """
    import keras

    from wellspring.models.blocks import dense_block, filtered_images, pooled_features, regression

    images, filtered = filtered_images(specification)
    backbone = keras.applications.ResNet50V2(include_top=False, weights=None, input_tensor=filtered)
    features = pooled_features(backbone.output)
    for number, units in enumerate((256, 128), start=1):
        features = dense_block(features, units=units, name=f"head_{number}")
    return regression(images, features, specification=specification, name="resnet50v2")


METHOD = Architecture(
    name="resnet50v2",
    meaning="ResNet-50 v2",
    settings=learning_rate(0.0005),
    build=build_resnet50v2,
    min_image_size=32,
)
