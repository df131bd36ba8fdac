"""Profiles of wells: the median of a well's embeddings, in each space."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.profiling.tables import EMBEDDING, EMBEDDING_PREFIX
from wellspring.statistics import robust_sd
from wellspring.tables import read_table

__all__ = ["Profiles", "embedding_columns", "read_profiles", "robust_standardized", "well_profiles"]

# A feature whose deviation is below this share of its largest value, or of the median feature's deviation, is constant.
_CONSTANT, _FEATURE_CONSTANT = 1e-5, 1e-8


@dataclass(frozen=True)
class Profiles:
    """Wells in one space.

    Attributes
    ----------
    wells : DataFrame
        Columns plate, well, is_seen, sample, label, and the sheet's annotations; a row per well.
    values : (n_wells, d) float64
    """

    wells: pd.DataFrame
    values: NDArray[np.float64]

    def at(self, rows: NDArray[np.bool_]) -> "Profiles":
        """Some of the wells."""
        return Profiles(self.wells[rows].reset_index(drop=True), self.values[rows])


def embedding_columns(table: pd.DataFrame) -> list[str]:
    """Names of the columns that hold the embedding."""
    return [str(name) for name in table.columns if str(name).startswith(EMBEDDING_PREFIX)]


def read_profiles(paths: Sequence[Path], annotations: pd.DataFrame, *, source: str) -> dict[int, Profiles]:
    """`well_profiles` of all wells, a file (table `EMBEDDING`) each; wells without fields drop out.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a table, no well has a field, or as of `well_profiles`.
    """
    tables = [table for table in (read_table(path, EMBEDDING, of_well=True) for path in paths) if len(table)]
    if not tables:
        raise InputError(f"{source}: expected embeddings of at least one field, but no well has any.")
    return well_profiles(pd.concat(tables, ignore_index=True), annotations, source=source)


def well_profiles(embedding: pd.DataFrame, annotations: pd.DataFrame, *, source: str) -> dict[int, Profiles]:
    """Median over the sites of each well, by fold (fold 0: fitted with all samples).

    Parameters
    ----------
    embedding
        Table `EMBEDDING` of all wells.
    annotations
        Columns plate, well, sample, label and others; a row per well.
    source
        Named in messages.

    Raises
    ------
    ValueError
        When the embedding holds NaN or infinite values, with the wells that have them.
    """
    columns = embedding_columns(embedding)
    bad = ~np.isfinite(embedding[columns].to_numpy(dtype=np.float64)).all(axis=1)
    if bad.any():
        wells = sorted(set(zip(embedding.loc[bad, "plate"], embedding.loc[bad, "well"], strict=True)))
        raise InputError(
            f"{source}: expected numbers, but the embeddings of {len(wells)} well(s) are not finite: {wells[:5]}. The "
            "network diverged: lower profiling.networks.learning_rate, then run the rule profiling_embed again."
        )
    found = {}
    for fold, rows in embedding.groupby("fold"):
        groups = rows.groupby(["plate", "well"], sort=True)
        table = groups[columns].median().join(groups["is_seen"].first()).reset_index()
        wells = table[["plate", "well", "is_seen"]].merge(annotations, on=["plate", "well"], how="left", validate="1:1")
        found[int(fold)] = Profiles(wells, table[columns].to_numpy(dtype=np.float64))
    return found


def robust_standardized(profiles: Profiles) -> Profiles:
    """Each feature less its median on the well's plate, over 1.4826 times the median absolute deviation there.

    Where that deviation is no more than rounding the feature is constant, and becomes 0 on that plate: less than 1e-5
    of the feature's largest value on the plate (float32 has 1e-7), or than 1e-8 of the median feature's deviation
    there. This takes from each plate what all of its wells
    share; a class that has a plate to itself loses its signal too.
    """
    values = profiles.values.copy()
    for plate in profiles.wells["plate"].unique():
        own = (profiles.wells["plate"] == plate).to_numpy()
        deviation = values[own] - np.median(values[own], axis=0)
        scale = robust_sd(values[own], axis=0)
        usual = float(np.median(scale[scale > 0])) if (scale > 0).any() else 0.0
        least = np.maximum(_CONSTANT * np.abs(values[own]).max(axis=0), _FEATURE_CONSTANT * usual)
        values[own] = np.divide(deviation, scale, out=np.zeros_like(deviation), where=scale > least)
    return Profiles(profiles.wells, values)
