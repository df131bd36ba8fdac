"""Embeddings without a network: what each of them is called with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from wellspring.profiling.design import Design
from wellspring.profiling.embeddings import Embedding

__all__ = ["EmbedFields", "embed_of"]


class EmbedFields(Protocol):
    """Embeds all fields at once, fold by fold, without a network."""

    def __call__(
        self,
        fields: list[Path],
        *,
        cells: list[Path],
        design: Design,
        settings: Any,
        notify: Callable[[str], None],
    ) -> pd.DataFrame:
        """Table `EMBEDDING` of the wells whose `fields` are given, and tables of cells where needed."""


def embed_of(reduction: Embedding) -> EmbedFields:
    """The function that embeds by `reduction`.

    Raises
    ------
    ValueError
        When the embedding has a network.
    """
    if reduction.needs_network:
        raise ValueError(f"{reduction.name}: expected an embedding without a network")
    return reduction.function()
