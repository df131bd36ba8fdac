"""U-Net with one map out (Ronneberger 2015)."""

import math
from typing import Any

import keras
from keras import layers

from wellspring.errors import InputError

__all__ = ["bottleneck_values", "build_unet"]

_BOTTLENECK = "bottom"


def build_unet(*, image_size: int, n_channels: int, width: int, n_levels: int) -> keras.Model:
    """U-Net (Ronneberger 2015) with as many channels as wanted (Dincu 2021, section 5.3.1), one map out.

    Two convolutions on each level, with `width`, 2 width, ... filters; pooling by 2 `n_levels` times; on the way up
    transposed convolutions and the maps of the same level. Edges are padded, so that sizes stay. The thesis has 512 px
    and, with 64 filters and 4 levels, 1,024 x 32 x 32 values at the bottom.

    Returns
    -------
    keras.Model
        (B, S, S, n_channels) float32 to (B, S, S, 1), probabilities. Not compiled.

    Raises
    ------
    ValueError
        When the size cannot be halved `n_levels` times.
    """
    if image_size % 2**n_levels:
        raise InputError(
            f"profiling.actin.tile_size_px: expected a multiple of {2**n_levels} px for {n_levels} levels, got "
            f"{image_size} px. Change it or profiling.actin.n_levels."
        )
    images = keras.Input((image_size, image_size, n_channels), name="images")
    features: Any = images
    kept = []
    for level in range(n_levels):
        features = _double(features, width << level, name=f"down_{level + 1}")
        kept.append(features)
        features = layers.MaxPooling2D(2, name=f"pooling_{level + 1}")(features)
    features = _double(features, width << n_levels, name=_BOTTLENECK)
    for level in reversed(range(n_levels)):
        features = layers.Conv2DTranspose(width << level, 2, strides=2, name=f"up_{level + 1}")(features)
        features = layers.Concatenate(name=f"joined_{level + 1}")([kept[level], features])
        features = _double(features, width << level, name=f"joined_{level + 1}")
    maps = layers.Conv2D(1, 1, activation="sigmoid", name="probability", dtype="float32")(features)
    return keras.Model(images, maps, name="unet")


def _double(features: Any, n_filters: int, *, name: str) -> Any:
    for number in (1, 2):
        own = f"{name}_convolution_{number}"
        features = layers.Conv2D(n_filters, 3, padding="same", activation="relu", name=own)(features)
    return features


def bottleneck_values(unet: keras.Model) -> int:
    """Number of values at the bottom of a U-Net; where it exceeds the input's, they are no embedding."""
    return math.prod(unet.get_layer(f"{_BOTTLENECK}_convolution_2").output.shape[1:])
