"""Tables of segmented objects."""

from wellspring.tables import SITE_COLUMNS, WELL_COLUMNS, Column, Table

__all__ = [
    "MATCHED",
    "NUCLEI",
    "NUCLEUS_SCORES",
    "SEGMENTED",
    "SEGMENTED_COUNTS",
    "SITE_NUCLEI",
    "WELL_NUCLEI",
    "WELL_NUCLEUS_COUNTS",
    "WELL_SEGMENTED",
    "WELL_SEGMENTED_COUNTS",
]

_SEVERAL = Column(
    "is_nucleus_of_several",
    "bool",
    "",
    "over twice the median area, or two of: concave, larger than most, two bright parts",
)
NUCLEI = Table(
    "nuclei",
    (
        Column("label_in_site", "int64", "", "label of the nucleus"),
        Column("nucleus_px", "int64", "px", "pixels of the nucleus"),
        Column("solidity", "float64", "1", "pixels over those of the convex hull", minimum=0, maximum=1),
        Column("n_tops", "int64", "", "bright parts with a dip of a tenth of the height between them"),
        Column("is_border_nucleus", "bool", "", "the nucleus touches the edge of the image"),
        Column("is_nucleus_size_out", "bool", "", "nucleus_px is off the median by more than a factor of four"),
        _SEVERAL,
    ),
)
WELL_NUCLEI = Table("well_nuclei", (*SITE_COLUMNS, *NUCLEI.columns))

