"""Geometry of cells against ray casting, H* of a cell, and p-values over wells against p-values over cells.

Ray casting is the usual way: 360 rays from the nucleus, a hundred contours, each filled as a polygon.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.table import Row
from wellspring.localization.interaction.clustering import clustering_of_points
from wellspring.localization.interaction.geometry import cell_geometry, ray_isolines
from wellspring.localization.interaction.inference import difference_of_wells, rotation_p_value

T = TypeVar("T")

SIZE_PX, N_CELLS, N_RAYS, N_CONTOURS = 512, 4, 360, 100
N_POINTS, N_SIMULATIONS, N_STUDIES = 1000, 20, 400
MOST_SECONDS, LEAST_RATIO, LEVEL = 0.1, 10.0, 0.05


def run() -> list[Row]:
    """Time `N_CELLS` cells each way, H* of one cell, and draw studies in which nothing is there."""
    return [*_geometry(), _clustering(), *_null()]


def _geometry() -> list[Row]:
    rng = np.random.default_rng(1)
    cells = [_cell(rng) for _ in range(N_CELLS)]
    cast, rays = _timed(lambda: [_cast(*one) for one in cells])
    taken, _ = _timed(lambda: [cell_geometry(cell.astype(np.int32), nucleus) for cell, nucleus in cells])
    along, found = _timed(lambda: [ray_isolines(cell.astype(np.int32), nucleus) for cell, nucleus in cells])
    # The contours are numbered 1 to 100, isolines run from 0 to 100.
    known = [(one - 0.5)[one > 0] - other[one > 0] for one, other in zip(rays, found, strict=True)]
    off = float(np.abs(np.concatenate(known)).mean())
    per_cell = f"ray casting, {1000 * cast / N_CELLS:.0f} ms a cell"
    name = f"isolines of cells of {SIZE_PX} x {SIZE_PX} px"
    return [
        Row("interaction", f"{name}, distances", 1000 * taken / N_CELLS, "ms", per_cell, cast / taken, ">= 10 x",
            cast / taken >= LEAST_RATIO),
        Row("interaction", f"{name}, along rays", 1000 * along / N_CELLS, "ms", per_cell, cast / along, "", None),
        Row("interaction", "isolines along rays: mean difference", off, "% of the way", "ray casting", None, "< 1",
            off < 1),
    ]  # fmt: skip


def _clustering() -> Row:
    rng = np.random.default_rng(2)
    cell, _ = _cell(rng)
    positions = np.argwhere(cell).astype(np.float64)
    points = positions[rng.integers(len(positions), size=N_POINTS)]
    measured = partial(clustering_of_points, points, positions, n_radii=100, n_simulations=N_SIMULATIONS)
    seconds = min(_timed(lambda: measured(rng=np.random.default_rng(3)))[0] for _ in range(3))
    name = f"H* of {N_POINTS:,} molecules, {N_SIMULATIONS} simulations"
    return Row("interaction", name, seconds, "s", "", None, f"< {MOST_SECONDS} s", seconds < MOST_SECONDS)


def _null() -> list[Row]:
    """Share of p-values below 0.05 where nothing is there, but wells differ more than their cells."""
    rng = np.random.default_rng(4)
    kinds: dict[str, list[float]] = {"wells": [], "cells": [], "turned wells": [], "turned cells": []}
    for number in range(N_STUDIES):
        draws = [[_well(rng) for _ in range(3)] for _ in range(2)]
        medians = [[np.median(one, axis=1) for one in side] for side in draws]
        cells = [[one.ravel() for one in side] for side in draws]
        kinds["wells"].append(difference_of_wells(medians[0], medians[1], n_permutations=199, seed=number).p_value)
        kinds["cells"].append(difference_of_wells(cells[0], cells[1], n_permutations=199, seed=number).p_value)
        rings = [_ring(rng) for _ in range(4)]
        kinds["turned wells"].append(rotation_p_value(rings, n_permutations=199, seed=number))
        single = [row[None] for ring in rings for row in ring]
        kinds["turned cells"].append(rotation_p_value(single, n_permutations=199, seed=number))
    rows = []
    for name, p_values in kinds.items():
        share = 100 * float((np.array(p_values) < LEVEL).mean())
        is_ours = "wells" in name
        target, is_met = ("3 to 7 %", 3 <= share <= 7) if is_ours else ("", None)
        rows.append(Row("interaction", f"p below 0.05 of nothing, {name}", share, "%", "", None, target, is_met))
    return rows


def _well(rng: np.random.Generator) -> NDArray[np.float64]:
    """Three wells of 15 cells."""
    return rng.normal(size=(3, 1)) + 0.5 * rng.normal(size=(3, 15))


def _ring(rng: np.random.Generator) -> NDArray[np.float64]:
    """Quadrants of 15 cells of a well that is dense on one side, whichever that is."""
    return 1 + np.roll([0.6, 0.1, -0.2, -0.5], rng.integers(4)) + 0.3 * rng.normal(size=(15, 4))


def _cell(rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """A convex cell: an ellipse with a round nucleus off its middle."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] - SIZE_PX / 2
    a, b = rng.uniform(150, 230, size=2)
    radius, shift = rng.uniform(40, 70), rng.uniform(-30, 30, size=2)
    return (y / a) ** 2 + (x / b) ** 2 <= 1, (y - shift[0]) ** 2 + (x - shift[1]) ** 2 <= radius**2


def _cast(cell: NDArray[np.bool_], nucleus: NDArray[np.bool_]) -> NDArray[np.int64]:
    from skimage.draw import polygon

    rows, columns = np.nonzero(nucleus)
    centre, cytoplasm = np.array([rows.mean(), columns.mean()]), cell & ~nucleus
    angles, steps = np.deg2rad(np.arange(N_RAYS)), np.arange(SIZE_PX)
    edges = np.zeros((N_RAYS, 2))
    for number, angle in enumerate(angles):
        y, x = (np.rint(c + steps * f).astype(int) for c, f in zip(centre, (np.sin(angle), np.cos(angle)), strict=True))
        inside = (y >= 0) & (y < SIZE_PX) & (x >= 0) & (x < SIZE_PX)
        y, x, at = y[inside], x[inside], steps[inside]
        edges[number] = at[nucleus[y, x]].max(), at[cytoplasm[y, x]].max()
    result = cytoplasm.astype(np.int64)
    for contour in range(1, N_CONTOURS):
        radius = edges[:, 0] + (edges[:, 1] - edges[:, 0]) * (N_CONTOURS - contour) / N_CONTOURS
        y, x = polygon(centre[0] + radius * np.sin(angles), centre[1] + radius * np.cos(angles), shape=cell.shape)
        own = cytoplasm[y, x]
        result[y[own], x[own]] = contour + 1
    return result


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    begin = time.process_time()
    result = function()
    return time.process_time() - begin, result
