"""Tables of localization: every gene in every cell, molecules, genes, mixes of patterns."""

import math

from wellspring.localization.definitions import FEATURES
from wellspring.localization.nulls import TESTED
from wellspring.localization.sprawl import SPRAWL_COLUMNS
from wellspring.tables import SITE_COLUMNS, Column, Table

__all__ = ["GENE_CONTRASTS", "GENE_EFFECTS", "GENE_PATTERNS", "LOCALIZED", "LOCALIZED_MOLECULES", "PROBABILITY"]

PROBABILITY = "probability_"
_OBJECT = Column("object_id", "int64", "", "the cell's key in its well, as in the table of cells")
_GENE = Column("gene", "str", "", "channel of the spots, or what the sheet says that it shows")
_KEY = (
    *SITE_COLUMNS,
    _OBJECT,
    Column("label_in_site", "int64", "", "label of the cell in its site"),
)
LOCALIZED = Table(
    "localized",
    (
        *_KEY,
        Column("channel", "str", "", "channel that shows the molecules"),
        Column("n_molecules", "int64", "molecules", "molecules inside the outline of the cell"),
        Column("cell_um2", "float64", "µm²", "area of the cell; empty of a cell without molecules", minimum=0.0),
        Column("nucleus_um2", "float64", "µm²", "area of the nuclei in it; 0 without one", minimum=0.0),
        Column("is_border_cell", "bool", "", "the cell touches the edge of the image: its outline is not known"),
        Column("is_area_out", "bool", "", "the area of the cell is not plausible"),
        Column("pattern", "str", "", "called pattern, or undecided"),
        Column("pattern_score", "float64", "1", "1 less the probability of random; empty without molecules", 0.0, 1.0),
        Column("null_score", "float64", "1", "the same of molecules that the null places in this cell, mean", 0.0, 1.0),
        Column("null", "str", "", "null that was used: volume by z, volume by other genes, area, labels; or none"),
        *(
            column
            for name in TESTED
            for column in (
                Column(f"observed_{name}", "float64", "1", f"mean {name} of the molecules", 0.0, 1.0),
                Column(f"expected_{name}", "float64", "1", f"mean {name} by the null", 0.0, 1.0),
                Column(f"p_{name}", "float64", "1", f"two-sided p of {name}", 0.0, 1.0),
                Column(f"swapped_p_{name}", "float64", "1", f"p of {name} with the cell's labels swapped", 0.0, 1.0),
            )
        ),
        *(Column(name, "float64", "1", words, -1.0, 1.0) for name, words in SPRAWL_COLUMNS.items()),
        Column("missing", "str", "", "why features are empty: no molecules, few molecules, no nucleus; or none"),
        *(one.column for one in FEATURES.values()),
    ),
    is_open=True,
    further=(
        Column("cell", "str", "", "the cell's name in a table of outlines"),
        Column(f"{PROBABILITY}*", "float64", "1", "calibrated probability of a pattern", 0.0, 1.0),
    ),
)
LOCALIZED_MOLECULES = Table(
    "localized_molecules",
    (
        *_KEY,
        Column("channel", "str", "", "channel that shows the molecule"),
        Column("y_um", "float64", "µm", "from the centre of the first pixel of the site", minimum=-math.inf),
        Column("x_um", "float64", "µm", "from the centre of the first pixel of the site", minimum=-math.inf),
        Column("compartment", "str", "", "nucleus, nuclear edge, cytoplasm, membrane or extension"),
        Column("membrane_um", "float64", "µm", "distance to the outline of the cell, positive inside"),
        Column("nucleus_um", "float64", "µm", "distance to the outline of the nucleus, negative inside; empty without"),
    ),
)
GENE_EFFECTS = Table(
    "gene_effects",
    (
        _GENE,
        Column("statistic", "str", "", "what is compared with the null"),
        Column("n_units", "int64", "wells", "wells, or replicates"),
        Column("n_cells", "int64", "cells", "cells that say something"),
        Column("effect", "float64", "1", "mean over wells of the difference from the null"),
        Column("low", "float64", "1", "lower end of its 95 % interval over wells; empty of one well"),
        Column("high", "float64", "1", "upper end"),
        Column("p_value", "float64", "1", "of signs flipped over wells; empty of one well", 0.0, 1.0),
        Column("q_value", "float64", "1", "p adjusted over all genes and statistics (Benjamini-Hochberg)", 0.0, 1.0),
    ),
)
GENE_CONTRASTS = Table(
    "gene_contrasts",
    (
        _GENE,
        Column("statistic", "str", "", "what is compared"),
        Column("condition", "str", "", "value of the sheet's column of conditions"),
        Column("control", "str", "", "the condition that it is compared with"),
        Column("n_units", "int64", "wells", "wells, or replicates, of the condition"),
        Column("n_controls", "int64", "wells", "of the control"),
        Column("difference", "float64", "1", "mean over wells of the condition less that of the control"),
        Column("low", "float64", "1", "lower end of its 95 % interval (Welch); empty unless each has two wells"),
        Column("high", "float64", "1", "upper end"),
        Column("p_value", "float64", "1", "of wells that exchange their conditions; empty without wells", 0.0, 1.0),
        Column("q_value", "float64", "1", "p adjusted over all genes, statistics and conditions", 0.0, 1.0),
    ),
)
GENE_PATTERNS = Table(
    "gene_patterns",
    (
        _GENE,
        Column("n_units", "int64", "wells", "wells, or replicates"),
        Column("n_cells", "int64", "cells", "cells with molecules"),
        Column("n_undecided", "int64", "cells", "of them without a call"),
        Column("median_molecules", "float64", "molecules", "median over those cells", minimum=0.0),
        Column("call", "str", "", "pattern of the gene; random where no difference from the null was found"),
        Column("score_effect", "float64", "1", "mean over wells of pattern_score - null_score"),
        Column("q_value", "float64", "1", "of that, from the table of effects", 0.0, 1.0),
    ),
    is_open=True,
    further=(
        Column("mix_*", "float64", "1", "share of cells with a pattern, corrected for confusion", 0.0, 1.0),
        Column("low_*", "float64", "1", "lower end of its 95 % interval", 0.0, 1.0),
        Column("high_*", "float64", "1", "upper end", 0.0, 1.0),
    ),
)
