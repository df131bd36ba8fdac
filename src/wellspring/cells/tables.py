"""Tables of the cells."""

from dataclasses import replace
from typing import TYPE_CHECKING

from wellspring.tables import KEY_COLUMNS, WELL_COLUMNS, Column, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CELLS", "LABEL_COLUMNS", "MEAN_PREFIX", "MEASURED", "WELL_MEASURED", "complete_cells", "well_measured"]

MEAN_PREFIX = "mean_"
LABEL_COLUMNS = (
    *("site", "label_in_site", "is_border_nucleus", "is_border_cell"),
    *("centroid_y_px", "centroid_x_px", "pixel_size_um"),
)
"""What the cell table has of each object that was cut by labels, after its own columns."""
CELLS = Table(
    "cells",
    (
        *KEY_COLUMNS,
        Column("n_px", "int64", "px", "measured pixels"),
        Column("y_min", "int64", "px", "first row of the bounding box, 0-based"),
        Column("x_min", "int64", "px", "first column of the bounding box, 0-based"),
        Column("height_px", "int64", "px", "rows of the bounding box"),
        Column("width_px", "int64", "px", "columns of the bounding box"),
        Column("cell_size_ratio", "float64", "1", "1 - 2 * smallest margin / image_size"),
        Column("is_cropped", "bool", "", "larger than image_size, so cropped centrally when a batch is made"),
    ),
    is_open=True,
    is_one_row_per_cell=True,
    further=(
        Column("site", "str", "", "site that the cell is in"),
        Column("label_in_site", "int64", "", "number of the nucleus in the label image of its site"),
        Column("is_border_nucleus", "int64", "", "1: the nucleus touches the edge of its image"),
        Column("centroid_y_px", "float64", "px", "row of the centre of the nucleus, pixel centres from 0"),
        Column("centroid_x_px", "float64", "px", "column of the centre of the nucleus, pixel centres from 0"),
        Column("pixel_size_um", "float64", "µm", "side of a pixel"),
        Column(f"{MEAN_PREFIX}*", "float64", "intensity", "mean over the measured pixels, background subtracted"),
    ),
)
MEASURED = Table(
    "measured",
    (
        *KEY_COLUMNS,
        Column("site", "str", "", "site that the cell is in"),
        Column("label_in_site", "int64", "", "number of nucleus and cell in the label images of their site"),
        Column("has_nucleus", "bool", "", "whether it has a nucleus"),
        Column("is_border_nucleus", "bool", "", "its nucleus touches the edge of the image"),
        Column("is_border_cell", "bool", "", "it touches the edge of the image; of a nucleus in no cell: the nucleus"),
        Column(
            "is_in_no_cell", "bool", "", "a nucleus that lies in none of the cells given: in no count and mean of cells"
        ),
        Column("missing_because", "str", "", "why features are missing, reasons joined by commas, or none"),
    ),
    is_open=True,
    is_one_row_per_cell=True,
)
"""One row per cell, and its features, whose columns depend on the study: `wellspring.cells.features.families`."""
WELL_MEASURED = Table(
    "well_measured",
    (
        *WELL_COLUMNS,
        Column(
            "n_complete",
            "int64",
            "cells",
            "cells off the edge of their image: those that are summarised; nuclei where no cells are segmented",
        ),
        Column("doubts", "str", "", "left out and why; or doubts about nuclei and spots of any of its sites; or none"),
    ),
    is_open=True,
    further=(
        Column("n_cells", "int64", "cells", "cells of the well, where cells are segmented or given"),
        Column("n_nuclei", "int64", "nuclei", "nuclei of the well, where nuclei are"),
    ),
)
"""One row per well; ``mean_<feature>`` and ``median_<feature>`` of its complete cells follow."""


def well_measured(*, has_nuclei: bool, has_cells: bool) -> Table:
    """The table `WELL_MEASURED` of a study, with the counts that it has after plate and well."""
    is_counted = {"n_cells": has_cells, "n_nuclei": has_nuclei}
    counts = [column for column in WELL_MEASURED.further if is_counted[column.name]]
    n_keys = len(WELL_COLUMNS)
    return replace(WELL_MEASURED, columns=(*WELL_COLUMNS, *counts, *WELL_MEASURED.columns[n_keys:]), further=())


def complete_cells(cells: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of a table `MEASURED` that are summarised: what touches the edge of its image is cut off, and a nucleus
    in no cell is no cell."""
    return cells[~(cells["is_border_cell"].astype(bool) | cells["is_in_no_cell"].astype(bool))]
