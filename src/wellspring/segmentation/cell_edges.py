"""Each cell cut at its own edge: a threshold per cell above the local background, from where its stain falls off."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

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
# Windows of the background, in diameters of a nucleus: the first finds the cells, the second leaves them out and so may
# be closer to each. Below this share of free pixels a window has no background of its own.
_WIDE, _NARROW, _LEAST_FREE = 8.0, 3.0, 0.05
# Of all pixels of a wide window, the background is this quantile: cells may cover up to two thirds of it.
_WIDE_QUANTILE = 0.3
# Pixels of a diameter after shrinking, for the background alone.
_COARSE_PX = 6.0
# Edges are compared on the scale log(level + offset). The offset, 2 noises and an eighth of the cell's own level, is what
# counts for little: noise, and the haze of light from out of focus that a bright cell has round it.
_OFFSET_NOISES, _OFFSET_SHARE = 2.0, 0.125
# No edge lies below this share of a cell's level.
_LEAST_SHARE = 0.1
# How far from its nucleus a cell's edge is looked for, in diameters of a nucleus.
_REACH = 2.0
# Width of the rim whose level, with the nucleus', is the cell's, px.
_RIM_PX = 3.0
# Noise of a pixel that is left after blurring by 1 px is 0.28: this is three times that.
_VISIBLE_NOISES = 0.85
# Borders between nuclei more than twice as bright as the nuclei: a stain of membranes.
_MEMBRANE_CONTRAST = 0.5
# A cell of which nothing is seen is as large as twice its nucleus: a rim of (sqrt(2) - 1) / 2 of its diameter.
_UNSEEN_RIM = 0.207
_OUTLINE_SIGMA_PX = 1.0


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
        By label: less than half of the rim round the nucleus is stained, so the cell is a rim of a fixed width.
    stain : "inside" or "membrane"
        What the stain shows.
    """

    labels: NDArray[np.uint32]
    threshold: _Values
    is_unseen: _Mask
    stain: Stain


def edges_of(smooth: _Values, nuclei: _Labels, *, stain: Stain | None = None) -> CellEdges:
    """Cut each cell at its own edge.

    A pixel belongs to the nearest nucleus, but borders follow dips of the stain between two nuclei, or the bright lines
    of a membrane stain. In each nucleus' territory the threshold is the mean, weighted by the gradient, of the level above the local
    background: half of the height of a blurred edge, whatever the shares of cell and background are (Kittler,
    Illingworth & Föglein, Comput. Vis. Graph. Image Process. 30, 1985). Deviations from the source: a threshold per
    territory and neighbourhood, on a logarithmic scale, as the stain of cells differs by factors. What is stained and connected with the
    nucleus is the cell; holes are filled.

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
        Every nucleus has a cell, which holds all of it. In a constant image it is the nucleus. Without nuclei, no cells,
        and the threshold is 3 noises above the background.
    """
    sizes = np.bincount(nuclei.ravel(), minlength=1)
    if smooth.size == 0 or not sizes[1:].any() or smooth.min() == smooth.max():
        return _nothing(smooth, nuclei, stain=stain or "inside")
    near = nearest_nuclei(nuclei)
    diameter = max(_LEAST_DIAMETER_PX, float(2 * np.sqrt(np.median(sizes[1:][sizes[1:] > 0]) / np.pi)))
    background = _background_between(smooth, near, diameter=diameter)
    height = smooth - background
    if stain is None:
        is_lined = membrane_contrast(height, near, nuclei, diameter=diameter) > _MEMBRANE_CONTRAST
        stain = "membrane" if is_lined else "inside"
    rim_px, quantile, territories = _RIM_PX, 0.5, along_dips
    if stain == "membrane":
        rim_px, quantile, territories = diameter / 2, 0.75, behind_lines
    owner = territories(height, near, nuclei, diameter=diameter)
    region = replace(near, owner=owner)
    levels = _cell_levels(height, region, rim_px=rim_px, quantile=quantile)
    edges = _edge_levels(height, region, diameter=diameter, cell_levels=levels)
    stained = height > edges
    is_unseen, rim = _unseen(stained, near, sizes=sizes)
    if stain == "membrane":
        stained |= _enclosed(stained & (near.distance <= diameter), region)
    labels = _smoothed(np.where(stained, owner, 0), nuclei)
    labels[is_unseen[labels] & (nuclei == 0)] = 0
    labels = np.where(rim & is_unseen[near.owner] & (labels == 0), near.owner, labels)
    return CellEdges(labels.astype(np.uint32), background + edges, is_unseen, stain)


def _nothing(smooth: _Values, nuclei: _Labels, *, stain: Stain) -> CellEdges:
    is_unseen = np.ones(int(nuclei.max(initial=0)) + 1, dtype=bool)
    is_unseen[0] = False
    level = float(np.median(smooth)) if smooth.size else 0.0
    threshold = np.full(smooth.shape, level + _VISIBLE_NOISES, dtype=np.float32)
    return CellEdges(nuclei.astype(np.uint32), threshold, is_unseen, stain)


