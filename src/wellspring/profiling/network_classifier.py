"""A small convolutional classifier, whose last but one layer is the embedding (Dincu 2021, appendix A.2)."""

from typing import Any

import keras
from keras import layers

from wellspring.errors import InputError
from wellspring.profiling.embeddings.classifier import ClassifierSettings
from wellspring.profiling.network_fits import Fitted, Training, fitted_classifier
from wellspring.profiling.network_layers import SLOPE, activated, classified

__all__ = ["build_classifier", "fit_classifier"]


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
        features = activated(features, dropout=dropout, name=name)
        features = layers.MaxPooling2D(2, name=f"{name}_pooling")(features)
    features = layers.Flatten(name="flat")(features)
    features = layers.LeakyReLU(SLOPE, name="dense_activation")(layers.Dense(64, name="dense")(features))
    return classified(images, features, embedding_size=embedding_size, name="classifier")


def fit_classifier(training: Training, *, settings: ClassifierSettings) -> Fitted:
    """Fit the small classifier to the known classes."""
    model = build_classifier(
        image_size=training.images.shape[2],
        n_channels=training.images.shape[1],
        width=settings.width,
        n_blocks=settings.n_blocks,
        embedding_size=settings.embedding_size,
        dropout=settings.dropout,
    )
    return fitted_classifier(model, training, settings=settings)
