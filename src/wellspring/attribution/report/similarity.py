"""Which image channels the score maps look like: bars of the first ten, and a matrix (thesis figures 5.9 and 5.10)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.attribution.importance import ALL
from wellspring.dataset.levels import LEVELS
from wellspring.dataset.report.colors import LEVEL_COLORS
from wellspring.report.style import axes_grid, in_style, letter, new_figure

__all__ = ["MAX_SIMILAR", "matrix_figure", "similar_figure"]

MAX_SIMILAR = 10
_MAX_COLUMNS = 40


@in_style
def similar_figure(similar: pd.DataFrame) -> Figure:
    """The ten image channels that most maps look like, per level, with cumulative percentages (thesis figure 5.9).

    Parameters
    ----------
    similar
        Table `SIMILAR` of one run; levels without maps have an empty panel.
    """
    figure = new_figure(height_mm=72)
    (panels,) = axes_grid(figure, n_rows=1, n_columns=len(LEVELS), sharey=True)
    for index, (axes, level) in enumerate(zip(panels, LEVELS, strict=True)):
        rows = similar[(similar["level"] == level) & (similar["channel"] == ALL)].head(MAX_SIMILAR)
        n_maps = int(similar.loc[(similar["level"] == level) & (similar["channel"] == ALL), "n_maps"].sum())
        indices = np.arange(len(rows))
        axes.bar(indices, rows["percent"], color=LEVEL_COLORS[level], width=0.8)
        for at, (percent, cumulative) in enumerate(zip(rows["percent"], rows["cumulative"], strict=True)):
            axes.text(at, percent, f"{cumulative:.0f}", ha="center", va="bottom", fontsize=6.5)
        axes.set_xticks(indices, rows["image_channel"].tolist(), rotation=60, ha="right", rotation_mode="anchor")
        axes.set(title=f"{level} target (n = {n_maps:,})")
        axes.grid(axis="y")
        letter(axes, index=index)
    panels[0].set_ylabel("Map channels that look most\nlike this image channel (%)")
    return figure


@in_style
def matrix_figure(similar: pd.DataFrame) -> Figure:
    """For each channel of the score map, how often it looks most like each image channel (thesis figure 5.10).

    Parameters
    ----------
    similar
        Table `SIMILAR` of one run. Image channels that no map looks like have no column; beyond 40 columns, the
        rarest are left out, and the title says so.
    """
    maps = [name for name in similar["channel"].drop_duplicates() if name != ALL]
    overall = similar[(similar["level"] == ALL) & (similar["channel"] == ALL)]
    columns = overall["image_channel"].head(_MAX_COLUMNS).tolist()
    figure = new_figure(height_mm=len(LEVELS) * (30 + 3.4 * max(len(maps), 1)))
    panels = [row[0] for row in axes_grid(figure, n_rows=len(LEVELS), n_columns=1)]
    picture = None
    for index, (axes, level) in enumerate(zip(panels, LEVELS, strict=True)):
        percent = _percent(similar[similar["level"] == level], maps=maps, columns=columns)
        picture = axes.imshow(percent, vmin=0, vmax=100, cmap="Blues", aspect="auto")
        left_out = f" (the {len(columns)} most frequent image channels)" if len(overall) > len(columns) else ""
        axes.set(title=f"{level} target{left_out}", ylabel="Channel of the score map")
        axes.set_yticks(range(len(maps)), maps)
        axes.set_xticks(range(len(columns)), columns, rotation=60, ha="right", rotation_mode="anchor")
        _write(axes, percent)
        letter(axes, index=index)
    panels[-1].set_xlabel("Most similar channel of the image")
    if picture is not None:
        figure.colorbar(picture, ax=panels, shrink=0.4, label="Share of the row (%)")
    return figure


def _percent(rows: pd.DataFrame, *, maps: list[str], columns: list[str]) -> NDArray[np.float64]:
    """(maps, columns) percentages; 0 where there are none."""
    wide = rows.pivot(index="channel", columns="image_channel", values="percent")
    return np.asarray(wide.reindex(index=maps, columns=columns).fillna(0.0).to_numpy(dtype=np.float64))


def _write(axes: Axes, percent: NDArray[np.float64]) -> None:
    """Numbers of 5 % and more, where there is room for them."""
    if percent.shape[1] > MAX_SIMILAR * 2:
        return
    for row, column in np.argwhere(percent >= 5):
        color = "white" if percent[row, column] > 60 else "black"
        text = f"{percent[row, column]:.0f}"
        axes.text(int(column), int(row), text, ha="center", va="center", fontsize=6, color=color)
