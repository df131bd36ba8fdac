"""Nuclei of varying size and shape on a mosaic, none over another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.simulation.settings import PlateSettings

__all__ = ["PHASES", "Nuclei", "draw_nuclei"]

PHASES = ("G1", "S", "G2", "M")
# Diameter and DNA content relative to a G1 nucleus.
_PHASE_DIAMETER = np.array([1.0, 1.06, 1.14, 0.9])
# Share of a block that a nucleus of mean size spans; the rest is room for larger ones and for a shifted centre.
_FILLING = 0.68
_HARMONICS = (2, 3, 4)


@dataclass(frozen=True)
class Nuclei:
    """The nuclei of one well.

    Attributes
    ----------
    shape : (int, int)
        Height and width of the mosaic, px.
    y, x : (n_px,) int32
        Pixels of all nuclei in raster order.
    nucleus : (n_px,) int32
        Which nucleus (row of `cells`) each pixel belongs to.
    depth : (n_px,) float32
        Distance from the nucleus' centre as a share of its radius in that direction, 0 to 1.
    cells : DataFrame
        One row per nucleus: phase, is_border, is_polynucleated, n_px, centre_y, centre_x (px).
    """

    shape: tuple[int, int]
    y: NDArray[np.int32]
    x: NDArray[np.int32]
    nucleus: NDArray[np.int32]
    depth: NDArray[np.float32]
    cells: pd.DataFrame


def draw_nuclei(n_cells: int, *, settings: PlateSettings, rng: np.random.Generator) -> Nuclei:
    """Draw `n_cells` nuclei, one in each square block of a mosaic. No nuclei make an empty mosaic of one block.

    The outline is a low-order Fourier series of the angle; a polynucleated cell is the union of two such lobes. A
    border nucleus is pushed over the mosaic's edge and cut there.
    """
    block = int(np.ceil(settings.diameter_px / _FILLING))
    columns = max(int(np.ceil(np.sqrt(n_cells))), 1)
    rows = max(int(np.ceil(n_cells / columns)), 1)
    cells = _cells(n_cells, rows=rows, columns=columns, settings=settings, rng=rng)
    diameter = _diameters(cells, settings=settings, block=block, rng=rng)
    centre = _centres(cells, diameter=diameter, block=block, columns=columns, rng=rng)
    lobes = _lobes(cells, diameter=diameter, rng=rng)
    place, nucleus, depth = _rasterise(lobes, centre=centre, block=block, columns=columns)
    y, x = np.divmod(place, columns * block)
    cells["n_px"] = np.bincount(nucleus, minlength=n_cells)
    cells["centre_y"], cells["centre_x"] = centre[:, 0], centre[:, 1]
    shape = (rows * block, columns * block)
    touches = (y == 0) | (x == 0) | (y == shape[0] - 1) | (x == shape[1] - 1)
    cells["is_border"] = np.bincount(nucleus[touches], minlength=n_cells) > 0
    return Nuclei(shape, y.astype(np.int32), x.astype(np.int32), nucleus, depth, cells.drop(columns="edge"))


def _cells(n_cells: int, *, rows: int, columns: int, settings: PlateSettings, rng: np.random.Generator) -> pd.DataFrame:
    phase = rng.choice(3, size=n_cells, p=np.asarray(settings.phase_fractions) / sum(settings.phase_fractions))
    phase[rng.random(n_cells) < settings.mitotic_fraction] = 3
    number = np.arange(n_cells)
    row, column = number // columns, number % columns
    # 1 top, 2 left, 3 right; the last row may be half filled, so nothing is cut at the bottom.
    edge = np.select([row == 0, column == 0, column == columns - 1], [1, 2, 3], default=0)
    at_edge = np.flatnonzero(edge)
    n_border = min(int(np.ceil(settings.border_fraction * n_cells)), max(len(at_edge) - 1, 0))
    kept = np.zeros(n_cells, dtype=np.int64)
    chosen = rng.permutation(at_edge)[:n_border]
    kept[chosen] = edge[chosen]
    return pd.DataFrame(
        {
            "phase": np.asarray(PHASES)[phase],
            "is_polynucleated": rng.random(n_cells) < settings.polynucleated_fraction,
            "edge": kept,
        }
    )


def _diameters(
    cells: pd.DataFrame, *, settings: PlateSettings, block: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    phase = pd.Index(PHASES).get_indexer(cells["phase"])
    relative = 1 + settings.diameter_sd * np.clip(rng.standard_normal(len(cells)), -2.5, 2.5)
    diameter = settings.diameter_px * _PHASE_DIAMETER[phase] * relative
    # The outline bulges by up to a tenth; two pixels stay free between neighbours.
    return np.asarray(np.minimum(diameter, (block - 3) / 1.12), dtype=np.float64)


def _centres(
    cells: pd.DataFrame, *, diameter: NDArray[np.float64], block: int, columns: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    number = np.arange(len(cells))
    corner = np.stack([number // columns, number % columns], axis=1) * float(block)
    room = np.maximum(block / 2 - 1.5 - 1.12 * diameter / 2, 0)[:, None]
    inside = block / 2 - 0.5 + room * rng.uniform(-1, 1, size=(len(cells), 2))
    cut = rng.uniform(-0.1, 0.3, size=len(cells)) * diameter
    edge = cells["edge"].to_numpy()
    inside[edge == 1, 0] = cut[edge == 1]
    inside[edge == 2, 1] = cut[edge == 2]
    inside[edge == 3, 1] = block - 1 - cut[edge == 3]
    return corner + inside


@dataclass(frozen=True)
class _Lobes:
    """Outlines, two per nucleus (the second of radius 0 where there is one): offset, radius, Fourier amplitudes."""

    offset: NDArray[np.float32]
    radius: NDArray[np.float32]
    amplitude: NDArray[np.complex64]


def _lobes(cells: pd.DataFrame, *, diameter: NDArray[np.float64], rng: np.random.Generator) -> _Lobes:
    n_cells = len(cells)
    two = cells["is_polynucleated"].to_numpy()
    radius = np.stack([np.where(two, 0.32, 0.5) * diameter, np.where(two, 0.30, 0.0) * diameter], axis=1)
    angle = rng.uniform(0, 2 * np.pi, size=n_cells)
    along = np.where(two, 0.2, 0.0) * diameter
    first = np.stack([np.sin(angle), np.cos(angle)], axis=1) * along[:, None]
    size = np.array([0.05, 0.025, 0.015]) * rng.uniform(0.2, 1.0, size=(n_cells, 2, 3))
    phase = rng.uniform(0, 2 * np.pi, size=(n_cells, 2, 3))
    return _Lobes(
        offset=np.stack([first, -first], axis=1).astype(np.float32),
        radius=radius.astype(np.float32),
        amplitude=(size * np.exp(1j * phase)).astype(np.complex64),
    )


def _rasterise(
    lobes: _Lobes, *, centre: NDArray[np.float64], block: int, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Flat place, nucleus and depth of every nucleus pixel, in raster order; each nucleus lies in its own block."""
    n_cells = len(centre)
    grid = np.arange(block, dtype=np.float32)
    places, nuclei, depths = [], [], []
    for number in range(n_cells):
        top, left = (number // columns) * block, (number % columns) * block
        dy = (grid + np.float32(top - centre[number, 0]))[:, None]
        dx = (grid + np.float32(left - centre[number, 1]))[None, :]
        depth = _depth(dy, dx, lobes=lobes, number=number)
        rows, columns_in = np.nonzero(depth <= 1)
        places.append((rows + top) * (columns * block) + columns_in + left)
        nuclei.append(np.full(len(rows), number, dtype=np.int32))
        depths.append(depth[rows, columns_in])
    if not places:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable")
    return place[order], np.concatenate(nuclei)[order], np.concatenate(depths)[order]


def _depth(dy: NDArray[np.float32], dx: NDArray[np.float32], *, lobes: _Lobes, number: int) -> NDArray[np.float32]:
    nearest = np.full(np.broadcast_shapes(dy.shape, dx.shape), np.inf, dtype=np.float32)
    for lobe in range(2 if lobes.radius[number, 1] > 0 else 1):
        along_y, along_x = dy - lobes.offset[number, lobe, 0], dx - lobes.offset[number, lobe, 1]
        distance = np.hypot(along_y, along_x)
        turn = (along_x + 1j * along_y) / np.maximum(distance, np.float32(1e-6))
        outline = np.ones_like(distance)
        for k, amplitude in zip(_HARMONICS, lobes.amplitude[number, lobe], strict=True):
            outline += (amplitude * turn**k).real
        nearest = np.minimum(nearest, distance / (lobes.radius[number, lobe] * outline))
    return nearest
