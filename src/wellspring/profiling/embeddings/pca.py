"""Principal components of whole fields."""

from dataclasses import dataclass

from wellspring.profiling.embeddings import Embedding

__all__ = ["METHOD", "PcaSettings"]


@dataclass(frozen=True)
class PcaSettings:
    """Keys of the block ``profiling``."""

    pca_components: int


METHOD = Embedding(
    name="pca",
    title="PCA",
    meaning="principal components of the flattened field, fitted batch by batch, one well in memory at a time",
    settings_kind=PcaSettings,
    embed="wellspring.profiling.pca.embed_fields",
)
