"""Tables of embeddings and drift."""

from wellspring.labelling.drift.charts import SCALARS
from wellspring.tables import SITE_COLUMNS, WELL_COLUMNS, Column, Table

__all__ = ["DEVIATIONS", "LABELLING_DRIFT", "LABELLING_DRIFT_PLATES", "LABELLING_EMBEDDINGS", "embedding_columns"]

_MEANINGS = {
    "focus": "logarithm of fine over coarse detail",
    "median": "logarithm of the median above the camera's offset",
    "contrast": "logarithm of standard deviation over median",
    "saturated": "share of black or saturated pixels",
    "distance": "distance of the embedding from the training fields, to the power 2/3 (nearly normal)",
}
DEVIATIONS = (*SCALARS, "distance")
"""Numbers that have control charts."""

LABELLING_EMBEDDINGS = Table(
    "labelling_embeddings",
    (
        *SITE_COLUMNS,
        *(Column(name, "float64", "1", f"{_MEANINGS[name]}, first plane of the light") for name in SCALARS),
    ),
    is_open=True,
    further=(Column("e_*", "float64", "1", "number of the bottleneck: mean or standard deviation of a channel"),),
)
LABELLING_DRIFT = Table(
    "labelling_drift",
    (
        *WELL_COLUMNS,
        Column("step", "int64", "", "place of the well in the stream of its plate, from 1"),
        Column("statistic", "float64", "1", "squared discrepancy of the last wells; NaN without an alarm"),
        Column("threshold", "float64", "1", "of the statistic"),
        *(
            Column(f"{name}_sd", "float64", "sd", f"{_MEANINGS[name]}, less that of the reference")
            for name in DEVIATIONS
        ),
        Column("chart", "float64", "1", "largest control chart as a share of its limit; NaN without charts"),
        Column("verdict", "str", "", "in, warn or out; not known without alarm and charts"),
        Column("moved", "str", "", "charts above their limit, the farthest first; embedding where the alarm alone is"),
        Column("nearest", "str", "", "reference wells whose embeddings are nearest"),
    ),
)
LABELLING_DRIFT_PLATES = Table(
    "labelling_drift_plates",
    (
        Column("plate", "str", "", "plate name from the sheet"),
        Column("n_rows", "int64", "wells", "wells that were compared"),
        Column("statistic", "float64", "1", "squared discrepancy of the plate"),
        Column("p_value", "float64", "1", "by permutation of wells; NaN for one well"),
        Column("adjusted_p", "float64", "1", "false discovery rate over plates"),
    ),
)


def embedding_columns(names: list[str]) -> list[str]:
    """Those of the columns that hold the bottleneck, in order."""
    return sorted((name for name in names if name.startswith("e_")), key=_number)


def _number(name: str) -> int:
    return int(name[2:])
