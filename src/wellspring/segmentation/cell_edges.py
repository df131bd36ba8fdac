"""Each cell cut at its own edge: a threshold per cell above the local background, from where its stain falls off."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.cell_outlines import smooth_outlines
from wellspring.segmentation.cell_softness import edge_softness
from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.territories import Territories, along_dips, behind_lines, membrane_contrast, nearest_nuclei

__all__ = ["CellEdges", "Stain", "edges_of"]

Stain = Literal["inside", "membrane"]
_Labels = NDArray[np.int32]
_Levels = NDArray[np.float64]
_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]

_GRID = Grid(2)
# The least typical diameter of a nucleus, px: below it, windows would hold too few pixels.
_LEAST_DIAMETER_PX = 8.0
# Windows of the background, in diameters of a nucleus, from wide to narrow: each leaves out the cells that the one
# before has found. Of the first, which knows no cells, a low quantile: cells may cover nine tenths of it.
_WIDE, _WIDE_QUANTILE = 24.0, 0.05
_NARROWER = (12.0, 3.0)
# With a smaller share of free pixels a window has no background of its own, and keeps that of the wider one.
_LEAST_FREE = (0.05, 0.1)
# Pixels of a diameter after shrinking, for the background alone.
_COARSE_PX = 6.0
# Edges are compared on the scale log(level + offset). The offset, 2 noises and a seventh of the cell's own level, is
# what counts for little: noise, and the haze of light from out of focus that a bright cell has round it.
_OFFSET_NOISES, _OFFSET_SHARE = 2.0, 0.15
# No edge lies below this share of a cell's level.
_LEAST_SHARE = 0.1
# Slopes below half of those that noise has after blurring by 1 px (standard deviation 0.2 a px) do not count.
_NOISE_SLOPE = 0.1
# As long as nothing else is seen, the edge lies at this share of the cell's level; this counts like an edge that is
# seen along this share of the nucleus' outline. So a dim cell between bright ones keeps its area.
_USUAL_SHARE, _USUAL_WEIGHT = 0.3, 0.125
# How far from its nucleus a cell's edge is looked for, in diameters of a nucleus.
_REACH = 2.0
# Rows that are computed at once.
_STRIP = 256
# Width of the rim whose level, with the nucleus', is the cell's, px.
_RIM_PX = 3.0
# Noise of a pixel that is left after blurring by 1 px is 0.28: this is three times that.
_VISIBLE_NOISES = 0.85
# Borders between nuclei more than twice as bright as the nuclei: a stain of membranes.
_MEMBRANE_CONTRAST = 0.5
# A cell of which nothing is seen is as large as twice its nucleus: a rim of (sqrt(2) - 1) / 2 of its diameter.
_UNSEEN_RIM = 0.207
# Outlines are smoothed by this share of a nucleus' diameter, 1 px at least: what is finer is noise.
_OUTLINE_SHARE = 0.05


@dataclass(frozen=True)
class CellEdges:
    """Cells and what they were cut at.

    Attributes
    ----------
    labels : (Y, X) uint32
        Cells, by the label of their nucleus.
    threshold : (Y, X) float32
        Intensity above which a pixel counts as stained, for the cell that it is nearest to.
    is_unseen : (labels.max() + 1,) bool
        By label: less than half of the nucleus and of the rim round it is stained, so the rim has a fixed width.
    stain : "inside" or "membrane"
        What the stain shows.
    softness : (labels.max() + 1,) float64
        By label: `edge_softness`; 0 of unseen cells, and of a stain of membranes.
    """

    labels: NDArray[np.uint32]
    threshold: _Values
    is_unseen: _Mask
    stain: Stain
    softness: _Levels


def edges_of(smooth: _Values, nuclei: _Labels, *, stain: Stain | None = None) -> CellEdges:
    """Cut each cell at its own edge.

    A pixel belongs to the nearest nucleus, but borders follow dips of the stain between two nuclei, or the bright lines
    of a membrane stain. In each nucleus' territory the threshold is the mean of the level above the local background,
    weighted by how steeply it falls away from the nucleus: for a blurred edge the level at its steepest place, whatever
    the shares of cell and background are (Kittler, Illingworth & Föglein, Comput. Vis. Graph. Image Process. 30, 1985).
    Deviations from the source: a threshold per territory and neighbourhood, slopes that rise do not count, and a
    logarithmic scale, as the stain of cells differs by factors; on it the edge lies at 0.3 to 0.4 of the height, not at
    half. What is stained and connected with the nucleus is the cell; holes are filled.

    Parameters
    ----------
    smooth : (Y, X) float32
        Cell stain in units of a pixel's noise, blurred.
    nuclei : (Y, X) int32
        Labels, 0 = background.
    stain
        What the stain shows; None: the image says.

    Returns
    -------
    CellEdges
        Every nucleus has a cell, which holds all of it. In a constant image it is the nucleus. Without nuclei, no
        cells, and the threshold is 3 noises above the background.
    """
    if nuclei.size and nuclei.max() > nuclei.size:
        return _with_names(smooth, nuclei, stain=stain)
    sizes = np.bincount(nuclei.ravel(), minlength=1)
    if smooth.size == 0 or not sizes[1:].any() or smooth.min() == smooth.max():
        return _nothing(smooth, nuclei, stain=stain or "inside")
    near = nearest_nuclei(nuclei)
    diameter = max(_LEAST_DIAMETER_PX, float(2 * np.sqrt(np.median(sizes[1:][sizes[1:] > 0]) / np.pi)))
    # The background changes so slowly that the slopes above it are those of the image.
    falls = _falls(smooth, near, reach_px=_REACH * diameter)
    background, shape = _background_between(smooth, falls, near, diameter=diameter), smooth.shape[::-1]
    height = smooth - cv2.resize(background, shape, interpolation=cv2.INTER_LINEAR)
    # Whole images are let go as soon as they are not needed: they are most of the memory.
    del smooth
    if stain is None:
        is_lined = membrane_contrast(height, near, nuclei, diameter=diameter) > _MEMBRANE_CONTRAST
        stain = "membrane" if is_lined else "inside"
    rim_px, quantile, territories = _RIM_PX, 0.5, along_dips
    if stain == "membrane":
        rim_px, quantile, territories = diameter / 2, 0.75, behind_lines
    else:
        near = near.without_places()
    region = replace(near, owner=territories(height, near, nuclei, diameter=diameter))
    levels = _cell_levels(height, region, rim_px=rim_px, quantile=quantile)
    edges = _edge_levels(height, falls, region, diameter=diameter, cell_levels=levels)
    del falls
    stained = height > edges
    if stain == "membrane":
        stained |= _enclosed(stained & (near.distance <= diameter), region)
    is_unseen, rim = _unseen(stained, near, sizes=sizes)
    labels = np.where(stained, region.owner, 0)
    del stained, region
    smooth_outlines(labels, nuclei, sigma_px=max(1.0, _OUTLINE_SHARE * diameter))
    labels[is_unseen[labels] & (nuclei == 0)] = 0
    rim &= is_unseen[near.owner] & (labels == 0)
    labels[rim] = near.owner[rim]
    softness = np.zeros(len(is_unseen))
    if stain == "inside":
        reach_px = _REACH * diameter
        softness = edge_softness(height, edges, labels=labels, nuclei=nuclei, near=near, reach_px=reach_px)
        softness[is_unseen] = 0
    edges += cv2.resize(background, shape, interpolation=cv2.INTER_LINEAR)
    return CellEdges(labels.view(np.uint32), edges, is_unseen, stain, softness)


def _with_names(smooth: _Values, nuclei: _Labels, *, stain: Stain | None) -> CellEdges:
    """For labels far above their number: what is counted by label is counted by their rank."""
    names, ranks = np.unique(nuclei, return_inverse=True)
    # Background may not occur.
    names = names if names[0] == 0 else np.concatenate([np.zeros(1, names.dtype), names])
    ranked = (ranks.reshape(nuclei.shape) + (len(names) - len(np.unique(nuclei)))).astype(np.int32)
    edges = edges_of(smooth, ranked, stain=stain)
    is_unseen, softness = np.zeros(int(names[-1]) + 1, dtype=bool), np.zeros(int(names[-1]) + 1)
    is_unseen[names], softness[names] = edges.is_unseen, edges.softness
    return replace(edges, labels=names.astype(np.uint32)[edges.labels], is_unseen=is_unseen, softness=softness)


def _nothing(smooth: _Values, nuclei: _Labels, *, stain: Stain) -> CellEdges:
    """Every nucleus its own, unseen cell; the threshold is just above the image's median."""
    is_unseen = np.ones(int(nuclei.max(initial=0)) + 1, dtype=bool)
    is_unseen[0] = False
    level = float(np.median(smooth)) if smooth.size else 0.0
    threshold = np.full(smooth.shape, level + _VISIBLE_NOISES, dtype=np.float32)
    return CellEdges(nuclei.astype(np.uint32), threshold, is_unseen, stain, np.zeros(len(is_unseen)))


