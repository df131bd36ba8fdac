"""Classical features of the cells of a field."""

from wellspring.profiling.embeddings import Embedding

__all__ = ["METHOD"]

METHOD = Embedding(
    name="features",
    title="features of cells",
    meaning="median and spread of the features of cells.features over a field's cells",
    embed="wellspring.profiling.features.embed_fields",
    needs_cells=True,
)