def _background_between(smooth: _Values, near: Territories, *, diameter: float) -> _Values:
    """(Y, X) float32: the median nearby of what lies outside of all cells, as far as they are known by then."""
    everywhere = np.ones(smooth.shape, dtype=bool)
    wide = _background(smooth, everywhere, diameter=diameter, width=_WIDE, quantile=_WIDE_QUANTILE)
    height = smooth - wide
    levels = _cell_levels(height, near, rim_px=_RIM_PX)
    edges = _edge_levels(height, near, diameter=diameter, cell_levels=levels)
    is_free = cv2.dilate((height > edges).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    return _background(smooth, is_free, diameter=diameter, width=_NARROW, quantile=0.5, fallback=wide)


def _background(
    smooth: _Values,
    free: _Mask,
    *,
    diameter: float,
    width: float,
    quantile: float,
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
    ordered = np.sort(windows.reshape(*windows.shape[:2], -1), axis=-1)
    n_free = np.isfinite(ordered).sum(axis=-1)
    place = np.floor(quantile * np.maximum(n_free - 1, 0)).astype(np.int64)
    found = np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0]
    is_known = n_free >= max(1, _LEAST_FREE * side**2)
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


def _cell_levels(height: _Values, region: Territories, *, rim_px: float, quantile: float = 0.5) -> _Levels:
    """(n + 1,) float64: by label, a quantile of the level in the nucleus and the rim round it; more than 0."""
    inner = np.where(region.distance <= rim_px, region.owner, 0)
    n_labels = int(region.owner.max()) + 1
    found = quantile_of_parts(height, inner, quantile=quantile)
    return np.maximum(np.pad(found, (0, n_labels - len(found))), 1e-3)


@dataclass(frozen=True)
class _Slopes:
    """(Y, X) float32: level and offset of each pixel, and the weight that its slope gives it."""

    log: _Values
    weight: _Values
    offset: _Values

    @staticmethod
    def of(height: _Values, owner: _Labels, *, cell_levels: _Levels) -> "_Slopes":
        offset = (_OFFSET_NOISES + _OFFSET_SHARE * cell_levels).astype(np.float32)[owner]
        above = np.maximum(height, 0)
        across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
        slope = np.hypot(across, cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3))
        return _Slopes(np.log1p(above / offset), slope / (above + offset), offset)


def _edge_levels(height: _Values, region: Territories, *, diameter: float, cell_levels: _Levels) -> _Values:
    """(Y, X) float32: the level above the background at which the stain falls off, in the territory and nearby.

    The geometric mean of the territory's threshold and that of the pixels within about a diameter: a cell may have a
    bright body and a dim, flat part, each with an edge of its own.
    """
    slopes = _Slopes.of(height, region.owner, cell_levels=cell_levels)
    within = region.distance <= _REACH * diameter
    owner = region.owner[within]
    weight = slopes.weight[within]
    total = np.bincount(owner, weight, minlength=len(cell_levels))
    logs = np.bincount(owner, weight * slopes.log[within], minlength=len(cell_levels)) / np.maximum(total, 1e-12)
    whole = np.expm1(logs).astype(np.float32)[region.owner] * slopes.offset
    weights = np.where(within, slopes.weight, np.float32(1e-9))
    nearby = _GRID.blurred(weights * slopes.log, diameter) / np.maximum(_GRID.blurred(weights, diameter), 1e-12)
    least = (_LEAST_SHARE * cell_levels).astype(np.float32)[region.owner]
    both = np.sqrt(np.maximum(whole, least) * np.maximum(np.expm1(nearby) * slopes.offset, least))
    return np.maximum(both, np.float32(_VISIBLE_NOISES))


def _unseen(stained: _Mask, near: Territories, *, sizes: NDArray[np.integer]) -> tuple[_Mask, _Mask]:
    """By label, whether less than half of the rim is stained; and (Y, X) the rims."""
    widths = np.maximum(_UNSEEN_RIM * 2 * np.sqrt(sizes / np.pi), 1.5)
    rim = (near.distance > 0) & (near.distance <= widths.astype(np.float32)[near.owner])
    n_rim = np.bincount(near.owner[rim], minlength=len(sizes))
    n_seen = np.bincount(near.owner[rim & stained], minlength=len(sizes))
    is_unseen = 2 * n_seen < n_rim
    is_unseen[0] = False
    return is_unseen, rim


def _enclosed(stained: _Mask, region: Territories) -> _Mask:
    """Pixels on the straight line from a stained pixel to the nucleus nearest to it: the inside of a stained membrane."""
    row, column = np.nonzero(stained)
    up, left = region.row[row, column] - row, region.column[row, column] - column
    found = np.zeros_like(stained)
    n_steps = 1 + int(max(np.abs(up).max(initial=0), np.abs(left).max(initial=0)))
    for share in np.linspace(0, 1, n_steps):
        found[row + np.rint(share * up).astype(np.int64), column + np.rint(share * left).astype(np.int64)] = True
    return found


def _smoothed(labels: NDArray[np.integer], nuclei: _Labels) -> _Labels:
    """Whole cells whose outline against the background is free of single pixels."""
    whole = _whole(labels, nuclei)
    is_cell = cv2.GaussianBlur((whole > 0).astype(np.float32), (0, 0), _OUTLINE_SIGMA_PX) > 0.5
    return _whole(np.where(is_cell, whole, 0), nuclei)


def _whole(labels: NDArray[np.integer], nuclei: _Labels) -> _Labels:
    """Of each cell the piece that holds its nucleus, with its holes filled; nuclei keep their pixels."""
    from scipy import ndimage

    merged = np.where(nuclei > 0, nuclei, labels).astype(np.int32)
    found = np.zeros_like(merged)
    for label, place in enumerate(ndimage.find_objects(merged), 1):
        if place is None:
            continue
        inside = np.pad(merged[place] == label, 1).astype(np.uint8)
        _, parts = cv2.connectedComponents(inside, connectivity=4)
        held = np.zeros(int(parts.max()) + 1, dtype=bool)
        held[parts[1:-1, 1:-1][nuclei[place] == label]] = True
        held[0] = False
        piece = held[parts]
        _, outside = cv2.connectedComponents((~piece).astype(np.uint8), connectivity=4)
        filled = (outside != outside[0, 0])[1:-1, 1:-1]
        is_own = filled & ((merged[place] == label) | (merged[place] == 0))
        found[place][is_own] = label
    return found
