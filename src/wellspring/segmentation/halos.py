"""What shines around bright nuclei is no nucleus: it lies around them, or falls away from them."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.shapes import ellipse_shares

__all__ = ["without_halos"]

# `ellipse_share`: a half disc has 0.95, two discs that touch have 0.89. Least share of the hull that brighter nuclei
# fill.
_HOLLOW, _ENCLOSED = 0.8, 0.15
# A nucleus ends at half its height, so what is less than half as high and closer to it than a quarter of a diameter may
# be its light. Light that falls evenly to half within the object has 1.4 times the median in its nearer half, a nucleus
# the same in both.
_BRIGHTER, _NEAR, _FALL = 2.0, 0.25, 1.4

# Of what lies in a halo, this share is dimmer than the top of a nucleus that it swallowed.
_TOP = 0.95

_Labels = NDArray[np.uint32]
_Window = tuple[slice, slice]
_Values = NDArray[np.float32]


def without_halos(labels: _Labels, height: _Values) -> _Labels:
    """The nuclei without those that are the light of brighter ones, numbered anew.

    An object is dropped when it is hollow (`ellipse_share` below 0.8) and nuclei of over twice its height fill 15 %
    or more of its convex hull: a ring, or what is left between the nuclei of a cluster. And when it is next to such a
    nucleus, from which its own falls: as light does that falls evenly to half.

    Parameters
    ----------
    labels : (Y, X) uint32
        0 = background, 1..n.
    height : (Y, X) float32
        Stain above the local background.

    Returns
    -------
    (Y, X) uint32
    """
    sizes = np.bincount(labels.ravel(), minlength=1)
    if len(sizes) < 3:
        return labels
    levels = np.bincount(labels.ravel(), height.ravel(), minlength=1) / np.maximum(sizes, 1)
    levels[0] = 0
    diameter = float(2 * np.sqrt(np.median(sizes[1:]) / np.pi))
    is_hollow = ellipse_shares(labels, steps=(1.0, 1.0)) < _HOLLOW
    is_next = _is_next_to_brighter(labels, levels=levels, diameter=diameter)
    is_halo = np.zeros(len(sizes), dtype=bool)
    if not (is_hollow | is_next).any():
        return labels
    windows = dict(enumerate(ndimage.find_objects(labels.astype(np.int32)), 1))
    for label in np.flatnonzero(is_hollow).tolist():
        is_halo[label] = _is_around_brighter(labels[windows[label]], label, levels=levels)
    for label in np.flatnonzero(is_next & ~is_halo).tolist():
        near = _grown(windows[label], labels.shape, margin=max(1, round(_NEAR * diameter)))
        is_halo[label] = _falls_away(labels[near], height[near], label, levels=levels)
    if not is_halo.any():
        return labels
    labels = labels.copy()
    for label in np.flatnonzero(is_halo).tolist():
        _keep_core(labels[windows[label]], height[windows[label]], label)
    is_halo &= np.bincount(labels.ravel(), minlength=len(is_halo)) == sizes
    number = np.cumsum(~is_halo).astype(np.uint32) - 1
    number[is_halo] = 0
    return number[labels]


def _keep_core(labels: _Labels, height: _Values, label: int) -> None:
    """Cut a halo that holds a nucleus of its own, brighter by far, to that nucleus, in place; else leave it."""
    own = labels == label
    top = float(np.quantile(height[own], _TOP))
    if top <= _BRIGHTER * float(np.median(height[own])):
        return
    _, parts, table, _ = cv2.connectedComponentsWithStats((own & (height > top / 2)).astype(np.uint8))
    core = parts == 1 + int(table[1:, cv2.CC_STAT_AREA].argmax())
    if ellipse_shares(core.astype(np.int64), steps=(1.0, 1.0))[1] >= _HOLLOW:
        labels[own & ~core] = 0


def _grown(window: _Window, shape: tuple[int, ...], *, margin: int) -> _Window:
    """The window with a margin, within the image."""
    up, left = (max(0, side.start - margin) for side in window)
    down, right = (min(size, side.stop + margin) for side, size in zip(window, shape, strict=True))
    return np.s_[up:down, left:right]


def _is_around_brighter(labels: _Labels, label: int, *, levels: NDArray[np.float64]) -> bool:
    """Whether much of an object's convex hull is of objects far brighter than it."""
    row, column = np.nonzero(labels == label)
    hull = np.zeros(labels.shape, dtype=np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.stack([column, row], axis=1).astype(np.int32)), 1)
    inside = labels[hull > 0]
    return bool((levels[inside] > _BRIGHTER * levels[label]).sum() >= _ENCLOSED * len(inside))


def _is_next_to_brighter(labels: _Labels, *, levels: NDArray[np.float64], diameter: float) -> NDArray[np.bool_]:
    """By label, whether a nucleus of more than twice its height is closer than a quarter of a diameter."""
    reach = max(1, round(_NEAR * diameter))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    greatest = cv2.dilate(levels.astype(np.float32)[labels], disc)
    found = np.zeros(len(levels), dtype=bool)
    found[labels[greatest > _BRIGHTER * levels.astype(np.float32)[labels]]] = True
    found[0] = False
    return found


def _falls_away(labels: _Labels, height: _Values, label: int, *, levels: NDArray[np.float64]) -> bool:
    """Whether the half of an object that is near a far brighter one is clearly the brighter half."""
    is_apart = (levels[labels] <= _BRIGHTER * levels[label]).astype(np.uint8)
    own = labels == label
    near, values = cv2.distanceTransform(is_apart, cv2.DIST_L2, cv2.DIST_MASK_5)[own], height[own]
    is_near = near <= np.median(near)
    if is_near.all():
        return False
    return bool(np.median(values[is_near]) > _FALL * np.median(values[~is_near]))
