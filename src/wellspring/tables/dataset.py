"""Tables of a dataset: its cells, what was filtered out, its normalization."""

from wellspring.tables import Column, Table
from wellspring.tables.columns import KEY_COLUMNS, WELL_COLUMNS

__all__ = ["FILTERED", "MANIFEST", "NORMALIZATION"]

FILTERED = Table(
    "filtered",
    (
        *WELL_COLUMNS,
        Column("step", "int64", "", "position of the criterion, 0 = before any"),
        Column("criterion", "str", "", "what the criterion drops"),
        Column("n_matching", "int64", "cells", "cells of the well that meet the criterion, whatever came before"),
        Column("n_removed", "int64", "cells", "cells that this criterion removed from those still left"),
        Column("n_left", "int64", "cells", "cells left after it"),
    ),
)
MANIFEST = Table(
    "manifest",
    (
        *KEY_COLUMNS,
        Column("row", "int64", "", "record batch of the cell in its well's crop shard"),
        Column("split", "str", "", "train, validation or test"),
        Column("target", "float64", "intensity", "the quantity to predict"),
        Column("cell_size_ratio", "float64", "1", "1 - 2 * smallest margin / image_size"),
        Column("is_cropped", "bool", "", "larger than image_size"),
    ),
    is_open=True,
    is_one_row_per_cell=True,
)
NORMALIZATION = Table(
    "normalization",
    (
        Column("channel", "str", "", "channel name, in the order of the crops"),
        Column("n_px", "int64", "px", "measured pixels of training cells"),
        Column("percentile", "float64", "%", "percentile that clips or scales"),
        Column("upper", "float64", "intensity", "that percentile, after background subtraction"),
        Column("mean", "float64", "intensity", "mean after clipping (if clipping is on)"),
        Column("std", "float64", "intensity", "population standard deviation after clipping (if clipping is on)"),
        Column("clip", "float64", "intensity", "upper bound applied; infinite without clipping"),
        Column("shift", "float64", "intensity", "subtracted after clipping"),
        Column("scale", "float64", "intensity", "divided by after the shift"),
    ),
)
