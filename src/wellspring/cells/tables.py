"""Tables of the cells."""

from wellspring.tables import KEY_COLUMNS, Column, Table

__all__ = ["CELLS", "LABEL_COLUMNS", "MEAN_PREFIX"]

MEAN_PREFIX = "mean_"
LABEL_COLUMNS = ("site", "site_label", "is_border_cell", "centroid_y_px", "centroid_x_px", "pixel_size_um")
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
        Column("site_label", "int64", "", "label of the nucleus in its site"),
        Column("is_border_cell", "int64", "", "1: the nucleus touches the edge of its image"),
        Column("centroid_y_px", "float64", "px", "row of the centre of the nucleus, pixel centres from 0"),
        Column("centroid_x_px", "float64", "px", "column of the centre of the nucleus, pixel centres from 0"),
        Column("pixel_size_um", "float64", "µm", "side of a pixel"),
        Column(f"{MEAN_PREFIX}*", "float64", "intensity", "mean over the measured pixels, background subtracted"),
    ),
)
