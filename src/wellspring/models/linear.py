"""The linear model: how much the channels' means alone tell."""

import keras

from wellspring.models.blocks import filtered_images, pooled_features, regression
from wellspring.models.specification import Specification

__all__ = ["build_linear"]


def build_linear(specification: Specification) -> keras.Model:
    """Average of each channel over the image, then one linear layer (Becker 2021, table 4.6).

    (B, S, S, n_channels) float32 to (B, 1) float32; k + 1 trainable parameters for k input channels. Computes in
    float32 whatever the dtype policy: there is nothing to save.
    """
    images, filtered = filtered_images(specification, dtype="float32")
    return regression(images, pooled_features(filtered), specification=specification, name="linear")
