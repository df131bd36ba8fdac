"""Classical features of the cells of a field, summarised: the baseline that learned embeddings have to beat."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler

from wellspring.cells.tables import MEASURED
from wellspring.profiling.cell_features import field_features
from wellspring.profiling.design import Design, FieldFolds, embedding_table, field_folds
from wellspring.profiling.embeddings import NoSettings
from wellspring.profiling.fields import read_keys
from wellspring.tables import read_table

__all__ = ["embed_fields", "embedded_features", "features_of_fields"]


def embed_fields(
    fields: list[Path],
    *,
    cells: list[Path],
    design: Design,
    settings: NoSettings,
    notify: Callable[[str], None],
) -> pd.DataFrame:
    """Table `EMBEDDING` of all wells: features of the fields' cells, standardised fold by fold.

    Raises
    ------
    FileNotFoundError, ValueError
        As of `read_keys`, `features_of_fields`, `field_folds`.
    """
    keys = read_keys(fields)
    return embedded_features(field_folds(keys, design=design), features_of_fields(keys, cells))


def features_of_fields(keys: pd.DataFrame, cells: Sequence[Path]) -> pd.DataFrame:
    """Features of each field, rows as in `keys`; one well is read at a time.

    Parameters
    ----------
    keys
        Columns plate, well, site.
    cells
        Table of measured cells of each well, named ``{plate}/{well}``.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file.
    """
    parts = []
    for table in cells:
        own = keys[(keys["plate"] == table.parent.name) & (keys["well"] == table.stem)]
        if len(own):
            found = field_features(read_table(table, MEASURED, of_well=True), sites=own["site"].tolist())
            parts.append(found.drop(columns="site").set_index(own.index))
    return pd.concat(parts).reindex(keys.index)


def embedded_features(folds: FieldFolds, features: pd.DataFrame) -> pd.DataFrame:
    """Features that nothing was fitted for, as an embedding; each is standardised by the fields that a fold has seen.

    Parameters
    ----------
    features
        A row per field of `folds`, numbers only. Missing ones (of fields without cells) are left out of means and
        standard deviations, and take the mean of the fields that the fold has seen, so that they move no other field.

    Returns
    -------
    DataFrame
        Table `EMBEDDING`.
    """
    values = features.to_numpy(dtype=np.float64)
    tables = []
    for number in folds.numbers:
        seen = folds.seen(number)
        # A feature that no field has is 0.
        own = np.where(np.isnan(values[seen]).all(axis=0), 0.0, values)
        scaled = np.nan_to_num(StandardScaler().fit(own[seen]).transform(own), nan=0.0)
        tables.append(embedding_table(folds.keys, scaled.astype(np.float32), fold=number, is_seen=seen))
    return pd.concat(tables, ignore_index=True)