def _background_between(smooth: _Values, falls: _Values, near: Territories, *, diameter: float) -> _Values:
    """float32: the median nearby of what lies outside of all cells, as far as they are known by then.

    For nuclei of 16 px and more at every other pixel of every other row, lengths and slopes being in their units.
    """
    thin = 2 if diameter >= 2 * _LEAST_DIAMETER_PX else 1
    every = np.s_[::thin, ::thin]
    values = np.ascontiguousarray(smooth[every])
    steep = falls[every] * np.float32(thin)
    few = replace(near, owner=near.owner[every], distance=near.distance[every] / np.float32(thin))
    size, kernel = diameter / thin, np.ones((7 // thin, 7 // thin), np.uint8)
    everywhere = np.ones(values.shape, dtype=bool)
    found = _background(values, everywhere, diameter=size, width=_WIDE, quantile=_WIDE_QUANTILE)
    for width, least in zip(_NARROWER, _LEAST_FREE, strict=True):
        height = values - found
        levels = _cell_levels(height, few, rim_px=_RIM_PX / thin)
        is_cell = height > _edge_levels(height, steep.copy(), few, diameter=size, cell_levels=levels)
        is_free = cv2.dilate(is_cell.astype(np.uint8), kernel) == 0
        del height, is_cell
        found = _background(values, is_free, diameter=size, width=width, quantile=0.5, least_free=least, fallback=found)
    return found


def _background(
    smooth: _Values,
    free: _Mask,
    *,
    diameter: float,
    width: float,
    quantile: float,
    least_free: float = 0.0,
    fallback: _Values | None = None,
) -> _Values:
    """(Y, X) float32: a quantile of the free pixels in windows, `width` diameters wide, joined by interpolation."""
    step = max(1, round(diameter / _COARSE_PX))
    size = (-(-smooth.shape[1] // step), -(-smooth.shape[0] // step))
    coarse = cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
    open_share = cv2.resize(free.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    coarse = np.where(open_share > 0.99, coarse, np.float32(np.inf))
    side = max(3, round(width * diameter / step))
    stride = max(1, side // 4)
    padded = np.pad(coarse, side // 2, mode="symmetric" if min(coarse.shape) > side // 2 else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))[::stride, ::stride]
    # One row of windows at a time: they overlap, so all of them are many times the image.
    found, n_free = (np.stack(both) for both in zip(*(_quantile_of(row, quantile) for row in windows), strict=True))
    is_known = n_free >= max(1, least_free * side**2)
    rows = np.minimum(np.arange(found.shape[0]) * stride, size[1] - 1)
    columns = np.minimum(np.arange(found.shape[1]) * stride, size[0] - 1)
    if fallback is not None:
        other = cv2.resize(fallback, size, interpolation=cv2.INTER_AREA)[np.ix_(rows, columns)]
        found = np.where(is_known, found, other)
    # Window i is centred on coarse pixel i * stride.
    y = (np.arange(smooth.shape[0], dtype=np.float32) / step) / stride
    x = (np.arange(smooth.shape[1], dtype=np.float32) / step) / stride
    grid_x, grid_y = np.meshgrid(x, y)
    return np.asarray(
        cv2.remap(found.astype(np.float32), grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _quantile_of(windows: _Values, quantile: float) -> tuple[_Values, NDArray[np.int64]]:
    """(n,) each: the quantile (the next lower value) of the finite values of (n, side, side), and their number."""
    ordered = np.array(windows).reshape(len(windows), -1)
    ordered.sort(axis=-1)
    n_free = np.isfinite(ordered).sum(axis=-1)
    place = np.floor(quantile * np.maximum(n_free - 1, 0)).astype(np.int64)
    return np.take_along_axis(ordered, place[:, None], axis=-1)[:, 0], n_free


def _cell_levels(height: _Values, region: Territories, *, rim_px: float, quantile: float = 0.5) -> _Levels:
    """(n + 1,) float64: by label, a quantile of the level in the nucleus and the rim round it; more than 0."""
    inner = np.where(region.distance <= rim_px, region.owner, 0)
    n_labels = int(region.owner.max()) + 1
    found = quantile_of_parts(height, inner, quantile=quantile)
    return np.maximum(np.pad(found, (0, n_labels - len(found))), 1e-3)


def _falls(smooth: _Values, near: Territories, *, reach_px: float) -> _Values:
    """(Y, X) float32: how much the stain falls per px away from the nearest nucleus; 0 where it rises or is far."""
    row, column = (np.arange(size, dtype=np.float32) for size in smooth.shape)
    down = row[:, None] - near.row.astype(np.float32)
    right = column - near.column.astype(np.float32)
    steps = cv2.magnitude(down, right)
    down *= cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3)
    right *= cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3)
    down += right
    # Sobel's kernel sums up to 8.
    np.maximum(steps, 1, out=steps)
    steps *= -8
    down /= steps
    down -= np.float32(_NOISE_SLOPE)
    np.maximum(down, 0, out=down)
    down[near.distance > reach_px] = 0
    return down


def _edge_levels(
    height: _Values, falls: _Values, region: Territories, *, diameter: float, cell_levels: _Levels
) -> _Values:
    """(Y, X) float32: the level above the background at which the stain falls off, in the territory and nearby.

    The geometric mean of the territory's threshold and that of the pixels within about a diameter: a cell may have a
    bright body and a dim, flat part, each with an edge of its own. `falls` is overwritten.
    """
    offsets, n_labels = _OFFSET_NOISES + _OFFSET_SHARE * cell_levels, len(cell_levels)
    weights, heights = falls, _weigh(height, falls, region.owner, offsets=offsets.astype(np.float32))
    # An edge of the length l from the level of a cell to 0 has the weight l times the logarithm.
    usual = np.log1p(_USUAL_SHARE * cell_levels / offsets)
    prior = _USUAL_WEIGHT * np.pi * diameter * np.log1p(cell_levels / offsets)
    total, logs = prior.copy(), prior * usual
    for rows in _strips(height.shape[0]):
        owner = region.owner[rows].ravel()
        total += np.bincount(owner, weights[rows].ravel(), minlength=n_labels)
        logs += np.bincount(owner, heights[rows].ravel(), minlength=n_labels)
    least = _LEAST_SHARE * cell_levels
    whole = np.maximum(np.expm1(logs / np.maximum(total, 1e-12)) * offsets, least)
    # The same prior, spread over the pixels of the blur, which are 4 pi diameter^2.
    share = prior / (4 * np.pi * diameter**2)
    nearby = _GRID.blurred(heights, diameter)
    del heights
    spread = _GRID.blurred(weights, diameter)
    of_cell = np.stack([share * usual, share, offsets, least, whole]).astype(np.float32)
    for rows in _strips(height.shape[0]):
        owner = region.owner[rows]
        level = np.expm1((nearby[rows] + of_cell[0][owner]) / np.maximum(spread[rows] + of_cell[1][owner], 1e-12))
        both = np.sqrt(of_cell[4][owner] * np.maximum(level * of_cell[2][owner], of_cell[3][owner]))
        nearby[rows] = np.maximum(both, _VISIBLE_NOISES)
    return nearby


def _weigh(height: _Values, falls: _Values, owner: _Labels, *, offsets: _Values) -> _Values:
    """Make of `falls` how much a pixel's edge weighs; return that times the logarithm of its level."""
    heights = np.empty_like(height)
    for rows in _strips(height.shape[0]):
        above, offset = np.maximum(height[rows], 0), offsets[owner[rows]]
        falls[rows] /= above + offset
        heights[rows] = falls[rows] * np.log1p(above / offset)
    return heights


def _strips(n_rows: int) -> list[slice]:
    """Rows of an image in a few parts, so that what is computed pixel by pixel needs little memory."""
    return [np.s_[first : first + _STRIP] for first in range(0, n_rows, _STRIP)]


def _unseen(stained: _Mask, near: Territories, *, sizes: NDArray[np.integer]) -> tuple[_Mask, _Mask]:
    """By label, whether less than half of the rim is stained, and of the nucleus; and (Y, X) the rims.

    Where the nucleus is stained and the rim is not, the cell ends at the nucleus.
    """
    widths = np.maximum(_UNSEEN_RIM * 2 * np.sqrt(sizes / np.pi), 1.5)
    rim = (near.distance > 0) & (near.distance <= widths.astype(np.float32)[near.owner])
    n_rim = np.bincount(near.owner[rim], minlength=len(sizes))
    n_seen = np.bincount(near.owner[rim & stained], minlength=len(sizes))
    n_inside = np.bincount(near.owner[stained & (near.distance == 0)], minlength=len(sizes))
    is_unseen = (2 * n_seen < n_rim) & (2 * n_inside < sizes)
    is_unseen[0] = False
    return is_unseen, rim


def _enclosed(stained: _Mask, region: Territories) -> _Mask:
    """Pixels on the straight line from a stained pixel to the nucleus nearest to it: what a membrane encloses."""
    row, column = np.nonzero(stained)
    up, left = region.row[row, column] - row, region.column[row, column] - column
    found = np.zeros_like(stained)
    n_steps = 1 + int(max(np.abs(up).max(initial=0), np.abs(left).max(initial=0)))
    for share in np.linspace(0, 1, n_steps):
        found[row + np.rint(share * up).astype(np.int64), column + np.rint(share * left).astype(np.int64)] = True
    return found
