"""Tables of trainings: histories, predictions, metrics."""

from wellspring.tables import KEY_COLUMNS, Column, Table

__all__ = ["COMPARISON", "DIFFERENCES", "HISTORY", "METRICS", "NEW_PREDICTIONS", "PREDICTIONS", "RUN_COLUMNS"]

RUN_COLUMNS = (
    Column("model", "str", "", "architecture"),
    Column("regime", "str", "", "color-structure or structure"),
    Column("seed", "int64", "", "seed of the run"),
)


HISTORY = Table(
    "history",
    (
        Column("epoch", "int64", "", "1 = first"),
        Column("loss", "float64", "intensity", "training loss (Huber), mean over the epoch's batches"),
        Column("mae", "float64", "intensity", "training mean absolute error"),
        Column("val_loss", "float64", "intensity", "validation loss, mean over the 8 flips and rotations"),
        Column("val_mae", "float64", "intensity", "validation mean absolute error, mean over the 8"),
        Column("seconds", "float64", "s", "wall time of the epoch"),
    ),
)
PREDICTIONS = Table(
    "predictions",
    (
        *KEY_COLUMNS,
        Column("split", "str", "", "train, validation or test"),
        *RUN_COLUMNS,
        Column("target", "float64", "intensity", "true value"),
        Column("prediction", "float64", "intensity", "the model's value"),
    ),
)
NEW_PREDICTIONS = Table(
    "new_predictions",
    (
        *KEY_COLUMNS,
        Column("prediction", "float64", "intensity", "the model's value"),
        Column("is_cropped", "bool", "", "larger than the model's image, and cut to it"),
    ),
    is_one_row_per_cell=True,
)
METRICS = Table(
    "metrics",
    (
        *RUN_COLUMNS,
        Column("metric", "str", "", "mean_error, sd_error, r2, mae, mse, huber"),
        Column("value", "float64", "", "on the test cells"),
        Column("lower", "float64", "", "lower end of the 95 % interval over wells; of one well, over its cells"),
        Column("upper", "float64", "", "upper end of that interval"),
        Column("n_cells", "int64", "cells", "test cells"),
        Column("n_wells", "int64", "wells", "their wells; 1: the intervals do not cover how wells differ"),
    ),
)
DIFFERENCES = Table(
    "differences",
    (
        Column("model", "str", "", "architecture"),
        Column("regime", "str", "", "color-structure or structure"),
        Column("rival_model", "str", "", "architecture that it is compared with, or baseline"),
        Column("rival_regime", "str", "", "regime that it is compared with; - for the baseline"),
        Column("value", "float64", "1", "R² less the rival's on the test cells, mean over the seeds"),
        Column("lower", "float64", "1", "lower end of its 95 % interval over wells, paired (one well: over its cells)"),
        Column("upper", "float64", "1", "upper end of that interval"),
    ),
)
_METRIC_COLUMNS = tuple(
    Column(f"{name}{bound}", "float64", unit, f"{words}{bound_words}")
    for name, unit, words in (
        ("mean_error", "intensity", "mean of true - predicted value"),
        ("sd_error", "intensity", "standard deviation of the error"),
        ("r2", "1", "coefficient of determination"),
        ("mae", "intensity", "mean absolute error"),
        ("mse", "intensity squared", "mean squared error"),
        ("huber", "intensity", "mean Huber loss"),
    )
    for bound, bound_words in (
        ("", ""),
        ("_lower", ", lower end of its 95 % interval; empty where there is none"),
        ("_upper", ", upper end of its 95 % interval; empty where there is none"),
    )
)
COMPARISON = Table(
    "comparison",
    (
        Column("source", "str", "", "this run, or where a published figure comes from"),
        Column("model", "str", "", "architecture, or baseline"),
        Column("regime", "str", "", "color-structure, structure, or what the baseline predicts"),
        Column("seed", "str", "", "seed of the run; mean = over the seeds; - = none stated"),
        Column("n_cells", "int64", "cells", "test cells; 0 = not stated"),
        *_METRIC_COLUMNS,
    ),
)
