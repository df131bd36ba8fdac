"""How many cells each criterion of the filter removed: table per well, table per criterion, figure."""

import re
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, new_figure

__all__ = ["MAX_WELLS_AS_BARS", "criteria_table", "filter_figure", "filter_table", "removal_columns", "well_position"]

# More bars than these cannot be read on one page.
MAX_WELLS_AS_BARS = 40
_KEPT = COLORS[0]
_REMOVED = (*COLORS[1:], "#8C8C8C")
_ALL_WELLS = "all"
# Rows and columns of the usual plates, smallest first.
_PLATES = ((2, 3), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))


def filter_table(filtered: pd.DataFrame) -> pd.DataFrame:
    """One row per well (table `FILTER_COUNTS`): cells found, removed by each criterion, left; totals last.

    Parameters
    ----------
    filtered
        Table `FILTERED` of all wells: step 0 holds the cells found.

    Returns
    -------
    DataFrame
        Sorted by plate and well; the last row, plate and well ``all``, is the sum. One integer column per criterion,
        ``removed: <criterion>``, in the order in which they were applied.

    Raises
    ------
    ValueError
        When a well has no step 0, or when its numbers do not add up.
    """
    removed = _removed(filtered)
    found = filtered[filtered["step"] == 0].set_index(["plate", "well"])["n_left"]
    last = filtered.sort_values("step").drop_duplicates(["plate", "well"], keep="last")
    table = last[["plate", "well", "n_left"]].set_index(["plate", "well"]).sort_index()
    table.insert(0, "n_cells", found)
    lost = table.index[table["n_cells"].isna()].tolist()
    if lost:
        raise InputError(f"filter table: expected a step 0 for every well, but {lost[:5]} have none.")
    table = table.astype("int64").join(removed)
    odd = table.index[table["n_cells"] - removed.sum(axis=1) != table["n_left"]].tolist()
    if odd:
        raise InputError(
            f"filter table: cells found minus cells removed must be the cells left, but not so in {odd[:5]}. "
            "Run the rule dataset_select of these wells again."
        )
    total = (
        table.sum().to_frame().T.set_index(pd.MultiIndex.from_tuples([("all", _ALL_WELLS)], names=["plate", "well"]))
    )
    table = pd.concat([table, total])
    share = 100 * table["n_left"] / table["n_cells"].where(table["n_cells"] > 0)
    table.insert(2, "percent_left", share.astype("float64"))
    return table.reset_index()


def _removed(filtered: pd.DataFrame) -> pd.DataFrame:
    """(plate, well) by ``removed: criterion``: int64 number of cells removed."""
    steps = filtered[filtered["step"] > 0]
    names = _names(steps)
    counts = steps.pivot_table(index=["plate", "well"], columns="step", values="n_removed", aggfunc="sum", fill_value=0)
    wells = pd.MultiIndex.from_frame(filtered[["plate", "well"]].drop_duplicates()).sort_values()
    counts = counts.reindex(index=wells, columns=sorted(names), fill_value=0).astype("int64")
    return counts.set_axis([f"removed: {names[step]}" for step in sorted(names)], axis="columns")


def _names(steps: pd.DataFrame) -> dict[int, str]:
    """Step to criterion; a criterion that comes twice carries its step, so that names differ."""
    first = steps.sort_values("step").drop_duplicates("step").set_index("step")["criterion"].astype(str)
    repeated = first.duplicated(keep=False)
    return {int(s): f"{c} (step {s})" if repeated.loc[s] else c for s, c in first.items()}


def criteria_table(filtered: pd.DataFrame) -> pd.DataFrame:
    """One row per criterion, over all wells: ``criterion``, ``n_matching``, ``n_removed``, ``n_left``, in order."""
    steps = filtered[filtered["step"] > 0]
    sums = steps.groupby("step")[["n_matching", "n_removed", "n_left"]].sum().astype("int64")
    sums.insert(0, "criterion", pd.Series(_names(steps), dtype="str"))
    return sums.reset_index(drop=True)


@in_style
def filter_figure(table: pd.DataFrame) -> Figure:
    """Cells kept and removed, per well.

    Up to `MAX_WELLS_AS_BARS` wells: one stacked bar each. More: a bar and maps of each plate, or, where the wells'
    names are not positions such as B07, bars of the wells that kept the smallest share of their cells.

    Parameters
    ----------
    table
        From `filter_table`; its last row, the total, is not drawn.
    """
    wells = table.iloc[:-1]
    if len(wells) <= MAX_WELLS_AS_BARS:
        return _bars(wells, title="Cells kept and removed, per well")
    indices = [well_position(str(well)) for well in wells["well"]]
    found = [index for index in indices if index is not None]
    if len(found) == len(indices):
        return _plate_maps(wells, rows=[r for r, _ in found], columns=[c for _, c in found])
    worst = wells.sort_values(["percent_left", "plate", "well"]).head(MAX_WELLS_AS_BARS)
    return _bars(worst, title=f"The {len(worst)} of {len(wells)} wells that kept the smallest share of their cells")


def well_position(name: str) -> tuple[int, int] | None:
    """Row and column, 0-based, of a well named such as B07, or None for another name or a place on no usual plate."""
    match = re.fullmatch(r"(A?[A-Z])0*([1-9][0-9]?)", name)
    if match is None:
        return None
    letters = match[1]
    row = ord(letters[-1]) - ord("A") + 26 * (len(letters) - 1)
    column = int(match[2]) - 1
    return (row, column) if row < _PLATES[-1][0] and column < _PLATES[-1][1] else None


