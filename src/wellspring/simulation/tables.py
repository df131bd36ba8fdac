"""Truth tables of simulated plates."""

from wellspring.tables import KEY_COLUMNS, SITE_COLUMNS, Column, Table

__all__ = ["LOCALIZED_GENES", "LOCALIZED_TRUTH", "MONOLAYER_SITES", "SMFISH_CELLS", "SMFISH_SPOTS", "TRUTH"]

TRUTH = Table(
    "truth",
    (
        *KEY_COLUMNS,
        Column("perturbation", "str", "", "compound of the well, or normal"),
        Column("phase", "str", "", "G1, S, G2 or M"),
        Column("is_border", "bool", "", "cut by the mosaic's edge"),
        Column("is_polynucleated", "bool", "", "two lobes"),
        Column("n_px", "int64", "px", "pixels of the nucleus"),
        Column("speckle_area", "float64", "1", "share of the nucleus' pixels in nuclear speckles"),
        Column("n_pml_bodies", "int64", "", "PML bodies"),
        Column("n_nucleoli", "int64", "", "nucleoli"),
        Column("n_cajal_bodies", "int64", "", "Cajal bodies"),
        Column("n_foci", "int64", "", "replication foci"),
        Column("activity", "float64", "1", "latent activity, which moves the mean of some channels"),
        Column("structure_term", "float64", "intensity", "part of the target from speckle area and PML bodies"),
        Column("activity_term", "float64", "intensity", "part of the target from the activity"),
        Column("effect_term", "float64", "intensity", "part of the target from the compound"),
        Column("noise_term", "float64", "intensity", "part of the target that nothing predicts"),
        Column("eu", "float64", "intensity", "the target: mean of EU over the nucleus, above background"),
    ),
)
_SMFISH_CELL = Column("cell", "int64", "", "number of the simulated cell in its site")
SMFISH_CELLS = Table(
    "smfish_cells",
    (
        *SITE_COLUMNS,
        _SMFISH_CELL,
        Column("y_px", "float64", "px", "row of the nucleus' centre"),
        Column("x_px", "float64", "px", "column of the nucleus' centre"),
        Column("n_spots", "int64", "spots", "spots of the cell, those of its focus included"),
    ),
)
SMFISH_SPOTS = Table(
    "smfish_spots",
    (
        *SITE_COLUMNS,
        _SMFISH_CELL,
        Column("z_px", "float64", "px", "plane, centres from 0"),
        Column("y_px", "float64", "px", "row, pixel centres from 0"),
        Column("x_px", "float64", "px", "column, pixel centres from 0"),
        Column("is_focus", "bool", "", "one of the spots of a focus"),
    ),
)
LOCALIZED_TRUTH = Table(
    "localized_truth",
    (
        *SITE_COLUMNS,
        _SMFISH_CELL,
        Column("gene", "str", "", "channel of the gene"),
        Column("z_px", "float64", "px", "plane, centres from 0"),
        Column("y_px", "float64", "px", "row, pixel centres from 0"),
        Column("x_px", "float64", "px", "column, pixel centres from 0"),
    ),
)
LOCALIZED_GENES = Table(
    "localized_genes",
    (Column("gene", "str", "", "channel of the gene"), Column("pattern", "str", "", "its pattern in every cell")),
)
MONOLAYER_SITES = Table(
    "monolayer_sites",
    (
        *SITE_COLUMNS,
        Column("donor", "str", "", "biological sample"),
        Column("diagnosis", "str", "", "control or patient"),
        Column("severity", "float64", "1", "0 (control) to 1"),
        Column("defect", "str", "", "none, defocus or debris"),
    ),
)
