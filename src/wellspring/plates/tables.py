"""Tables of plates."""

from wellspring.tables import WELL_COLUMNS, Column, Table

__all__ = ["PLATE_WELLS"]

PLATE_WELLS = Table(
    "plate_wells",
    (
        *WELL_COLUMNS,
        Column("n_sites", "int64", "sites", "sites that were segmented or searched"),
        Column("n_left_out", "int64", "sites", "sites that were left out, since an image of them is flagged"),
        Column("doubtful_share", "float64", "1", "sites in doubt or left out, of all; missing without sites"),
        Column("is_odd", "bool", "", "a reason to look at the well before its numbers are used"),
        Column("reasons", "str", "", "these reasons, or none"),
    ),
    is_open=True,
    further=(
        Column("nuclei_per_site", "float64", "nuclei", "mean of the sites, where there are nuclei"),
        Column("cells_per_site", "float64", "cells", "mean of the sites, where cells are segmented or given"),
        Column("spots_per_cell_*", "float64", "spots", "mean of the cells, of a channel"),
        Column("spots_per_site_*", "float64", "spots", "mean of the sites, of a channel, where there are no cells"),
        Column("spot_size_*", "float64", "px", "median size of the spots, of a channel: larger out of focus"),
        Column("brightness_*", "float64", "intensity", "median of the image, of a channel; mean of the sites"),
        Column("focus_*", "float64", "1", "slope of the power spectrum, of a channel; mean of the sites"),
    ),
)
