"""Watershed on whole arrays: its time grows with the pixels of the mask and hardly with the number of objects."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["flooded", "split_by_tops"]

_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]
_Pairs = NDArray[np.int64]

# Whether two basins, and what each holds so far, are one: (basin, basin, depth of the pass below the lower top).
Judge = Callable[[int, int, float], bool]


def split_by_tops(
    landscape: _Values, *, mask: _Mask, judge: Callable[[NDArray[np.int64]], Judge] | None = None, depth: float = 0.0
) -> NDArray[np.int32]:
    """Split a mask among the tops of a landscape; tops that hardly rise above a saddle join a higher one.

    Each pixel belongs to the top that the steepest way up leads to. Then, over the passes between tops from the highest
    one down, the lower of two tops joins the higher one when the pass lies less than `depth` below it: the watershed of
    the inverted landscape, with minima merged by their dynamics (Najman & Schmitt, IEEE Trans. Pattern Anal. Mach.
    Intell. 18, 1996).

    Parameters
    ----------
    landscape : (Y, X) or (Z, Y, X) float32
        Finite within the mask.
    mask : bool
        Neighbours share a side.
    judge
        In place of `depth`: from the basin (1..n) of every pixel of the mask, in raster order, makes the function that
        decides whether the first basin joins the second. It is called once for each pass, with what is known by then.
    depth
        In units of the landscape.

    Returns
    -------
    int32
        0 outside of the mask; a number for each part, in no order.
    """
    relief = _Relief.of(landscape, mask=mask)
    top = relief.tops()
    is_top = top == np.arange(len(top))
    basins = np.cumsum(is_top)[top]
    heights = np.concatenate([np.zeros(1), relief.heights[relief.here[is_top]]])
    decide = judge(basins) if judge else _Depth(depth)
    owner = _joined(heights, *relief.passes(basins), judge=decide)
    return relief.image(owner[basins], shape=mask.shape)


def flooded(landscape: _Values, seeds: NDArray[np.integer], *, mask: _Mask) -> NDArray[np.int32]:
    """Part a mask among seeds: the watershed of the inverted landscape from markers.

    Parameters
    ----------
    landscape : (Y, X) or (Z, Y, X) float32
        Finite within the mask.
    seeds : int
        Labels, 0 = none; seeds outside of the mask are left out.

    Returns
    -------
    int32
        Labels of the seeds; 0 where no seed reaches, and outside of the mask.
    """
    relief = _Relief.of(landscape, mask=mask)
    names = seeds.ravel()[relief.places].astype(np.int64)
    top = relief.tops(is_seed=names > 0)
    n_seeds = int(names.max(initial=0))
    is_plain = (top == np.arange(len(top))) & (names == 0)
    basins = np.where(names > 0, names, n_seeds + np.cumsum(is_plain))[top]
    pairs, _ = relief.passes(basins)
    owner = _drained(pairs, n_basins=n_seeds + int(is_plain.sum()) + 1, n_seeds=n_seeds)
    return relief.image(np.where(owner <= n_seeds, owner, 0)[basins], shape=mask.shape)


@dataclass(frozen=True)
class _Depth:
    limit: float

    def __call__(self, low: int, high: int, depth: float) -> bool:
        return depth < self.limit


@dataclass(frozen=True)
class _Relief:
    """The pixels of a mask, and their places in a flat array with a margin of -inf round it."""

    heights: _Values
    here: NDArray[np.intp]
    places: NDArray[np.intp]
    steps: tuple[int, ...]

    @staticmethod
    def of(landscape: _Values, *, mask: _Mask) -> "_Relief":
        padded = np.pad(mask, 1)
        here = np.flatnonzero(padded)
        places = np.flatnonzero(mask)
        heights = np.full(padded.size, -np.inf, dtype=np.float32)
        heights[here] = landscape.ravel()[places]
        steps = tuple(int(step) for step in np.cumprod((1, *padded.shape[:0:-1])))
        return _Relief(heights, here, places, steps)

    def tops(self, *, is_seed: _Mask | None = None) -> NDArray[np.intp]:
        """Of each pixel, the index of the pixel that the steepest way up ends at: a seed or a maximum."""
        best, up = self.heights[self.here], self.here.copy()
        for step in (*(-step for step in self.steps), *self.steps):
            near = self.here + step
            height = self.heights[near]
            # Of equals the later pixel is higher, so ways over a plateau end.
            is_higher = (height > best) | ((height == best) & (near > up))
            np.copyto(best, height, where=is_higher)
            np.copyto(up, near, where=is_higher)
        up = self._laid(np.arange(len(self.here)))[up].astype(np.intp)
        if is_seed is not None:
            up[is_seed] = np.flatnonzero(is_seed)
        return _ends(up)

    def passes(self, basins: NDArray[np.int64]) -> tuple[_Pairs, NDArray[np.float64]]:
        """(n, 2) pairs of neighbouring basins and (n,) the height of the pass between them, the highest first."""
        n_basins = int(basins.max(initial=0)) + 1
        names = self._laid(basins)
        keys, levels = [], []
        for step in self.steps:
            near = names[self.here + step]
            is_border = (near > 0) & (near != basins)
            one, other, place = basins[is_border], near[is_border].astype(np.int64), self.here[is_border]
            keys.append(np.minimum(one, other) * n_basins + np.maximum(one, other))
            levels.append(np.minimum(self.heights[place], self.heights[place + step]))
        key, level = np.concatenate(keys), np.concatenate(levels)
        order = np.argsort(-level, kind="stable")
        pairs, first = np.unique(key[order], return_index=True)
        heights = level[order][first].astype(np.float64)
        down = np.argsort(-heights, kind="stable")
        return np.stack([pairs // n_basins, pairs % n_basins], axis=1)[down], heights[down]

    def image(self, values: NDArray[np.int64], *, shape: tuple[int, ...]) -> NDArray[np.int32]:
        """Values of the mask's pixels as an image; 0 elsewhere."""
        image = np.zeros(shape, dtype=np.int32)
        image.ravel()[self.places] = values
        return image

    def _laid(self, values: NDArray[np.integer]) -> NDArray[np.int32]:
        """Values of the mask's pixels laid out like the heights; 0 elsewhere."""
        laid = np.zeros(self.heights.size, dtype=np.int32)
        laid[self.here] = values
        return laid


