"""Convolutional autoencoders, one per channel, whose codes are the embedding (Dincu 2021, appendix A.1)."""

from typing import Any

import keras
import numpy as np
import pandas as pd
from keras import layers
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.profiling.embeddings.autoencoder import AutoencoderSettings
from wellspring.profiling.network_fits import Fitted, Training, embedded_by, trained
from wellspring.profiling.network_layers import EMBEDDING_LAYER, activated, encoder_of

__all__ = ["build_autoencoder", "fit_autoencoders"]


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
        features = activated(features, dropout=dropout, name=f"down_{number}")
    side = image_size // 16
    features = layers.Flatten(name="flat")(features)
    features = activated(layers.Dense(2 * code_size, name="dense_1")(features), dropout=dropout, name="dense_1")
    code = layers.Dense(code_size, name=EMBEDDING_LAYER)(features)
    features = activated(layers.Dense(2 * code_size, name="dense_2")(code), dropout=dropout, name="dense_2")
    features = layers.Dense(side * side * filters[3], name="dense_3")(features)
    features = activated(features, dropout=dropout, name="dense_3")
    features = layers.Reshape((side, side, filters[3]), name="square")(features)
    for number, n_filters in enumerate(reversed(filters[:3]), start=1):
        features = layers.Conv2DTranspose(n_filters, 3, strides=2, padding="same", name=f"up_{number}")(features)
        features = activated(features, dropout=dropout, name=f"up_{number}")
    n_maps = 2 if output == "softmax" else 1
    maps = layers.Conv2DTranspose(n_maps, 3, strides=2, padding="same", name="maps")(features)
    if output == "softmax":
        maps = layers.Softmax(name="probabilities")(maps)
    return keras.Model(images, maps, name="autoencoder")


def fit_autoencoders(training: Training, *, settings: AutoencoderSettings) -> Fitted:
    """One autoencoder per channel; the codes follow each other in the order of the channels."""
    encoders, histories = [], []
    for channel in range(training.images.shape[1]):
        model = build_autoencoder(
            image_size=training.images.shape[2],
            width=settings.width,
            code_size=settings.code_size,
            dropout=settings.dropout,
            output=settings.reconstruction,
        )
        own = training.images[:, channel : channel + 1]
        history = trained(model, own, None, training, settings=settings, loss="mse", target=settings.reconstruction)
        histories.append(history.assign(network=f"channel {channel + 1}"))
        encoders.append(encoder_of(model))

    def embed(images: NDArray[np.uint16]) -> NDArray[np.float32]:
        codes = [embedded_by(encoder, images[:, c : c + 1]) for c, encoder in enumerate(encoders)]
        return np.concatenate(codes, axis=1)

    return Fitted(embed, pd.concat(histories, ignore_index=True))
