"""Patterns by the rules of another simulator (sim-fish: bands of 2 px, densities by squared distances, foci of 5 to
20).

Written from its published rules, on its own raster, for a test of a classifier that was trained on ours. What the
rules leave open, as the height of cells and the sector of ``polarized``, is chosen here once.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.localization.cells import CellShape
from wellspring.localization.features import grouped, measure
from wellspring.localization.grids import cell_grid
from wellspring.localization.polygons import filled, ring_area
from wellspring.localization.reference import reference_of

__all__ = ["OtherCell", "other_examples", "real_shapes"]

_Array = NDArray[np.float64]
_PX = 0.103


def _distance(mask: NDArray[np.bool_]) -> _Array:
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5), dtype=np.float64)


class OtherCell:
    """One cell in pixels of 0.103 µm with an assumed height."""

    def __init__(self, shape: CellShape, *, rng: np.random.Generator) -> None:
        low, high = shape.box
        self.origin = low - 3 * _PX
        width, height = (int(n) for n in np.ceil((high - low) / _PX) + 7)
        self.cell = filled(shape.rings, origin=self.origin, spacing=_PX, shape=(height, width))
        self.nucleus = self.cell & filled(shape.nuclei[0], origin=self.origin, spacing=_PX, shape=(height, width))
        self.from_membrane, self.in_nucleus = _distance(self.cell), _distance(self.nucleus)
        self.from_nucleus = _distance(~self.nucleus)
        depth = (self.from_membrane / self.from_membrane.max()) ** 0.6
        core = np.minimum(self.in_nucleus / max(self.in_nucleus.max(), 1) * 2, 1)
        self.height = np.where(self.cell, (0.1 + 0.5 * depth) * (1 + 0.9 * core), 0)
        self.nuclear = np.where(self.nucleus, 0.9 * self.height * np.minimum(1.5 * core, 1), 0)
        reach = int(3 / _PX)
        opened = _distance(~(self.from_membrane > reach)) <= reach
        self.protrusion = self.cell & ~self.nucleus & ~opened
        self.rng = rng

    def _at(self, weights: _Array, n: int) -> _Array:
        cumulative = np.cumsum(weights.ravel())
        found = np.searchsorted(cumulative, self.rng.random(n) * cumulative[-1], side="right")
        rows, columns = np.unravel_index(np.minimum(found, weights.size - 1), weights.shape)
        return np.column_stack([columns, rows]).astype(np.float64)

    def _weights(self, pattern: str) -> _Array:
        outside = self.height - self.nuclear
        if pattern == "polarized":
            rows, columns = np.indices(self.cell.shape)
            y, x = np.argwhere(self.nucleus).mean(axis=0)
            away = np.arctan2(rows - y, columns - x) - self.rng.uniform(-np.pi, np.pi)
            return np.asarray(self.height * (np.abs((away + np.pi) % (2 * np.pi) - np.pi) < np.pi / 6))
        near_nucleus = np.where(self.nucleus, self.in_nucleus, self.from_nucleus) <= 2
        found = {
            "random": self.height,
            "intranuclear": self.nuclear,
            "extranuclear": outside,
            "nuclear_edge": near_nucleus & self.cell,
            "cell_edge": self.cell & (self.from_membrane <= 2),
            "cell_extension": self.protrusion,
            "perinuclear": outside * self.from_membrane**2,
            "pericellular": outside * self.from_nucleus**2,
        }
        return np.asarray(found[pattern], dtype=np.float64)

    def draw(self, pattern: str, *, n: int, share: float) -> _Array:
        """(n, 2) x, y in µm, on pixels."""
        n_own = int(n * share)
        if pattern == "foci":
            size = int(self.rng.integers(5, 21)) if n >= 40 else int(self.rng.integers(3, 9))
            parts = []
            for _ in range(max(n_own // size, 1)):
                centre = self._at(self.height - self.nuclear, 1)
                parts.append(centre + self.rng.normal(0, 0.2 * size / np.sqrt(2), (min(size, n), 2)))
            own = np.concatenate(parts)[:n]
        else:
            own = self._at(self._weights(pattern), n_own)
        return np.asarray(self.origin + np.rint(np.concatenate([own, self._at(self.height, n - len(own))])) * _PX)


def real_shapes(data: Path) -> list[CellShape]:
    """The U2-OS cells of bento_transcripts whose nucleus is known, scaled to areas of 400 to 1,600 µm²."""
    import h5py

    with h5py.File(data / "bento_transcripts/dev/merfish_U2OS_15cells.h5ad") as file:
        found = []
        for name in ("cell_shape", "nucleus_shape"):
            values, names = file["obs"][name][:], file["obs"].get("__categories", {})
            found.append(names[name][:][values] if name in names else values)
    shapes = []
    for number, texts in enumerate(zip(*found, strict=True)):
        cell, nucleus = (_ring(text) for text in texts)
        scale = np.sqrt(800 / abs(ring_area(cell))) * np.random.default_rng(number).uniform(0.7, 1.4)
        middle = cell.mean(axis=0)
        shapes.append(CellShape(str(number), ((cell - middle) * scale,), (((nucleus - middle) * scale,),)))
    return shapes


def _ring(text: bytes) -> _Array:
    inner = text.decode().split("((")[1].split(")")[0]
    return np.array([[float(value) for value in pair.split()[:2]] for pair in inner.split(",")])


def other_examples(
    patterns: Sequence[str],
    shapes: Sequence[CellShape],
    *,
    molecules: tuple[int, int],
    n_draws: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Effects and truth (pattern, n_molecules) of examples with 60 to 100 % of their molecules in the pattern.

    ``cell_extension`` is drawn in cells whose extensions are 2 % of their area or more, as in that simulator's
    templates.
    """
    rng = np.random.default_rng(seed)
    effects, truth = [], []
    for shape in shapes:
        cell, grid = OtherCell(shape, rng=rng), cell_grid(shape)
        points, rows = [], []
        for pattern, spots in _draws(cell, patterns, molecules=molecules, n_draws=n_draws, rng=rng):
            own = spots[grid.between(grid.membrane, spots) > -grid.spacing]
            if len(own):
                points.append(own)
                rows.append((pattern, len(own)))
        groups = grouped(np.repeat(np.arange(len(points)), [len(one) for one in points]))
        found = measure(grid, reference_of(grid), np.concatenate(points), groups)
        effects.append(pd.DataFrame(dict(found.effects)).astype(np.float32))
        truth.append(pd.DataFrame(rows, columns=["pattern", "n_molecules"]))
    return pd.concat(effects, ignore_index=True), pd.concat(truth, ignore_index=True)


def _draws(
    cell: OtherCell,
    patterns: Sequence[str],
    *,
    molecules: tuple[int, int],
    n_draws: int,
    rng: np.random.Generator,
) -> Iterator[tuple[str, _Array]]:
    low, high = molecules
    for pattern in patterns:
        if pattern == "cell_extension" and cell.protrusion.sum() < 0.02 * cell.cell.sum():
            continue
        for _ in range(n_draws):
            n = int(np.exp(rng.uniform(np.log(low), np.log(high + 1))))
            yield pattern, cell.draw(pattern, n=n, share=float(rng.uniform(0.6, 1)))
