"""Count against threshold, of the wells that differ from their plate."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.report.style import COLORS, axes_grid, in_style, new_figure
from wellspring.spots.doubts import DOUBTS, NO_DOUBT
from wellspring.spots.report.figures import DOUBTFUL, ImageKey, joined_of_sites, number_of_doubtful

__all__ = ["ALL_WELLS", "MOST_CURVES", "curves_figure", "curves_note", "drawn_curves"]

ALL_WELLS = 12
"""So many images (wells x channels) are all drawn, whether they differ or not."""
MOST_CURVES = 24
_COLUMNS = 4
_IMAGE = ["plate", "well", "channel"]
_USUAL = "#E3E6E8"
_N_POINTS = 60


def drawn_curves(thresholds: pd.DataFrame) -> list[ImageKey]:
    """Which wells and channels have a panel, in the order of the table.

    All of up to `ALL_WELLS`; else those in doubt, `MOST_CURVES` at most: of each doubt the image with most sites in
    doubt, then those with most sites in doubt and the least stable count.

    Parameters
    ----------
    thresholds
        Table `WELL_SPOT_THRESHOLDS` of all wells.
    """
    is_doubtful = thresholds["doubts"] != NO_DOUBT
    wells = thresholds.assign(is_doubtful=is_doubtful).groupby(_IMAGE, sort=False)
    found = wells.agg(
        n_doubtful=("is_doubtful", "sum"), instability=("instability", "max"), doubts=("doubts", joined_of_sites)
    )
    if len(found) > ALL_WELLS:
        ordered = found[found["n_doubtful"] > 0].sort_values(
            ["n_doubtful", "instability"], ascending=False, kind="stable"
        )
        words = ordered["doubts"].str.split(", ")
        firsts = [own.index[0] for name in DOUBTS if len(own := ordered[[name in one for one in words]])]
        chosen = list(dict.fromkeys([*firsts, *ordered.index]))[:MOST_CURVES]
        found = found[found.index.isin(chosen)]
    return [(str(plate), str(well), str(channel)) for plate, well, channel in found.index]


def curves_note(thresholds: pd.DataFrame) -> str | None:
    """What the figure leaves out, for its caption; empty where it draws all, None where it draws nothing."""
    n_all = len(thresholds.drop_duplicates(_IMAGE))
    doubtful = thresholds[thresholds["doubts"] != NO_DOUBT].drop_duplicates(_IMAGE)
    n_drawn = len(drawn_curves(thresholds))
    if n_drawn in (0, n_all):
        return "" if n_drawn else None
    if n_drawn == len(doubtful):
        return f" Drawn are the {n_drawn:,} of {n_all:,} wells that are in doubt."
    n_doubtful = f"{len(doubtful):,} wells in doubt (of {n_all:,})"
    return f" Drawn are {n_drawn:,} of the {n_doubtful}, each kind of doubt among them."


@in_style
def curves_figure(curves: pd.DataFrame, thresholds: pd.DataFrame) -> Figure:
    """One panel per well and channel, one line per site, the middle 80 % of the channel's sites behind them.

    Parameters
    ----------
    curves, thresholds
        Tables `WELL_SPOT_CURVES` and `WELL_SPOT_THRESHOLDS` of all wells. Without a well to draw, the figure says so.
    """
    wells = drawn_curves(thresholds)
    if not wells:
        figure = new_figure(height_mm=16)
        figure.text(0.02, 0.5, "No well is in doubt, so no curve is drawn.")
        return figure
    n_rows = -(-len(wells) // _COLUMNS)
    figure = new_figure(height_mm=12 + 36 * n_rows)
    panels = [axes for row in axes_grid(figure, n_rows=n_rows, n_columns=_COLUMNS) for axes in row]
    for axes in panels[len(wells) :]:
        axes.set_visible(False)
    usual = {channel: _usual(own) for channel, own in curves.groupby("channel")}
    own_curves = dict(list(curves.groupby(_IMAGE)))
    own_thresholds = dict(list(thresholds.groupby(_IMAGE)))
    for axes, key in zip(panels, wells, strict=False):
        if key[2] in usual and len(thresholds.drop_duplicates(_IMAGE)) > ALL_WELLS:
            axes.fill_between(*usual[key[2]], color=_USUAL, linewidth=0)
        _draw_curves(axes, own_curves.get(key, curves.iloc[:0]), own_thresholds[key])
        axes.set_title(" / ".join(key), fontsize=7, loc="left")
    figure.supxlabel("Threshold (response, intensity)", fontsize=8)
    figure.supylabel("Spots above it", fontsize=8)
    return figure


def _usual(curves: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Thresholds, and the 10th and 90th percentile of the counts of all sites there, where they have values."""
    positive = curves.loc[curves["threshold"] > 0, "threshold"]
    if positive.empty:
        nothing = np.empty(0)
        return nothing, nothing, nothing
    at = np.geomspace(positive.min(), positive.max(), _N_POINTS)
    rows = []
    for _, own in curves.groupby(["plate", "well", "site"]):
        ordered = own.sort_values("threshold")
        values = np.interp(at, ordered["threshold"], ordered["n_spots"])
        inside = (at >= ordered["threshold"].iloc[0]) & (at <= ordered["threshold"].iloc[-1])
        rows.append(np.where(inside, values, np.nan))
    counts = np.stack(rows)
    known = np.isfinite(counts).any(axis=0)
    low, high = np.nanpercentile(counts[:, known], [10, 90], axis=0)
    return at[known], low, high


def _draw_curves(axes: Axes, curves: pd.DataFrame, thresholds: pd.DataFrame) -> None:
    for row in thresholds.itertuples():
        curve = curves[curves["site"] == row.site]
        color = DOUBTFUL if row.doubts != NO_DOUBT else COLORS[0]
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
    doubts = joined_of_sites(thresholds["doubts"])
    if doubts != NO_DOUBT:
        n_doubtful = number_of_doubtful(thresholds["doubts"])
        sites = "" if len(thresholds) == 1 else f"\n{n_doubtful} of {len(thresholds)} sites"
        words = doubts.replace(", ", "\n") + sites
        axes.text(0.98, 0.95, words, transform=axes.transAxes, ha="right", va="top", color=DOUBTFUL, weight="bold")
        axes.spines[:].set_color(DOUBTFUL)


def _written_out(value: float, _position: float) -> str:
    return f"{value:,g}"
