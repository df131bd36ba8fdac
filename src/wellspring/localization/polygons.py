"""Rings of vertices: area, validity, repair, and the pixels inside them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["cleaned", "filled", "is_simple", "mask_rings", "repaired", "ring_area"]

Ring = NDArray[np.float64]
_FEWEST = 3
# Pixels along the longer side of the raster by which a crossing ring is repaired.
_REPAIR_PX = 400


def ring_area(ring: Ring) -> float:
    """Area inside a ring (n, 2), by the shoelace formula: positive if it runs counter-clockwise, 0 below 3 vertices."""
    if len(ring) < _FEWEST:
        return 0.0
    x, y = (ring - ring[0]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def cleaned(ring: Ring) -> Ring:
    """The ring without what encloses nothing: its first vertex repeated at the end, vertices that repeat the one
    before, and spurs (a vertex whose two neighbours are the same point).

    Parameters
    ----------
    ring : (n, 2) float
        x, y.
    """
    kept = np.asarray(ring, dtype=np.float64)
    while len(kept) >= _FEWEST:
        before = np.roll(kept, 1, axis=0)
        is_spur = np.all(before == np.roll(kept, -1, axis=0), axis=1)
        # One spur at a time: removing it makes its neighbours equal, which the next pass removes.
        bad = np.flatnonzero(np.all(kept == before, axis=1))
        bad = bad if len(bad) else np.flatnonzero(is_spur)[:1]
        if not len(bad):
            break
        kept = np.delete(kept, bad, axis=0)
    return kept


def is_simple(ring: Ring) -> bool:
    """Whether no two edges of a ring (n, 2) cross or touch, besides neighbours at their vertex; False below 3 vertices.

    Every pair of edges is compared by the sides of their ends, n² / 2 pairs, a few hundred edges at a time.
    """
    n = len(ring)
    if n < _FEWEST or ring_area(ring) == 0:
        return False
    start, end = ring, np.roll(ring, -1, axis=0)
    low, high = np.minimum(start, end), np.maximum(start, end)
    for first in range(0, n, 256):
        rows = np.arange(first, min(first + 256, n))
        apart = (low[rows, None] > high[None]).any(-1) | (high[rows, None] < low[None]).any(-1)
        one, other = np.nonzero(~apart)
        one = rows[one]
        far = (other > one + 1) & ~((one == 0) & (other == n - 1))
        if _cross(start, end, one[far], other[far]).any():
            return False
    return True


def _cross(start: Ring, end: Ring, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.bool_]:
    def side(a: Ring, b: Ring, c: Ring) -> NDArray[np.float64]:
        return np.asarray(
            np.sign((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
        )

    a, b, c, d = start[one], end[one], start[other], end[other]
    # Their boxes overlap, so edges on one line, where all sides are 0, overlap or touch.
    return np.asarray((side(a, b, c) * side(a, b, d) <= 0) & (side(c, d, a) * side(c, d, b) <= 0))


def repaired(ring: Ring) -> list[Ring]:
    """Simple rings that enclose what `ring` encloses, by the even-odd rule; none if that is nothing.

    A ring that is simple once `cleaned` is returned so. Another is drawn on a raster of 400 px along its longer side
    and
    traced again, so its vertices move by up to half a pixel of that; parts below 1 % of the whole area are left out.
    """
    clean = cleaned(ring)
    if len(clean) < _FEWEST or np.linalg.matrix_rank(clean - clean[0], tol=1e-9 * np.ptp(clean)) < 2:
        return []
    if is_simple(clean):
        return [clean]
    low, high = clean.min(axis=0), clean.max(axis=0)
    spacing = float((high - low).max()) / _REPAIR_PX
    origin = low - 2 * spacing
    width, height = (int(n) for n in np.ceil((high - low) / spacing) + 5)
    rings = mask_rings(filled([clean], origin=origin, spacing=spacing, shape=(height, width)))
    moved = [origin + one * spacing for one in rings]
    areas = [abs(ring_area(one)) for one in moved]
    return [one for one, area in zip(moved, areas, strict=True) if area >= 0.01 * sum(areas)]


def mask_rings(mask: NDArray[np.bool_]) -> list[Ring]:
    """Outlines of a mask (Y, X) as rings in pixels (x, y), pixel centres from 0, halfway between inside and outside."""
    from skimage.measure import find_contours

    found = find_contours(np.pad(mask, 1).astype(np.float32), 0.5)
    return [np.asarray(one[:-1, ::-1] - 1.0, dtype=np.float64) for one in found]


def filled(
    rings: Sequence[Ring], *, origin: NDArray[np.float64], spacing: float, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """The pixels whose centres are inside the rings, by the even-odd rule, so that rings in rings are holes.

    Parameters
    ----------
    rings
        Each (n, 2) x, y; closed by itself.
    origin, spacing
        Where the centre of pixel (0, 0) is, and the side of a pixel, in the rings' unit.
    shape
        (Y, X) of the result.

    Returns
    -------
    (Y, X) bool

    Notes
    -----
    Scanlines: each edge toggles the pixels right of it in the rows that it crosses; a running sum along the row counts.
    """
    height, width = shape
    toggles = np.zeros((height, width + 1), dtype=np.int32)
    for ring in rings:
        start = (np.asarray(ring, dtype=np.float64) - origin) / spacing
        end = np.roll(start, -1, axis=0)
        upper, lower = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
        first = np.clip(np.ceil(upper), 0, height).astype(np.intp)
        counts = np.clip(np.ceil(lower), 0, height).astype(np.intp) - first
        edge = np.repeat(np.arange(len(start)), counts)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
        part = (row - start[edge, 1]) / (end[edge, 1] - start[edge, 1])
        column = start[edge, 0] + part * (end[edge, 0] - start[edge, 0])
        np.add.at(toggles, (row, np.clip(np.ceil(column), 0, width).astype(np.intp)), 1)
    return np.asarray(np.cumsum(toggles, axis=1)[:, :width] % 2 == 1)
