"""One cell on a raster: distances to its membrane and nucleus, what openings remove, and its moments."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import filled

__all__ = ["OPENING_RADII", "PROTRUSION_UM", "CellGrid", "cell_grid"]

OPENING_RADII = (0.1, 0.2, 0.3, 0.4)
"""Radii of the successive openings, over the radius of a circle of the cell's area (Dubois A.2.5)."""

PROTRUSION_UM = 3.0
"""Radius of the opening that tells a protrusion from the cell's body, as in big-fish."""

# Pixels along the side of a square of the cell's area.
_SIDE_PX = 96
# Pixels of background around the cell, so that each distance is known around it.
_MARGIN_PX = 3
# A cell whose box is larger than this many times its area is a thin thread or has far parts.
_LARGEST_BOX = 400
_Map = NDArray[np.float32]


@dataclass(frozen=True)
class CellGrid:
    """Maps of one cell, (Y, X) each; the centre of pixel (0, 0) is at `origin`.

    Attributes
    ----------
    name : str
    origin : (2,) float64
        x, y in µm.
    spacing : float
        Side of a pixel, µm.
    inside, in_nucleus : (Y, X) bool
        Pixels of the cell, and those of its nuclei that are in the cell.
    membrane : (Y, X) float32
        Distance to the outline of the cell, µm, positive inside.
    nucleus : (Y, X) float32, or None
        Distance to the outline of the nuclei, µm, positive outside them; None without a nucleus.
    opened : (Y, X) float32
        Largest of `OPENING_RADII` whose opening keeps the pixel; 0 if none does.
    is_protrusion : (Y, X) bool
        What an opening of 3 µm removes.
    centroid, nucleus_centroid : (2,) float64
        x, y in µm; NaN without a nucleus.
    covariance : (2, 2) float64
        Of the positions in the cell, µm².
    """

    name: str
    origin: NDArray[np.float64]
    spacing: float
    inside: NDArray[np.bool_]
    in_nucleus: NDArray[np.bool_]
    membrane: _Map
    nucleus: _Map | None
    opened: _Map
    is_protrusion: NDArray[np.bool_]
    centroid: NDArray[np.float64]
    nucleus_centroid: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def area_um2(self) -> float:
        """Of the cell, nucleus included."""
        return float(self.inside.sum()) * self.spacing**2

    @property
    def nucleus_area_um2(self) -> float:
        """Of the nuclei inside the cell; 0 without one."""
        return float(self.in_nucleus.sum()) * self.spacing**2

    @property
    def radius_um(self) -> float:
        """Of a circle of the cell's area."""
        return float(np.sqrt(self.area_um2 / np.pi))

    def pixels_um(self) -> NDArray[np.float64]:
        """(n_px, 2) x, y of the pixels of the cell, in raster order."""
        rows, columns = np.nonzero(self.inside)
        return self.origin + np.column_stack([columns, rows]) * self.spacing

    def at(self, values: NDArray[np.generic], points: NDArray[np.float64]) -> NDArray[np.generic]:
        """The value of a map at the pixel of each point (n, 2); points beyond its edge get that of the edge."""
        rows, columns = self._pixel(points)
        return values[rows, columns]

    def between(self, values: _Map, points: NDArray[np.float64]) -> _Map:
        """The value of a map at points (n, 2), linear between the four pixels around each."""
        height, width = values.shape
        place = (points - self.origin) / self.spacing
        column = np.clip(place[:, 0], 0, width - 1.001).astype(np.float32)
        row = np.clip(place[:, 1], 0, height - 1.001).astype(np.float32)
        left, top = column.astype(np.intp), row.astype(np.intp)
        x, y = column - left, row - top
        flat, at = values.ravel(), top * width + left
        upper = flat[at] * (1 - x) + flat[at + 1] * x
        lower = flat[at + width] * (1 - x) + flat[at + width + 1] * x
        return np.asarray(upper * (1 - y) + lower * y, dtype=np.float32)

    def _pixel(self, points: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        height, width = self.inside.shape
        place = np.rint((points - self.origin) / self.spacing).astype(np.intp)
        return np.clip(place[:, 1], 0, height - 1), np.clip(place[:, 0], 0, width - 1)


def cell_grid(cell: CellShape, *, side_px: int = _SIDE_PX) -> CellGrid:
    """The maps of a cell.

    Parameters
    ----------
    cell
        From `wellspring.localization.cells.matched_cells`.
    side_px
        Pixels along the side of a square of the cell's area: a pixel is the root of the area over it, so that maps do
        not depend on the unit; distances to smooth outlines are within a tenth of a pixel.

    Raises
    ------
    ValueError
        When the cell has no area, or parts so far from each other that its box is 400 times its area.
    """
    low, high = cell.box
    first = float(max((high - low).max(), 1e-12)) / side_px
    rough = filled(cell.rings, origin=low, spacing=first, shape=_shape(low, high, first))
    area = float(rough.sum()) * first**2
    if area == 0 or np.prod(high - low) > _LARGEST_BOX * area:
        raise InputError(
            f"cell {cell.name}: expected an outline that encloses a cell, got {area:.3g} µm². Leave it out."
        )
    spacing = float(np.sqrt(area)) / side_px
    origin = low - _MARGIN_PX * spacing
    shape = _shape(origin, high + _MARGIN_PX * spacing, spacing)
    inside = filled(cell.rings, origin=origin, spacing=spacing, shape=shape)
    in_nucleus = np.zeros(shape, dtype=bool)
    for rings in cell.nuclei:
        in_nucleus |= filled(rings, origin=origin, spacing=spacing, shape=shape)
    in_nucleus &= inside
    nuclei = tuple(ring for rings in cell.nuclei for ring in rings)
    membrane = _signed(cell.rings, inside, origin=origin, spacing=spacing)
    rows, columns = np.nonzero(inside)
    points = origin + np.column_stack([columns, rows]) * spacing
    return CellGrid(
        name=cell.name,
        origin=origin,
        spacing=spacing,
        inside=inside,
        in_nucleus=in_nucleus,
        membrane=membrane,
        nucleus=-_signed(nuclei, in_nucleus, origin=origin, spacing=spacing) if in_nucleus.any() else None,
        opened=_opened(membrane, radius_um=float(np.sqrt(area / np.pi)), spacing=spacing),
        is_protrusion=inside & ~in_nucleus & ~_opening(membrane, radius_um=PROTRUSION_UM, spacing=spacing),
        centroid=points.mean(axis=0),
        nucleus_centroid=points[in_nucleus[rows, columns]].mean(axis=0) if in_nucleus.any() else np.full(2, np.nan),
        covariance=np.cov(points.T, bias=True),
    )


def _shape(low: NDArray[np.float64], high: NDArray[np.float64], spacing: float) -> tuple[int, int]:
    width, height = (int(n) for n in np.ceil((high - low) / spacing) + 1)
    return height, width


def _distance(mask: NDArray[np.bool_]) -> _Map:
    """Of each pixel of a mask to the nearest pixel outside it, px."""
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))


