"""Cell landscapes in three dimensions: drawn outlines with extensions, a nucleus, and how thick the cell is where."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from wellspring.localization.cells import CellShape
from wellspring.localization.grids import CellGrid, cell_grid
from wellspring.localization.polygons import filled, mask_rings, ring_area

__all__ = ["Landscape", "Thickness", "drawn_nucleus", "drawn_shape", "landscape_of", "random_thickness"]

_Rings = tuple[NDArray[np.float64], ...]
_DRAWN_PX = 160
_SIDE_PX = 56
_PLANES = 12


@dataclass(frozen=True)
class Thickness:
    """How thick a cell is over its area.

    Attributes
    ----------
    highest_um : float
    flatness : float
        Thickness at the membrane over that in the middle, 0 to 1; at 1 the cell is a slab.
    exponent : float
        Thickness grows with the distance to the membrane to this power.
    bump : float
        By which share the cell is thicker in the middle of the nucleus.
    nucleus_share : float
        Thickness of the nucleus in its middle over that of the cell, 0 to 1.
    is_column : bool
        The nucleus reaches through the cell: its projection is free of cytoplasm.
    """

    highest_um: float = 6.0
    flatness: float = 0.2
    exponent: float = 0.5
    bump: float = 0.3
    nucleus_share: float = 0.85
    is_column: bool = False


@dataclass(frozen=True)
class Landscape:
    """Voxels of a cell; all per-voxel arrays are (n_voxels,), and lengths in µm.

    Attributes
    ----------
    shape : CellShape
        Outlines in µm.
    places : (n_voxels, 3) float64
        x, y, z of the centres of the voxels.
    voxel : (3,) float64
        Their sides along x, y, z.
    column : (n_voxels,) int
        Number of the pixel under each voxel.
    in_nucleus : bool
    membrane, nucleus : float64
        Distance in the plane to the outline of the cell (positive inside) and of the nucleus (positive outside).
    opened : float32
        As `wellspring.localization.grids.CellGrid.opened`, of the pixel under the voxel.
    surface, envelope : float64
        Distance in space to the surface of the cell, and to that of the nucleus (positive, on either side).
    grid : CellGrid
        The cell in the plane.
    height_um : float
        From the bottom to the highest place.
    """

    shape: CellShape
    places: NDArray[np.float64]
    voxel: NDArray[np.float64]
    column: NDArray[np.intp]
    in_nucleus: NDArray[np.bool_]
    membrane: NDArray[np.float64]
    nucleus: NDArray[np.float64]
    opened: NDArray[np.float32]
    surface: NDArray[np.float64]
    envelope: NDArray[np.float64]
    grid: CellGrid
    height_um: float

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether points (n, 2 or 3) are inside the outline of the cell, seen from above."""
        return np.asarray(self.grid.between(self.grid.membrane, points[:, :2]) > 0)


def random_thickness(rng: np.random.Generator) -> Thickness:
    """A thickness as varied as cells are: flat, domed, with and without a bulge over the nucleus."""
    is_slab = rng.random() < 0.2
    return Thickness(
        highest_um=float(rng.uniform(3, 10)),
        flatness=float(1.0 if is_slab else rng.uniform(0.05, 0.6)),
        exponent=float(rng.uniform(0.3, 1.2)),
        bump=float(0.0 if is_slab else rng.uniform(0, 1)),
        nucleus_share=float(rng.uniform(0.6, 1)),
        is_column=bool(rng.random() < 0.35),
    )


def drawn_shape(rng: np.random.Generator, *, area_um2: float | None = None, name: str = "1") -> CellShape:
    """An outline with up to four extensions and a nucleus inside it.

    The body is an ellipse whose radius waves with the angle; extensions are tapering, bent arms; the nucleus is a
    waving ellipse near the place farthest from the membrane. Drawn on a raster, joined, and traced.

    Parameters
    ----------
    area_um2
        Of the cell; None: 150 to 2,500, uniform in its logarithm.
    """
    area = float(np.exp(rng.uniform(np.log(150), np.log(2500)))) if area_um2 is None else area_um2
    body = _waving(rng, radius=_DRAWN_PX / 5, aspect=rng.uniform(1, 2.4), amplitude=rng.uniform(0, 0.14))
    turn = rng.uniform(0, 2 * np.pi)
    turned = body @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    size = 2 * _DRAWN_PX
    mask = filled([turned + size / 2], origin=np.zeros(2), spacing=1.0, shape=(size, size))
    for angle in rng.uniform(0, 2 * np.pi, int(rng.choice(5, p=[0.35, 0.25, 0.2, 0.12, 0.08]))):
        mask |= _arm(rng, angle=float(angle), size=size)
    smooth = gaussian_filter(mask.astype(np.float32), 1.5) > 0.5
    rings = mask_rings(smooth)
    outline = max(rings, key=_abs_area)[::2]
    nucleus = drawn_nucleus(rng, filled([outline], origin=np.zeros(2), spacing=1.0, shape=(size, size)))
    scale = np.sqrt(area / _abs_area(outline))
    centre = outline.mean(axis=0)
    return CellShape(name, ((outline - centre) * scale,), (((nucleus - centre) * scale,),))


def _abs_area(ring: NDArray[np.float64]) -> float:
    return abs(ring_area(ring))


