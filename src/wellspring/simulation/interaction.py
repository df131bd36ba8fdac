"""Single cells whose molecules lie as told: at the membrane, at the MTOC, along a pattern that moves with time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.localization.interaction.geometry import cell_geometry
from wellspring.raw.dypfish import CellImage

__all__ = ["CellForm", "Placement", "draw_cell", "draw_image", "well_placement"]

SIZE_PX = 160
"""Side of an image."""

_RADIUS_PX = 62.0
_NUCLEUS_PX = 20.0
_PERIPHERY = 30.0
# Width of the moving pattern, in radians around the nucleus and in isolines.
_WIDTH_ANGLE, _WIDTH_DEPTH = 0.6, 22.0


@dataclass(frozen=True)
class Placement:
    """Where molecules of a well lie: each number is 0 where that is even.

    Attributes
    ----------
    periphery : float
        Excess of density up to isoline 30: 1 doubles it.
    mtoc : float
        Excess of density in the quadrant of the MTOC.
    moving : float
        Excess of density at the middle of the pattern that moves.
    phase : float
        How far the pattern has moved, radians from the direction of the MTOC; it moves inwards meanwhile.
    tilt : (2,) float
        Of the well: relative change of density per radius along y and x, the same in all its cells.
    """

    periphery: float = 0.0
    mtoc: float = 0.0
    moving: float = 0.0
    phase: float = 0.0
    tilt: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class CellForm:
    """A drawn cell: masks (Y, X) bool, height (Y, X) float32 in slices, and the MTOC's y, x."""

    cell: NDArray[np.bool_]
    nucleus: NDArray[np.bool_]
    height: NDArray[np.float32]
    mtoc: NDArray[np.float64]


def well_placement(placement: Placement, *, rng: np.random.Generator, spread: float) -> Placement:
    """The placement of one well: its strengths vary by `spread` (relative sd), and it has a tilt of its own."""
    factor = np.exp(spread * rng.normal(size=3))
    tilt = spread * rng.normal(size=2)
    return Placement(
        periphery=placement.periphery * float(factor[0]),
        mtoc=placement.mtoc * float(factor[1]),
        moving=placement.moving * float(factor[2]),
        phase=placement.phase,
        tilt=(float(tilt[0]), float(tilt[1])),
    )


def draw_cell(rng: np.random.Generator) -> CellForm:
    """A cell on a pattern that holds it upright: a rounded outline, a nucleus near its middle, a height like a dome.

    The MTOC lies just outside of the nucleus, in a direction of its own in each cell.
    """
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] - (SIZE_PX - 1) / 2
    angle, radius = np.arctan2(y, x), np.hypot(y, x)
    outline = _RADIUS_PX * np.exp(0.05 * rng.normal())
    for k in (1, 2, 3):
        outline = outline + _RADIUS_PX * 0.05 * rng.normal() * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    cell = radius <= outline
    shift = rng.normal(0, 3, size=2)
    stretch = np.exp(0.08 * rng.normal())
    nucleus = ((y - shift[0]) / stretch) ** 2 + ((x - shift[1]) * stretch) ** 2 <= _NUCLEUS_PX**2
    inside = np.clip(1 - (radius / outline) ** 2, 0, None)
    height = np.where(cell, np.maximum(12 * np.sqrt(inside), 1), 0).astype(np.float32)
    direction = rng.uniform(0, 2 * np.pi)
    mtoc = (SIZE_PX - 1) / 2 + shift + (_NUCLEUS_PX + 4) * np.array([np.sin(direction), np.cos(direction)])
    return CellForm(cell, nucleus & cell, height, mtoc)


def draw_image(
    form: CellForm, placement: Placement, *, name: str, is_mrna: bool, n_molecules: float, rng: np.random.Generator
) -> CellImage:
    """An image of a cell: `n_molecules` (mean of a Poisson law) as points, or as intensity with speckle and noise."""
    density = _density(form, placement)
    if is_mrna:
        spots = _points(density, form.height, n=int(rng.poisson(n_molecules)), rng=rng)
        return CellImage(name, form.cell, form.nucleus, spots=spots, height=form.height, mtoc=form.mtoc)
    speckle = ndimage.gaussian_filter(rng.gamma(2.0, 0.5, size=density.shape), 1.5)
    light = ndimage.gaussian_filter(density * speckle, 1.0)
    light = light / light.sum() * 200 * n_molecules
    intensity = np.where(form.cell, rng.poisson(light), 0).astype(np.float32)
    return CellImage(name, form.cell, form.nucleus, intensity=intensity, height=form.height, mtoc=form.mtoc)


def _density(form: CellForm, placement: Placement) -> NDArray[np.float64]:
    """Molecules per pixel, up to a factor: the height, times what the placement adds; 0 in the nucleus."""
    geometry = cell_geometry(form.cell.astype(np.int32), form.nucleus)
    centre = geometry.nucleus_centroids[1]
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX]
    depth = np.nan_to_num(geometry.isoline, nan=0.0).astype(np.float64)
    towards = np.arctan2(form.mtoc[0] - centre[0], form.mtoc[1] - centre[1])
    turn = _turn(np.arctan2(y - centre[0], x - centre[1]) - towards)
    added = placement.periphery * (depth < _PERIPHERY) + placement.mtoc * (np.abs(turn) < np.pi / 4)
    middle = 15.0 + 70.0 * placement.phase / np.pi
    pattern = np.exp(
        -0.5 * (_turn(turn - placement.phase) / _WIDTH_ANGLE) ** 2 - 0.5 * ((depth - middle) / _WIDTH_DEPTH) ** 2
    )
    tilted = 1 + placement.tilt[0] * (y - centre[0]) / _RADIUS_PX + placement.tilt[1] * (x - centre[1]) / _RADIUS_PX
    density = form.height * (1 + added + placement.moving * pattern) * np.maximum(tilted, 0.05)
    return np.where(geometry.cytoplasm > 0, density, 0.0)


def _turn(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same angle from -pi to pi."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _points(
    density: NDArray[np.float64], height: NDArray[np.float32], *, n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(n, 3) z, y, x: pixels by density, evenly inside a pixel and over its height."""
    total = np.cumsum(density.ravel())
    chosen = np.searchsorted(total, rng.random(n) * total[-1], side="right")
    rows, columns = np.divmod(np.minimum(chosen, density.size - 1), density.shape[1])
    z = rng.random(n) * height[rows, columns]
    return np.column_stack([z, rows + rng.random(n) - 0.5, columns + rng.random(n) - 0.5])
