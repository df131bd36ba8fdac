"""Which channels a model used: ranking and its figure, and the check that the integral is complete."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from wellspring.attribution.importance import ALL, mean_importance
from wellspring.attribution.tables import RANKING
from wellspring.dataset.levels import LEVELS
from wellspring.dataset.report.colors import LEVEL_COLORS
from wellspring.report.style import axes_grid, in_style, letter, new_figure, number
from wellspring.tables import KEY

__all__ = [
    "MAX_CHANNELS",
    "Completeness",
    "completeness_of",
    "importance_figure",
    "ranking_table",
    "sanity_figure",
    "top_channels",
]

# More groups of bars than these cannot be read on one page.
MAX_CHANNELS = 20
_MAX_CURVES = 6
_MARK = "#FFF1C9"


@dataclass(frozen=True)
class Completeness:
    """Relative completeness error over the cells of a run: median and worst; NaN when no cell has one."""

    n_cells: int
    median: float
    worst: float


def completeness_of(completeness: pd.DataFrame) -> Completeness:
    """Summary of table `COMPLETENESS`; cells whose relative error is not defined are left out and not counted."""
    errors = completeness["relative_error"].dropna().to_numpy(dtype=float)
    if len(errors) == 0:
        return Completeness(n_cells=0, median=float("nan"), worst=float("nan"))
    return Completeness(n_cells=len(errors), median=float(np.median(errors)), worst=float(errors.max()))


def ranking_table(importance: pd.DataFrame) -> pd.DataFrame:
    """Mean importance per channel and level with 99 % intervals, most important channel first (table `RANKING`).

    Parameters
    ----------
    importance
        Table `IMPORTANCE` of one run.

    Returns
    -------
    DataFrame
        Rank 1 has the highest mean over all cells; equal means keep the order of the channels. Levels in the order
        low, medium, high, all; a level without cells has no rows.
    """
    means = mean_importance(importance)
    overall = means[means["level"] == ALL].sort_values("mean", ascending=False, kind="stable")
    ranks = pd.Series(np.arange(1, len(overall) + 1), index=overall["channel"].to_numpy(), dtype="int64")
    table = means.assign(rank=means["channel"].map(ranks).astype("int64"))
    return table.sort_values("rank", kind="stable").reset_index(drop=True)[RANKING.names]


def top_channels(ranking: pd.DataFrame, *, n: int) -> list[str]:
    """The `n` most important channels (all, if there are fewer), most important first."""
    overall = ranking[ranking["level"] == ALL].sort_values("rank")
    return [str(channel) for channel in overall["channel"].head(n)]


@in_style
def importance_figure(ranking: pd.DataFrame, *, marked: Collection[str]) -> Figure:
    """Mean share of the score per channel and level, with 99 % intervals (thesis figure 5.7).

    Parameters
    ----------
    ranking
        From `ranking_table`. With more than `MAX_CHANNELS` channels the first ones are drawn, and the title says so.
    marked
        Channels to set off: bold names on a coloured background.
    """
    n_channels = ranking["channel"].nunique()
    shown = top_channels(ranking, n=MAX_CHANNELS)
    figure = new_figure(height_mm=34 + 7.2 * max(len(shown), 1))
    axes = figure.add_subplot()
    for index, channel in enumerate(shown):
        if channel in marked:
            axes.axhspan(index - 0.5, index + 0.5, color=_MARK, linewidth=0, zorder=0)
    for index, level in enumerate(LEVELS):
        rows = ranking[ranking["level"] == level].set_index("channel").reindex(shown)
        n_cells = int(rows["n_cells"].max()) if rows["n_cells"].notna().any() else 0
        middle = np.arange(len(shown)) - 0.27 + 0.27 * index
        percent = 100 * rows["mean"].to_numpy()
        axes.barh(middle, percent, height=0.25, color=LEVEL_COLORS[level], label=f"{level} target (n = {n_cells:,})")
        reach = np.abs(100 * rows[["lower", "upper"]].to_numpy().T - percent)
        axes.errorbar(percent, middle, xerr=reach, fmt="none", ecolor="black", elinewidth=0.8, capsize=1.4)
    _label_channels(axes, shown, marked=marked)
    axes.set_xlim(0, _most_percent(ranking))
    left_out = f" (the {len(shown)} most important of {n_channels} channels)" if n_channels > len(shown) else ""
    axes.set(
        title=f"Importance of the channels{left_out}", xlabel="Share of the cell's total score (%), mean over cells"
    )
    handles, labels = axes.get_legend_handles_labels()
    if n_channels:
        line = axes.axvline(100 / n_channels, color="#4D4D4D", linewidth=0.9, linestyle=":")
        handles, labels = [*handles, line], [*labels, "equal shares"]
    if set(shown) & set(marked):
        handles, labels = [*handles, Patch(color=_MARK)], [*labels, "marked channel"]
    figure.legend(handles, labels, loc="outside lower center", ncols=5)
    return figure


def _label_channels(axes: Axes, shown: list[str], *, marked: Collection[str]) -> None:
    axes.set_yticks(range(len(shown)), shown)
    for tick, channel in zip(axes.get_yticklabels(), shown, strict=True):
        tick.set_fontweight("bold" if channel in marked else "normal")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="x")


def _most_percent(ranking: pd.DataFrame) -> float:
    """Up to the highest interval, but at most to twice the highest mean: two cells make intervals beyond all sense."""
    if ranking["mean"].notna().any():
        highest, reach = float(ranking["mean"].max()), float(ranking[["mean", "upper"]].max().max())
        return 105 * min(reach, 2 * highest)
    return 100.0


@in_style
def sanity_figure(sanity: pd.DataFrame) -> Figure:
    """Integrated gradients summed up along the path, with the difference they must reach (thesis figure 4.3).

    Parameters
    ----------
    sanity
        Table `SANITY`; at most 6 cells are drawn, the first ones.
    """
    cells = list(sanity.groupby(list(KEY), sort=False))[:_MAX_CURVES]
    n_columns = min(max(len(cells), 1), 3)
    n_rows = max(-(-len(cells) // n_columns), 1)
    figure = new_figure(height_mm=18 + 58 * n_rows, width_mm=max(60.0 * n_columns, 90.0))
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=n_columns, sharex=True) for axes in row]
    for index, (axes, (key, rows)) in enumerate(zip(panels, cells, strict=False)):
        _draw_sanity(axes, rows, title=f"{key[0]} / {key[1]}, cell {key[2]}")
        letter(axes, index=index)
    for axes in panels[len(cells) :]:
        axes.remove()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=1)
    return figure


def _draw_sanity(axes: Axes, rows: pd.DataFrame, *, title: str) -> None:
    rows = rows.sort_values("alpha")
    difference, reached = float(rows["difference"].iloc[0]), float(rows["cumulative"].iloc[-1])
    axes.axhline(
        difference,
        color="#D55E00",
        linestyle=":",
        linewidth=1.4,
        label="prediction(image) - prediction(baseline image)",
    )
    axes.plot(rows["alpha"], rows["cumulative"], color="#0072B2", label="sum of the integrated gradients")
    gap = (
        f"gap {number(100 * abs(reached - difference) / abs(difference))} %" if difference else f"gap {number(reached)}"
    )
    axes.text(0.97, 0.06, gap, transform=axes.transAxes, ha="right", fontsize=7.5)
    axes.set_title(title, loc="left", fontsize=7.5)
    axes.set(xlabel="Position on the path α\n(0 = baseline, 1 = image)", ylabel="Intensity units")
    axes.grid()
