"""Spots per cell of all wells: a row per well where they are few, else a column per well."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, new_figure
from wellspring.spots.report.figures import DOUBTFUL, ImageKey, number_of_doubtful

__all__ = ["MOST_ROWS", "counts_figure", "counts_of_images", "ordered_images"]

MOST_ROWS = 24
"""From more images (wells x channels) on, a well is a column: its median and the middle half of its cells."""
_PLURALS = {"cell": "cells", "nucleus": "nuclei", "image": "images"}
_ACROSS = 96
_IMAGE = ["plate", "well", "channel"]
_SHADE = "#F1F3F4"


def ordered_images(thresholds: pd.DataFrame, groups: Mapping[tuple[str, str], str]) -> list[ImageKey]:
    """All (plate, well, channel), by channel, then by group in the order of `groups`; wells without one last."""
    order = {name: place for place, name in enumerate(dict.fromkeys(groups.values()))}
    channels = list(dict.fromkeys(thresholds["channel"]))
    found = [
        (str(one.plate), str(one.well), str(one.channel)) for one in thresholds.drop_duplicates(_IMAGE).itertuples()
    ]
    return sorted(found, key=lambda key: (channels.index(key[2]), order.get(groups.get(key[:2], ""), len(order))))


def counts_of_images(thresholds: pd.DataFrame) -> pd.DataFrame:
    """What `counts_figure` draws of each image of a study without cells: its spots, of which no border is open."""
    return thresholds[[*_IMAGE, "n_spots"]].assign(n_spots_uncertain=0.0, n_spots_beyond=0.0)


@in_style
def counts_figure(
    cells: pd.DataFrame,
    thresholds: pd.DataFrame,
    *,
    groups: Mapping[tuple[str, str], str] | None = None,
    per: str = "cell",
) -> Figure:
    """Spots per cell, every well.

    Parameters
    ----------
    cells, thresholds
        Tables `WELL_SPOTS_PER_CELL` and `WELL_SPOT_THRESHOLDS` of all wells.
    groups
        (plate, well) to the group of a well, in the order in which groups are drawn; None: the order of the tables.
    per
        What a row of `cells` is: cell, or nucleus; or image, with the table of `counts_of_images`.
    """
    keys = ordered_images(thresholds, groups or {})
    counts = dict(list(cells.groupby(_IMAGE, sort=False)))
    doubtful = thresholds.groupby(_IMAGE)["doubts"].agg(number_of_doubtful)
    is_doubtful = {key: bool(doubtful.loc[key]) for key in keys}
    if len(keys) <= MOST_ROWS:
        return _rows(keys, counts, is_doubtful, per=per)
    return _columns(keys, counts, is_doubtful, groups=groups or {}, per=per)


def _rows(
    keys: Sequence[ImageKey],
    counts: Mapping[ImageKey, pd.DataFrame],
    is_doubtful: Mapping[ImageKey, bool],
    *,
    per: str,
) -> Figure:
    figure = new_figure(height_mm=18 + 6.5 * max(1, len(keys)))
    axes = figure.subplots()
    for place, key in enumerate(keys):
        own = counts.get(key)
        if own is None or own.empty:
            axes.text(0, place, f" no {_PLURALS[per]}", va="center", fontsize=7, color=NEUTRAL)
            continue
        numbers = own["n_spots"].to_numpy()
        # Spread evenly, so that the same table gives the same figure.
        spread = np.linspace(-0.28, 0.28, len(numbers)) if len(numbers) > 1 else np.zeros(len(numbers))
        color = DOUBTFUL if is_doubtful[key] else COLORS[0]
        axes.plot(numbers, place + spread, "o", markersize=2.5, color=color, alpha=0.6, markeredgewidth=0)
        axes.plot([np.median(numbers)] * 2, [place - 0.38, place + 0.38], color="black", linewidth=1.5)
        ends = [np.median(numbers - own["n_spots_uncertain"]), np.median(numbers + own["n_spots_beyond"])]
        axes.plot(ends, [place + 0.38] * 2, color="black", linewidth=0.8)
    axes.set(yticks=range(len(keys)), yticklabels=[" / ".join(key) for key in keys], xlabel=f"Spots per {per}")
    axes.set_ylim(len(keys) - 0.4, -0.6)
    axes.set_xlim(left=-0.5)
    return figure


def _columns(
    keys: Sequence[ImageKey],
    counts: Mapping[ImageKey, pd.DataFrame],
    is_doubtful: Mapping[ImageKey, bool],
    *,
    groups: Mapping[tuple[str, str], str],
    per: str,
) -> Figure:
    lines = []
    for channel in dict.fromkeys(key[2] for key in keys):
        own = [key for key in keys if key[2] == channel]
        lines += [own[start : start + _ACROSS] for start in range(0, len(own), _ACROSS)]
    figure = new_figure(height_mm=8 + 42 * len(lines))
    quartiles = {key: np.percentile(own["n_spots"], [25, 50, 75]) for key, own in counts.items() if len(own)}
    highest = {key[2]: 0.0 for key in keys}
    for key, found in quartiles.items():
        highest[key[2]] = max(highest.get(key[2], 0.0), float(found[2]))
    for (axes,), line in zip(axes_grid(figure, n_rows=len(lines), n_columns=1), lines, strict=True):
        # Lines of a channel can be compared by eye.
        top = highest[line[0][2]] or 1.0
        _draw_line(axes, line, quartiles, is_doubtful, highest=top)
        axes.set_ylabel(f"Spots per {per}, {line[0][2]}", fontsize=7)
        _name_columns(axes, line, groups=groups)
    return figure


def _draw_line(
    axes: Axes,
    keys: Sequence[ImageKey],
    quartiles: Mapping[ImageKey, NDArray[np.float64]],
    is_doubtful: Mapping[ImageKey, bool],
    *,
    highest: float,
) -> None:
    for doubtful, color in ((False, COLORS[0]), (True, DOUBTFUL)):
        known = [
            (place, quartiles[key])
            for place, key in enumerate(keys)
            if key in quartiles and is_doubtful[key] == doubtful
        ]
        places = [place for place, _ in known]
        axes.vlines(places, [own[0] for _, own in known], [own[2] for _, own in known], color=color, linewidth=1.0)
        axes.plot(places, [own[1] for _, own in known], "o", markersize=2.8, color=color, markeredgewidth=0)
    empty = [place for place, key in enumerate(keys) if key not in quartiles]
    axes.plot(empty, [0] * len(empty), "x", markersize=3.5, color=NEUTRAL)
    for place, key in enumerate(keys):
        if is_doubtful[key] or key not in quartiles:
            top = float(quartiles[key][2]) if key in quartiles else 0.0
            axes.text(place, top + 0.03 * highest, key[1], rotation=90, ha="center", va="bottom", fontsize=5)
    axes.set_xlim(-1, max(len(keys), _ACROSS // 2))
    axes.set_ylim(-0.03 * highest, 1.18 * highest)


def _name_columns(axes: Axes, keys: Sequence[ImageKey], *, groups: Mapping[tuple[str, str], str]) -> None:
    """Groups under the axis, in shaded blocks; without groups, every twelfth well."""
    if not groups:
        axes.set_xticks(range(0, len(keys), 12), [" / ".join(key[:2]) for key in keys[::12]], fontsize=6)
        return
    names = [groups.get(key[:2], "no group") for key in keys]
    starts = [place for place, name in enumerate(names) if place == 0 or name != names[place - 1]]
    ends = [*starts[1:], len(names)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if number % 2:
            axes.axvspan(start - 0.5, end - 0.5, color=_SHADE, linewidth=0, zorder=0)
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    is_tight = len(keys) / max(1, len(starts)) < 8
    axes.set_xticks(middles, [names[start] for start in starts], fontsize=6, rotation=90 if is_tight else 0)
    axes.tick_params(axis="x", length=0)
