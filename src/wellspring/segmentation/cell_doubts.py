"""What an image does not say about its cells: each doubt, what it means and what to do, and how it is found."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.cell_edges import CellEdges
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.watershed import flooded

__all__ = ["DOUBTS", "CellDoubts", "Doubt", "doubts_of", "larger_than_neighbors", "spots_in_doubt"]

_Values = NDArray[np.float32]
_GRID = Grid(2)

# Both methods agree where their borders are closer than this share of a nucleus' diameter: two tenths.
_TOLERANCE = 0.1
# Of the stain, what is blurred by this share of a nucleus' diameter decides the second border.
_BLUR = 0.125
# A cell is far larger than the 6 nearest when it is off their median by more than this factor: twice the diameter.
_SIZE_FACTOR, _N_NEIGHBORS = 4.0, 6
OPEN_BORDER_SHARE = 0.25
"""A border is doubted from this share of the outline on."""
FULL_SHARE = 0.9
"""A site is full of cells from this share on: little is left to see the background in."""
NUCLEUS_FACTOR = 2.0
"""A nucleus of this many times the median area may hold several cells: none in G2 is as large."""


@dataclass(frozen=True)
class Doubt:
    """A doubt: its column in the table of objects, what it means, and what to do about it."""

    column: str
    meaning: str
    remedy: str


DOUBTS = (
    Doubt(
        "is_unseen_cell",
        "less than half of the nucleus and of the rim round it is stained, so the rim has a fixed width",
        "Look whether the stain shows these cells at all; leave them out, or use expansion for all cells alike.",
    ),
    Doubt(
        "is_open_cell",
        "a quarter of the outline or more is a border that two methods place differently: the image does not show it",
        "Take counts with the range that n_spots_uncertain gives; a membrane stain would show these borders.",
    ),
    Doubt(
        "is_larger_than_neighbors",
        "more than four times as large as the median of the six nearest cells",
        "Look for a nucleus that was missed next to it, or debris that is stained.",
    ),
    Doubt(
        "is_in_full_site",
        "cells cover nine tenths of the site or more, so hardly any background is seen",
        "Check the outlines; dim cells may be taken for background, and background for cells.",
    ),
    Doubt(
        "is_nucleus_of_several",
        "the nucleus has more than twice the median area, so it may be two or more, and so may the cell",
        "Look at the outlines of the nuclei; set min_diameter_px or another method if they are merged.",
    ),
)
"""Every doubt about a cell, declared once: the chapter and the docs follow."""


@dataclass(frozen=True)
class CellDoubts:
    """What is doubted in one image.

    Attributes
    ----------
    is_unseen : (n + 1,) bool
        By label, as in `CellEdges`.
    open_share : (n + 1,) float64
        By label: share of the outline that is a border with another cell and that two methods place differently.
    is_uncertain : (Y, X) bool
        Pixels of cells that the second method gives to another cell.
    covered_share : float
        Share of the image that is cell.
    stain : str
        ``inside`` or ``membrane``.
    """

    is_unseen: NDArray[np.bool_]
    open_share: NDArray[np.float64]
    is_uncertain: NDArray[np.bool_]
    covered_share: float
    stain: str


def doubts_of(smooth: _Values, nuclei: NDArray[np.integer], edges: CellEdges) -> CellDoubts:
    """Compare the borders with those that another method finds in the same cells.

    The second method floods the blurred stain from the nuclei (of a membrane stain: its inverse), so it follows what is
    dim or bright between two nuclei. Where the image shows a border, both find it; where it shows none, a flood goes
    where noise leads it.

    Parameters
    ----------
    smooth : (Y, X) float32
        As `edges_of` had it.
    nuclei : (Y, X) int
        Labels, 0 = background.
    edges
        Cells of the same image.

    Returns
    -------
    CellDoubts
        Nothing uncertain without touching cells.
    """
    labels = edges.labels.astype(np.int32)
    covered = float((labels > 0).mean()) if labels.size else 0.0
    n_labels = len(edges.is_unseen)
    touching = _touching(labels)
    if not touching.any():
        none = np.zeros(labels.shape, dtype=bool)
        return CellDoubts(edges.is_unseen, np.zeros(n_labels), none, covered, edges.stain)
    sizes = np.bincount(nuclei.ravel())[1:]
    diameter = float(2 * np.sqrt(np.median(sizes[sizes > 0]) / np.pi))
    landscape = _GRID.blurred(smooth, _BLUR * diameter)
    if edges.stain == "membrane":
        landscape = -landscape
    landscape = np.where(nuclei > 0, landscape.max() + 1, landscape).astype(np.float32)
    other = flooded(landscape, nuclei, mask=labels > 0)
    reach = max(1, round(_TOLERANCE * diameter))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    differs = ((other != labels) & (other > 0)).astype(np.uint8)
    uncertain = cv2.morphologyEx(differs, cv2.MORPH_OPEN, disc)
    is_open = touching & (cv2.dilate(uncertain, disc) > 0)
    outline = touching | _outer(labels)
    n_outline = np.bincount(labels[outline], minlength=n_labels)
    share = np.bincount(labels[is_open], minlength=n_labels) / np.maximum(n_outline, 1)
    return CellDoubts(edges.is_unseen, share, uncertain > 0, covered, edges.stain)


def _touching(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of a cell with a pixel of another cell beside them."""
    found = np.zeros(labels.shape, dtype=bool)
    for axis in (0, 1):
        mark, value = np.moveaxis(found, axis, 0), np.moveaxis(labels, axis, 0)
        differs = (value[1:] != value[:-1]) & (value[1:] > 0) & (value[:-1] > 0)
        mark[1:] |= differs
        mark[:-1] |= differs
    return found


