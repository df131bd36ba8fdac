"""What the sheet says of a well, laid beside what its own files say of its objects."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from wellspring.errors import InputError
from wellspring.raw.joins import same_values
from wellspring.raw.pixels import PixelTable

__all__ = ["add_annotations"]


def add_annotations(table: PixelTable, annotations: Mapping[str, str]) -> PixelTable:
    """`table` with one column of text per annotation in its objects, the same in every row.

    A column that the objects have already keeps its values, which must say the same ("30" and 30.0 do).

    Parameters
    ----------
    table
        A well; one without objects gets empty columns.
    annotations
        Column name to text, from the sheet.

    Raises
    ------
    ValueError
        When the sheet and the objects differ.
    """
    objects = table.objects.copy()
    for name, text in annotations.items():
        column = pd.Series([text] * len(objects), index=objects.index, dtype="str")
        if name not in objects:
            objects[name] = column
            continue
        differs = ~same_values(objects[name], column)
        if differs.any():
            row = int(np.flatnonzero(differs)[0])
            raise InputError(
                f"{table.source}: the sheet says {name} = {text}, but {int(differs.sum())} of {len(objects)} objects "
                f"have another value; the first: object {objects['object_id'].iloc[row]} has "
                f"{objects[name].tolist()[row]!r}. Correct the sheet, or rename its column."
            )
    return replace(table, objects=objects)
