"""Bright regions of an image: what exceeds its surroundings, labelled from the few pixels that do."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.spots.filters import blurred

__all__ = ["BrightRegions", "bright_regions"]

# The surroundings are a blur over 5 sigma, as in big-fish. It is made from means over some 2 sigma, between which it
# is linear: that is 2 % of a blurred spot off at most, whose height is a hundredth of its own.
_SURROUNDINGS_SIGMAS, _MEANS_SIGMAS = 5.0, 2.0


@dataclass(frozen=True)
class BrightRegions:
    """Groups of bright pixels that touch each other, by an edge or a corner.

    Attributes
    ----------
    labels : int32, shape of the image
        1.. in the order of each region's first pixel, 0 = background.
    light : (n + 1,) float64
        Sum over each region of what exceeds the surroundings; 0 for the background.
    boxes : list of tuple of slice
        Of region 1, 2, ...
    """

    labels: NDArray[np.int32]
    light: NDArray[np.float64]
    boxes: list[tuple[slice, ...]]


def bright_regions(image: NDArray[np.generic], *, least: float, sigma_px: Sequence[float]) -> BrightRegions:
    """Regions where the image exceeds its surroundings, blurred over 5 sigma, by more than `least`.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Not empty.
    least : float
        Intensity.
    sigma_px
        Size of a spot per axis, px.
    """
    stack = image if image.ndim == 3 else image[None]
    around = _coarse_surroundings(stack, sigma_px=sigma_px)
    shape = stack.shape
    parts, heights = [], []
    for number, plane in enumerate(stack):
        excess = plane.astype(np.float32)
        excess -= cv2.resize(around[number], shape[:0:-1], interpolation=cv2.INTER_LINEAR)
        own = np.flatnonzero(excess > least)
        parts.append(own + number * plane.size)
        heights.append(excess.reshape(-1)[own])
    pixels, excess = np.concatenate(parts), np.concatenate(heights)
    label = _joined(pixels, shape=shape)
    labels = np.zeros(shape, dtype=np.int32)
    labels.reshape(-1)[pixels] = label
    n_regions = int(label.max(initial=0))
    light = np.bincount(label, weights=excess.astype(np.float64), minlength=n_regions + 1).astype(np.float64)
    boxes = _boxes(np.stack(np.unravel_index(pixels, shape)[3 - image.ndim :]), label)
    return BrightRegions(labels.reshape(image.shape), light, boxes)


def _coarse_surroundings(stack: NDArray[np.generic], *, sigma_px: Sequence[float]) -> NDArray[np.float32]:
    """(Z, rows, columns) float32: the blur of a stack (Z, Y, X) on a grid of some 2 sigma."""
    size = [max(1, round(n / max(1.0, _MEANS_SIGMAS * s))) for n, s in zip(stack.shape[1:], sigma_px[-2:], strict=True)]
    means = [cv2.resize(p.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA) for p in stack]
    coarse = np.asarray(means).reshape(len(stack), *size)
    steps = [n / own for n, own in zip(stack.shape[1:], size, strict=True)]
    # The mean over a step has a variance of its own.
    widths = [
        np.sqrt(max((_SURROUNDINGS_SIGMAS * s / step) ** 2 - 1 / 12, 0.01))
        for s, step in zip(sigma_px[-2:], steps, strict=True)
    ]
    if len(sigma_px) == 2:
        return blurred(coarse[0], sigma_px=widths)[None]
    return blurred(coarse, sigma_px=[_SURROUNDINGS_SIGMAS * sigma_px[0], *widths])


def _joined(pixels: NDArray[np.int64], *, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """(n,) label, 1.., of each of the sorted flat places in a stack (Z, Y, X), joined over edges and corners.

    Pixels next to each other in a row are a run; runs are joined that touch in one of the four rows before.
    """
    # Imported where it is used, as in `foci`.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if len(pixels) == 0:
        return np.zeros(0, dtype=np.int64)
    z, rest = np.divmod(pixels, shape[1] * shape[2])
    y, x = np.divmod(rest, shape[2])
    # A margin in each row and plane, so that no run touches one across the image's border.
    width, height = shape[2] + 2, shape[1] + 2
    places = (z * height + y) * width + x
    is_first = np.diff(places, prepend=-2) != 1
    run = np.cumsum(is_first) - 1
    first, last = places[is_first], places[np.append(is_first[1:], True)]
    ones, others = [], []
    for plane, row in ((-1, -1), (-1, 0), (-1, 1), (0, -1)):
        step = (plane * height + row) * width
        low = np.searchsorted(last, first + step - 1)
        high = np.searchsorted(first, last + step + 1, side="right")
        n_touching = np.maximum(high - low, 0)
        ones.append(np.repeat(np.arange(len(first)), n_touching))
        within = np.arange(len(ones[-1])) - np.repeat(np.cumsum(n_touching) - n_touching, n_touching)
        others.append(np.repeat(low, n_touching) + within)
    pair = np.concatenate(ones), np.concatenate(others)
    graph = coo_matrix((np.ones(len(pair[0]), dtype=bool), pair), shape=(len(first), len(first)))
    _, group = connected_components(graph, directed=False)
    _, seen, number = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(1 + np.argsort(np.argsort(seen))[number][run], dtype=np.int64)


def _boxes(places: NDArray[np.int64], label: NDArray[np.int64]) -> list[tuple[slice, ...]]:
    """The bounding box of each label of pixels at (n_axes, n) places."""
    if len(label) == 0:
        return []
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=0))
    axes = [
        (np.minimum.reduceat(own, starts).tolist(), (np.maximum.reduceat(own, starts) + 1).tolist())
        for own in places[:, order]
    ]
    spans = [list(itertools.starmap(slice, zip(low, high, strict=True))) for low, high in axes]
    return list(zip(*spans, strict=True))
