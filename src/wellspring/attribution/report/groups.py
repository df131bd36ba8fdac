"""Importance of groups of channels, and the correlation that grouped them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wellspring.dataset.levels import LEVELS
from wellspring.dataset.report.colors import LEVEL_COLORS
from wellspring.report.style import in_style, letter, new_figure

__all__ = ["GROUPING_WORDS", "groups_figure"]

GROUPING_WORDS = {"correlation": "correlated in the images", "marker": "stained by the markers"}


@in_style
def groups_figure(importance: pd.DataFrame, correlation: pd.DataFrame) -> Figure:
    """Summed importance of each group by level with 99 % intervals, and the channels' correlation.

    Parameters
    ----------
    importance
        Table `GROUP_IMPORTANCE` of one run.
    correlation
        Table `CORRELATION`.
    """
    groupings = importance["grouping"].drop_duplicates().tolist()
    n_groups = importance.groupby("grouping")["group"].nunique()
    channels = correlation["channel"].drop_duplicates().tolist()
    heights = [*[6 + 3.0 * int(n_groups[name]) for name in groupings], 20 + 2.6 * len(channels)]
    figure = new_figure(height_mm=2.0 * sum(heights) ** 0.5 + sum(heights) + 22)
    panels = np.atleast_1d(np.asarray(figure.subplots(len(heights), 1, height_ratios=heights)))
    for index, (axes, grouping) in enumerate(zip(panels, groupings, strict=False)):
        _draw_groups(axes, importance[importance["grouping"] == grouping])
        axes.set(title=f"Channels grouped as {GROUPING_WORDS[grouping]}")
        letter(axes, index=index)
    panels[len(groupings) - 1].set_xlabel("Summed share of the cell's score (%), mean over cells")
    # Outside the panels: few channels leave no room in them.
    panels[0].legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    _draw_correlation(panels[-1], correlation, channels=channels)
    letter(panels[-1], index=len(groupings))
    return figure


def _draw_groups(axes: Axes, rows: pd.DataFrame) -> None:
    overall = rows[rows["level"] == "all"].sort_values("mean", ascending=False, kind="stable")
    names = overall["group"].tolist()
    sizes = overall["n_channels"].tolist()
    for index, level in enumerate(LEVELS):
        found = rows[rows["level"] == level].set_index("group").reindex(names)
        percent = 100 * found["mean"].to_numpy()
        reach = np.abs(100 * found[["lower", "upper"]].to_numpy().T - percent)
        middle = np.arange(len(names)) - 0.27 + 0.27 * index
        axes.barh(middle, percent, height=0.25, color=LEVEL_COLORS[level], label=f"{level} target")
        axes.errorbar(percent, middle, xerr=reach, fmt="none", ecolor="black", elinewidth=0.7, capsize=1.2)
    axes.set_yticks(range(len(names)), [f"{name} ({n})" for name, n in zip(names, sizes, strict=True)])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 105 * float(rows["mean"].max()) * 1.3 if rows["mean"].notna().any() else 100)
    axes.grid(axis="x")


def _draw_correlation(axes: Axes, correlation: pd.DataFrame, *, channels: list[str]) -> None:
    wide = correlation.pivot(index="channel", columns="other", values="correlation").loc[channels, channels]
    picture = axes.imshow(wide.to_numpy(), vmin=-1, vmax=1, cmap="RdBu_r")
    axes.set_yticks(range(len(channels)), channels)
    axes.set_xticks(range(len(channels)), channels, rotation=60, ha="right", rotation_mode="anchor")
    axes.set(title="Correlation of pixels")
    axes.figure.colorbar(picture, ax=axes, shrink=0.7, label="Pearson's r")
