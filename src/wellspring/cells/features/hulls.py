"""Convex hulls of all objects at once, by rows: the ends of each row, less those that the others enclose."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.objects import Objects

__all__ = ["Hulls", "convex_areas", "hulls_of", "largest_diameters"]

_Ints = NDArray[np.int64]
# A pixel's centre on the hull counts, whatever the rounding of the line.
_ROUNDING = 1e-7


@dataclass(frozen=True)
class Hulls:
    """The hulls of the middles of the pixels' edges: the left and the right side of each object, from the top down."""

    left: "_Chain"
    right: "_Chain"


@dataclass(frozen=True)
class _Chain:
    """Index of the object and y and x of each vertex, in half pixels (twice the coordinates), so all are integers."""

    owner: _Ints
    y: _Ints
    x: _Ints


def hulls_of(objects: Objects) -> Hulls:
    """The left and the right side of the hull of each object, vertices from the top down."""
    if not len(objects):
        none = np.zeros(0, dtype=np.int64)
        return Hulls(_Chain(none, none, none), _Chain(none, none, none))
    y, x, owner = (values.astype(np.int64) for values in (objects.y, objects.x, objects.owner))
    is_first = np.ones(len(y), dtype=bool)
    is_first[1:] = (owner[1:] != owner[:-1]) | (y[1:] != y[:-1])
    is_last = np.append(is_first[1:], True)
    rows = owner[is_first], y[is_first]
    # The right side is the left one of the mirrored object.
    right = _chain(*rows, -x[is_last])
    return Hulls(_chain(*rows, x[is_first]), _Chain(right.owner, right.y, -right.x))


def _chain(owner: _Ints, y: _Ints, x: _Ints) -> _Chain:
    """The left side, from the first pixel of each row."""
    # Middles of the upper, left and lower edge; of two in one height, the left one counts.
    owner = np.repeat(owner, 3)
    height = np.stack([2 * y - 1, 2 * y, 2 * y + 1], axis=1).ravel()
    side = np.stack([2 * x, 2 * x - 1, 2 * x], axis=1).ravel()
    is_new = np.ones(len(owner), dtype=bool)
    is_new[1:] = (owner[1:] != owner[:-1]) | (height[1:] != height[:-1])
    first = np.flatnonzero(is_new)
    owner, height, side = owner[first], height[first], np.minimum.reduceat(side, first)
    while True:
        is_inner = np.zeros(len(owner), dtype=bool)
        # A point right of the line between its neighbours is none of the hull. All such points can go at once: a run
        # of them is right of the line between its ends.
        rise, run = side[1:] - side[:-1], height[1:] - height[:-1]
        is_inner[1:-1] = (owner[2:] == owner[:-2]) & (rise[:-1] * run[1:] >= rise[1:] * run[:-1])
        if not is_inner.any():
            return _Chain(owner, height, side)
        owner, height, side = owner[~is_inner], height[~is_inner], side[~is_inner]


def convex_areas(objects: Objects, hulls: Hulls) -> NDArray[np.float64]:
    """(n_objects,) pixels whose centre lies in or on the hull, as `skimage.measure.regionprops` counts them."""
    if not len(objects):
        return np.zeros(0)
    top, bottom = objects.least(objects.y).astype(np.int64), objects.largest(objects.y).astype(np.int64)
    n_rows = bottom - top + 1
    owner = np.repeat(np.arange(len(objects)), n_rows)
    y = np.arange(n_rows.sum()) - np.repeat(np.cumsum(n_rows) - n_rows - top, n_rows)
    left, right = _at_rows(hulls.left, owner, y), _at_rows(hulls.right, owner, y)
    n_px = np.floor(right / 2 + _ROUNDING) - np.ceil(left / 2 - _ROUNDING) + 1
    return np.bincount(owner, n_px, minlength=len(objects)).astype(np.float64)


def _at_rows(chain: _Chain, owner: _Ints, y: _Ints) -> NDArray[np.float64]:
    """Where the chain crosses the rows `y`, in half pixels. Objects are put one below the other for one call."""
    span = 2 * int(max(y.max(), chain.y.max()) + 2)
    found: NDArray[np.float64] = np.interp(
        owner * span + 2 * y, chain.owner * span + chain.y, chain.x.astype(np.float64)
    )
    return found


def largest_diameters(objects: Objects, hulls: Hulls) -> NDArray[np.float64]:
    """(n_objects,) largest distance between two vertices of the hull, px: 1 of a single pixel."""
    owner, y, x = (
        np.concatenate([getattr(hulls.left, name), getattr(hulls.right, name)]) for name in ("owner", "y", "x")
    )
    order = np.argsort(owner, kind="stable")
    y, x = y[order], x[order]
    n_vertices = np.bincount(owner, minlength=len(objects))
    first = np.cumsum(n_vertices) - n_vertices
    found = np.zeros(len(objects))
    if not len(objects):
        return found
    # Each vertex with all of its object.
    n_others = np.repeat(n_vertices, n_vertices)
    one = np.repeat(np.arange(len(y)), n_others)
    other = np.arange(len(one)) - np.repeat(np.cumsum(n_others) - n_others, n_others)
    other += np.repeat(np.repeat(first, n_vertices), n_others)
    squared = (y[one] - y[other]) ** 2 + (x[one] - x[other]) ** 2
    at = np.cumsum(n_vertices**2) - n_vertices**2
    return np.sqrt(np.maximum.reduceat(squared, at)) / 2