SEGMENTED = Table(
    "segmented",
    (
        Column(
            "label_in_site", "int64", "", "label of nucleus and cell; of a cell without nucleus, one after the last"
        ),
        Column("has_nucleus", "bool", "", "false: stained like a cell, but it holds no nucleus"),
        Column("has_cell", "bool", "", "false: less than half of the nucleus is stained like a cell"),
        Column("nucleus_px", "int64", "px", "pixels of the nucleus; 0 without one"),
        Column("cell_px", "int64", "px", "pixels of the cell, its nucleus included"),
        Column("is_border_nucleus", "bool", "", "the nucleus touches the edge of the image"),
        Column("is_border_cell", "bool", "", "the cell touches the edge of the image"),
        Column("is_nucleus_size_out", "bool", "", "nucleus_px is out of bounds"),
        Column("is_cell_size_out", "bool", "", "cell_px is out of bounds"),
        Column("is_unseen_cell", "bool", "", "less than half of the nucleus and of its rim is stained"),
        Column("is_open_cell", "bool", "", "a quarter of the outline or more is a border that the image does not show"),
        Column("is_larger_than_neighbors", "bool", "", "over four times the median area of the six nearest cells"),
        Column("is_in_full_site", "bool", "", "cells cover nine tenths of the site or more"),
        _SEVERAL,
        Column("open_border_share", "float64", "1", "share of the outline whose place two methods disagree on"),
        Column("uncertain_px", "int64", "px", "pixels of the cell that the other method gives to another cell"),
        Column("stain", "str", "", "what the cell stain shows: inside or membrane; none where no stain is used"),
        Column("n_nuclei", "int64", "nuclei", "nuclei of the object; several in given labels alone"),
        Column("nucleus_ids", "str", "", "ids of these nuclei in the files that were given, or else the label"),
        Column("is_nucleus_larger", "bool", "", "the nuclei have more pixels than their cell"),
        Column("is_in_pieces", "bool", "", "the label of the cell, or of one of its nuclei, is of separate pieces"),
        Column("is_soft_edge", "bool", "", "edge_softness is a half or more: the stain fades into the background"),
        Column(
            "edge_softness", "float64", "1", "pixels gained at 2/3 and lost at 1.5 times the threshold, over cell_px"
        ),
        Column("is_of_two_bodies", "bool", "", "a part beyond a neck, as deep as a cell, holds no nucleus"),
    ),
    is_open=True,
)
SEGMENTED_COUNTS = Table(
    "segmented_counts",
    (
        Column("n_nuclei", "int64", "nuclei", "nuclei found or given"),
        Column("n_without_cell", "int64", "nuclei", "nuclei less than half of which is stained like a cell"),
        Column("n_without_nucleus", "int64", "cells", "cells that hold no nucleus"),
        Column("n_border_nuclei", "int64", "nuclei", "nuclei that touch the edge of their image"),
        Column("n_border_cells", "int64", "cells", "cells that touch the edge of their image"),
        Column("n_nuclei_size_out", "int64", "nuclei", "nuclei of a size out of bounds"),
        Column("n_cells_size_out", "int64", "cells", "cells of a size out of bounds"),
        Column("n_unseen_cells", "int64", "cells", "cells whose rim is not stained: is_unseen_cell"),
        Column("n_open_cells", "int64", "cells", "cells with borders that the image does not show: is_open_cell"),
        Column("n_larger_cells", "int64", "cells", "cells far larger than the nearest: is_larger_than_neighbors"),
        Column("n_in_full_sites", "int64", "cells", "cells in sites without background: is_in_full_site"),
        Column("n_nuclei_of_several", "int64", "nuclei", "nuclei that may be several: is_nucleus_of_several"),
        Column("n_membrane_stained", "int64", "cells", "cells in sites whose stain was taken for one of membranes"),
        Column("n_of_several_nuclei", "int64", "cells", "cells with several nuclei"),
        Column("n_nuclei_larger", "int64", "cells", "cells smaller than their nuclei: is_nucleus_larger"),
        Column("n_in_pieces", "int64", "cells", "objects whose label is of separate pieces: is_in_pieces"),
        Column("n_soft_edges", "int64", "cells", "cells whose stain fades into the background: is_soft_edge"),
        Column("n_of_two_bodies", "int64", "cells", "cells that may hold one whose nucleus is not stained"),
    ),
    is_open=True,
)
_LEFT_OUT = Column("n_left_out", "int64", "sites", "sites that were left out, since an image of them is flagged")
WELL_NUCLEUS_COUNTS = Table(
    "well_nucleus_counts",
    (
        *WELL_COLUMNS,
        *(
            column
            for column in SEGMENTED_COUNTS.columns
            if column.name in ("n_nuclei", "n_border_nuclei", "n_nuclei_size_out", "n_nuclei_of_several")
        ),
        _LEFT_OUT,
    ),
)
WELL_SEGMENTED = Table(
    "well_segmented",
    (
        *SITE_COLUMNS,
        *SEGMENTED.columns,
        Column(
            "object_id", "int64", "", "key in the well, as in every table; of cells without nucleus, after all others"
        ),
    ),
    is_one_row_per_cell=True,
)
WELL_SEGMENTED_COUNTS = Table(
    "well_segmented_counts",
    (
        *WELL_COLUMNS,
        *SEGMENTED_COUNTS.columns,
        Column("n_cells", "int64", "cells", "cells found or given; a nucleus in no cell is none"),
        _LEFT_OUT,
    ),
)
MATCHED = Table(
    "matched",
    (
        *SITE_COLUMNS,
        Column("nucleus_id", "int64", "", "id of the nucleus in the file that was given, or else its label"),
        Column("label_in_site", "int64", "", "label of its object; of a nucleus in no cell, a number of its own"),
        Column("n_px", "int64", "px", "pixels of the nucleus"),
        Column("n_in_cell_px", "int64", "px", "those in its cell; 0 where the cells grow from the nuclei"),
        Column("n_pieces", "int64", "", "separate pieces that the nucleus is of", minimum=1),
    ),
)
SITE_NUCLEI = Table(
    "site_nuclei",
    (
        *SITE_COLUMNS,
        Column("n_nuclei", "int64", "nuclei", "nuclei found"),
        Column("median_px", "float64", "px", "median size; missing without nuclei"),
        Column("largest_share", "float64", "1", "share of the field, without masked pixels, that the largest covers"),
        Column("size_ratio", "float64", "1", "90th over 10th percentile of the sizes; missing if fewer than 10 inside"),
        Column("n_classes", "int64", "", "1: background alone; 2: and nuclei; 3, 4: and nuclei or others far brighter"),
        Column(
            "is_evened", "bool", "", "the local background was subtracted, since it is uneven, or has steps or stripes"
        ),
        Column("masked_share", "float64", "1", "pixels without data (areas of exactly 0), of all"),
        Column("doubts", "str", "", "words of segmentation.doubts, joined by commas, or none"),
        Column("n_of_several", "int64", "nuclei", "nuclei that look like several: is_nucleus_of_several"),
        Column("covered_share", "float64", "1", "share of the field, without masked pixels, that all nuclei cover"),
        Column("n_tops", "int64", "", "bright parts in all nuclei, each a fifth of its height above the next dip"),
    ),
)
NUCLEUS_SCORES = Table(
    "nucleus_scores",
    (
        *SITE_COLUMNS,
        Column("method", "str", "", "classical (log_otsu), shipped (weights that are part of wellspring), fine-tuned"),
        Column("dice", "float64", "1", "2 |A and B| / (|A| + |B|) of the masks, annotated and found"),
        Column("f1", "float64", "1", "F1 of the objects, matched where their intersection over union reaches 0.5"),
        Column("ap", "float64", "1", "TP / (TP + FP + FN) of the same matches"),
    ),
)
