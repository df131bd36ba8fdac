"""The page's tables: numbers written the way people read them."""

import math
from collections.abc import Mapping

import pandas as pd

from wellspring.attribution.importance import ALL
from wellspring.dataset.levels import LEVELS
from wellspring.dataset.report.composition import LEVEL, SPLITS
from wellspring.report.page import Grid
from wellspring.report.style import NONE, number
from wellspring.training.metrics import METRIC_NAMES
from wellspring.training.report.comparison import BASELINE, THIS_RUN, Run

__all__ = [
    "comparison_grid",
    "composition_grids",
    "criteria_grid",
    "histories_grid",
    "normalization_grid",
    "published_grid",
    "ranking_grid",
    "trend_grid",
    "wells_grid",
]

# Longer tables are folded away.
_LONG = 24
_HEADS = {
    "mean_error": "Mean error\n(true − predicted)",
    "sd_error": "SD of error",
    "r2": "R²",
    "mae": "MAE",
    "mse": "MSE",
    "huber": "Huber loss",
}


def criteria_grid(criteria: pd.DataFrame, quality: pd.DataFrame) -> Grid:
    """Cells that met each criterion, were removed by it, were left after it: `criteria_table` with `quality_table`."""
    found = int(quality["n_cells"].iloc[-1])
    rows = [("", "(cells found)", "", "", f"{found:,}")]
    for place, row in enumerate(criteria.itertuples(), start=1):
        rows.append((f"{place}", str(row.criterion), f"{row.n_matching:,}", f"{row.n_removed:,}", f"{row.n_left:,}"))
    note = "A cell may meet several criteria; it is counted as removed at the first one. Order as applied."
    head = ("No.", "Criterion: cells are removed where", "Cells that meet it", "Removed by it", "Left after it")
    return Grid(title="Cells by criterion, all wells", file="", head=head, rows=rows, note=note, n_text=2)


def wells_grid(quality: pd.DataFrame, *, file: str) -> Grid:
    """Table `QUALITY`, criteria by their numbers in `criteria_grid`; folded when it is long."""
    criteria = [str(name) for name in quality.columns if str(name).startswith("removed: ")]
    removed = [f"Removed\nby no. {place}" for place in range(1, len(criteria) + 1)]
    rows = []
    for row in quality.to_dict("records"):
        share = NONE if math.isnan(row["percent_left"]) else f"{row['percent_left']:.1f}"
        counts = [f"{row[name]:,}" for name in criteria]
        rows.append((row["plate"], row["well"], f"{row['n_cells']:,}", f"{row['n_left']:,}", share, *counts))
    return Grid(
        title="Cells by well",
        file=file,
        head=("Plate", "Well", "Found", "Kept", "Kept, %", *removed),
        rows=rows,
        note="Numbers of the criteria as in the table above.",
        n_text=2,
        strong=frozenset({len(rows) - 1}),
        folded=len(rows) > _LONG,
    )


def composition_grids(composition: pd.DataFrame, *, file: str) -> list[Grid]:
    """One table per grouping of table `COMPOSITION`: a row per value, number and percentage per set."""
    grids = []
    for grouping, cells in composition.groupby("grouping", sort=False):
        splits = [*SPLITS, "total"]
        head = [("Set" if grouping == "split" else str(grouping)), *[name.capitalize() for name in splits]]
        at = {(r.value, r.split): f"{r.n_cells:,}\n{_percent(r.percent)}" for r in cells.itertuples()}
        values = list(dict.fromkeys(cells["value"]))
        rows = [("cells" if grouping == "split" else value, *[at[value, s] for s in splits]) for value in values]
        of = "all cells" if grouping == "split" else "the cells of the set"
        title = "Cells by set" if grouping == "split" else f"Cells by set and {grouping}"
        levels = " Low and high: one standard deviation from the mean or more." if grouping == LEVEL else ""
        note = f"Number of cells, and percentage of {of}.{levels}"
        grids.append(Grid(title=title, file=file, head=head, rows=rows, note=note, folded=len(rows) > _LONG))
    return grids


def _percent(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2f} %"


def normalization_grid(normalization: pd.DataFrame) -> Grid:
    """Table `NORMALIZATION`, folded."""
    percentile = normalization["percentile"].iloc[0] if len(normalization) else math.nan
    head = ("Channel", "Measured pixels", f"Percentile {percentile:g}", "Mean", "SD", "Cut above", "Shift", "Scale")
    columns = ("upper", "mean", "std", "clip", "shift", "scale")
    rows = [
        (row["channel"], f"{row['n_px']:,}", *[_bound(row[name]) for name in columns])
        for row in normalization.to_dict("records")
    ]
    note = (
        "From the measured pixels of the training cells, background subtracted, intensity units. What a model sees is "
        "(intensity, cut − shift) / scale."
    )
    title = f"Normalization of the {len(rows)} channels"
    return Grid(title=title, file="results/dataset/normalization.parquet", head=head, rows=rows, note=note, folded=True)


def _bound(value: float) -> str:
    return "no cut" if math.isinf(value) else number(value)