def _ends(up: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where each way ends; `up` leads one step on, and to itself at an end."""
    while True:
        further = up[up]
        if (further == up).all():
            return up
        up = further


def _joined(heights: NDArray[np.float64], pairs: _Pairs, levels: NDArray[np.float64], *, judge: Judge) -> _Pairs:
    """(n basins + 1,) int: the highest top that each top joins."""
    owner, height = list(range(len(heights))), heights.tolist()

    def top(basin: int) -> int:
        while owner[basin] != basin:
            owner[basin] = owner[owner[basin]]
            basin = owner[basin]
        return basin

    for (one, other), level in zip(pairs.tolist(), levels.tolist(), strict=True):
        low, high = top(one), top(other)
        if (height[low], -low) > (height[high], -high):
            low, high = high, low
        if low != high and judge(low, high, height[low] - level):
            owner[low] = high
    return np.array([top(basin) for basin in range(len(heights))], dtype=np.int64)


def _drained(pairs: _Pairs, *, n_basins: int, n_seeds: int) -> NDArray[np.int64]:
    """(n basins,) int: the seed (1..n_seeds) that each basin joins over the highest passes, itself without one.

    Borůvka's rounds of a greatest spanning forest: every basin without a seed joins its neighbour over its highest
    pass. `pairs` come the highest first.
    """
    owner = np.arange(n_basins)
    while True:
        ends = owner[pairs]
        pairs = pairs[(ends[:, 0] != ends[:, 1]) & ~(ends <= n_seeds).all(axis=1)]
        if len(pairs) == 0:
            return owner
        ends = owner[pairs]
        best = np.full(n_basins, len(pairs))
        for side in (0, 1):
            np.minimum.at(best, ends[:, side], np.arange(len(pairs)))
        up = np.arange(n_basins)
        joins = np.flatnonzero((best < len(pairs)) & (up > n_seeds))
        up[joins] = ends[best[joins]].sum(axis=1) - joins
        # Two that choose each other: the one of the lesser number stays.
        is_mutual = (up[up] == np.arange(n_basins)) & (np.arange(n_basins) < up)
        up[is_mutual] = np.flatnonzero(is_mutual)
        owner = _ends(up)[owner]
