"""Sample and class of each field, and the table of embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.profiling.folds import sample_folds
from wellspring.profiling.settings import DesignSettings
from wellspring.profiling.tables import EMBEDDING, EMBEDDING_PREFIX
from wellspring.tables import write_table

__all__ = ["Design", "FieldFolds", "embedding_table", "field_folds", "write_wells"]


@dataclass(frozen=True)
class Design:
    """Sample and class of each well, and how samples are split into folds.

    Attributes
    ----------
    annotations : DataFrame
        Columns plate, well, sample, label, and others; a row per well.
    positive : tuple of str
        Classes that count as positive; none: nothing is judged, and there are no folds.
    n_folds, seed : int
    """

    annotations: pd.DataFrame
    positive: tuple[str, ...]
    n_folds: int
    seed: int

    @classmethod
    def of(cls, annotations: pd.DataFrame, settings: DesignSettings) -> "Design":
        """The design of a study whose wells have `annotations`."""
        return cls(annotations, settings.positive, settings.folds, settings.seed)


@dataclass(frozen=True)
class FieldFolds:
    """Fields with their annotations and folds.

    Attributes
    ----------
    keys : DataFrame
        Columns plate, well, site, sample, label; a row per field.
    fold : (n_fields,) int64
        The fold that a field is unseen in; -1 for all, seen by everything, where nothing is judged.
    """

    keys: pd.DataFrame
    fold: NDArray[np.int64]

    @property
    def numbers(self) -> range:
        """Every fold: 0, which has seen all fields, 1, 2, .."""
        return range(int(self.fold.max(initial=0)) + 1)

    def seen(self, number: int) -> NDArray[np.bool_]:
        """Which fields the fold `number` has seen."""
        return np.asarray(self.fold != number)


def field_folds(keys: pd.DataFrame, *, design: Design) -> FieldFolds:
    """Folds of fields whose `keys` are plate, well and site.

    Raises
    ------
    ValueError
        As of `sample_folds`.
    """
    # No more of the sheet: a column of its own may be named site.
    people = design.annotations[["plate", "well", "sample", "label"]]
    joined = keys.merge(people, on=["plate", "well"], how="left", validate="m:1")
    if not design.positive:
        return FieldFolds(joined, np.full(len(joined), -1, dtype=np.int64))
    samples, labels = joined["sample"].tolist(), joined["label"].tolist()
    return FieldFolds(joined, sample_folds(samples, labels, n_folds=design.n_folds, seed=design.seed))


def embedding_table(
    keys: pd.DataFrame, values: NDArray[np.float32], *, fold: int, is_seen: Sequence[bool] | NDArray[np.bool_]
) -> pd.DataFrame:
    """Table `EMBEDDING` of vectors (n, d) whose `keys` have plate, well and site."""
    names = [f"{EMBEDDING_PREFIX}{number:03d}" for number in range(values.shape[1])]
    head = keys[["plate", "well", "site"]].reset_index(drop=True).assign(fold=fold, is_seen=np.asarray(is_seen))
    return pd.concat([head, pd.DataFrame(values.astype(np.float64), columns=names)], axis=1)


def write_wells(table: pd.DataFrame, paths: Sequence[Path]) -> None:
    """Write the rows of each well of table `EMBEDDING` to its own path, ``{plate}/{well}.parquet``."""
    for path in paths:
        own = (table["plate"] == path.parent.name) & (table["well"] == path.stem)
        write_table(table[own], path, EMBEDDING)
