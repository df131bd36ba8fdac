"""Tables of a dataset: its cells, what was filtered out, its normalization."""

from wellspring.tables import KEY_COLUMNS, WELL_COLUMNS, Column, Table

__all__ = ["COMPOSITION", "FILTERED", "FILTER_COUNTS", "MANIFEST", "NORMALIZATION"]

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
FILTER_COUNTS = Table(
    "filter_counts",
    (
        Column("plate", "str", "", "plate name from the sheet; all = every plate"),
        Column("well", "str", "", "well name from the sheet; all = every well"),
        Column("n_cells", "int64", "cells", "cells found, before any criterion"),
        Column("n_left", "int64", "cells", "cells left after every criterion"),
        Column("percent_left", "float64", "%", "n_left of n_cells; empty for a well without cells"),
    ),
    is_open=True,
)
COMPOSITION = Table(
    "composition",
    (
        Column("grouping", "str", "", "annotation that the cells are grouped by, split (not at all) or target level"),
        Column("value", "str", "", "value of that annotation; all = every cell"),
        Column("split", "str", "", "train, validation, test, or total"),
        Column("n_cells", "int64", "cells", "cells of that value in that split"),
        Column("percent", "float64", "%", "of the dataset where grouping is split, else of the cells in that split"),
    ),
)
