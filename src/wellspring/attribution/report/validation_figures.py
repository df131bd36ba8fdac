"""Figures of the validation: insertion and deletion, randomised models, remove and retrain."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, letter, new_figure

__all__ = ["curves_figure", "method_name", "randomised_figure", "roar_figure"]

_STYLES = {"map": "#0072B2", "random": NEUTRAL, "intensity": "#E69F00"}
_FORMS = {"pixels": "Values removed (%)", "channels": "Channels removed"}


def method_name(method: str, copies: str, baseline: str) -> str:
    """A map method in words; ``-`` and ``none`` are left out."""
    parts = [method.replace("_", " "), *(word for word in (copies, baseline) if word not in ("-", "none"))]
    return ", ".join(parts).replace("vargrad_sd", "VarGrad (SD)").replace("vargrad", "VarGrad")


@in_style
def curves_figure(curves: pd.DataFrame) -> Figure:
    """Deletion and insertion curves, mean over the runs of a regime; of every method its first baseline.

    Parameters
    ----------
    curves
        Table `CURVES` of all runs.
    """
    regimes = curves[["model", "regime"]].drop_duplicates().itertuples(index=False)
    groups = [tuple(group) for group in regimes]
    figure = new_figure(height_mm=20 + 62 * max(len(groups), 1))
    grid = axes_grid(figure, n_rows=max(len(groups), 1), n_columns=2, sharex=True)
    for row, (model, regime) in enumerate(groups):
        rows = curves[(curves["model"] == model) & (curves["regime"] == regime)]
        for column, name in enumerate(("deletion", "insertion")):
            _draw_methods(grid[row][column], rows[rows["curve"] == name], x="share", y="value")
            grid[row][column].set(title=f"{name.capitalize()}: {model}, {regime}", ylabel="Nearness of the prediction")
            letter(grid[row][column], index=2 * row + column)
    for axes in grid[-1]:
        axes.set_xlabel("Share of the values removed, or put in")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


@in_style
def randomised_figure(randomised: pd.DataFrame, *, survives: float) -> Figure:
    """Correlation of the maps before and after layers were made random, from the top down.

    Parameters
    ----------
    randomised
        Table `RANDOMISED` of all runs; of every method its first baseline is drawn, mean over the runs.
    survives
        Where the dotted line is drawn: a method above it at the end is marked.
    """
    groups = [tuple(group) for group in randomised[["model", "regime"]].drop_duplicates().itertuples(index=False)]
    figure = new_figure(height_mm=34 + 66 * max(len(groups), 1))
    panels = [row[0] for row in axes_grid(figure, n_rows=max(len(groups), 1), n_columns=1)]
    for index, (axes, (model, regime)) in enumerate(zip(panels, groups, strict=False)):
        rows = randomised[(randomised["model"] == model) & (randomised["regime"] == regime)]
        _draw_methods(axes, rows, x="depth", y="correlation")
        layers = rows.drop_duplicates("depth").sort_values("depth")
        axes.set_xticks(layers["depth"].tolist(), layers["layer"].tolist(), rotation=30, ha="right")
        axes.axhline(survives, color="#4D4D4D", linestyle=":", linewidth=0.9)
        axes.set(title=f"{model}, {regime}", ylabel="Spearman's correlation with\nthe maps of the trained model")
        letter(axes, index=index)
    panels[-1].set_xlabel("Lowest random layer (all layers above it are random too)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _draw_methods(axes: Axes, rows: pd.DataFrame, *, x: str, y: str) -> None:
    methods = rows.drop_duplicates(["method", "copies"])[["method", "copies", "baseline"]]
    for index, method in enumerate(methods.itertuples(index=False)):
        of_method = (rows[["method", "copies", "baseline"]] == list(method)).all(axis=1)
        line = rows[of_method].groupby(x)[y].mean()
        no_map = method.method in ("random", "intensity")
        color = _STYLES[method.method] if no_map else COLORS[index % len(COLORS)]
        style = "--" if no_map else "-"
        axes.plot(line.index, line, color=color, linestyle=style, label=method_name(*method))
    axes.axhline(0, color="#BBBBBB", linewidth=0.6)
    axes.grid()


@in_style
def roar_figure(summary: pd.DataFrame) -> Figure:
    """Error on the test cells after removing and retraining, by what was removed first, with 95 % intervals.

    Parameters
    ----------
    summary
        Table `ROAR_SUMMARY`.
    """
    groups = [tuple(group) for group in summary[["model", "regime", "form"]].drop_duplicates().itertuples(index=False)]
    figure = new_figure(height_mm=16 + 60 * max(-(-len(groups) // 2), 1))
    grid = axes_grid(figure, n_rows=max(-(-len(groups) // 2), 1), n_columns=min(max(len(groups), 1), 2))
    panels = [axes for row in grid for axes in row]
    for index, (axes, (model, regime, form)) in enumerate(zip(panels, groups, strict=False)):
        keys = (summary["model"] == model) & (summary["regime"] == regime) & (summary["form"] == form)
        for ranking, rows in summary[keys].groupby("ranking", sort=False):
            points = rows.sort_values("amount")
            reach = (points[["mae_lower", "mae_upper"]].to_numpy().T - points["mae"].to_numpy()).__abs__()
            axes.errorbar(
                points["amount"],
                points["mae"],
                yerr=reach,
                color=_STYLES[str(ranking)],
                marker="o",
                markersize=3,
                capsize=2,
                label=f"removed first: {'highest score' if ranking == 'map' else ranking}",
            )
        axes.set(title=f"{model}, {regime}: {form}", xlabel=_FORMS[str(form)], ylabel="MAE on the test cells")
        axes.grid()
        axes.legend()
        letter(axes, index=index)
    for axes in panels[len(groups) :]:
        axes.remove()
    return figure
