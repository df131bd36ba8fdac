"""What an image does not say about its cells: each doubt, what it means and what to do, and how it is found."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.cell_edges import CellEdges
from wellspring.segmentation.grids import Grid
from wellspring.segmentation.watershed import flooded

__all__ = ["DOUBTS", "CellDoubts", "Doubt", "doubts_between", "doubts_of", "larger_than_neighbors", "spots_in_doubt"]

_Values = NDArray[np.float32]
_GRID = Grid(2)

# Both methods agree where their borders are closer than this share of a nucleus' diameter: two tenths.
_TOLERANCE = 0.1
# Of the stain, what is blurred by this share of a nucleus' diameter decides the second border.
_BLUR = 0.125
# A cell is far larger than the 6 nearest when it is off their median by more than this factor: twice the diameter.
_SIZE_FACTOR, _N_NEIGHBORS = 4.0, 6
SOFT_EDGE = 0.5
"""An edge is doubted when the area changes by this share (`edge_softness`), as a count of spots is."""
OPEN_BORDER_SHARE = 0.25
"""A border is doubted from this share of the outline on."""
FULL_SHARE = 0.9
"""A site is full of cells from this share on: little is left to see the background in."""


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
        "is_soft_edge",
        "the stain fades into the background, so the area changes by half or more when the threshold changes by a "
        "factor of 1.5 either way",
        "Look at the outlines; compare areas and counts of such cells with those of like cells only.",
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
        "is_of_two_bodies",
        "a part of the cell beyond a neck is as deep as a cell and holds no nucleus, so it may be a neighbour whose "
        "nucleus is not stained",
        "Look at the outlines; where the cell stain separates the cells, set segmentation.nucleus_channel to null.",
    ),
    Doubt(
        "is_in_full_site",
        "cells cover nine tenths of the site or more, so hardly any background is seen",
        "Check the outlines; dim cells may be taken for background, and background for cells.",
    ),
    Doubt(
        "is_nucleus_of_several",
        "the nucleus has more than twice the median area, or two of these: concave, larger than most, with two "
        "bright parts; so it may be two or more, and so may the cell",
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
    others : (Y, X) int32
        Where the second method gives a pixel of a cell to another cell, the label of that one; else 0.
    covered_share : float
        Share of the image that is cell.
    stain : str
        ``inside`` or ``membrane``.
    softness : (n + 1,) float64
        By label, as in `CellEdges`.
    """

    is_unseen: NDArray[np.bool_]
    open_share: NDArray[np.float64]
    others: NDArray[np.int32]
    covered_share: float
    stain: str
    softness: NDArray[np.float64]


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
    landscape = _GRID.blurred(smooth, _BLUR * _diameter(nuclei))
    if edges.stain == "membrane":
        landscape = -landscape
    landscape = np.where(nuclei > 0, landscape.max(initial=0) + 1, landscape).astype(np.float32)

    def other() -> NDArray[np.int32]:
        return flooded(landscape, nuclei, mask=edges.labels > 0)

    return _compared(edges.labels, other, nuclei=nuclei, edges=edges)


def doubts_between(cells: NDArray[np.integer], nuclei: NDArray[np.integer], edges: CellEdges) -> CellDoubts:
    """As `doubts_of`, for cells of any method, compared with those that `OwnEdge` finds from the same nuclei.

    Parameters
    ----------
    cells, nuclei : (Y, X) int
        Labels, 0 = background.
    edges
        Of the same image and nuclei.
    """
    return _compared(cells, lambda: edges.labels.astype(np.int32), nuclei=nuclei, edges=edges)


def _diameter(nuclei: NDArray[np.integer]) -> float:
    """Of the median nucleus, px; 0 without any."""
    sizes = np.bincount(nuclei.ravel(), minlength=1)[1:]
    return float(2 * np.sqrt(np.median(sizes[sizes > 0]) / np.pi)) if sizes.any() else 0.0


def _compared(
    cells: NDArray[np.integer],
    second: Callable[[], NDArray[np.int32]],
    *,
    nuclei: NDArray[np.integer],
    edges: CellEdges,
) -> CellDoubts:
    """Doubts where the `second` method, which is asked if there are touching cells, gives pixels to another cell."""
    labels = cells.astype(np.int32)
    covered = float((labels > 0).mean()) if labels.size else 0.0
    n_labels = len(edges.is_unseen)
    touching = _touching(labels)
    if not touching.any():
        return CellDoubts(
            edges.is_unseen, np.zeros(n_labels), np.zeros_like(labels), covered, edges.stain, edges.softness
        )
    other = second()
    reach = max(1, round(_TOLERANCE * _diameter(nuclei)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    differs = ((other != labels) & (other > 0) & (labels > 0)).astype(np.uint8)
    uncertain = cv2.morphologyEx(differs, cv2.MORPH_OPEN, disc)
    is_open = touching & (cv2.dilate(uncertain, disc) > 0)
    outline = touching | _outer(labels)
    n_outline = np.bincount(labels[outline], minlength=n_labels)
    share = np.bincount(labels[is_open], minlength=n_labels) / np.maximum(n_outline, 1)
    others = np.where(uncertain > 0, other, 0).astype(np.int32)
    return CellDoubts(edges.is_unseen, share, others, covered, edges.stain, edges.softness)


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
    places: NDArray[np.floating], owners: NDArray[np.integer], others: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Spots of each cell that a second method gives to another cell, and spots of others that it gives to this one.

    A count n lies between n less the first number and n plus the second.

    Parameters
    ----------
    places : (n, 2) float
        y and x of spots, px, pixel centres from 0. Beyond the image the pixel at its edge counts.
    owners : (n,) int
        Label of the cell that each spot lies in, 0 = none.
    others : (Y, X) int
        From `CellDoubts`.

    Returns
    -------
    (m,), (m,) int64
        By label, up to the greatest in `owners` and `others`; of the background 0.
    """
    n_labels = int(max(others.max(initial=0), owners.max(initial=0))) + 1
    at = np.rint(places).astype(np.int64).reshape(-1, 2)
    row, column = (np.clip(at[:, axis], 0, others.shape[axis] - 1) for axis in (0, 1))
    is_doubted = (owners > 0) & (others[row, column] > 0)
    own = np.bincount(owners[is_doubted].astype(np.int64), minlength=n_labels)
    beyond = np.bincount(others[row, column][is_doubted].astype(np.int64), minlength=n_labels)
    return own.astype(np.int64), beyond.astype(np.int64)