def _signed(
    rings: Sequence[NDArray[np.float64]], mask: NDArray[np.bool_], *, origin: NDArray[np.float64], spacing: float
) -> _Map:
    """Distance of each pixel's centre to rings, positive in the mask.

    Rings are cut into pieces of half a pixel; the distance is that to the nearest of five pieces around the one in the
    nearest pixel that has any.
    """
    starts, ends = (
        np.concatenate(one) for one in zip(*(_pieces(ring, origin, spacing) for ring in rings), strict=True)
    )
    height, width = mask.shape
    columns, rows = np.rint((starts + ends) / 2).astype(np.intp).T
    seen = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    piece = np.full(mask.shape, -1, np.intp)
    piece[rows[seen], columns[seen]] = np.flatnonzero(seen)
    is_far = (piece < 0).astype(np.uint8)
    _, label = cv2.distanceTransformWithLabels(is_far, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_label = np.zeros(int(label.max()) + 1, np.intp)
    of_label[label[is_far == 0]] = piece[is_far == 0]
    nearest = of_label[label]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    best = np.full(mask.shape, np.inf, np.float32)
    first, way = starts.astype(np.float32), (ends - starts).astype(np.float32)
    length = np.maximum((way**2).sum(axis=1), 1e-12)
    for shift in range(-2, 3):
        at = np.clip(nearest + shift, 0, len(first) - 1)
        dx, dy = x - first[at, 0], y - first[at, 1]
        part = np.clip((dx * way[at, 0] + dy * way[at, 1]) / length[at], 0, 1)
        np.minimum(best, (dx - part * way[at, 0]) ** 2 + (dy - part * way[at, 1]) ** 2, out=best)
    distance = np.sqrt(best) * np.float32(spacing)
    return np.asarray(np.where(mask, distance, -distance), dtype=np.float32)


def _pieces(
    ring: NDArray[np.float64], origin: NDArray[np.float64], spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and ends (n, 2) of pieces of about half a pixel along a ring, in pixels."""
    corners = (np.vstack([ring, ring[:1]]) - origin) / spacing
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    n = max(int(np.ceil(along[-1] / 0.5)), 8)
    at = np.linspace(0, along[-1], n + 1)
    points = np.column_stack([np.interp(at, along, corners[:, axis]) for axis in (0, 1)])
    return points[:-1], points[1:]


def _opening(membrane: _Map, *, radius_um: float, spacing: float) -> NDArray[np.bool_]:
    """Pixels within `radius_um` of those that are deeper than it, half a pixel to spare."""
    deep = membrane > radius_um
    if not deep.any():
        return np.zeros(membrane.shape, dtype=bool)
    return np.asarray(_distance(~deep) * spacing <= radius_um + spacing / 2)


def _opened(membrane: _Map, *, radius_um: float, spacing: float) -> _Map:
    kept = np.zeros(membrane.shape, dtype=np.float32)
    for radius in OPENING_RADII:
        kept[_opening(membrane, radius_um=radius * radius_um, spacing=spacing)] = radius
    return kept
