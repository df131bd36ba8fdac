"""Classical features of the cells of a field, summarised: the baseline that learned embeddings have to beat."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wellspring.profiling.embeddings import Embedding, NoSettings

if TYPE_CHECKING:
    import pandas as pd

    from wellspring.profiling.design import Design, FieldFolds

__all__ = ["METHOD", "embed_fields", "embedded_features", "features_of_fields"]


def embed_fields(
    fields: list[Path],
    *,
    cells: list[tuple[Path, Path]],
    design: "Design",
    settings: NoSettings,
    notify: Callable[[str], None],
) -> "pd.DataFrame":
    """Table `EMBEDDING` of all wells: features of the fields' cells, standardised fold by fold.

    Raises
    ------
    FileNotFoundError, ValueError
        As of `read_keys`, `features_of_fields`, `field_folds`.
    """
    from wellspring.profiling.design import field_folds
    from wellspring.profiling.fields import read_keys

    keys = read_keys(fields)
    return embedded_features(field_folds(keys, design=design), features_of_fields(keys, cells))


def features_of_fields(keys: "pd.DataFrame", cells: Sequence[tuple[Path, Path]]) -> "pd.DataFrame":
    """Features of each field, rows as in `keys`; one well is read at a time.

    Parameters
    ----------
    keys
        Columns plate, well, site.
    cells
        (table of cells, crop shard) of each well, named ``{plate}/{well}``.

    Raises
    ------
    FileNotFoundError, ValueError
        When a file is missing or not such a file.
    """
    import pandas as pd

    from wellspring.cells.shards import Shard
    from wellspring.cells.tables import CELLS
    from wellspring.profiling.cell_features import field_features
    from wellspring.tables import read_table

    parts = []
    for table, crops in cells:
        own = keys[(keys["plate"] == table.parent.name) & (keys["well"] == table.stem)]
        if len(own):
            found = field_features(read_table(table, CELLS, of_well=True), Shard(crops), sites=own["site"].tolist())
            parts.append(found.drop(columns="site").set_index(own.index))
    return pd.concat(parts).reindex(keys.index).fillna(0.0)


def embedded_features(folds: "FieldFolds", features: "pd.DataFrame") -> "pd.DataFrame":
    """Features that nothing was fitted for, as an embedding; each is standardised by the fields that a fold has seen.

    Parameters
    ----------
    features
        A row per field of `folds`, numbers only; missing ones become 0.

    Returns
    -------
    DataFrame
        Table `EMBEDDING`.
    """
    import pandas as pd
    from sklearn.preprocessing import StandardScaler

    from wellspring.profiling.design import embedding_table

    values = features.fillna(0.0).to_numpy(dtype=np.float64)
    tables = []
    for number in folds.numbers:
        seen = folds.seen(number)
        scaled = StandardScaler().fit(values[seen]).transform(values)
        tables.append(embedding_table(folds.keys, scaled.astype(np.float32), fold=number, is_seen=seen))
    return pd.concat(tables, ignore_index=True)


METHOD = Embedding(
    name="features",
    title="features of cells",
    meaning="median and spread of size, shape, intensity, texture, centrality and correlation over a field's cells",
    embed=embed_fields,
    needs_cells=True,
)