def _bars(wells: pd.DataFrame, *, title: str) -> Figure:
    figure = new_figure(height_mm=_bars_height_mm(wells))
    _draw_bars(figure, wells, title=title)
    return figure


def removal_columns(wells: pd.DataFrame) -> list[str]:
    """Columns of `filter_table` with the cells that each criterion removed, in order."""
    return [str(name) for name in wells.columns if str(name).startswith("removed: ")]


def _bars_height_mm(wells: pd.DataFrame) -> float:
    return 20 + 5.2 * max(len(wells), 1) + 4.2 * (len(removal_columns(wells)) + 1)


def _draw_bars(part: Figure | SubFigure, wells: pd.DataFrame, *, title: str) -> None:
    axes = part.add_subplot()
    index = np.arange(len(wells))
    start = np.zeros(len(wells))
    widest = max(float(wells["n_cells"].max()), 1.0) if len(wells) else 1.0
    for number, name in enumerate(["n_left", *removal_columns(wells)]):
        width = wells[name].to_numpy(dtype=float)
        color = _KEPT if number == 0 else _REMOVED[(number - 1) % len(_REMOVED)]
        hatch = "///" if number > len(_REMOVED) else None
        words = "kept" if number == 0 else name
        axes.barh(index, width, left=start, height=0.74, color=color, edgecolor="white", label=words, hatch=hatch)
        _write_numbers(axes, width, start=start, least=0.028 * widest, dark=number > 0)
        start += width
    for y, (left, found) in enumerate(zip(wells["n_left"], wells["n_cells"], strict=True)):
        text = f"{left:,} of {found:,}" if found else "no cells found"
        axes.text(start[y] + 0.01 * widest, y, text, va="center", fontsize=7)
    axes.set(yticks=index, yticklabels=_labels(wells), xlabel="Cells", xlim=(0, 1.16 * widest), title=title)
    axes.set_ylim(len(wells) - 0.4, -0.6)
    part.legend(loc="outside lower left", ncols=1)


def _labels(wells: pd.DataFrame) -> list[str]:
    if wells["well"].eq(_ALL_WELLS).all():
        return [str(plate) for plate in wells["plate"]]
    if wells["plate"].nunique() == 1:
        return [str(well) for well in wells["well"]]
    return [f"{plate} / {well}" for plate, well in zip(wells["plate"], wells["well"], strict=True)]


def _write_numbers(
    axes: Axes, width: NDArray[np.float64], *, start: NDArray[np.float64], least: float, dark: bool
) -> None:
    """Write each number in its bar, where the bar is wide enough for it."""
    for y, (value, left) in enumerate(zip(width, start, strict=True)):
        if value >= least * (1 + 0.35 * max(len(f"{value:,.0f}") - 2, 0)):
            color = "black" if dark else "white"
            axes.text(left + value / 2, y, f"{value:,.0f}", ha="center", va="center", fontsize=6.5, color=color)


@dataclass(frozen=True)
class _Map:
    """What is drawn over a plate: a column of the table of counts, words, unit range, colours."""

    column: str
    words: str
    upper: float
    colors: str


def _plate_maps(wells: pd.DataFrame, *, rows: list[int], columns: list[int]) -> Figure:
    plates = wells.groupby("plate", sort=False).sum(numeric_only=True).reset_index().assign(well=_ALL_WELLS)
    shape = next(size for size in _PLATES if size[0] > max(rows) and size[1] > max(columns))
    heights = (_bars_height_mm(plates), (16 + 76 * shape[0] / shape[1]) * len(plates))
    most = max(float(wells["n_left"].max()), 1.0)
    maps = (
        _Map("percent_left", "cells kept, % of those found", 100.0, "cividis"),
        _Map("n_left", "cells kept", most, "viridis"),
    )
    figure = new_figure(height_mm=sum(heights))
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=heights))
    _draw_bars(upper, plates, title=f"Cells kept and removed, {len(wells)} wells together")
    grid = axes_grid(lower, n_rows=len(plates), n_columns=len(maps))
    at = wells.assign(_row=rows, _column=columns)
    for index, plate in enumerate(plates["plate"]):
        here = at[at["plate"] == plate]
        for axes, drawn in zip(grid[index], maps, strict=True):
            _draw_map(axes, here, drawn=drawn, shape=shape)
            axes.set_title(f"{plate}: {drawn.words}", loc="left")
    return figure


def _draw_map(axes: Axes, wells: pd.DataFrame, *, drawn: _Map, shape: tuple[int, int]) -> None:
    values = np.full(shape, np.nan)
    values[wells["_row"], wells["_column"]] = wells[drawn.column].to_numpy(dtype=float)
    colors = matplotlib.colormaps[drawn.colors].with_extremes(bad="#EEEEEE")
    image = axes.imshow(np.ma.masked_invalid(values), cmap=colors, vmin=0, vmax=drawn.upper, aspect="equal")
    empty = wells[wells["n_left"] == 0]
    axes.plot(empty["_column"], empty["_row"], "x", color="#D55E00", markersize=3.5, label="no cells left")
    step = 1 if shape[1] <= 12 else 2
    letters = [chr(ord("A") + row) if row < 26 else f"A{chr(ord('A') + row - 26)}" for row in range(shape[0])]
    axes.set_xticks(range(0, shape[1], step), [str(column + 1) for column in range(0, shape[1], step)])
    axes.set_yticks(range(0, shape[0], step), letters[::step])
    axes.tick_params(length=0, labelsize=6.5)
    axes.spines[:].set_visible(False)
    if len(empty):
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.07), borderpad=0, handletextpad=0.2, labelcolor=NEUTRAL)
    axes.figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02, aspect=18)
