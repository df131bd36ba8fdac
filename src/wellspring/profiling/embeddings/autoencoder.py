"""Convolutional autoencoders, one per channel."""

from dataclasses import dataclass
from typing import Literal

from wellspring.profiling.embeddings import Embedding

__all__ = ["METHOD", "AutoencoderSettings"]


@dataclass(frozen=True)
class AutoencoderSettings:
    """Keys of the block ``profiling.networks``."""

    width: int
    code_size: int
    dropout: float
    reconstruction: Literal["softmax", "mse"]
    multiplication: int
    epochs: int
    batch_size: int
    learning_rate: float


METHOD = Embedding(
    name="autoencoder",
    title="autoencoders",
    meaning="one convolutional autoencoder per channel, the codes of all channels in one list",
    settings_kind=AutoencoderSettings,
    settings_block="networks",
    fit="wellspring.profiling.network_autoencoder.fit_autoencoders",
)
