"""Image, score map and overlay of a few cells, by channel (thesis figure 5.8)."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from wellspring.attribution.maps.stored import Maps
from wellspring.errors import InputError
from wellspring.report.style import in_style, new_figure, number

__all__ = ["CONTRAST_PERCENTILES", "SCORE_PERCENTILE", "panels_figure"]

# Display limits: of each channel's measured pixels, and of all shown scores of a cell, %.
CONTRAST_PERCENTILES = (1.0, 99.0)
SCORE_PERCENTILE = 99.5
_ROWS = ("image", "score", "overlay")
_IMAGES, _SCORES = "gray", "inferno"
_OUTSIDE = "#E4E4E4"
_MARGIN_PX = 2
_LARGEST_TILE_MM = 32.0
_LEAST_WIDTH_MM = 120.0


@in_style
def panels_figure(maps: Maps, *, channels: Sequence[str]) -> Figure:
    """Per cell three rows (image, score map, overlay), a column per channel; background outside the cell is grey.

    Each image channel is drawn from the 1st to the 99th percentile of its measured pixels; all score maps of a cell
    share one scale, from 0 to the 99.5th percentile of the scores shown, on the colour bar. The overlay is the image
    in grey with the score in colour, more opaque where it is higher.

    Parameters
    ----------
    maps
        Images and maps of the cells.
    channels
        Those to draw, from left to right.

    Raises
    ------
    ValueError
        When a channel is not in `maps`, or there is none to draw.
    """
    names = [str(name) for name in maps.channels]
    unknown = sorted(set(channels) - set(names))
    if unknown or not channels:
        raise InputError(f"panels: expected channels among {names}, got {list(channels)}. Run attribution_map again.")
    columns = [names.index(channel) for channel in channels]
    n_cells = len(maps.object_id)
    tile_mm = min(150.0 / len(columns), _LARGEST_TILE_MM)
    width_mm = max(30.0 + tile_mm * len(columns), _LEAST_WIDTH_MM)
    figure = new_figure(height_mm=(3 * tile_mm + 17) * max(n_cells, 1), width_mm=width_mm)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.03, wspace=0.01, hspace=0.01)
    parts = np.atleast_1d(np.asarray(figure.subfigures(max(n_cells, 1), 1, squeeze=True)))
    for cell, part in zip(range(n_cells), parts, strict=False):
        _draw_cell(part, maps, cell=cell, columns=columns)
    return figure


def _draw_cell(part: SubFigure, maps: Maps, *, cell: int, columns: list[int]) -> None:
    grid = part.subplots(len(_ROWS), len(columns), squeeze=False)
    mask = maps.mask[cell]
    window = _window(mask)
    score = maps.score[cell].astype(np.float64)
    total = float(score.sum())
    shown = score[columns][:, mask]
    upper = float(np.percentile(shown, SCORE_PERCENTILE)) if shown.size else 0.0
    scale = Normalize(0.0, upper if upper > 0 else 1.0)
    for index, column in enumerate(columns):
        layers = (maps.image[cell, column][window], score[column][window], mask[window])
        _draw_column(list(grid[:, index]), *layers, scale=scale)
        share = f"{100 * score[column].sum() / total:.1f} %" if total > 0 else "no score"
        grid[0, index].set_title(f"{maps.channels[column]}\n{share}", loc="center", fontsize=6.5, fontweight="normal")
    for axes, words in zip(grid[:, 0], _ROWS, strict=True):
        axes.set_ylabel(words, fontsize=7)
    part.suptitle(_title(maps, cell=cell), x=0.01, ha="left", fontsize=8, fontweight="bold")
    bar = part.colorbar(
        ScalarMappable(scale, _SCORES), ax=grid.ravel().tolist(), shrink=0.6, aspect=22, pad=0.01, extend="max"
    )
    bar.set_label("score (intensity units)", fontsize=7)
    bar.ax.tick_params(labelsize=6.5)


def _title(maps: Maps, *, cell: int) -> str:
    return (
        f"{maps.level[cell]} level: plate {maps.plate[cell]}, well {maps.well[cell]}, cell {maps.object_id[cell]}\n"
        f"true {number(maps.target[cell])}, predicted {number(maps.prediction[cell])}"
    )


def _window(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns of a square around the cell, with a margin of 2 px; the whole image if nothing was measured."""
    if not mask.any():
        return slice(None), slice(None)
    spans = [np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0)]
    side = min(max(int(last - first) + 1 for first, last in spans) + 2 * _MARGIN_PX, *mask.shape)
    starts = [(int(first) + int(last) + 1 - side) // 2 for first, last in spans]
    starts = [min(max(start, 0), size - side) for start, size in zip(starts, mask.shape, strict=True)]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def _draw_column(
    axes: Sequence[Axes],
    image: NDArray[np.float32],
    score: NDArray[np.float64],
    mask: NDArray[np.bool_],
    *,
    scale: Normalize,
) -> None:
    measured = image[mask]
    low, high = np.percentile(measured, CONTRAST_PERCENTILES) if measured.size else (0.0, 1.0)
    contrast = Normalize(float(low), float(high) if high > low else float(low) + 1.0, clip=True)
    grey = matplotlib.colormaps[_IMAGES](contrast(image))
    hot = matplotlib.colormaps[_SCORES](scale(score))
    opacity = np.clip(np.asarray(scale(score)), 0.0, 1.0)[..., None]
    mixed = (1 - opacity) * grey + opacity * hot
    for at, colors in zip(axes, (grey, hot, mixed), strict=True):
        drawn = np.where(mask[..., None], colors, matplotlib.colors.to_rgba(_OUTSIDE))
        at.imshow(drawn, interpolation="none")
        at.set(xticks=[], yticks=[])
        at.spines[:].set_visible(False)