def comparison_grid(comparison: pd.DataFrame, *, file: str) -> Grid:
    """The runs of table `COMPARISON` with their intervals, baseline first."""
    runs = comparison[comparison["source"] == THIS_RUN]
    several = (runs["seed"] == "mean").any()
    rows = []
    for row in runs.to_dict("records"):
        name = "baseline (training mean)" if row["model"] == BASELINE else row["model"]
        rows.append((name, row["regime"], *([row["seed"]] if several else []), *_metrics(row, runs)))
    head = ("Model", "Regime", *(["Seed"] if several else []), *_HEADS.values())
    strong = frozenset(i for i, seed in enumerate(runs["seed"]) if seed == "mean")
    n_cells = int(runs["n_cells"].max()) if len(runs) else 0
    note = (
        f"{n_cells:,} test cells; below each value its 95 % bootstrap interval. Errors in intensity units (MSE: "
        "squared); R²: higher is better, all others: closer to 0 is better. MAE: mean absolute error, MSE: mean "
        "squared error."
    )
    n_text = 3 if several else 2
    return Grid(
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


def published_grid(comparison: pd.DataFrame) -> list[Grid]:
    """The published figures of table `COMPARISON`, one table per source; none, no table."""
    grids = []
    other = comparison[comparison["source"] != THIS_RUN]
    for source, cells in other.groupby("source", sort=False):
        rows = [(row["model"], row["regime"], *_metrics(row, cells)) for row in cells.to_dict("records")]
        n_cells = int(cells["n_cells"].iloc[0])
        data = f"another data set ({n_cells:,} test cells)" if n_cells else "another data set"
        note = (
            f"{source}. These figures are of {data} and stand here to compare the pattern between models and regimes "
            "only, not the values."
        )
        head = ("Model", "Regime", *_HEADS.values())
        grids.append(Grid(title="Published figures, other data", file="", head=head, rows=rows, note=note, n_text=2))
    return grids


def histories_grid(histories: Mapping[Run, pd.DataFrame]) -> Grid:
    """Epochs, best epoch, its validation error and the time of each run."""
    rows = []
    for (model, regime, seed), history in histories.items():
        known = history["val_mae"].notna().any()
        best = history.loc[history["val_mae"].idxmin()] if known else None
        epoch, error = (NONE, NONE) if best is None else (f"{int(best['epoch'])}", number(float(best["val_mae"])))
        minutes = f"{history['seconds'].sum() / 60:.1f}"
        rows.append((model, regime, str(seed), f"{len(history)}", epoch, error, minutes))
    head = ("Model", "Regime", "Seed", "Epochs", "Best epoch", "Validation MAE there", "Minutes")
    return Grid(title="Training runs", file="", head=head, rows=rows, n_text=3, folded=len(rows) > _LONG)


def ranking_grid(ranking: pd.DataFrame, *, file: str) -> Grid:
    """Mean importance of each channel by level with 99 % intervals, from table `RANKING`."""
    levels = (ALL, *LEVELS)
    share = {(r.channel, r.level): _share(r.mean, r.lower, r.upper) for r in ranking.itertuples()}
    order = ranking[ranking["level"] == ALL].sort_values("rank")["channel"]
    rows = [
        (f"{place}", str(channel), *[share.get((channel, level), NONE) for level in levels])
        for place, channel in enumerate(order, start=1)
    ]
    head = ("Rank", "Channel", "All cells, %", *[f"{level.capitalize()} target, %" for level in LEVELS])
    note = "Mean share of the cell's total score in percent, below it the 99 % interval of the mean."
    title = "Importance of all channels"
    return Grid(title=title, file=file, head=head, rows=rows, note=note, n_text=2, folded=len(rows) > _LONG)


def trend_grid(trend: pd.DataFrame, *, file: str) -> Grid:
    """Trend of each channel's importance over the level, strongest evidence first, from table `TREND`."""
    order = trend.sort_values("p_value", kind="stable")
    rows = [
        (row["channel"], _signed(row["rho"]), _probability(row["p_value"]), _probability(row["q_value"]))
        for row in order.to_dict("records")
    ]
    n_cells, n_wells = (int(trend[name].max()) if len(trend) else 0 for name in ("n_cells", "n_wells"))
    note = (
        "Spearman's correlation ρ of a channel's importance with the level (low, medium, high) within wells; cells in "
        f"wells with more than one level: {n_cells:,}, wells: {n_wells:,}. p: share of shuffles of the levels within "
        "each well, the data counted as one, with a ρ as far from 0; what differs between wells makes none small. q: p "
        "with the false discovery rate controlled over the channels (Benjamini and Hochberg); of the channels with q "
        "below 0.05, at most one in twenty is expected to have no trend. The shares of a cell sum to 1: where one "
        "channel's rises, others' must fall."
    )
    head = ("Channel", "ρ", "p", "q")
    return Grid(title="Trend of the importance over the level", file=file, head=head, rows=rows, note=note, folded=True)


def _signed(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:+.2f}".replace("-", "−")


def _probability(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.2g}"


def _share(mean: float, lower: float, upper: float) -> str:
    value, low, high = (number(100 * share, scale=1.0) for share in (mean, lower, upper))
    return value if low == NONE else f"{value}\n{low} to {high}"
