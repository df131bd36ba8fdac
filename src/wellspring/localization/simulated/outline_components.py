"""New cells of a study: principal components of the outlines of its own cells and nuclei."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import filled, is_simple, ring_area

__all__ = ["N_COMPONENTS", "OutlineComponents", "is_valid_shape", "new_shapes", "shape_of_vector", "vector_of_shape"]

_Array = NDArray[np.float64]
_N_CELL, _N_NUCLEUS = 96, 32
N_COMPONENTS = 16
_RASTER_PX = 128
_LEAST_INSIDE = 0.98
# Of the shapes drawn, at least this share is to be valid.
_LEAST_VALID = 0.05


def vector_of_shape(shape: CellShape) -> _Array:
    """(257,) vector: vertices at equal steps along both outlines, in roots of the cell's area, and log2 of the area.

    The cell's centroid is 0, its longer axis along x, its heavier end at positive x; outlines begin at the vertex
    farthest along x and run counter-clockwise. Of several parts of a nucleus the largest is used, and no hole.
    """
    cell = _at_equal_steps(max(shape.rings, key=_area), _N_CELL)
    nucleus = _at_equal_steps(max((part[0] for part in shape.nuclei), key=_area), _N_NUCLEUS)
    area = _area(cell)
    middle, root = cell.mean(axis=0), np.sqrt(area)
    cell, nucleus = (cell - middle) / root, (nucleus - middle) / root
    _, _, axes = np.linalg.svd(cell, full_matrices=False)
    turned = cell @ axes.T
    signs = np.where((turned**3).sum(axis=0) < 0, -1.0, 1.0)
    found = [_from_the_right((one @ axes.T) * signs) for one in (cell, nucleus)]
    return np.concatenate([found[0].ravel(), found[1].ravel(), [np.log2(area)]])


def shape_of_vector(vector: _Array, *, name: str = "1") -> CellShape:
    """The shape behind a vector, whether its outlines cross or not."""
    cell, nucleus = vector[: 2 * _N_CELL].reshape(-1, 2), vector[2 * _N_CELL : -1].reshape(-1, 2)
    scale = np.sqrt(2.0 ** vector[-1] / max(_area(cell), 1e-6))
    return CellShape(name, (cell * scale,), ((nucleus * scale,),))


def _area(ring: _Array) -> float:
    return abs(ring_area(ring))


def _at_equal_steps(ring: _Array, n: int) -> _Array:
    ring = ring if ring_area(ring) > 0 else ring[::-1]
    closed = np.concatenate([ring, ring[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, along[-1], n, endpoint=False)
    return np.column_stack([np.interp(at, along, closed[:, k]) for k in (0, 1)])


def _from_the_right(ring: _Array) -> _Array:
    ring = ring if ring_area(ring) > 0 else ring[::-1]
    return np.roll(ring, -int(np.argmax(ring[:, 0])), axis=0)


def is_valid_shape(shape: CellShape) -> bool:
    """Outlines that do not cross, and a nucleus of which 98 % are in its cell (on a raster of 128 px)."""
    cell, nucleus = shape.rings[0], shape.nuclei[0][0]
    if not is_simple(cell) or not is_simple(nucleus):
        return False
    points = np.concatenate([cell, nucleus])
    low, high = points.min(axis=0), points.max(axis=0)
    spacing = float((high - low).max()) / (_RASTER_PX - 5)
    core, whole = (
        filled([ring], origin=low - 2 * spacing, spacing=spacing, shape=(_RASTER_PX, _RASTER_PX))
        for ring in (nucleus, cell)
    )
    return bool((core & whole).sum() >= _LEAST_INSIDE * core.sum() > 0)


@dataclass(frozen=True)
class OutlineComponents:
    """Principal components of vectors; scores of new ones are normally distributed.

    Attributes
    ----------
    mean : (length,) float64
    components : (n, length) float64
        Of length 1, at right angles.
    spread : (n,) float64
        Standard deviation of the scores.
    """

    mean: _Array
    components: _Array
    spread: _Array

    @classmethod
    def fitted(cls, vectors: _Array, *, n: int) -> "OutlineComponents":
        """Of vectors (cells, length), two or more; fewer components where there are fewer cells."""
        mean = vectors.mean(axis=0)
        _, size, components = np.linalg.svd(vectors - mean, full_matrices=False)
        n = min(n, len(vectors) - 1)
        return cls(mean, components[:n], size[:n] / np.sqrt(len(vectors) - 1))

    def reconstructed(self, vectors: _Array) -> _Array:
        """The nearest vectors that the components hold."""
        return np.asarray(self.mean + (vectors - self.mean) @ self.components.T @ self.components)

    def drawn(self, n: int, *, rng: np.random.Generator) -> _Array:
        """(n, length) new ones."""
        scores = rng.normal(size=(n, len(self.spread))) * self.spread
        return np.asarray(self.mean + scores @ self.components)


def new_shapes(shapes: Sequence[CellShape], *, n: int, rng: np.random.Generator) -> list[CellShape]:
    """`n` valid shapes (`is_valid_shape`) from 16 components of `shapes`, which have nuclei; coordinates in their unit.

    Raises
    ------
    ValueError
        When fewer than 5 % of the shapes drawn are valid.
    """
    model = OutlineComponents.fitted(np.array([vector_of_shape(one) for one in shapes]), n=N_COMPONENTS)
    found: list[CellShape] = []
    for number in range(int(n / _LEAST_VALID)):
        shape = shape_of_vector(model.drawn(1, rng=rng)[0], name=str(number + 1))
        found += [shape] if is_valid_shape(shape) else []
        if len(found) == n:
            return found
    raise InputError(
        "localization.landscapes: components: expected outlines that do not cross, with a nucleus inside, of "
        f"{100 * _LEAST_VALID:.0f} % of new cells or more, got {len(found)} from components of {len(shapes)} cells. "
        "Set it to own, or to drawn."
    )
