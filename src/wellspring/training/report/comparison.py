"""How the models compare: metrics compared with the baseline and with published figures, and errors by epoch."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.report.style import NEUTRAL, axes_grid, color_of, in_style, letter, new_figure
from wellspring.training.metrics import BASELINE as BASELINE_RUN
from wellspring.training.metrics import METRIC_NAMES
from wellspring.training.report.regimes import REGIME_COLORS, REGIME_WORDS
from wellspring.training.runs import Run
from wellspring.training.tables import COMPARISON

__all__ = [
    "BASELINE",
    "THIS_RUN",
    "comparison_table",
    "histories_figure",
    "metrics_figure",
    "read_published",
    "validation_baseline_mae",
]

BASELINE = str(BASELINE_RUN["model"])
THIS_RUN = "this run"
_REGIMES = tuple(REGIME_COLORS)


def comparison_table(metrics: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """One row per run with all metrics side by side (table `COMPARISON`, thesis table 5.2), published figures last.

    Parameters
    ----------
    metrics
        Table `METRICS`; the model ``baseline`` is the mean of the training cells as prediction.
    published
        Columns ``model``, ``regime``, the six metrics, ``source``; optionally ``n_cells``. May have no rows.

    Returns
    -------
    DataFrame
        The baseline first, then models in the order of `metrics`, ``color-structure`` before ``structure``, seeds
        ascending. Where a model and regime has several seeds, a row ``seed = mean`` follows, without bounds.

    Raises
    ------
    ValueError
        When a run lacks one of the six metrics.
    """
    wide = _wide(metrics)
    order = [BASELINE, *(model for model in dict.fromkeys(metrics["model"]) if model != BASELINE)]
    parts = []
    for model in order:
        of_model = wide[wide["model"] == model]
        for regime in sorted(of_model["regime"].unique(), key=_regime_place):
            rows = of_model[of_model["regime"] == regime].sort_values("seed")
            rows = rows.head(1).assign(seed="-") if model == BASELINE else rows
            parts.append(rows.astype({"seed": "str"}))
            if len(rows) > 1:
                parts.append(_mean_row(rows))
    parts.append(_published_rows(published))
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return table[COMPARISON.names].astype({c.name: c.dtype for c in COMPARISON.columns})


def _regime_place(regime: str) -> tuple[int, str]:
    return (_REGIMES.index(regime) if regime in _REGIMES else len(_REGIMES), regime)


def _wide(metrics: pd.DataFrame) -> pd.DataFrame:
    key = ["model", "regime", "seed"]
    for run, rows in metrics.groupby(key):
        lacking = [name for name in METRIC_NAMES if name not in set(rows["metric"])]
        if lacking:
            raise InputError(
                f"metrics table: expected {list(METRIC_NAMES)} for every run, but {lacking} are missing for {run}. "
                "Run the rule training_evaluate again."
            )
    parts = [metrics.drop_duplicates(key).set_index(key)[["n_cells"]]]
    for column, suffix in (("value", ""), ("lower", "_lower"), ("upper", "_upper")):
        part = metrics.pivot(index=key, columns="metric", values=column)
        parts.append(part[list(METRIC_NAMES)].add_suffix(suffix))
    return pd.concat(parts, axis=1).reset_index().assign(source=THIS_RUN)


def _mean_row(rows: pd.DataFrame) -> pd.DataFrame:
    mean = rows.head(1).assign(seed="mean")
    for name in METRIC_NAMES:
        mean[name] = rows[name].mean()
        mean[[f"{name}_lower", f"{name}_upper"]] = np.nan
    return mean


def _published_rows(published: pd.DataFrame) -> pd.DataFrame:
    rows = published.copy()
    rows["seed"] = "-"
    rows["n_cells"] = published["n_cells"] if "n_cells" in published.columns else 0
    for name in METRIC_NAMES:
        rows[f"{name}_lower"] = np.nan
        rows[f"{name}_upper"] = np.nan
    return rows


def read_published(path: Path | None) -> pd.DataFrame:
    """Read a CSV of published metrics: ``model``, ``regime``, the six metrics, ``source``; optionally ``n_cells``.

    None, no rows.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, no CSV, or lacks a column or a number.
    """
    names = ["model", "regime", *METRIC_NAMES, "source"]
    if path is None:
        return pd.DataFrame({name: pd.Series(dtype="float64" if name in METRIC_NAMES else "str") for name in names})
    with as_readable(path, expected=f"a CSV with the columns {names}"):
        table = pd.read_csv(path, dtype={"model": "str", "regime": "str", "source": "str"})
        return table.astype(dict.fromkeys(METRIC_NAMES, "float64"))[[*names, *(["n_cells"] * ("n_cells" in table))]]


@in_style
def metrics_figure(table: pd.DataFrame) -> Figure:
    """Mean absolute error and R² on the test cells per model and regime, with intervals (thesis figure 5.1).

    Bars are means over the seeds, points are seeds with their 95 % intervals, the line is the baseline with
    its interval as a band.

    Parameters
    ----------
    table
        From `comparison_table`; only rows of this run are drawn.
    """
    runs = table[(table["source"] == THIS_RUN) & (table["seed"] != "mean")]
    figure = new_figure(height_mm=86)
    panels = axes_grid(figure, n_rows=1, n_columns=2)[0]
    _draw_metric(panels[0], runs, metric="mae")
    panels[0].set(title="Mean absolute error: lower is better", ylabel="Mean absolute error (intensity units)")
    _draw_metric(panels[1], runs, metric="r2")
    panels[1].set(title="Explained variance: higher is better", ylabel="R² (1 = perfect, 0 = the mean)")
    for index, axes in enumerate(panels):
        letter(axes, index=index)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _draw_metric(axes: Axes, runs: pd.DataFrame, *, metric: str) -> None:
    trained = runs[runs["model"] != BASELINE]
    models = list(dict.fromkeys(trained["model"]))
    regimes = sorted(trained["regime"].unique(), key=_regime_place)
    width = 0.8 / max(len(regimes), 1)
    for number, regime in enumerate(regimes):
        label = f"{regime} ({REGIME_WORDS.get(regime, 'other')})"
        rows = trained[trained["regime"] == regime]
        means = rows.groupby("model", sort=False)[metric].mean()
        middle = {model: index - 0.4 + (number + 0.5) * width for index, model in enumerate(models)}
        x = [middle[model] for model in means.index]
        axes.bar(x, means, width=0.92 * width, color=REGIME_COLORS.get(regime, NEUTRAL), label=label)
        for model, seeds in rows.groupby("model", sort=False):
            offsets = np.linspace(-0.25, 0.25, len(seeds)) * width if len(seeds) > 1 else np.zeros(1)
            first = number == 0 and str(model) == models[0]
            words = "one training run, with its 95 % interval" if first else None
            _draw_interval(axes, seeds, metric=metric, x=middle[str(model)] + offsets, label=words)
    for row in runs[runs["model"] == BASELINE].head(1).to_dict("records"):
        axes.axhspan(row[f"{metric}_lower"], row[f"{metric}_upper"], color="#D55E00", alpha=0.15, linewidth=0)
        axes.axhline(
            row[metric], color="#D55E00", linewidth=1.2, linestyle="--", label="baseline: mean of training cells"
        )
    axes.axhline(0, color="#4D4D4D", linewidth=0.6)
    axes.set_xticks(range(len(models)), models)
    axes.grid(axis="y")


def _draw_interval(axes: Axes, rows: pd.DataFrame, *, metric: str, x: NDArray[np.float64], label: str | None) -> None:
    lower, upper = rows[f"{metric}_lower"].to_numpy(), rows[f"{metric}_upper"].to_numpy()
    axes.vlines(x, lower, upper, color="black", linewidth=0.9)
    axes.plot([*x, *x], [*lower, *upper], "_", color="black", markersize=4.0)
    axes.plot(x, rows[metric].to_numpy(), "o", color="black", markersize=2.6, label=label)


def validation_baseline_mae(manifest: pd.DataFrame) -> float:
    """Mean absolute error on the validation cells of predicting the mean target of the training cells.

    Parameters
    ----------
    manifest
        Table `MANIFEST`.

    Raises
    ------
    ValueError
        When there are no training or no validation cells.
    """
    targets = {name: manifest.loc[manifest["split"] == name, "target"] for name in ("train", "validation")}
    empty = [name for name, values in targets.items() if values.empty]
    if empty:
        raise InputError(f"manifest: expected cells in the train and validation sets, but {empty} have none.")
    return float((targets["validation"] - targets["train"].mean()).abs().mean())


@in_style
def histories_figure(histories: Mapping[Run, pd.DataFrame], *, baseline_mae: float) -> Figure:
    """Validation error by epoch, a panel per regime, a dot at each run's best epoch (thesis figure 5.2).

    Parameters
    ----------
    histories
        Table `HISTORY` of each run.
    baseline_mae
        From `validation_baseline_mae`; drawn as a line.
    """
    models = list(dict.fromkeys(run.model for run in histories))
    regimes = sorted({run.regime for run in histories}, key=_regime_place)
    figure = new_figure(height_mm=84)
    panels = axes_grid(figure, n_rows=1, n_columns=max(len(regimes), 1), sharey=True)[0]
    for index, (axes, regime) in enumerate(zip(panels, regimes, strict=True)):
        for run, history in histories.items():
            if run.regime == regime:
                is_first = run.seed == min(
                    one.seed for one in histories if (one.model, one.regime) == (run.model, regime)
                )
                color = color_of(run.model, names=models)
                _draw_history(axes, history, color=color, label=run.model if is_first else None)
        axes.axhline(baseline_mae, color=NEUTRAL, linewidth=1.1, linestyle="--", label="baseline")
        axes.set(title=f"{regime} ({REGIME_WORDS.get(regime, 'other')})", xlabel="Epoch")
        axes.grid(axis="y")
        letter(axes, index=index)
    panels[0].set_ylabel("Validation mean absolute error\n(intensity units)")
    panels[0].set_ylim(*_error_limits(histories, baseline_mae=baseline_mae))
    named = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(named.values()), list(named), loc="outside lower center", ncols=5)
    return figure


def _draw_history(axes: Axes, history: pd.DataFrame, *, color: str, label: str | None) -> None:
    axes.plot(history["epoch"], history["val_mae"], color=color, linewidth=0.9, label=label)
    if history["val_mae"].notna().any():
        best = history.loc[history["val_mae"].idxmin()]
        axes.plot([best["epoch"]], [best["val_mae"]], "o", color=color, markersize=4.5, markeredgecolor="black")


def _error_limits(histories: Mapping[Run, pd.DataFrame], *, baseline_mae: float) -> tuple[float, float]:
    """From 0 to twice the baseline at most: a wild first epoch must not flatten the rest. Best epochs are inside."""
    errors = [history["val_mae"].dropna() for history in histories.values()]
    largest = max((float(e.max()) for e in errors if len(e)), default=0.0)
    best = max((float(e.min()) for e in errors if len(e)), default=0.0)
    return 0.0, 1.05 * max(baseline_mae, best, min(largest, 2 * baseline_mae))
