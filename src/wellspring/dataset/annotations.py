"""What the sheet says of a well joins what its own files say of its cells."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.raw.joins import same_values

__all__ = ["add_annotations"]


def add_annotations(cells: pd.DataFrame, annotations: Mapping[str, str | None], *, source: str) -> pd.DataFrame:
    """`cells` with one column of text per annotation, the same in every row.

    A column that the cells have already keeps its values, which must be the same ("30" and 30.0 are).

    Parameters
    ----------
    cells
        `CELLS` of one well; one without cells gets empty columns.
    annotations
        Column name to text, from the sheet; None: the sheet says nothing of this well, so the column is missing
        throughout unless the cells have it.
    source
        Of the cells, for messages.

    Raises
    ------
    ValueError
        When the sheet and the cells differ.
    """
    joined = cells.copy()
    for name, text in annotations.items():
        column = pd.Series([text] * len(cells), index=cells.index, dtype="str")
        if name not in cells:
            joined[name] = column
            continue
        differs = np.zeros(len(cells), dtype=bool) if text is None else ~same_values(cells[name], column)
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            raise InputError(
                f"{source}: the sheet says {name} = {text}, but {int(differs.sum())} of {len(cells)} cells have "
                f"another value; the first: cell {cells['object_id'].iloc[row]} has {cells[name].tolist()[row]!r}. "
                "Correct the sheet, or rename its column."
            )
    return joined