def _outer(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Pixels of a cell with background beside them."""
    is_cell = (labels > 0).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray((is_cell > 0) & (cv2.erode(is_cell, cross) == 0))


def larger_than_neighbors(
    y_px: NDArray[np.floating], x_px: NDArray[np.floating], sizes: NDArray[np.number]
) -> NDArray[np.bool_]:
    """Whether each cell is more than four times as large as the median of the six nearest.

    Parameters
    ----------
    y_px, x_px, sizes : (n,)
        Centres, px, and areas, px.

    Returns
    -------
    (n,) bool
        All False when there are fewer than 4 cells.
    """
    from scipy.spatial import cKDTree

    if len(sizes) < 4:
        return np.zeros(len(sizes), dtype=bool)
    places = np.stack([y_px, x_px], axis=1)
    _, nearest = cKDTree(places).query(places, k=min(_N_NEIGHBORS + 1, len(sizes)))
    middle = np.median(np.asarray(sizes)[nearest[:, 1:]], axis=1)
    return np.asarray(sizes > _SIZE_FACTOR * middle)


def spots_in_doubt(
    places: NDArray[np.floating], cells: NDArray[np.integer], is_uncertain: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """`n_spots_uncertain` of each cell: its spots on pixels that the other method gives to another cell.

    So a count n of which u are uncertain lies between n - u and n plus the uncertain spots of the cells beside it.

    Parameters
    ----------
    places : (n, 2) float
        y and x of spots, px, pixel centres from 0.
    cells : (Y, X) int
        Labels, 0 = background.
    is_uncertain : (Y, X) bool
        From `CellDoubts`.

    Returns
    -------
    (cells.max() + 1,) int64
        By label; of the background 0.
    """
    at = np.rint(places).astype(np.int64).reshape(-1, 2)
    row, column = (np.clip(at[:, axis], 0, cells.shape[axis] - 1) for axis in (0, 1))
    owner = np.where(is_uncertain[row, column], cells[row, column], 0).astype(np.int64)
    found = np.bincount(owner, minlength=int(cells.max(initial=0)) + 1)
    found[0] = 0
    return found.astype(np.int64)
