"""Pictures of a field: outlines of nuclei and cells, circles around spots; one contrast for all settings."""

import io
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from wellspring.report.style import axes_grid, in_style, new_figure
from wellspring.tuning.field import Tried

__all__ = ["channel_figure", "field_figure", "png_bytes"]

# Larger fields are cut to their middle, so that outlines can be seen.
_MOST_PX = 1024
_NUCLEUS, _CELL, _SPOT, _ADDED = "#56B4E9", "#F0E442", "#D55E00", "#CC79A7"
_PERCENTILES = (1.0, 99.8)
_TILE_MM = 110.0
_TITLE_CHARACTERS = 65


@in_style
def field_figure(images: Mapping[str, NDArray[np.number]], names: Sequence[str], found: Sequence[Tried]) -> Figure:
    """A column per setting, a row per channel.

    Parameters
    ----------
    images
        Channel to its (Y, X) projection.
    names, found
        Of the settings, in order.
    """
    figure = new_figure(height_mm=(_TILE_MM + 8) * len(images), width_mm=_TILE_MM * len(found))
    grid = axes_grid(figure, n_rows=len(images), n_columns=len(found))
    for row, (channel, image) in zip(grid, images.items(), strict=True):
        for axes, name, one in zip(row, names, found, strict=True):
            _draw(axes, image, channel, one)
            axes.set_title(f"{textwrap.fill(name, _TITLE_CHARACTERS)}\n{channel}", loc="left", fontsize=7)
    return figure


@in_style
def channel_figure(image: NDArray[np.number], channel: str, found: Tried) -> Figure:
    """What one setting found in the (Y, X) projection of a channel, and nothing around it."""
    height, width = (min(length, _MOST_PX) for length in image.shape)
    figure = new_figure(height_mm=_TILE_MM * height / width, width_mm=_TILE_MM)
    figure.set_layout_engine("none")
    _draw(figure.add_axes((0.0, 0.0, 1.0, 1.0)), image, channel, found)
    return figure


def _draw(axes: Axes, image: NDArray[np.number], channel: str, one: Tried) -> None:
    window = tuple(slice(max(0, (n - _MOST_PX) // 2), max(0, (n - _MOST_PX) // 2) + _MOST_PX) for n in image.shape)
    low, high = np.percentile(image[window], _PERCENTILES)
    axes.imshow(image[window], cmap="gray", vmin=low, vmax=max(high, low + 1))
    for labels, color in ((one.labels.cells, _CELL), (one.labels.nuclei, _NUCLEUS)):
        axes.imshow(_outlined(labels[window], color=color))
    if one.spots is not None:
        own = one.spots.spots[one.spots.spots["channel"] == channel]
        for part, color in ((own[~own["is_added"]], _SPOT), (own[own["is_added"]], _ADDED)):
            _circles(axes, part, window=window, color=color)
    height, width = image[window].shape
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])


def _circles(axes: Axes, spots: pd.DataFrame, *, window: tuple[slice, ...], color: str) -> None:
    y, x = spots["y_px"] - window[0].start, spots["x_px"] - window[1].start
    axes.plot(x, y, "o", markersize=3.6, markerfacecolor="none", markeredgecolor=color, markeredgewidth=0.5)


def _outlined(labels: NDArray[np.integer], *, color: str) -> NDArray[np.uint8]:
    """(Y, X, 4) uint8: the outlines of the labels, in the colour, on nothing."""
    outline = find_boundaries(labels, mode="inner")
    picture = np.zeros((*labels.shape, 4), dtype=np.uint8)
    picture[outline] = [int(color[at : at + 2], 16) for at in (1, 3, 5)] + [255]
    return picture


def png_bytes(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=200)
    return file.getvalue()
