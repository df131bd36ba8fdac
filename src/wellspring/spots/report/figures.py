"""Spots of each well: table, curves of count against threshold, counts per cell."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wellspring.quality.report.left_out import left_out_per_well
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, new_figure
from wellspring.spots.doubts import NO_DOUBT, joined_doubts
from wellspring.spots.tables import SPOT_QUALITY

__all__ = ["MAX_WELLS", "counts_figure", "curves_figure", "spots_table"]

# More wells than these cannot be read on one page; those with most doubts, then the least stable, are drawn.
MAX_WELLS = 48
_COLUMNS = 4
_DOUBTFUL = "#D55E00"
_IMAGE = ["plate", "well", "channel"]


def spots_table(
    thresholds: pd.DataFrame, cells: pd.DataFrame, spots: pd.DataFrame, *, left_out: pd.DataFrame
) -> pd.DataFrame:
    """One row per well and channel (table `SPOT_QUALITY`).

    Parameters
    ----------
    thresholds, cells, spots
        Tables `WELL_SPOT_THRESHOLDS`, `WELL_SPOTS_PER_CELL` and `WELL_SPOTS` of all wells. A well of which every site
        was left out has no row.
    left_out
        Table `KEPT_SITES` of the sites that were left out.
    """
    groups = thresholds.groupby(_IMAGE, sort=False)
    table = groups.agg(
        n_images=("site", "size"),
        n_doubtful=("doubts", _number_of_doubtful),
        doubts=("doubts", _joined_doubts),
        instability=("instability", "max"),
        threshold=("threshold", "median"),
    )
    per_cell = cells.groupby(_IMAGE)["n_spots"]
    in_cell = spots[spots["cell_id"] > 0]
    counts = {
        "n_cells": per_cell.size(),
        "n_spots": spots.groupby(_IMAGE).size(),
        "n_in_cells": in_cell.groupby(_IMAGE).size(),
        "n_in_foci": in_cell[in_cell["focus_id"] > 0].groupby(_IMAGE).size(),
    }
    for name, values in counts.items():
        table[name] = values.reindex(table.index, fill_value=0).astype(np.int64)
    found = {"mean_per_cell": per_cell.mean(), "median_per_cell": per_cell.median(), **_ranges(cells)}
    for name in ("snr", "contrast", "sigma_px"):
        found[f"{name}_median"] = spots.groupby(_IMAGE)[name].median()
    for name, values in found.items():
        table[name] = values.reindex(table.index).astype(np.float64)
    table = table.reset_index()
    return table.assign(n_left_out=left_out_per_well(left_out, table))[SPOT_QUALITY.names]


def _ranges(cells: pd.DataFrame) -> dict[str, pd.Series]:
    """By image: uncertain spots, and the medians of the least and greatest counts that borders leave open."""
    counts = cells[_IMAGE].assign(
        uncertain=cells["n_spots_uncertain"],
        least=cells["n_spots"] - cells["n_spots_uncertain"],
        most=cells["n_spots"] + cells["n_spots_beyond"],
    )
    groups = counts.groupby(_IMAGE)
    return {
        "n_uncertain": groups["uncertain"].sum(min_count=1),
        "median_least": groups["least"].median(),
        "median_most": groups["most"].median(),
    }


def _number_of_doubtful(doubts: pd.Series) -> int:
    return int((doubts != NO_DOUBT).sum())


def _joined_doubts(doubts: pd.Series) -> str:
    """Those of any site, each once, in the order of `DOUBTS`."""
    return joined_doubts(words for joined in doubts for words in joined.split(", "))


@in_style
def curves_figure(curves: pd.DataFrame, thresholds: pd.DataFrame) -> Figure:
    """Count against threshold, one panel per well and channel, one line per site; doubtful ones are marked.

    Parameters
    ----------
    curves, thresholds
        Tables `WELL_SPOT_CURVES` and `WELL_SPOT_THRESHOLDS` of all wells.
    """
    wells = _shown(thresholds)
    n_rows = max(1, -(-len(wells) // _COLUMNS))
    figure = new_figure(height_mm=12 + 36 * n_rows)
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=_COLUMNS) for axes in row]
    for axes in panels[len(wells) :]:
        axes.set_visible(False)
    for axes, key in zip(panels, wells, strict=False):
        _draw_curves(axes, _of(curves, key), _of(thresholds, key))
        axes.set_title(" / ".join(key), fontsize=7, loc="left")
    figure.supxlabel("Threshold (response, intensity)", fontsize=8)
    figure.supylabel("Spots above it", fontsize=8)
    return figure


def _draw_curves(axes: Axes, curves: pd.DataFrame, thresholds: pd.DataFrame) -> None:
    for row in thresholds.itertuples():
        curve = curves[curves["site"] == row.site]
        color = _DOUBTFUL if row.doubts != NO_DOUBT else COLORS[0]
        axes.plot(curve["threshold"], curve["n_spots"], color=color)
        if np.isfinite(row.threshold):
            axes.axvspan(0.9 * row.threshold, 1.1 * row.threshold, color=color, alpha=0.15, linewidth=0)
            axes.axvline(row.threshold, color=color, linewidth=0.7, linestyle="--")
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(1, axes.get_ylim()[1]))
    # The report's style writes no formulas, so powers of ten are written out.
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_written_out)
    axes.minorticks_off()
    doubts = _joined_doubts(thresholds["doubts"])
    if doubts != NO_DOUBT:
        n_doubtful = _number_of_doubtful(thresholds["doubts"])
        sites = "" if len(thresholds) == 1 else f"\n{n_doubtful} of {len(thresholds)} sites"
        words = doubts.replace(", ", "\n") + sites
        axes.text(0.98, 0.95, words, transform=axes.transAxes, ha="right", va="top", color=_DOUBTFUL, weight="bold")
        axes.spines[:].set_color(_DOUBTFUL)


def _written_out(value: float, _position: float) -> str:
    return f"{value:,g}"


@in_style
def counts_figure(cells: pd.DataFrame, thresholds: pd.DataFrame) -> Figure:
    """Spots per cell: a dot per cell, a bar at the median, one row per well and channel.

    Parameters
    ----------
    cells, thresholds
        Tables `WELL_SPOTS_PER_CELL` and `WELL_SPOT_THRESHOLDS` of all wells.
    """
    wells = _shown(thresholds)
    figure = new_figure(height_mm=18 + 6.5 * max(1, len(wells)))
    axes = figure.subplots()
    for place, key in enumerate(wells):
        own = _of(cells, key)
        counts = own["n_spots"].to_numpy()
        color = _DOUBTFUL if _number_of_doubtful(_of(thresholds, key)["doubts"]) else COLORS[0]
        # Spread evenly, so that the same table gives the same figure.
        spread = np.linspace(-0.28, 0.28, len(counts)) if len(counts) > 1 else np.zeros(len(counts))
        axes.plot(counts, place + spread, "o", markersize=2.5, color=color, alpha=0.6, markeredgewidth=0)
        if len(counts):
            axes.plot([np.median(counts)] * 2, [place - 0.38, place + 0.38], color="black", linewidth=1.5)
            ends = [np.median(counts - own["n_spots_uncertain"]), np.median(counts + own["n_spots_beyond"])]
            axes.plot(ends, [place + 0.38] * 2, color="black", linewidth=0.8)
        else:
            axes.text(0, place, " no cells", va="center", fontsize=7, color=NEUTRAL)
    axes.set(yticks=range(len(wells)), yticklabels=[" / ".join(key) for key in wells], xlabel="Spots per cell")
    axes.set_ylim(len(wells) - 0.4, -0.6)
    axes.set_xlim(left=-0.5)
    return figure


def _shown(thresholds: pd.DataFrame) -> Sequence[tuple[str, str, str]]:
    """(plate, well, channel) of all wells in their order, or, if they are too many, of the worst."""
    is_doubtful = thresholds["doubts"] != NO_DOUBT
    wells = thresholds.assign(is_doubtful=is_doubtful).groupby(_IMAGE, sort=False)
    wells = wells.agg(n_doubtful=("is_doubtful", "sum"), instability=("instability", "max"))
    if len(wells) > MAX_WELLS:
        worst = wells.sort_values(["n_doubtful", "instability"], ascending=False, kind="stable").index[:MAX_WELLS]
        wells = wells[wells.index.isin(worst)]
    return [(str(plate), str(well), str(channel)) for plate, well, channel in wells.index]


def _of(table: pd.DataFrame, key: tuple[str, str, str]) -> pd.DataFrame:
    plate, well, channel = key
    return table[(table["plate"] == plate) & (table["well"] == well) & (table["channel"] == channel)]
