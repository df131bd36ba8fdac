"""What the dataset holds: cells per split and annotation, and how the target is distributed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.dataset.levels import LEVELS, LevelBounds, level_bounds
from wellspring.dataset.report.colors import LEVEL_COLORS, SPLIT_COLORS
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, letter, new_figure, number

__all__ = ["LEVEL", "MISSING", "SPLITS", "common_values", "composition_table", "dataset_figure", "group_values"]

SPLITS = ("train", "validation", "test")
MISSING = "(missing)"
LEVEL = "target level"
_MOST_GROUPS = 8


def composition_table(manifest: pd.DataFrame, *, columns: Sequence[str]) -> pd.DataFrame:
    """Cells per split, level, and value of each annotation (table `COMPOSITION`; thesis tables 3.2 to 3.4 and 5.3).

    Parameters
    ----------
    manifest
        Table `MANIFEST`.
    columns
        Annotations to count by; one that is not in the manifest is left out.

    Returns
    -------
    DataFrame
        Grouping ``split`` first, its percentages of all cells; then each annotation and ``target level``, percentages
        within the split. Values in the order of their frequency, levels from low to high; a missing value counts as
        ``(missing)``. A split without cells has 0.

    Raises
    ------
    ValueError
        When the manifest has no cells, or a target is not finite.
    """
    target = manifest["target"].to_numpy(dtype=float)
    levels = pd.Series(level_bounds(target).levels(target), index=manifest.index)
    parts = [_counted(manifest, grouping="split", values=pd.Series("all", index=manifest.index))]
    for name in columns:
        if name in manifest.columns:
            parts.append(_counted(manifest, grouping=name, values=group_values(manifest, name)))
    parts.append(_counted(manifest, grouping=LEVEL, values=levels, order=LEVELS))
    return pd.concat(parts, ignore_index=True)


def common_values(values: pd.Series, *, most: int) -> list[str]:
    """The `most` values that occur most often, sorted, so that a value has one place and colour in all figures.

    The missing ones come last.
    """
    found = (str(value) for value in values.value_counts().index[:most])
    return sorted(found, key=lambda value: (value == MISSING, value))


def group_values(manifest: pd.DataFrame, column: str) -> pd.Series:
    """The values of one annotation as text, missing ones as ``(missing)``."""
    values = manifest[column]
    return values.astype("str").where(values.notna(), MISSING)


def _counted(
    manifest: pd.DataFrame, *, grouping: str, values: pd.Series, order: Sequence[str] | None = None
) -> pd.DataFrame:
    order = list(values.value_counts().index) if order is None else order
    counts = pd.crosstab(values, manifest["split"]).reindex(index=order, columns=list(SPLITS), fill_value=0)
    counts["total"] = counts.sum(axis=1)
    whole = counts.sum(axis=0)
    if grouping == "split":
        whole[:] = len(manifest)
    percent = 100 * counts / whole.where(whole > 0)
    rows = [
        (grouping, str(value), split, int(counts.loc[value, split]), float(percent.loc[value, split]))
        for split in counts.columns
        for value in order
    ]
    return pd.DataFrame(rows, columns=["grouping", "value", "split", "n_cells", "percent"])


@in_style
def dataset_figure(manifest: pd.DataFrame, *, columns: Sequence[str], target_channel: str) -> Figure:
    """Distribution of the target: by split, by level, and by each annotation (thesis figures 5.5 and 3.11).

    Parameters
    ----------
    manifest
        Table `MANIFEST`.
    columns
        Annotations, one panel each; those that are not in the manifest are left out. More than 8 values: the 8 that
        most cells have.
    target_channel
        Named on the axes.

    Raises
    ------
    ValueError
        When the manifest has no cells, or a target is not finite.
    """
    shown = [name for name in columns if name in manifest.columns]
    target = manifest["target"].to_numpy(dtype=float)
    bounds = level_bounds(target)
    bins = _bins(target)
    n_rows = 1 + (len(shown) + 1) // 2
    figure = new_figure(height_mm=68 * n_rows)
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=2) for axes in row]
    _draw_groups(
        panels[0], target, values=manifest["split"], order=SPLITS, colors=tuple(SPLIT_COLORS.values()), bins=bins
    )
    panels[0].set_title("Target by split", loc="left")
    _draw_levels(panels[1], target, bounds=bounds, bins=bins)
    panels[1].set_title(f"Levels: mean {number(target.mean())} ± sd {number(target.std())}", loc="left")
    for axes, name in zip(panels[2:], shown, strict=False):
        values = group_values(manifest, name)
        order = tuple(common_values(values, most=_MOST_GROUPS))
        _draw_groups(axes, target, values=values, order=order, colors=COLORS, bins=bins)
        rest = values.nunique() - len(order)
        axes.set_title(f"Target by {name}" + (f" ({rest} rarer values left out)" if rest else ""), loc="left")
    for index, axes in enumerate(panels[: 2 + len(shown)]):
        axes.set_xlabel(f"Mean {target_channel} per cell (intensity units)")
        letter(axes, index=index)
    for axes in panels[2 + len(shown) :]:
        axes.remove()
    return figure


def _bins(target: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(target.min()), float(target.max())
    # Of targets that are equal but for rounding, too: their bins would be too narrow to be written.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, int(np.clip(np.sqrt(len(target)), 8, 40)) + 1)


def _draw_groups(
    axes: Axes,
    target: NDArray[np.float64],
    *,
    values: pd.Series,
    order: Sequence[str],
    colors: Sequence[str],
    bins: NDArray[np.float64],
) -> None:
    """Outlined histogram of each group, as share of the group's cells, and a dashed line at its mean."""
    for index, value in enumerate(order):
        inside = target[(values == value).to_numpy()]
        label = f"{value} (n = {len(inside):,})"
        color = colors[index % len(colors)]
        share = np.histogram(inside, bins=bins)[0] * (100 / max(len(inside), 1))
        axes.stairs(share, bins, color=color, linewidth=1.2, label=label, linestyle="-" if index < len(colors) else ":")
        if len(inside):
            axes.axvline(float(inside.mean()), color=color, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.set_ylabel("Cells of the group (%)")
    # Room for the legend above the curves.
    axes.set_ylim(0, axes.get_ylim()[1] * (1 + 0.1 * len(order)))
    axes.legend(loc="upper left", handlelength=1.2)


def _draw_levels(axes: Axes, target: NDArray[np.float64], *, bounds: LevelBounds, bins: NDArray[np.float64]) -> None:
    """Histogram with the mean and the bounds of the levels, and the cells of each level."""
    counts, _ = np.histogram(target, bins=bins)
    axes.stairs(counts, bins, fill=True, color="#C9D6DF")
    axes.axvline(float(target.mean()), color=NEUTRAL, linewidth=1.2)
    for bound in (bounds.low, bounds.high):
        axes.axvline(bound, color=LEVEL_COLORS["high"], linewidth=1.1, linestyle="--")
    axes.set_ylim(0, 1.28 * max(float(counts.max()), 1))
    axes.set_ylabel("Cells")
    low, high = axes.get_xlim()
    levels = bounds.levels(target)
    ground = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.0}
    for name, left, right in zip(LEVELS, (low, bounds.low, bounds.high), (bounds.low, bounds.high, high), strict=True):
        n = int(np.sum(levels == name))
        text = f"{name}\n{n:,} cells\n{100 * n / len(target):.1f} %"
        at: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "ha": "center",
            "va": "top",
            "fontsize": 7,
            "bbox": ground,
        }
        axes.text((left + right) / 2, 0.98, text, **at)
