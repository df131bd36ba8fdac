"""Figures of the quality of the images and their illumination."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from wellspring.report.style import COLORS, NEUTRAL, axes_grid, in_style, new_figure

__all__ = [
    "MAX_FLAGGED",
    "MAX_ROWS",
    "FlaggedImage",
    "chosen_flagged",
    "drawn",
    "flagged_figure",
    "histograms_figure",
    "illumination_figure",
    "plate_contrasts",
]

_FLAGGED = COLORS[5]
_WORDS: Mapping[str, str] = {
    "focus_slope": "focus (slope)",
    "std": "standard deviation",
    "saturated_share": "saturated share",
    "empty_share": "empty share",
    "q01": "1st percentile",
    "q25": "25th percentile",
    "q75": "75th percentile",
    "q99": "99th percentile",
}
# Histograms in a row.
_ACROSS = 5
MAX_ROWS = 12
MAX_FLAGGED = 12
# Half as many again as a panel of the figure has on the page: a flagged image is full of noise, and a large file.
_DRAWN_PX = 256


@dataclass(frozen=True)
class FlaggedImage:
    """A flagged image to look at: where it is from, why it is flagged, (y, x) the raw image, shrunk by `drawn`, and the
    darkest and brightest value to draw, those of its plate (`plate_contrasts`)."""

    title: str
    reasons: str
    image: NDArray[np.float32]
    contrast: tuple[float, float]


def plate_contrasts(images: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """Darkest and brightest value to draw of each plate and channel: medians of the 1st and 99th percentiles.

    Of the images that are not flagged, where there are any; so an image that is too dark or too bright looks so.

    Parameters
    ----------
    images
        Table `FLAGGED_IMAGES`.
    """
    found = {}
    for (plate, channel), own in images.groupby(["plate", "channel"], sort=False):
        usual = own[~own["is_flagged"].astype(bool)]
        low, high = (usual if len(usual) else own)[["q01", "q99"]].median()
        found[str(plate), str(channel)] = (float(low), max(float(high), float(low) + 1))
    return found


def chosen_flagged(images: pd.DataFrame) -> pd.DataFrame:
    """The rows of the flagged images to draw, `MAX_FLAGGED` at most: for each measure that flags the worst one first.

    Parameters
    ----------
    images
        Table `FLAGGED_IMAGES`.
    """
    flagged = images[images["is_flagged"].astype(bool)]
    scores = flagged[[name for name in flagged.columns if name.startswith("z_")]].abs()
    firsts = [scores[name].idxmax() for name in scores if scores[name].notna().any()]
    worst = scores.max(axis=1).sort_values(ascending=False, kind="stable").index
    return flagged.loc[list(dict.fromkeys([*firsts, *worst]))[:MAX_FLAGGED]]


def drawn(image: NDArray[np.uint16]) -> NDArray[np.float32]:
    """(y, x) float32: means of whole blocks of a raw (Y, X) image, so that its longer side is at most 256 px.

    The rows and columns beyond the last whole block, fewer than a block has, are left out.
    """
    block = max(1, -(-max(image.shape) // _DRAWN_PX))
    height, width = (max(1, length // block) for length in image.shape)
    whole = image[: height * block, : width * block]
    tall, wide = (min(block, length) for length in image.shape)
    means = whole.reshape(height, tall, width, wide).mean(axis=(1, 3), dtype=np.float64)
    return np.asarray(means, dtype=np.float32)


@in_style
def histograms_figure(images: pd.DataFrame, *, measures: Sequence[str]) -> Figure:
    """A histogram of each measure for each plate and channel (the first 12), five in a row; flagged images are marked.

    Parameters
    ----------
    images
        Table `FLAGGED_IMAGES`.
    measures
        Names of its columns.
    """
    groups = list(images.groupby(["plate", "channel"], sort=True))[:MAX_ROWS]
    n_columns = max(1, min(_ACROSS, len(measures)))
    n_lines = max(1, -(-len(measures) // n_columns))
    n_rows = n_lines * max(1, len(groups))
    figure = new_figure(height_mm=8 + 25 * n_rows + 5 * len(groups))
    rows = axes_grid(figure, n_rows=n_rows, n_columns=n_columns, sharey="row")
    for number, ((plate, channel), own) in enumerate(groups):
        panels = [one for row in rows[number * n_lines : (number + 1) * n_lines] for one in row]
        for one, name in zip(panels, measures, strict=False):
            _histogram(one, own, name=name)
            one.set_title(_WORDS.get(name, name), fontsize=7, fontweight="normal")
        # A line of its own above the first panel, over the whole width.
        panels[0].set_title(f"{plate} / {channel}\n", fontsize=8)
        first = _WORDS.get(measures[0], measures[0])
        panels[0].annotate(
            first, (0, 1), (0, 6), fontsize=7, xycoords="axes fraction", textcoords="offset points", va="bottom"
        )
        for one in panels[::n_columns]:
            one.set_ylabel("images")
        for one in panels[len(measures) :]:
            one.set_axis_off()
    return figure


def _histogram(axes: Axes, images: pd.DataFrame, *, name: str) -> None:
    # A field without cells has no focus.
    images = images[images[name].notna()]
    bins = np.histogram_bin_edges(images[name].to_numpy(), bins=24)
    for flagged, color in ((False, NEUTRAL), (True, _FLAGGED)):
        axes.hist(images.loc[images["is_flagged"] == flagged, name], bins=bins.tolist(), color=color)
    for value in images.loc[images["is_flagged"], name]:
        axes.axvline(value, color=_FLAGGED, linewidth=0.6, alpha=0.6)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=2))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.tick_params(labelsize=6.5)


@in_style
def illumination_figure(functions: Mapping[str, Mapping[str, NDArray[np.float32]]]) -> Figure:
    """The light that each plate (rows, the first 12) and channel (columns) sends from each place, mean 1."""
    plates = list(functions)[:MAX_ROWS]
    channels = list(functions[plates[0]]) if plates else []
    figure = new_figure(height_mm=10 + 38 * max(1, len(plates)))
    rows = axes_grid(figure, n_rows=max(1, len(plates)), n_columns=max(1, len(channels)))
    for plate, axes in zip(plates, rows, strict=True):
        for index, (channel, one) in enumerate(zip(channels, axes, strict=True)):
            light = 1 / functions[plate][channel]
            reach = max(0.05, float(np.abs(light - 1).max()))
            # No light is less than 0, however bright the middle is.
            shown = one.imshow(light, cmap="viridis", vmin=max(0.0, 1 - reach), vmax=1 + reach)
            figure.colorbar(shown, ax=one, shrink=0.85)
            one.set_title(channel)
            one.set_xticks([])
            one.set_yticks([])
            if index == 0:
                one.set_ylabel(plate)
    return figure


@in_style
def flagged_figure(flagged: Sequence[FlaggedImage]) -> Figure:
    """Flagged images as they were acquired, 12 at most; images of a plate and channel share their contrast."""
    shown = list(flagged)[:MAX_FLAGGED]
    n_columns = 4
    n_rows = max(1, -(-len(shown) // n_columns))
    figure = new_figure(height_mm=8 + 58 * n_rows if shown else 20)
    for index, axes in enumerate(one for row in axes_grid(figure, n_rows=n_rows, n_columns=n_columns) for one in row):
        axes.set_axis_off()
        if index < len(shown):
            one = shown[index]
            axes.imshow(one.image, cmap="gray", vmin=one.contrast[0], vmax=one.contrast[1])
            axes.set_title(textwrap.fill(one.title, 38) + "\n" + textwrap.fill(one.reasons, 38), fontsize=6)
    if not shown:
        figure.text(0.02, 0.5, "No image is flagged.")
    return figure
