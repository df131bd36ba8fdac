"""A small convolutional classifier."""

from dataclasses import dataclass

from wellspring.profiling.embeddings import Embedding

__all__ = ["METHOD", "ClassifierSettings"]


@dataclass(frozen=True)
class ClassifierSettings:
    """Keys of the block ``profiling.networks``."""

    width: int
    n_blocks: int
    embedding_size: int
    dropout: float
    multiplication: int
    epochs: int
    batch_size: int
    learning_rate: float


METHOD = Embedding(
    name="classifier",
    title="classifier",
    meaning="small convolutional network fitted to the classes, whose last but one layer is the embedding",
    settings_kind=ClassifierSettings,
    settings_block="networks",
    fit="wellspring.profiling.network_classifier.fit_classifier",
    needs_classes=True,
)
