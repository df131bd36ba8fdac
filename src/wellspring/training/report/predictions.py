"""True against predicted values on the test cells, by regime and by stratum (thesis figures 5.3 and 5.4)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from wellspring.dataset.report.composition import common_values, group_values
from wellspring.errors import InputError
from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, letter, new_figure
from wellspring.tables import KEY
from wellspring.training.report.regimes import REGIME_COLORS, REGIME_WORDS

__all__ = ["predicted_cells", "predictions_figure", "stratum_column"]

_ALL = "all cells"
_MOST_STRATA = 6
# Beyond this many points, dots become pixels in the SVG, or no browser opens it.
_MOST_VECTOR_POINTS = 3000


def stratum_column(columns: Sequence[str], *, available: Sequence[str]) -> str | None:
    """The annotation to divide the cells by: ``cell_cycle`` if it is there, else the first of `columns` that is."""
    wanted = [name for name in ("cell_cycle", *columns) if name in available]
    return wanted[0] if wanted else None


def predicted_cells(predictions: pd.DataFrame, manifest: pd.DataFrame, *, stratum: str | None) -> pd.DataFrame:
    """The test cells of each regime's first seed, with their stratum.

    Parameters
    ----------
    predictions
        Table `PREDICTIONS` of one model, any regimes and seeds.
    manifest
        Table `MANIFEST`.
    stratum
        Column of the manifest, or None: all cells are one stratum.

    Returns
    -------
    DataFrame
        Columns plate, well, object_id, regime, seed, target, prediction, stratum (text).

    Raises
    ------
    ValueError
        When a predicted cell is not in the manifest.
    """
    rows = predictions[predictions["split"] == "test"]
    rows = rows[rows["seed"] == rows.groupby("regime")["seed"].transform("min")]
    known = manifest[list(KEY)].assign(stratum=_ALL if stratum is None else group_values(manifest, stratum))
    cells = rows.merge(known, on=list(KEY), how="left", validate="many_to_one")
    lost = cells.loc[cells["stratum"].isna(), list(KEY)]
    if len(lost):
        raise InputError(
            f"predictions: {len(lost)} cells are not in the manifest, among them {lost.head(3).to_numpy().tolist()}. "
            "Train again: the dataset has changed."
        )
    return cells[[*KEY, "regime", "seed", "target", "prediction", "stratum"]].reset_index(drop=True)


@in_style
def predictions_figure(cells: pd.DataFrame, *, model: str, stratum: str | None, target_channel: str) -> Figure:
    """Per regime, boxes of the true and predicted values by stratum, and a scatter with the line of equality.

    Boxes: quartiles and median; whiskers reach to the last value within 1.5 interquartile ranges; circles lie beyond.

    Parameters
    ----------
    cells
        From `predicted_cells`.
    model, target_channel
        Named in the titles and on the axes.
    stratum
        The annotation behind the column ``stratum``. More than 6 values: the 6 that most cells have are drawn as
        boxes, and all cells in the scatter.
    """
    order = [name for name in REGIME_COLORS if name in set(cells["regime"])]
    regimes = [*order, *sorted(set(cells["regime"]) - set(order))]
    strata = common_values(cells["stratum"], most=_MOST_STRATA)
    figure = new_figure(height_mm=74 * max(len(regimes), 1))
    grid = axes_grid(figure, n_rows=max(len(regimes), 1), n_columns=2)
    low, high = _limits(cells)
    for index, regime in enumerate(regimes):
        rows = cells[cells["regime"] == regime]
        boxes, scatter = grid[index]
        _draw_boxes(boxes, rows, strata=strata, color=REGIME_COLORS.get(regime, NEUTRAL))
        boxes.set(
            ylim=(low, high + 0.12 * (high - low)),
            xlabel=stratum or "",
            ylabel=f"Mean {target_channel} (intensity units)",
        )
        boxes.set_title(f"{model}, {regime}\n({REGIME_WORDS.get(regime, 'other')})", loc="left")
        _draw_scatter(scatter, rows, strata=strata, limits=(low, high))
        scatter.set_title(f"{len(rows):,} test cells", loc="left")
        scatter.set(xlabel=f"True mean {target_channel} (intensity units)", ylabel="Predicted (intensity units)")
        letter(boxes, index=2 * index)
        letter(scatter, index=2 * index + 1)
    return figure


def _limits(cells: pd.DataFrame) -> tuple[float, float]:
    values = cells[["target", "prediction"]].to_numpy(dtype=float)
    if values.size == 0:
        return 0.0, 1.0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.04 * (high - low) or 1.0
    return low - margin, high + margin


def _draw_boxes(axes: Axes, rows: pd.DataFrame, *, strata: list[str], color: str) -> None:
    for number, (column, fill) in enumerate((("target", "white"), ("prediction", color))):
        values = [rows.loc[rows["stratum"] == name, column].to_numpy() for name in strata]
        axes.boxplot(
            values,
            positions=[index - 0.19 + 0.38 * number for index in range(len(strata))],
            widths=0.32,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": fill, "linewidth": 0.8},
            medianprops={"color": "black", "linewidth": 1.2},
            flierprops={"marker": "o", "markersize": 2.2, "markeredgewidth": 0.5},
        )
    labels = [f"{name}\n(n = {int((rows['stratum'] == name).sum()):,})" for name in strata]
    axes.set_xticks(range(len(strata)), labels)
    axes.set_xlim(-0.6, len(strata) - 0.4)
    patches = [
        Patch(facecolor=fill, edgecolor="black", label=words)
        for fill, words in (("white", "true"), (color, "predicted"))
    ]
    axes.legend(handles=patches, loc="upper left", ncols=2, handlelength=1.0)
    axes.grid(axis="y")


def _draw_scatter(axes: Axes, rows: pd.DataFrame, *, strata: list[str], limits: tuple[float, float]) -> None:
    as_pixels = len(rows) > _MOST_VECTOR_POINTS
    axes.plot(limits, limits, color="#4D4D4D", linewidth=0.9, linestyle="--", label="equal")
    rest = rows[~rows["stratum"].isin(strata)]
    groups = [(name, rows[rows["stratum"] == name]) for name in strata] + ([("other", rest)] if len(rest) else [])
    for index, (name, cells) in enumerate(groups):
        color = NEUTRAL if name == "other" else COLORS[index % len(COLORS)]
        axes.scatter(
            cells["target"],
            cells["prediction"],
            s=7,
            color=color,
            alpha=0.6,
            linewidth=0,
            label=name,
            rasterized=as_pixels,
        )
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.3, markerscale=1.4)
    axes.grid()
