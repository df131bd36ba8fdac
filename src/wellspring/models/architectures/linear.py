"""The linear model: how much the channels' means alone predict."""

from typing import TYPE_CHECKING

from wellspring.models.architecture import Architecture, learning_rate
from wellspring.models.specification import Specification

if TYPE_CHECKING:
    import keras

__all__ = ["METHOD", "build_linear"]


def build_linear(specification: Specification) -> "keras.Model":
    """Average of each channel over the image, then one linear layer (Becker 2021, table 4.6).

    (B, S, S, n_channels) float32 to (B, 1) float32; k + 1 trainable parameters for k input channels. Computes in
    float32 whatever the dtype policy: there is nothing to save.
    """
    from wellspring.models.blocks import filtered_images, pooled_features, regression

    images, filtered = filtered_images(specification, dtype="float32")
    return regression(images, pooled_features(filtered), specification=specification, name="linear")


METHOD = Architecture(
    name="linear",
    meaning="linear model of the mean intensity of each channel",
    settings=learning_rate(0.01),
    build=build_linear,
    min_image_size=1,
)
