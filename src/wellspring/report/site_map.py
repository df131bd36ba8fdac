"""A number per site, drawn as a small grid in the place of its well."""

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from wellspring.report.plate_map import DOUBTFUL
from wellspring.report.positions import PLATE_SIZES, plate_position, row_name
from wellspring.report.style import WIDTH_MM, axes_grid, in_style, new_figure, number
from wellspring.report.titles import entitle

__all__ = ["mapped_sites", "site_map_figure"]

_COLORS = "viridis"
# Of a well's side, what its sites take.
_TAKEN = 0.88
_OUTLINE = 0.9
_KEY = ["plate", "well"]


def mapped_sites(table: pd.DataFrame) -> bool:
    """Whether a grid of sites says more than a map of wells: some well has several, and all names are positions."""
    has_several = bool(table.duplicated(_KEY).any())
    return has_several and all(plate_position(str(well)) is not None for well in table["well"].unique())


@in_style
def site_map_figure(table: pd.DataFrame, *, column: str, label: str, doubtful_means: str = "in doubt") -> Figure:
    """A plate per panel; in each well its sites from left to right and from top to bottom, in the order of the table.

    Parameters
    ----------
    table
        A row per site: plate, well, site, `column` and is_doubtful. Where `mapped_sites` does not hold, the figure
        says so.
    column, label
        The number to draw and what it is, as the colour bar says it. A site without a number (NaN) is white.
    doubtful_means
        What an outline says, for the key.
    """
    if not mapped_sites(table):
        figure = new_figure(height_mm=16)
        figure.text(0.02, 0.5, "No well has several sites, or its name is no position.")
        return figure
    plates = list(table.groupby("plate", sort=False))
    sizes = [_size(own) for _, own in plates]
    figure = new_figure(height_mm=12 + sum(8 + (WIDTH_MM - 30) * rows / columns for rows, columns in sizes))
    values = table[column].to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    mapped = ScalarMappable(Normalize(low, high if high > low else low + 1), colormaps[_COLORS])
    panels = axes_grid(
        figure, n_rows=len(plates), n_columns=1, height_ratios=[rows / columns for rows, columns in sizes]
    )
    for (axes,), (name, own), size in zip(panels, plates, sizes, strict=True):
        _draw_plate(axes, own, size=size, column=column, mapped=mapped)
        axes.set_title(str(name))
    bar = figure.colorbar(mapped, ax=[row[0] for row in panels], aspect=40, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)
    if table["is_doubtful"].any():
        key = Patch(facecolor="none", edgecolor=DOUBTFUL, linewidth=_OUTLINE, label=doubtful_means)
        figure.legend(handles=[key], loc="outside lower left")
    return figure


def _size(table: pd.DataFrame) -> tuple[int, int]:
    positions = [plate_position(str(well)) or (0, 0) for well in table["well"].unique()]
    most = [max(place) for place in zip(*positions, strict=True)]
    return next(size for size in PLATE_SIZES if most[0] < size[0] and most[1] < size[1])


def _draw_plate(axes: Axes, table: pd.DataFrame, *, size: tuple[int, int], column: str, mapped: ScalarMappable) -> None:
    axes.set_aspect("equal")
    axes.set(xlim=(0, size[1]), ylim=(size[0], 0))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=6.0, pad=1)
    axes.xaxis.tick_top()
    step = 1 if size[1] <= PLATE_SIZES[1][1] else 4
    axes.set_xticks([n + 0.5 for n in range(0, size[1], step)], [str(n + 1) for n in range(0, size[1], step)])
    axes.set_yticks([n + 0.5 for n in range(0, size[0], step)], [row_name(n) for n in range(0, size[0], step)])
    squares, faces, doubted = _squares(table, column=column, mapped=mapped)
    drawn = PatchCollection(squares, facecolors=faces, edgecolors="none")
    entitle(drawn, _titles(table, column=column))
    axes.add_collection(drawn, autolim=False)
    outlined = [square for square, is_doubtful in zip(squares, doubted, strict=True) if is_doubtful]
    if outlined:
        look: dict[str, Any] = {"facecolors": "none", "edgecolors": DOUBTFUL, "linewidths": _OUTLINE}
        axes.add_collection(PatchCollection(outlined, **look), autolim=False)


def _titles(table: pd.DataFrame, *, column: str) -> list[str]:
    """Of each square of `_squares`: well, site and number, as shown where the mouse rests on it."""
    largest = table[column].abs().max()
    words = []
    for (_, well), own in table.groupby(_KEY, sort=False):
        for site, value in zip(own["site"], own[column], strict=True):
            known = number(value, scale=largest) if math.isfinite(value) else "no value"
            words.append(f"{well}, site {site}: {known}")
    return words


def _squares(
    table: pd.DataFrame, *, column: str, mapped: ScalarMappable
) -> tuple[list[Rectangle], list[Any], list[bool]]:
    squares, faces, doubted = [], [], []
    for (_, well), own in table.groupby(_KEY, sort=False):
        row, at = plate_position(str(well)) or (0, 0)
        across = math.ceil(math.sqrt(len(own)))
        side = _TAKEN / across
        for place, (value, is_doubtful) in enumerate(zip(own[column], own["is_doubtful"], strict=True)):
            y, x = divmod(place, across)
            corner = (at + (1 - _TAKEN) / 2 + x * side, row + (1 - _TAKEN) / 2 + y * side)
            squares.append(Rectangle(corner, 0.92 * side, 0.92 * side))
            faces.append(mapped.to_rgba(value) if math.isfinite(value) else (1.0, 1.0, 1.0, 1.0))
            doubted.append(bool(is_doubtful))
    return squares, faces, doubted
