"""Images with what was found in them: outlines of nuclei and cells, circles around spots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries

from wellspring.raw.images import read_sites
from wellspring.raw.index import read_index
from wellspring.report.style import axes_grid, in_style, new_figure
from wellspring.segmentation.labels import read_labels

__all__ = [
    "ADDED_COLOR",
    "CELL_COLOR",
    "MOST_PX",
    "NUCLEUS_COLOR",
    "SPOT_COLOR",
    "Overlay",
    "overlay_figure",
    "read_overlay",
]

# Larger images are cut to their middle, so that a page stays readable.
MOST_PX = 512
NUCLEUS_COLOR, CELL_COLOR, SPOT_COLOR = "#56B4E9", "#F0E442", "#D55E00"
# Spots that splitting a clump added, which are no maxima of their own.
ADDED_COLOR = "#CC79A7"
_CONTRAST_PERCENTILES = (1.0, 99.8)
_TILE_MM = 58.0


@dataclass(frozen=True)
class Overlay:
    """The first site of a well.

    Attributes
    ----------
    name : str
        Well and site in words.
    images : dict of str to (Y, X)
        Projection by channel.
    nuclei, cells : (Y, X) int
        Labels.
    spots : pandas.DataFrame or None
        `WELL_SPOTS` of this site; may be empty. None where no spots are drawn.
    """

    name: str
    images: Mapping[str, NDArray[np.number]]
    nuclei: NDArray[np.integer]
    cells: NDArray[np.integer]
    spots: pd.DataFrame | None


def read_overlay(
    index: Path,
    *,
    projection: str,
    channels: Sequence[str],
    nuclei: Path,
    cells: Path,
    spots: pd.DataFrame | None = None,
) -> Overlay | None:
    """The first kept site of a well with its labels, and those of the well's `spots` that it holds.

    Parameters
    ----------
    index
        Index of the well.
    projection, channels
        As of `read_sites`; the images are drawn as they were recorded.
    nuclei, cells
        Label files. A site that was left out is not in them.
    spots
        Table `WELL_SPOTS` of the well; None: no spots are drawn.

    Returns
    -------
    Overlay or None
        None where every site was left out.

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_sites` and `read_labels`.
    """
    well, of_nuclei, of_cells = read_index(index), read_labels(nuclei), read_labels(cells)
    for site in read_sites(well, projection=projection, wanted=channels):
        if site.site in of_nuclei:
            return Overlay(
                name=f"{well.plate} / {well.well}, site {site.site}",
                images=dict(zip(site.channels, site.image, strict=True)),
                nuclei=of_nuclei[site.site],
                cells=of_cells[site.site],
                spots=None if spots is None else spots[spots["site"] == site.site],
            )
    return None


@in_style
def overlay_figure(overlays: Sequence[Overlay], *, channels: Sequence[str], with_spots: bool) -> Figure:
    """A row per well, a column per channel: the projection in grey, outlines of nuclei and cells, circles around spots.

    Each image is drawn from its 1st to its 99.8th percentile; larger ones than 512 px are cut to their middle.

    Parameters
    ----------
    overlays
        Without any, the figure says so.
    channels
        Channels to draw, from left to right.
    with_spots
        Whether each channel is drawn twice, as it is and with its spots; else once, with the outlines.
    """
    if not overlays:
        figure = new_figure(height_mm=20)
        figure.text(0.02, 0.5, "Every site of the wells that would be drawn was left out.")
        return figure
    n_columns = len(channels) * (2 if with_spots else 1)
    width_mm = 12 + _TILE_MM * n_columns
    figure = new_figure(height_mm=(_TILE_MM + 6) * len(overlays), width_mm=max(width_mm, 130.0))
    grid = axes_grid(figure, n_rows=len(overlays), n_columns=n_columns)
    for row, overlay in zip(grid, overlays, strict=True):
        for place, channel in enumerate(channels):
            if with_spots:
                _draw(row[2 * place], overlay, channel=channel, outlines=False, circles=False)
                _draw(row[2 * place + 1], overlay, channel=channel, outlines=True, circles=True)
            else:
                _draw(row[place], overlay, channel=channel, outlines=True, circles=False)
    return figure


def _draw(axes: Axes, overlay: Overlay, *, channel: str, outlines: bool, circles: bool) -> None:
    image = overlay.images[channel]
    window = tuple(slice(max(0, (n - MOST_PX) // 2), max(0, (n - MOST_PX) // 2) + MOST_PX) for n in image.shape)
    low, high = np.percentile(image[window], _CONTRAST_PERCENTILES)
    height, width = image[window].shape
    axes.imshow(image[window], cmap="gray", vmin=low, vmax=max(high, low + 1))
    if outlines:
        for labels, color in ((overlay.cells, CELL_COLOR), (overlay.nuclei, NUCLEUS_COLOR)):
            axes.imshow(_outlined(labels[window], color=color))
    words = channel
    if circles and overlay.spots is not None:
        own = overlay.spots[overlay.spots["channel"] == channel]
        n_added = int(own["is_added"].sum())
        for spots, color in ((own[~own["is_added"]], SPOT_COLOR), (own[own["is_added"]], ADDED_COLOR)):
            y, x = spots["y_px"] - window[0].start, spots["x_px"] - window[1].start
            axes.plot(x, y, "o", markersize=3.2, markerfacecolor="none", markeredgecolor=color, markeredgewidth=0.4)
        words = f"{channel}, {len(own):,} spots" + (f", {n_added:,} of them added" if n_added else "")
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[])
    axes.set_title(f"{overlay.name}\n{words}", loc="left", fontsize=7)


def _outlined(labels: NDArray[np.integer], *, color: str) -> NDArray[np.uint8]:
    """(Y, X, 4): the boundaries of the labels in one colour, all else transparent."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    shown = np.zeros((*labels.shape, 4), dtype=np.uint8)
    shown[find_boundaries(labels, mode="thick")] = (red, green, blue, 255)
    return shown
