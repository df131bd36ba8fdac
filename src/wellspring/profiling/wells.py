"""Fields of all wells embedded by any method, be it from their images or from their cells."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wellspring.cells.shards import Shard
from wellspring.profiling.features import field_features
from wellspring.profiling.fields import Fields
from wellspring.profiling.runs import Design, EmbeddedFields, embedded_features, embedded_fields
from wellspring.tables import read_table
from wellspring.tables.cells import CELLS

__all__ = ["embedded_wells", "features_of_fields"]


def embedded_wells(
    method: str,
    fields: Fields,
    *,
    cells: Sequence[tuple[Path, Path]],
    design: Design,
    settings: Mapping[str, Any],
    report: Callable[[str], None],
) -> EmbeddedFields:
    """``features`` come from the cells (see `features_of_fields`), any other method from the fields' images.

    Parameters and errors are those of `embedded_fields` and `features_of_fields`.
    """
    if method == "features":
        return embedded_features(fields.keys, features_of_fields(fields.keys, cells), design=design)
    return embedded_fields(method, fields, design=design, settings=settings, report=report)


def features_of_fields(keys: pd.DataFrame, cells: Sequence[tuple[Path, Path]]) -> pd.DataFrame:
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
    parts = []
    for table, crops in cells:
        own = keys[(keys["plate"] == table.parent.name) & (keys["well"] == table.stem)]
        if len(own):
            found = field_features(read_table(table, CELLS), Shard(crops), sites=own["site"].tolist())
            parts.append(found.drop(columns="site").set_index(own.index))
    return pd.concat(parts).reindex(keys.index).fillna(0.0)
