"""Groups as rows: wells as points, their cells behind them, the difference from the controls next to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from wellspring.groups.report.words import effect_text
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, color_of, in_style, new_figure

__all__ = ["DrawnMeasure", "groups_figure"]

_DOUBTFUL = "#D55E00"
_CELLS = "#DFE3E6"
# More cells than these are drawn as a shape.
_MOST_POINTS = 150
_N_BINS = 40
_FEW_ROWS, _TALL_MM, _LOW_MM = 24, 7.0, 4.0
_MOST_COLORS = len(COLORS)


@dataclass(frozen=True)
class DrawnMeasure:
    """One panel.

    Attributes
    ----------
    label : str
    wells : pandas.DataFrame
        Rows of `MEASURED_WELLS`.
    contrasts, units : pandas.DataFrame
        Rows of `CONTRASTS` and `UNITS`.
    cells : Mapping of (plate, well) to (n,) float64
        Values of the cells of a well; a well that is missing has none.
    """

    label: str
    wells: pd.DataFrame
    contrasts: pd.DataFrame
    units: pd.DataFrame
    cells: Mapping[tuple[str, str], np.ndarray]


@in_style
def groups_figure(measures: Sequence[DrawnMeasure], *, groups: Sequence[str], controls: Sequence[str]) -> Figure:
    """A panel per measure, a row per group, every well in it.

    Parameters
    ----------
    measures
        Without any, the figure says so.
    groups
        Rows from the top, controls included.
    """
    if not measures:
        figure = new_figure(height_mm=16)
        figure.text(0.02, 0.5, "There is nothing to draw.")
        return figure
    row_mm = _TALL_MM if len(groups) <= _FEW_ROWS else _LOW_MM
    figure = new_figure(height_mm=8 + len(measures) * (18 + row_mm * len(groups)))
    panels = axes_grid(figure, n_rows=len(measures), n_columns=2, width_ratios=[1.0, 0.75], sharey="row")
    replicates = _replicates(measures)
    for (axes, words), one in zip(panels, measures, strict=True):
        _draw_measure(axes, one, groups=groups, replicates=replicates)
        _write_effects(words, one, groups=groups, controls=controls)
    _draw_key(figure, measures, replicates=replicates)
    return figure


def _replicates(measures: Sequence[DrawnMeasure]) -> list[str]:
    """Names of the replicates, if colours can distinguish them; else none."""
    names = sorted({str(name) for one in measures for name in one.wells["replicate"].fillna("")} - {""})
    return names if len(names) <= _MOST_COLORS else []


def _draw_measure(axes: Axes, one: DrawnMeasure, *, groups: Sequence[str], replicates: Sequence[str]) -> None:
    edges = _edges(one)
    for place, group in enumerate(groups):
        wells = one.wells[one.wells["group"] == group]
        keys = zip(wells["plate"], wells["well"], strict=True)
        cells = [one.cells[key] for key in keys if key in one.cells]
        _draw_cells(axes, np.concatenate(cells) if cells else np.empty(0), place=place, edges=edges)
        known = wells[wells["value"].notna()]
        offsets = np.linspace(-0.22, 0.22, len(known)) if len(known) > 1 else np.zeros(len(known))
        for (_, well), offset in zip(known.iterrows(), offsets, strict=True):
            color = color_of(well["replicate"], names=replicates) if well["replicate"] in replicates else COLORS[0]
            rim: dict[str, Any] = {"markeredgecolor": _DOUBTFUL, "markeredgewidth": 1.2} if well["is_doubtful"] else {}
            look: dict[str, Any] = {"markerfacecolor": color, "markeredgecolor": "white", "markeredgewidth": 0.4} | rim
            axes.plot(well["value"], place + offset, "o", markersize=4.2, **look)
        units = one.units[one.units["group"] == group] if group in set(one.units["group"]) else None
        middle = _mean_of(one, group) if units is None else float(units["value"].mean())
        if np.isfinite(middle):
            axes.plot([middle] * 2, [place - 0.36, place + 0.36], color="black", linewidth=1.4)
    axes.set_yticks(range(len(groups)), list(groups))
    axes.set_ylim(len(groups) - 0.45, -0.55)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel(one.label)


def _mean_of(one: DrawnMeasure, group: str) -> float:
    """Of a control among several, which has no units of its own: the mean of its wells without doubt."""
    own = one.wells[(one.wells["group"] == group) & ~one.wells["is_doubtful"].astype(bool)]
    return float(own["value"].mean()) if own["value"].notna().any() else float("nan")


def _edges(one: DrawnMeasure) -> np.ndarray:
    """Edges of the bins of the cells, from the lowest to the highest value that is drawn."""
    cells = np.concatenate([np.empty(0), *one.cells.values()])
    cells = cells[np.isfinite(cells)]
    wells = one.wells["value"].dropna().to_numpy(dtype=np.float64)
    ends = [*wells, *(np.percentile(cells, [1, 99]) if len(cells) else [])]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    if low >= 0 and low < 0.5 * high:
        low = 0.0
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 0.5
    low, high = low - margin, high + margin
    is_whole = len(cells) > 0 and bool((cells == np.round(cells)).all())
    if is_whole:
        step = max(1, int(np.ceil((high - low) / _N_BINS)))
        return np.arange(np.floor(low) - 0.5, high + step, step)
    return np.linspace(low, high, _N_BINS + 1)


def _draw_cells(axes: Axes, cells: np.ndarray, *, place: int, edges: np.ndarray) -> None:
    cells = cells[np.isfinite(cells)]
    if len(cells) == 0:
        return
    if len(cells) <= _MOST_POINTS:
        spread = np.linspace(-0.32, 0.32, len(cells)) if len(cells) > 1 else np.zeros(1)
        axes.plot(cells, place + spread, "o", markersize=2, color="#B9C0C5", markeredgewidth=0)
        return
    counts, _ = np.histogram(cells, bins=edges)
    half = 0.42 * counts / max(1, counts.max())
    steps = np.repeat(half, 2)
    x = np.repeat(edges, 2)[1:-1]
    axes.fill_between(x, place - steps, place + steps, color=_CELLS, linewidth=0)


def _write_effects(axes: Axes, one: DrawnMeasure, *, groups: Sequence[str], controls: Sequence[str]) -> None:
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelleft=False, labelbottom=False)
    axes.set_xlim(0, 1)
    rows = one.contrasts.set_index("group")
    for place, group in enumerate(groups):
        if group in controls:
            text = f"control, {_wells(one, group)}"
        elif group in rows.index:
            text = effect_text(rows.loc[group])
        else:
            text = ""
        axes.text(0, place, text, va="center", fontsize=7.0, color=NEUTRAL if group in controls else "black")


def _wells(one: DrawnMeasure, group: str) -> str:
    own = one.wells[one.wells["group"] == group]
    n, n_without = len(own), int(own["value"].isna().sum())
    without = f", {n_without} without a value" if n_without else ""
    return f"{n} well{'s' if n != 1 else ''}{without}"


def _draw_key(figure: Figure, measures: Sequence[DrawnMeasure], *, replicates: Sequence[str]) -> None:
    point: dict[str, Any] = {"marker": "o", "linestyle": "none", "markersize": 4.2, "markeredgewidth": 0}
    keys = [Line2D([], [], color=color_of(name, names=replicates), label=name, **point) for name in replicates]
    if not keys:
        keys.append(Line2D([], [], color=COLORS[0], label="well", **point))
    if any(one.wells["is_doubtful"].any() for one in measures):
        look: dict[str, Any] = {
            **point,
            "markeredgewidth": 1.2,
            "markeredgecolor": _DOUBTFUL,
            "markerfacecolor": "none",
        }
        keys.append(Line2D([], [], label="in doubt", **look))
    keys.append(Line2D([], [], color="black", linewidth=1.4, label="mean of the units"))
    figure.legend(handles=keys, loc="outside lower left", ncols=min(len(keys), 9))
