"""Truth tables of simulated plates for labelling."""

from wellspring.simulation.labelling_cells import STAINS
from wellspring.tables import SITE_COLUMNS, Column, Table

__all__ = ["LABELLING_FIELDS", "LABELLING_NUCLEI"]

LABELLING_FIELDS = Table(
    "labelling_fields",
    (
        *SITE_COLUMNS,
        Column("density", "str", "", "low, medium or high"),
        Column("z_um", "float64", "µm", "true distance of the focal plane named 0 from the cells"),
        Column("gain", "float64", "1", "brightness of the lamp, 1 as usual"),
        Column("n_nuclei", "int64", "nuclei", "nuclei with a pixel in the field"),
        Column("area_px", "float64", "px", "their mean area; NaN without nuclei"),
    ),
)
LABELLING_NUCLEI = Table(
    "labelling_nuclei",
    (
        *SITE_COLUMNS,
        Column("nucleus", "int64", "", "label in the true image"),
        Column("y_px", "float64", "px", "centre of the mask, row, pixel centres from 0"),
        Column("x_px", "float64", "px", "centre of the mask, column"),
        Column("area_px", "int64", "px", "pixels of the nucleus in the field"),
        Column("is_border", "bool", "", "touches the edge of the field"),
        Column("is_mitotic", "bool", "", "a rounded cell with a plate of chromosomes"),
        Column("is_lower", "bool", "", "of lower refractive index than the cytoplasm"),
        *(
            Column(f"{kind}_{name}", "float64", "camera counts", f"{kind} of stain {name} above background, no noise")
            for name in STAINS
            for kind in ("total", "mean")
        ),
    ),
)
