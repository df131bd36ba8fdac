"""Filters that work alike on images (OpenCV) and on stacks with slices further apart than pixels (SciPy)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import local_maxima
from skimage.segmentation import watershed

__all__ = ["Grid", "quantile_of_parts"]

_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]


@dataclass(frozen=True)
class Grid:
    """The pixels of an image (2 axes) or stack (3 axes); lengths are in px, the side of a pixel in a slice.

    Attributes
    ----------
    n_axes : int
        2 or 3.
    z_step_px : float
        Distance of slices, px. Not used in 2D.
    """

    n_axes: int
    z_step_px: float = 1.0

    @property
    def steps(self) -> tuple[float, ...]:
        """Distance of neighbours along each axis, px."""
        return (self.z_step_px,) * (self.n_axes - 2) + (1.0, 1.0)

    def size_of_ball(self, diameter_px: float) -> float:
        """Pixels of a disc, voxels of a ball, of that diameter."""
        if self.n_axes == 2:
            return float(np.pi / 4 * diameter_px**2)
        return float(np.pi / 6 * diameter_px**3 / self.z_step_px)

    def blurred(self, values: _Values, sigma_px: float) -> _Values:
        """Gaussian blur, float32; a `sigma_px` of 0 changes nothing. Edges are mirrored."""
        if sigma_px <= 0 or values.size == 0:
            return values
        if self.n_axes == 2:
            return _blurred_image(values, sigma_px)
        return np.asarray(ndimage.gaussian_filter(values, [sigma_px / step for step in self.steps]))

    def distance(self, mask: _Mask) -> _Values:
        """Distance (px) of each pixel of the mask to the ground; the image's edge is not ground."""
        if mask.all():
            return np.full(mask.shape, float(max(mask.shape, default=1)), dtype=np.float32)
        if self.n_axes == 2:
            return np.asarray(cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
        return np.asarray(ndimage.distance_transform_edt(mask, sampling=self.steps), dtype=np.float32)

    def objects(self, mask: _Mask) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Label the objects of the mask (neighbours share a side); their sizes, element 0 that of the ground."""
        if self.n_axes == 2:
            _, parts, table, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
            return parts, table[:, cv2.CC_STAT_AREA].astype(np.int64)
        parts, n_parts = ndimage.label(mask)
        return parts, np.bincount(parts.ravel(), minlength=n_parts + 1)

    def without_small(self, mask: _Mask, *, min_size: float) -> _Mask:
        """Fill holes, then drop objects, smaller than `min_size` pixels. A larger hole is ground between nuclei."""
        for value in (False, True):
            parts, sizes = self.objects(mask == value)
            is_small = sizes < min_size
            is_small[0] = False
            if is_small.any():
                mask = np.where(is_small[parts], not value, mask)
        return mask

    def peaks(self, landscape: _Values, *, mask: _Mask, depth: float) -> NDArray[np.int32]:
        """Label the maxima within the mask that stand out: the way to any higher one descends by `depth` or more."""
        if not mask.any():
            return np.zeros(mask.shape, dtype=np.int32)
        values = np.where(mask, landscape, landscape[mask].min() - 1)
        tops = local_maxima(values) & mask
        seeds, _ = ndimage.label(tops, structure=np.ones((3,) * self.n_axes))
        heights = quantile_of_parts(values, seeds, quantile=1.0)
        basins = watershed(-values, seeds, mask=mask)
        joined = _joined(heights, *_passes(values, basins), depth=depth)
        return np.asarray(joined[seeds], dtype=np.int32)


def _blurred_image(values: _Values, sigma_px: float) -> _Values:
    """A wide blur is made of every few pixels' mean: a quarter of its width is lost in neither."""
    step = max(1, int(sigma_px / 4))
    height, width = values.shape
    if step == 1 or min(height, width) < 4 * step:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT))
    small = cv2.resize(values, (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / step, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))


def _passes(values: _Values, basins: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(n, 2) pairs of neighbouring basins and (n,) the height of the pass between them, the highest first."""
    n_basins = int(basins.max(initial=0)) + 1
    keys, levels = [], []
    for axis in range(basins.ndim):
        basin, value = np.moveaxis(basins, axis, 0), np.moveaxis(values, axis, 0)
        is_border = (basin[1:] != basin[:-1]) & (basin[1:] > 0) & (basin[:-1] > 0)
        one, other = basin[1:][is_border].astype(np.int64), basin[:-1][is_border].astype(np.int64)
        keys.append(np.minimum(one, other) * n_basins + np.maximum(one, other))
        levels.append(np.minimum(value[1:][is_border], value[:-1][is_border]))
    key, level = np.concatenate(keys), np.concatenate(levels).astype(np.float64)
    order = np.argsort(-level, kind="stable")
    pairs, first = np.unique(key[order], return_index=True)
    heights = level[order][first]
    down = np.argsort(-heights, kind="stable")
    return np.stack([pairs // n_basins, pairs % n_basins], axis=1)[down], heights[down]


def _joined(
    heights: NDArray[np.float64], pairs: NDArray[np.int64], levels: NDArray[np.float64], *, depth: float
) -> NDArray[np.int64]:
    """(n basins + 1,) int: the highest peak that each peak joins, over passes less than `depth` below the lower one."""
    owner = list(range(len(heights)))

    def top(peak: int) -> int:
        while owner[peak] != peak:
            owner[peak] = owner[owner[peak]]
            peak = owner[peak]
        return peak

    for (one, other), level in zip(pairs.tolist(), levels.tolist(), strict=True):
        low, high = sorted((top(one), top(other)), key=lambda peak: (heights[peak], -peak))
        if low != high and heights[low] - level < depth:
            owner[low] = high
    return np.array([top(peak) for peak in range(len(heights))], dtype=np.int64)


def quantile_of_parts(
    values: _Values, parts: NDArray[np.integer], *, quantile: float, above: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """A quantile (the next lower value) of the values in each part.

    Parameters
    ----------
    values, parts : same shape
        Values; labels, 0 = background.
    quantile
        0 to 1.
    above : (parts.max() + 1,) float, optional
        Of each part, only values of at least this count, if there are any.

    Returns
    -------
    (parts.max() + 1,) float64
        By label; 0 for the background and for labels that do not occur.
    """
    inside = parts > 0
    owner, values = parts[inside], values[inside]
    n_parts = int(parts.max(initial=0))
    ordered = values[np.lexsort((values, owner))]
    counts = np.bincount(owner, minlength=n_parts + 1)
    starts = np.cumsum(counts) - counts
    skipped = np.zeros(n_parts + 1, dtype=np.int64)
    if above is not None:
        skipped = np.bincount(owner[values < above[owner]], minlength=n_parts + 1)
        skipped = np.where(skipped < counts, skipped, 0)
    places = starts + skipped + np.floor(quantile * np.maximum(counts - skipped - 1, 0)).astype(np.int64)
    found = np.zeros(n_parts + 1)
    found[counts > 0] = ordered[places[counts > 0]]
    return found
