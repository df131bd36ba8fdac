"""Neighbours of pixels: outlines, their length, touching objects, and how deep each pixel lies in its object."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.objects import Objects, objects_of

__all__ = ["Surroundings", "depths", "euler_numbers", "perimeters", "ring_around", "surroundings"]

_NEAR = ((-1, 0), (1, 0), (0, -1), (0, 1))
_ALL = (*_NEAR, (-1, -1), (-1, 1), (1, -1), (1, 1))
# Length that a pixel of the outline adds, by 10 per diagonal and 2 per straight neighbour in the outline, and 1.
_STRAIGHT, _DIAGONAL = 1.0, float(np.sqrt(2.0))
_LENGTHS = {
    **dict.fromkeys((5, 7, 15, 17, 25, 27), _STRAIGHT),
    **dict.fromkeys((21, 33), _DIAGONAL),
    **dict.fromkeys((13, 23), (1 + _DIAGONAL) / 2),
}
_MOST = 1 + 4 * 2 + 4 * 10


@dataclass(frozen=True)
class Surroundings:
    """What lies around the pixels of the objects of a label image.

    Attributes
    ----------
    padded : ((Y + 2) * (X + 2),) int32
        The labels with a frame of background, flattened.
    width : int
        X + 2: what one row further is.
    at : (n_px,) int64
        Position in `padded` of each pixel of the objects.
    is_outline : (n_px,) bool
        Whether a straight neighbour is of no or of another object.
    outline : (n_outline,) int64
        Position in `padded` of each pixel of the outlines, in the order of `at`.
    is_same : dict of (dy, dx) to (n_outline,) bool
        Whether the neighbour of a pixel of an outline is of the same object; of all eight.
    """

    padded: NDArray[np.int32]
    width: int
    at: NDArray[np.int64]
    is_outline: NDArray[np.bool_]
    outline: NDArray[np.int64]
    is_same: dict[tuple[int, int], NDArray[np.bool_]]

    def step(self, dy: int, dx: int) -> int:
        """What to add to a position for this neighbour."""
        return dy * self.width + dx


def surroundings(labels: NDArray[np.integer], objects: Objects) -> Surroundings:
    """The neighbours of all pixels of `objects`, which are those of `labels`, (Y, X), 0 = background."""
    image = np.pad(labels.astype(np.int32, copy=False), 1)
    padded, width = image.ravel(), image.shape[1]
    at = objects.at + 2 * objects.y.astype(np.int64) + (width + 1)
    differs = np.zeros(labels.shape, dtype=bool)
    for axis in (0, 1):
        inner = image[:, 1:-1] if axis == 0 else image[1:-1]
        change = np.diff(inner, axis=axis) != 0
        differs |= (change[:-1] | change[1:]) if axis == 0 else (change[:, :-1] | change[:, 1:])
    is_outline = differs.ravel()[objects.at]
    outline = at[is_outline]
    own = padded[outline]
    is_same = {(dy, dx): padded[outline + (dy * width + dx)] == own for dy, dx in _ALL}
    return Surroundings(padded, width, at, is_outline, outline, is_same)


def perimeters(objects: Objects, around: Surroundings) -> NDArray[np.float64]:
    """(n_objects,) length of the outlines, px, as `skimage.measure.perimeter` with 4 neighbours; 0 of a single pixel.

    The outline is the line through the centres of its pixels (Benkrid and Crookes 2000).
    """
    is_in_outline = np.zeros(len(around.padded), dtype=bool)
    is_in_outline[around.outline] = True
    pattern = np.ones(len(around.outline), dtype=np.int8)
    for (dy, dx), is_same in around.is_same.items():
        weight = np.int8(10 if dy and dx else 2)
        pattern += weight * (is_in_outline[around.outline + around.step(dy, dx)] & is_same)
    lengths = np.zeros(_MOST + 1)
    lengths[list(_LENGTHS)] = list(_LENGTHS.values())
    owner = objects.owner[around.is_outline]
    return np.bincount(owner, lengths[pattern], minlength=len(objects)).astype(np.float64)


def euler_numbers(objects: Objects, around: Surroundings) -> NDArray[np.float64]:
    """(n_objects,) pieces less holes, eight neighbours being connected.

    Corners less edges plus pixels of the object. Each corner is counted by the first of its pixels, so what is left is
    a sum over the pixels at the top of the object.
    """
    up, left = ~around.is_same[-1, 0], ~around.is_same[0, -1]
    right_corner, left_corner = ~around.is_same[-1, 1], ~around.is_same[-1, -1] & left
    owner = objects.owner[around.is_outline]
    corners = up * (right_corner.astype(np.int8) - 1 + left_corner)
    return np.bincount(owner, corners, minlength=len(objects)).astype(np.float64)


def depths(objects: Objects, around: Surroundings) -> NDArray[np.int32]:
    """(n_px,) steps from the outside: 1 in the outline. Steps to four and to eight neighbours alternate (octagons)."""
    depth = np.zeros(len(around.padded), dtype=np.int32)
    front, level = around.outline, 1
    depth[front] = level
    while len(front):
        level += 1
        found = []
        for near, own in _steps(front, around, level=level):
            inner = near[(around.padded[near] == own) & (depth[near] == 0)]
            depth[inner] = level
            found.append(inner)
        front = np.concatenate(found)
    return depth[around.at]


def ring_around(objects: Objects, around: Surroundings, *, gap_px: int, width_px: int) -> Objects:
    """The pixels of no object more than `gap_px` and at most `gap_px + width_px` steps from the nearest object.

    Parameters
    ----------
    objects, around
        Of one label image.
    gap_px, width_px
        Steps as of `depths`. Pixels next to an object hold its blurred light.

    Returns
    -------
    Objects
        The ring of each object under its label. Of two objects equally near, one has the pixel. Objects without free
        pixels around them are left out.
    """
    owner = around.padded.copy()
    frame = owner.reshape(-1, around.width)
    # The frame is no pixel of the image.
    frame[[0, -1], :] = frame[:, [0, -1]] = -1
    front, ring = around.outline, np.zeros_like(owner)
    for level in range(1, gap_px + width_px + 1):
        found = []
        for near, own in _steps(front, around, level=level, owner=owner):
            is_free = owner[near] == 0
            owner[near[is_free]] = own[is_free]
            found.append(near[is_free])
        front = np.concatenate(found)
        if level > gap_px:
            ring[front] = owner[front]
    return objects_of(ring.reshape(-1, around.width)[1:-1, 1:-1])


def _steps(
    front: NDArray[np.int64], around: Surroundings, *, level: int, owner: NDArray[np.int32] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """Direction by direction, the neighbours of the front, all different, and the objects that the front is of."""
    own = (around.padded if owner is None else owner)[front]
    for dy, dx in _ALL if level % 2 == 0 else _NEAR:
        yield front + around.step(dy, dx), own
