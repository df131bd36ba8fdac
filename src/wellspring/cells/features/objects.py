"""The pixels of all objects of a site, sorted by object: sums, extremes and quantiles of all objects in one pass."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "Objects", "objects_of", "sorted_values"]

_Floats = NDArray[np.float64]
_MOST_SHORT = 1 << 16
_LARGEST = np.uint16(np.iinfo(np.uint16).max)
# Objects in one block differ in size by at most this factor.
_BLOCK_FACTOR = 2**0.5


@dataclass(frozen=True)
class Block:
    """Objects of about one size, a row each: indices of their pixels, and which of them are its own, not filled up."""

    at: NDArray[np.int64]
    is_own: NDArray[np.bool_]


@dataclass(frozen=True)
class Objects:
    """The labelled pixels of one (Y, X) label image, object by object, each in raster order.

    Attributes
    ----------
    label : (n_objects,) int64
        Labels that occur, ascending.
    at : (n_px,) int64
        Position of each pixel in the flattened image.
    owner : (n_px,) int32
        Index of its object in `label`.
    start : (n_objects,) int64
        Index of each object's first pixel.
    shape : (int, int)
        Y and X of the image.
    """

    label: NDArray[np.int64]
    at: NDArray[np.int64]
    owner: NDArray[np.int32]
    start: NDArray[np.int64]
    shape: tuple[int, int]

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.label)

    @cached_property
    def n_px(self) -> NDArray[np.int64]:
        """(n_objects,) pixels of each object, 1 or more."""
        return np.diff(self.start, append=len(self.at))

    @cached_property
    def y(self) -> NDArray[np.int32]:
        """(n_px,) row of each pixel."""
        return (self.at // self.shape[1]).astype(np.int32)

    @cached_property
    def x(self) -> NDArray[np.int32]:
        """(n_px,) column of each pixel."""
        return (self.at % self.shape[1]).astype(np.int32)

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """(Y * X,) index in `at` of each pixel of the image; without meaning off the objects."""
        found = np.zeros(self.shape[0] * self.shape[1], dtype=np.int32)
        found[self.at] = np.arange(len(self.at), dtype=np.int32)
        return found

    @cached_property
    def center(self) -> tuple[_Floats, _Floats]:
        """Mean row and mean column of the pixels, (n_objects,) each."""
        return self.mean(self.y), self.mean(self.x)

    @cached_property
    def blocks(self) -> list[Block]:
        """All objects, in a few blocks of about one size."""
        found = []
        size = np.ceil(np.log(self.n_px) / np.log(_BLOCK_FACTOR)).astype(np.int64)
        for one in np.unique(size):
            own = np.flatnonzero(size == one)
            columns = np.arange(self.n_px[own].max())
            is_own = columns < self.n_px[own, None]
            found.append(Block(np.minimum(self.start[own, None] + columns, len(self.at) - 1), is_own))
        return found

    def sum(self, values: NDArray[np.generic]) -> _Floats:
        """(n_objects,) sum of (n_px,) `values`, integers without rounding."""
        if not len(self):
            return np.zeros(0)
        kind = np.float64 if np.issubdtype(values.dtype, np.floating) else np.int64
        return np.add.reduceat(values, self.start, dtype=kind).astype(np.float64)

    def mean(self, values: NDArray[np.generic]) -> _Floats:
        """(n_objects,) mean of (n_px,) `values`."""
        return self.sum(values) / self.n_px

    def least(self, values: NDArray[np.generic]) -> _Floats:
        """(n_objects,) smallest of (n_px,) `values`."""
        return np.minimum.reduceat(values, self.start).astype(np.float64) if len(self) else np.zeros(0)

    def largest(self, values: NDArray[np.generic]) -> _Floats:
        """(n_objects,) largest of (n_px,) `values`."""
        return np.maximum.reduceat(values, self.start).astype(np.float64) if len(self) else np.zeros(0)

    def spread(self, values: NDArray[np.integer], mean: _Floats, *, is_constant: NDArray[np.bool_]) -> _Floats:
        """(n_objects,) standard deviation of (n_px,) `values` around their `mean`; 0 where they are constant."""
        off = values - mean[self.owner]
        off *= off
        return np.where(is_constant, 0.0, np.sqrt(self.sum(off) / self.n_px))

    def chosen(self, is_chosen: NDArray[np.bool_]) -> "Objects":
        """The objects with some of their pixels; those that keep none are left out."""
        owner = self.owner[is_chosen]
        kept, start = np.unique(owner, return_index=True)
        rank = np.zeros(len(self), dtype=np.int32)
        rank[kept] = np.arange(len(kept), dtype=np.int32)
        return Objects(self.label[kept], self.at[is_chosen], rank[owner], start, self.shape)


def objects_of(labels: NDArray[np.integer]) -> Objects:
    """Sort the labelled pixels of an image by label.

    Parameters
    ----------
    labels : (Y, X) int
        0 = background. Labels need not follow one another.

    Returns
    -------
    Objects
        None of an image without labels.
    """
    flat = labels.ravel()
    at = np.flatnonzero(flat)
    own = flat[at].astype(np.int64)
    n_px = np.bincount(own) if len(own) else np.zeros(0, dtype=np.int64)
    label = np.flatnonzero(n_px)
    rank = np.zeros(len(n_px), dtype=np.uint16 if len(label) < _MOST_SHORT else np.int64)
    rank[label] = np.arange(len(label))
    owner = rank[own]
    # Of 16-bit numbers this is a radix sort.
    order = np.argsort(owner, kind="stable")
    n_of_each = n_px[label]
    return Objects(
        label=label.astype(np.int64),
        at=at[order],
        owner=owner[order].astype(np.int32),
        start=np.cumsum(n_of_each) - n_of_each,
        shape=(labels.shape[0], labels.shape[1]),
    )


def sorted_values(values: NDArray[np.uint16], objects: Objects) -> NDArray[np.uint16]:
    """(n_px,) values, ascending within each object."""
    found = np.empty_like(values)
    for block in objects.blocks:
        # Filled up with the largest value, which stays behind. Of 16-bit numbers a stable sort is a radix sort.
        rows = np.where(block.is_own, values[block.at], _LARGEST)
        rows.sort(axis=1, kind="stable")
        found[block.at[block.is_own]] = rows[block.is_own]
    return found
