"""From the network's maps to labels: pixels vote for the centre of their nucleus, and each takes that of its vote."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.learned.scale import DIAMETER_PX

__all__ = ["chance_of", "decoded", "decoded_by_depth", "upscaled"]

_Maps = NDArray[np.float32]
_Labels = NDArray[np.int32]
# In typical diameters: the blur of the votes, and the diameter of the smallest nucleus.
_BLUR, _SMALLEST = 0.05, 0.3
# Chance from which on a pixel is of a nucleus; how far the votes fall, as a logarithm, between two centres.
LEAST_CHANCE, _DIP = 0.5, 0.7
# Mean chance of a nucleus' pixels and its largest depth, at least; dim fibres and debris have less. These, the blur and
# the fall between two centres were compared on the held-out images of resources/weights.yaml.
_LEAST_MEAN, _LEAST_DEPTH = 0.75, 0.5
# The same for depths, and how much a contact counts against them.
_DEPTH_DIP, _CONTACT = 0.05, 0.3


def chance_of(maps: _Maps) -> NDArray[np.float32]:
    """(Y, X) float32: chance that a pixel is of a nucleus."""
    return np.asarray(1 / (1 + np.exp(-np.clip(maps[..., 0], -30, 30))), dtype=np.float32)


def decoded(maps: _Maps) -> _Labels:
    """(Y, X) int32 labels of the maps (Y, X, 5), 0 = background.

    Each pixel that is rather of a nucleus than not votes for where its way to the centre ends. Votes are blurred, their
    maxima are centres, and a pixel is of the centre that its vote leads up to. Touching nuclei are thus separated by
    all of their pixels, not by the few of the neck.
    """
    from skimage.segmentation import watershed

    inside = chance_of(maps) >= LEAST_CHANCE
    labels = np.zeros(inside.shape, dtype=np.int32)
    if not inside.any():
        return labels
    rows, columns = np.nonzero(inside)
    height, width = inside.shape
    y = np.clip(np.rint(rows + maps[inside][:, 3] * DIAMETER_PX), 0, height - 1).astype(np.intp)
    x = np.clip(np.rint(columns + maps[inside][:, 4] * DIAMETER_PX), 0, width - 1).astype(np.intp)
    counted = np.bincount(y * width + x, minlength=height * width).reshape(height, width).astype(np.float32)
    votes = np.asarray(cv2.GaussianBlur(counted, (0, 0), _BLUR * DIAMETER_PX), dtype=np.float32)
    centres = _tops(np.log(votes + np.float32(1e-3)), depth=_DIP)
    basins = watershed(-votes, centres, mask=votes > 1e-3)
    labels[rows, columns] = basins[y, x]
    return _cleaned(labels, maps)


def decoded_by_depth(maps: _Maps) -> _Labels:
    """The alternative: the watershed of the depths, lowered where two nuclei are in contact."""
    from skimage.segmentation import watershed

    inside = chance_of(maps) >= LEAST_CHANCE
    if not inside.any():
        return np.zeros(inside.shape, dtype=np.int32)
    contact = 1 / (1 + np.exp(-np.clip(maps[..., 1], -30, 30)))
    depth = cv2.GaussianBlur(maps[..., 2] - np.float32(_CONTACT) * contact, (0, 0), 1.0) * inside
    seeds = np.where(inside, _tops(depth.astype(np.float32), depth=_DEPTH_DIP), 0)
    return _cleaned(watershed(-depth, seeds, mask=inside).astype(np.int32), maps)


def _tops(values: NDArray[np.float32], *, depth: float) -> _Labels:
    """Maxima that stand out by `depth`, numbered."""
    from skimage.morphology import reconstruction

    above = values - reconstruction(values - np.float32(depth), values)
    tops, _ = ndimage.label(above >= 0.999 * depth, structure=np.ones((3, 3)))
    return np.asarray(tops, dtype=np.int32)


def _cleaned(labels: _Labels, maps: _Maps) -> _Labels:
    """Of each label the largest piece, its holes filled, unless it is too small or hardly believed; in raster order."""
    labels = _believed(labels, maps)
    least_px = np.pi / 4 * (_SMALLEST * DIAMETER_PX) ** 2
    cleaned = np.zeros_like(labels)
    n_kept = 0
    for label, window in enumerate(ndimage.find_objects(labels), 1):
        if window is None:
            continue
        own = labels[window] == label
        _, parts, stats, _ = cv2.connectedComponentsWithStats(own.astype(np.uint8), connectivity=4)
        largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
        if stats[largest, cv2.CC_STAT_AREA] < least_px:
            continue
        n_kept += 1
        whole = ndimage.binary_fill_holes(parts == largest)
        cleaned[window][whole & ((labels[window] == 0) | own)] = n_kept
    return _in_raster_order(cleaned)


def _believed(labels: _Labels, maps: _Maps) -> _Labels:
    n = int(labels.max(initial=0))
    if n == 0:
        return labels
    numbers = np.arange(1, n + 1)
    kept = np.zeros(n + 1, dtype=bool)
    kept[1:] = ndimage.mean(chance_of(maps), labels, numbers) >= _LEAST_MEAN
    kept[1:] &= ndimage.maximum(maps[..., 2], labels, numbers) >= _LEAST_DEPTH
    return np.where(kept[labels], labels, 0).astype(np.int32)


def _in_raster_order(labels: _Labels) -> _Labels:
    present, first = np.unique(labels, return_index=True)
    order = present[present > 0][np.argsort(first[present > 0])]
    numbers = np.zeros(int(labels.max(initial=0)) + 1, dtype=np.int32)
    numbers[order] = 1 + np.arange(len(order), dtype=np.int32)
    return numbers[labels]


def upscaled(labels: _Labels, chance: NDArray[np.float32], shape: tuple[int, int]) -> _Labels:
    """Labels at the image's own size: outlines where the interpolated chance crosses a half."""
    if labels.shape == shape:
        return labels
    near = cv2.dilate((labels > 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    nearest = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)
    grown = np.where(near, labels[tuple(nearest)], 0).astype(np.float32)
    large = cv2.resize(grown, shape[::-1], interpolation=cv2.INTER_NEAREST).astype(np.int32)
    fine = cv2.resize(chance, shape[::-1], interpolation=cv2.INTER_LINEAR)
    # Filled holes stay filled.
    inner = cv2.erode((labels > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    core = cv2.resize(inner, shape[::-1], interpolation=cv2.INTER_NEAREST)
    return _in_raster_order(np.where((fine >= LEAST_CHANCE) | (core > 0), large, 0))
