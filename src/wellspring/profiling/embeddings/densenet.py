"""DenseNet-121, fitted further to the classes."""

from dataclasses import dataclass

from wellspring.profiling.embeddings import Embedding

__all__ = ["METHOD", "DensenetSettings"]

_ORIGINS = {"random": "random weights", "imagenet": "weights trained on ImageNet"}


@dataclass(frozen=True)
class DensenetSettings:
    """Keys of the block ``profiling.networks``."""

    embedding_size: int
    densenet_weights: str
    multiplication: int
    epochs: int
    batch_size: int
    learning_rate: float


def describe(settings: DensenetSettings) -> str:
    """Where its weights come from, for the report."""
    weights = settings.densenet_weights
    origin = _ORIGINS.get(weights, f"the weights of the file {weights}")
    return f"DenseNet-121 started from {origin}; all weights were trained further."


METHOD = Embedding(
    name="densenet",
    title="DenseNet-121",
    meaning="DenseNet-121 and one dense layer, which is the embedding, fitted to the classes",
    settings_kind=DensenetSettings,
    settings_block="networks",
    fit="wellspring.profiling.network_densenet.fit_densenet",
    needs_classes=True,
    files={"densenet_weights": tuple(_ORIGINS)},
    describe=describe,
)
