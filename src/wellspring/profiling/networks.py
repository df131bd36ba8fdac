"""Networks whose inner layer is the embedding: autoencoder and classifiers (Dincu 2021, appendix A)."""

import math
from pathlib import Path
from typing import Any
from urllib.error import URLError

import keras
from keras import layers

from wellspring.errors import InputError
from wellspring.files import as_readable

__all__ = [
    "EMBEDDING_LAYER",
    "bottleneck_values",
    "build_autoencoder",
    "build_classifier",
    "build_densenet",
    "build_unet",
    "encoder_of",
]

EMBEDDING_LAYER = "embedding"
_SLOPE = 0.01
_BOTTLENECK = "bottom"
_DENSENET_SIZE = 32


def build_autoencoder(*, image_size: int, width: int, code_size: int, dropout: float, output: str) -> keras.Model:
    """One channel to itself through a code (Dincu 2021, figure A.1.1).

    Four convolutions of stride 2 with `width`, width / 2, width / 4 and width / 8 filters, two dense layers down to the
    code, two up again, four transposed convolutions. The thesis has 256 px, a width of 256 and a code of 256. Its
    figure has leaky ReLU and dropout after the code as well; here the code is linear, so that no side of it is
    flattened.

    Parameters
    ----------
    image_size
        px, a multiple of 16.
    width
        A multiple of 8.
    output
        ``softmax``: two maps, background and object, as in the thesis; ``mse``: the image.

    Returns
    -------
    keras.Model
        (B, S, S, 1) float32 to (B, S, S, 2 or 1). Not compiled.

    Raises
    ------
    ValueError
        For another size or width.
    """
    if image_size % 16 or image_size < 16 or width % 8 or width < 8:
        raise InputError(
            f"profiling: an autoencoder needs fields of a multiple of 16 px and a width that is a multiple of 8, got "
            f"{image_size} px and {width}. Correct profiling.field_size_px or profiling.networks.width."
        )
    filters = [width, width // 2, width // 4, width // 8]
    images = keras.Input((image_size, image_size, 1), name="images")
    features: Any = images
    for number, n_filters in enumerate(filters, start=1):
        features = layers.Conv2D(n_filters, 3, strides=2, padding="same", name=f"down_{number}")(features)
        features = _activated(features, dropout=dropout, name=f"down_{number}")
    side = image_size // 16
    features = layers.Flatten(name="flat")(features)
    features = _activated(layers.Dense(2 * code_size, name="dense_1")(features), dropout=dropout, name="dense_1")
    code = layers.Dense(code_size, name=EMBEDDING_LAYER)(features)
    features = _activated(layers.Dense(2 * code_size, name="dense_2")(code), dropout=dropout, name="dense_2")
    features = layers.Dense(side * side * filters[3], name="dense_3")(features)
    features = _activated(features, dropout=dropout, name="dense_3")
    features = layers.Reshape((side, side, filters[3]), name="square")(features)
    for number, n_filters in enumerate(reversed(filters[:3]), start=1):
        features = layers.Conv2DTranspose(n_filters, 3, strides=2, padding="same", name=f"up_{number}")(features)
        features = _activated(features, dropout=dropout, name=f"up_{number}")
    n_maps = 2 if output == "softmax" else 1
    maps = layers.Conv2DTranspose(n_maps, 3, strides=2, padding="same", name="maps")(features)
    if output == "softmax":
        maps = layers.Softmax(name="probabilities")(maps)
    return keras.Model(images, maps, name="autoencoder")


def _activated(features: Any, *, dropout: float, name: str) -> Any:
    features = layers.LeakyReLU(_SLOPE, name=f"{name}_activation")(features)
    return layers.Dropout(dropout, name=f"{name}_dropout")(features)


def build_classifier(
    *, image_size: int, n_channels: int, width: int, n_blocks: int, embedding_size: int, dropout: float
) -> keras.Model:
    """The small classifier (Dincu 2021, figure A.2.1), whose last but one dense layer is the embedding.

    `n_blocks` blocks of convolution, batch normalization, leaky ReLU, dropout and pooling by 2, each with half as many
    filters as the one before it (2 at least), dense layers of 64 and `embedding_size`, and a sigmoid. The thesis has
    512 px, 8 blocks from 256 filters on, an embedding of 8 and dropout of 0.4.

    Returns
    -------
    keras.Model
        (B, S, S, n_channels) float32 to (B, 1). Not compiled.

    Raises
    ------
    ValueError
        When nothing is left of the image after the poolings.
    """
    if image_size < 2**n_blocks:
        raise InputError(
            f"profiling: {n_blocks} blocks need fields of at least {2**n_blocks} px, got {image_size} px. Lower "
            "profiling.networks.n_blocks, or raise profiling.field_size_px."
        )
    images = keras.Input((image_size, image_size, n_channels), name="images")
    features: Any = images
    for number in range(n_blocks):
        name = f"block_{number + 1}"
        features = layers.Conv2D(max(2, width >> number), 3, padding="same", name=f"{name}_convolution")(features)
        features = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(features)
        features = _activated(features, dropout=dropout, name=name)
        features = layers.MaxPooling2D(2, name=f"{name}_pooling")(features)
    features = layers.Flatten(name="flat")(features)
    features = layers.LeakyReLU(_SLOPE, name="dense_activation")(layers.Dense(64, name="dense")(features))
    return _classified(images, features, embedding_size=embedding_size, name="classifier")


def _classified(images: Any, features: Any, *, embedding_size: int, name: str) -> keras.Model:
    code = layers.Dense(embedding_size, name="code")(features)
    code = layers.LeakyReLU(_SLOPE, name=EMBEDDING_LAYER)(code)
    probability = layers.Dense(1, activation="sigmoid", name="probability", dtype="float32")(code)
    return keras.Model(images, probability, name=name)


def build_densenet(*, image_size: int, n_channels: int, embedding_size: int, weights: str) -> keras.Model:
    """DenseNet-121, a dense layer that is the embedding, a sigmoid (Dincu 2021, figure A.3.1).

    Parameters
    ----------
    weights
        ``random``; ``imagenet``, which Keras downloads; or a path of a ``.weights.h5`` file of
        `keras.applications.DenseNet121` without its top.

    Returns
    -------
    keras.Model
        (B, S, S, n_channels) float32 to (B, 1). A 1 x 1 convolution brings other numbers of channels to the three that
        ImageNet has. Not compiled.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is not there or does not fit, or the fields are below 32 px.
    ConnectionError
        When ImageNet's weights are neither on this machine nor to be had.
    """
    if image_size < _DENSENET_SIZE:
        raise InputError(f"profiling.field_size_px: DenseNet-121 needs {_DENSENET_SIZE} px or more, got {image_size}.")
    images = keras.Input((image_size, image_size, n_channels), name="images")
    three = images if n_channels == 3 else layers.Conv2D(3, 1, name="three_channels")(images)
    shape = (image_size, image_size, 3)
    base = _densenet(shape, weights="imagenet" if weights == "imagenet" else None)
    if weights not in ("random", "imagenet"):
        with as_readable(Path(weights), expected="weights of DenseNet-121"):
            base.load_weights(weights)
    return _classified(images, base(three), embedding_size=embedding_size, name="densenet")


def _densenet(shape: tuple[int, int, int], *, weights: str | None) -> keras.Model:
    try:
        return keras.applications.DenseNet121(include_top=False, weights=weights, input_shape=shape, pooling="avg")
    except Exception as error:  # Keras raises no other kind where a download fails.
        if not isinstance(error.__context__, URLError):
            raise
        raise ConnectionError(
            "profiling.networks.densenet_weights: imagenet is downloaded when it is first used, and the download "
            f"failed ({error.__context__}). Run once where there is a network, or give the path of a .weights.h5 file, "
            "or random."
        ) from error


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


def encoder_of(model: keras.Model) -> keras.Model:
    """The part of a network from the images to the embedding."""
    return keras.Model(model.input, model.get_layer(EMBEDDING_LAYER).output, name=f"{model.name}_encoder")
