"""The simple CNN: two convolutions and two dense layers."""

from typing import TYPE_CHECKING, Any

from wellspring.models.architecture import Architecture, learning_rate
from wellspring.models.specification import Specification

if TYPE_CHECKING:
    import keras

__all__ = ["METHOD", "build_simple_cnn"]


def build_simple_cnn(specification: Specification) -> "keras.Model":
    """Two convolution blocks, global average, two dense blocks (Becker 2021, table 4.7).

    (B, S, S, n_channels) float32 to (B, 1) float32, S at least 4 px; 160,129 trainable parameters for 33 inputs.
    """
    from wellspring.models.blocks import dense_block, filtered_images, pooled_features, regression

    images, features = filtered_images(specification)
    for number, filters in enumerate((64, 128), start=1):
        features = _convolution_block(features, filters=filters, name=f"block_{number}")
    features = pooled_features(features)
    for number, units in enumerate((256, 128), start=3):
        features = dense_block(features, units=units, name=f"block_{number}")
    return regression(images, features, specification=specification, name="simple_cnn")


def _convolution_block(features: Any, *, filters: int, name: str) -> Any:
    """3 x 3 convolution, batch normalization, ReLU, 2 x 2 max pooling: (B, h, w, k) to (B, h // 2, w // 2, filters)."""
    from keras import layers

    features = layers.Conv2D(filters, 3, padding="same", name=f"{name}_convolution")(features)
    features = layers.BatchNormalization(name=f"{name}_norm")(features)
    features = layers.ReLU(name=f"{name}_relu")(features)
    return layers.MaxPooling2D(2, name=f"{name}_pooling")(features)


METHOD = Architecture(
    name="simple_cnn",
    meaning="small convolutional network",
    settings=learning_rate(0.0005),
    build=build_simple_cnn,
    min_image_size=4,
)
