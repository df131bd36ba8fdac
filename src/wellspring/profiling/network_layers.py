"""What the networks share: an activation with dropout, the last layers of a classifier, the way to its embedding."""

from typing import Any

import keras
from keras import layers

__all__ = ["EMBEDDING_LAYER", "SLOPE", "activated", "classified", "encoder_of"]

EMBEDDING_LAYER = "embedding"
SLOPE = 0.01


def activated(features: Any, *, dropout: float, name: str) -> Any:
    """Leaky ReLU, then dropout."""
    features = layers.LeakyReLU(SLOPE, name=f"{name}_activation")(features)
    return layers.Dropout(dropout, name=f"{name}_dropout")(features)


def classified(images: Any, features: Any, *, embedding_size: int, name: str) -> keras.Model:
    """A classifier from `images` over `features`: a dense layer that is the embedding, and a sigmoid."""
    code = layers.Dense(embedding_size, name="code")(features)
    code = layers.LeakyReLU(SLOPE, name=EMBEDDING_LAYER)(code)
    probability = layers.Dense(1, activation="sigmoid", name="probability", dtype="float32")(code)
    return keras.Model(images, probability, name=name)


def encoder_of(model: keras.Model) -> keras.Model:
    """The part of a network from the images to the embedding."""
    return keras.Model(model.input, model.get_layer(EMBEDDING_LAYER).output, name=f"{model.name}_encoder")
