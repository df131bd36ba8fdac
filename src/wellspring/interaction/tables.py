"""Tables of the stage interaction."""

import math

from wellspring.tables import WELL_COLUMNS, Column, Table

__all__ = ["INTERACTION", "INTERACTION_SUMMARY", "columns_of"]

INTERACTION = Table(
    "interaction",
    (
        *WELL_COLUMNS,
        Column("image", "str", "", "name of the image, which shows one cell"),
        Column("remark", "str", "", "why numbers are missing: cut, no nucleus, few molecules, no MTOC; else none"),
        Column("n_molecules", "float64", "", "molecules in the cytoplasm, or its summed intensity"),
        Column("volume", "float64", "px² x slices", "of the cytoplasm; its area where no height is known", minimum=0),
        Column("centrality", "float64", "", "mean depth: 0 membrane, 1 nuclear edge", minimum=0, maximum=1),
        Column(
            "centrality_3d",
            "float64",
            "",
            "the same in the cell's slices; of points with a height",
            minimum=0,
            maximum=1,
        ),
        Column("spread", "float64", "", "mean distance to the nucleus' centroid over that of even spread", minimum=0),
        Column("periphery", "float64", "", "density between membrane and peripheral isoline over mean", minimum=0),
        Column("clustering", "float64", "", "degree of clustering: what H* exceeds 1 by, summed over radii", minimum=0),
        Column("best_expected", "float64", "", "density of the densest of the turned MTOC quadrants if spread evenly"),
        Column("mtoc_y_px", "float64", "px", "row of the MTOC in the cell's image", minimum=-math.inf),
        Column("mtoc_x_px", "float64", "px", "column of it", minimum=-math.inf),
        Column("mtoc_confidence", "float64", "1", "how sure it is where it was found; 1 of a given one", 0.0, 1.0),
    ),
    is_open=True,
    further=(
        Column("quadrant_*", "float64", "", "density of a quadrant over the mean, the MTOC's first"),
        Column("best_*", "float64", "", "density of the best turned MTOC quadrant, for the MTOC and three other sides"),
        Column("segment_*", "float64", "", "density of a segment over the mean, stripe by stripe from the membrane"),
        Column("enrichment_*", "float64", "", "density between membrane and each isoline over the mean"),
    ),
)

INTERACTION_SUMMARY = Table(
    "interaction summary",
    (
        Column("statistic", "str", "", "name, with the molecule first where it is of one"),
        Column("gene", "str", "", "gene"),
        Column("time", "str", "", "as in the sheet; all: all times together"),
        Column("estimate", "float64", "", "over wells, see docs/interaction.md"),
        Column("low", "float64", "", "lower end of the 95 % interval over wells"),
        Column("high", "float64", "", "upper end of it"),
        Column("p_value", "float64", "", "from wells that exchange what was assigned to them", minimum=0, maximum=1),
        Column("n_wells", "int64", "", "wells behind the estimate"),
        Column("condition", "str", "", "value of the condition; empty without one"),
        Column("q_value", "float64", "", "p-value adjusted for all genes and times of the statistic"),
        Column("p_value_of_cells", "float64", "", "the same test as if each cell were independent: too small"),
        Column("remark", "str", "", "why a number is missing, or what to compare it with; else none"),
    ),
)


def columns_of(names: list[str], family: str) -> list[str]:
    """Those of `names` that are ``<family>_<number>``, in the order of their numbers."""
    found = [name for name in names if name.startswith(f"{family}_") and name.rpartition("_")[2].isdigit()]
    return sorted(found, key=lambda name: int(name.rpartition("_")[2]))