def _waving(rng: np.random.Generator, *, radius: float, aspect: float, amplitude: float) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    waves = sum(rng.normal(0, amplitude / k**0.8) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in range(2, 8))
    length = radius * np.maximum(1 + waves, 0.3)
    return np.asarray(
        np.column_stack([length * np.cos(angle) * np.sqrt(aspect), length * np.sin(angle) / np.sqrt(aspect)])
    )


def _arm(rng: np.random.Generator, *, angle: float, size: int) -> NDArray[np.bool_]:
    reach = _DRAWN_PX / 5 * rng.uniform(1.4, 2.9)
    width = _DRAWN_PX / 5 * rng.uniform(0.12, 0.4)
    along = np.linspace(0, 1, 24)
    bent = angle + along**2 * rng.normal(0, 0.35)
    path = size / 2 + (reach * along)[:, None] * np.column_stack([np.cos(bent), np.sin(bent)])
    half = width * (1 - along * rng.uniform(0.3, 0.8))
    image = np.zeros((size, size), dtype=np.uint8)
    for (x, y), radius in zip(path, half, strict=True):
        cv2.circle(image, (round(float(x)), round(float(y))), max(round(float(radius)), 1), 1, -1)
    return image.astype(bool)


def drawn_nucleus(rng: np.random.Generator, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A nucleus near the place of a cell that is farthest from its membrane, of 10 to 40 % of its area if that fits.

    Parameters
    ----------
    inside : (Y, X) bool
        The cell.

    Returns
    -------
    (n, 2) float64
        x, y in pixels.
    """
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    deepest = float(depth.max())
    radius = min(np.sqrt(rng.uniform(0.1, 0.4) * inside.sum() / np.pi), deepest * 1.05)
    ring = _waving(rng, radius=radius, aspect=rng.uniform(1, 1.6), amplitude=0.04)
    turn = rng.uniform(0, 2 * np.pi)
    ring = ring @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    shift = rng.normal(0, 0.25, 2) * max(deepest - radius, 0.1 * deepest)
    wanted = filled([ring + np.array([column, row]) + shift], origin=np.zeros(2), spacing=1.0, shape=inside.shape)
    kept = wanted & (depth > 0.06 * deepest)
    if not kept.any():
        kept = depth > 0.6 * deepest
    return np.asarray(max(mask_rings(kept), key=_abs_area)[::2])


def landscape_of(shape: CellShape, *, thickness: Thickness) -> Landscape:
    """The voxels of a cell whose outlines are known and whose thickness is assumed.

    The bottom is flat; the top is as `thickness` says, and the nucleus is in the middle of the height. A voxel's
    sides are the root of the area over 56 in the plane, and the greatest height over 12.

    Parameters
    ----------
    shape
        With or without a nucleus: without one no voxel is in it, and `nucleus` and `envelope` are infinite.
    """
    grid = cell_grid(replace(shape), side_px=_SIDE_PX)
    inside, membrane = grid.inside, grid.membrane
    depth = np.clip(membrane / max(float(membrane.max()), 1e-9), 0, 1)
    height = thickness.flatness + (1 - thickness.flatness) * depth**thickness.exponent
    nucleus = np.full(inside.shape, np.inf) if grid.nucleus is None else grid.nucleus.astype(np.float64)
    core = (
        np.clip(-nucleus / max(-float(nucleus.min()), 1e-9), 0, 1)
        if grid.nucleus is not None
        else np.zeros(inside.shape)
    )
    dome = np.sqrt(1 - (1 - core) ** 2)
    height = height * (1 + thickness.bump * gaussian_filter(dome, 3))
    height *= thickness.highest_um / max(float(height[inside].max()), 1e-9)
    of_nucleus = np.where(grid.in_nucleus, height * (1.0 if thickness.is_column else thickness.nucleus_share * dome), 0)
    step = thickness.highest_um / _PLANES
    z = (np.arange(_PLANES) + 0.5) * step
    solid = inside[None] & (z[:, None, None] < np.maximum(height, 1.01 * step / 2)[None])
    kernel = grid.in_nucleus[None] & (np.abs(z[:, None, None] - height[None] / 2) <= of_nucleus[None] / 2) & solid
    sampling = (step, grid.spacing, grid.spacing)
    surface = distance_transform_edt(np.pad(solid, 1), sampling=sampling)[1:-1, 1:-1, 1:-1] - step / 2
    envelope = np.full(solid.shape, np.inf)
    if kernel.any():
        inner, outer = (distance_transform_edt(one, sampling=sampling) for one in (kernel, ~kernel))
        envelope = np.where(kernel, inner, outer) - grid.spacing / 2
    planes, rows, columns = np.nonzero(solid)
    number = np.full(inside.shape, -1, np.intp)
    number[inside] = np.arange(int(inside.sum()))
    return Landscape(
        shape=shape,
        places=np.column_stack([grid.origin + np.column_stack([columns, rows]) * grid.spacing, z[planes]]),
        voxel=np.array([grid.spacing, grid.spacing, step]),
        column=number[rows, columns],
        in_nucleus=kernel[planes, rows, columns],
        membrane=membrane[rows, columns].astype(np.float64),
        nucleus=nucleus[rows, columns],
        opened=grid.opened[rows, columns],
        surface=np.maximum(surface[planes, rows, columns], 0),
        envelope=np.maximum(envelope[planes, rows, columns], 0),
        grid=grid,
        height_um=thickness.highest_um,
    )
