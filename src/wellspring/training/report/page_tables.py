"""The tables of the chapter: numbers written the way people read them."""

from collections.abc import Mapping

import pandas as pd

from wellspring.report.chapter import PageTable
from wellspring.report.style import NONE, number
from wellspring.report.tables import LONG_TABLE
from wellspring.training.metrics import METRIC_NAMES
from wellspring.training.report.comparison import BASELINE, THIS_RUN
from wellspring.training.runs import Run

__all__ = ["comparison_rows", "history_rows", "published_rows"]

_HEADS = {
    "mean_error": "Mean error\n(true − predicted)",
    "sd_error": "SD of error",
    "r2": "R²",
    "mae": "MAE",
    "mse": "MSE",
    "huber": "Huber loss",
}


def comparison_rows(comparison: pd.DataFrame, *, file: str) -> PageTable:
    """The runs of table `COMPARISON` with their intervals, baseline first."""
    runs = comparison[comparison["source"] == THIS_RUN]
    several = (runs["seed"] == "mean").any()
    rows = []
    for row in runs.to_dict("records"):
        name = "baseline (training mean)" if row["model"] == BASELINE else row["model"]
        rows.append((name, row["regime"], *([row["seed"]] if several else []), *_metrics(row, runs)))
    head = ("Model", "Regime", *(["Seed"] if several else []), *_HEADS.values())
    strong = [i for i, seed in enumerate(runs["seed"]) if seed == "mean"]
    n_cells = int(runs["n_cells"].max()) if len(runs) else 0
    note = (
        f"{n_cells:,} test cells; below each value its 95 % interval over wells. Errors in intensity units (MSE: "
        "squared); R²: higher is better, all others: closer to 0 is better. MAE: mean absolute error, MSE: mean "
        "squared error."
    )
    n_text = 3 if several else 2
    return PageTable(
        title="Metrics on the test cells", file=file, head=head, rows=rows, note=note, n_text=n_text, strong=strong
    )


def _metrics(row: Mapping[str, float], rows: pd.DataFrame) -> list[str]:
    """The metrics of one row, below each its interval if it has one, with as many decimals as the column needs."""
    cells = []
    for name in METRIC_NAMES:
        scale = 1.0 if name == "r2" else float(rows[name].abs().max())
        value, lower, upper = (number(row[f"{name}{bound}"], scale=scale) for bound in ("", "_lower", "_upper"))
        cells.append(value if NONE in (lower, upper) else f"{value}\n{lower} to {upper}")
    return cells


def published_rows(comparison: pd.DataFrame) -> list[PageTable]:
    """The published figures of table `COMPARISON`, one table per source; none, no table."""
    grids = []
    other = comparison[comparison["source"] != THIS_RUN]
    for source, cells in other.groupby("source", sort=False):
        rows = [(row["model"], row["regime"], *_metrics(row, cells)) for row in cells.to_dict("records")]
        n_cells = int(cells["n_cells"].iloc[0])
        data = f"another data set ({n_cells:,} test cells)" if n_cells else "another data set"
        note = (
            f"{source}. These figures are of {data} and are listed here to compare the pattern of models and regimes "
            "only, not the values."
        )
        head = ("Model", "Regime", *_HEADS.values())
        grids.append(
            PageTable(title="Published figures, other data", file="", head=head, rows=rows, note=note, n_text=2)
        )
    return grids


def history_rows(histories: Mapping[Run, pd.DataFrame]) -> PageTable:
    """Epochs, best epoch, its validation error and the time of each run."""
    rows = []
    for run, history in histories.items():
        known = history["val_mae"].notna().any()
        best = history.loc[history["val_mae"].idxmin()] if known else None
        epoch, error = (NONE, NONE) if best is None else (f"{int(best['epoch'])}", number(float(best["val_mae"])))
        minutes = f"{history['seconds'].sum() / 60:.1f}"
        rows.append((run.model, run.regime, str(run.seed), f"{len(history)}", epoch, error, minutes))
    head = ("Model", "Regime", "Seed", "Epochs", "Best epoch", "Validation MAE there", "Minutes")
    return PageTable(title="Training runs", file="", head=head, rows=rows, n_text=3, folded=len(rows) > LONG_TABLE)
