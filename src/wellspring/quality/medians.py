"""Local medians with windows of any size, in a time that does not depend on the size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["local_median"]

# OpenCV's filter takes 8 bits: ranks within a part, one for all below it, one for all above.
_PART_LEVELS = 254
_N_PARTS = 4
_N_LEVELS = _PART_LEVELS * _N_PARTS


def local_median(image: NDArray[np.number], *, radius_px: int) -> NDArray[np.float32]:
    """Median of the square window around each pixel; beyond the edge the edge's values are repeated.

    A median does not care by how much values differ, only how they are ordered. So the image is replaced by its rank
    in 1,016 levels of equal share, the median of the ranks is taken, and ranks become intensities again. OpenCV's
    constant-time filter knows 256 levels, so it is run on each quarter of the ranks, with all ranks below it as one and
    all above it as one: a pixel's median lies in one of the quarters, and there it is exact.

    Parameters
    ----------
    image : (Y, X) number
        Finite.
    radius_px
        The window has 2 * radius_px + 1 rows and columns.

    Returns
    -------
    (Y, X) float32
        Exact for images of at most 1,016 values. Else off by less than the range of intensities that one 1,016th of
        the image's pixels have around the true median.

    Raises
    ------
    ValueError
        When radius_px is below 1.
    """
    if radius_px < 1:
        raise InputError(f"radius_px: expected 1 or more, got {radius_px}.")
    ranks, intensities = _ranked(image)
    # OpenCV wants windows no larger than 255 px, and smaller than the image is of no use.
    radius = min(radius_px, 127, max(1, max(image.shape) // 2))
    return np.asarray(intensities[_median_rank(ranks, window_px=2 * radius + 1)])


def _median_rank(ranks: NDArray[np.int16], *, window_px: int) -> NDArray[np.int16]:
    """(Y, X) median of the ranks, part by part; parts that no pixel has a rank in are left out."""
    median = np.zeros_like(ranks)
    for first in range(0, int(ranks.max()) + 1, _PART_LEVELS):
        part = cv2.medianBlur(np.clip(ranks - (first - 1), 0, _PART_LEVELS + 1).astype(np.uint8), window_px)
        within = (part > 0) & (part <= _PART_LEVELS)
        median[within] = part[within] + np.int16(first - 1)
    return median


def _ranked(image: NDArray[np.number]) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """(Y, X) ranks, and (1016,) float32 mean intensity of each rank."""
    if image.dtype == np.uint16:
        counts = cv2.calcHist([np.ascontiguousarray(image)], [0], None, [65536], [0, 65536]).ravel()
        rank_of = _ranks(counts)
        ranks = rank_of[image]
        weights, values = counts.astype(np.float64), np.arange(65536, dtype=np.float64)
    else:
        values, inverse, n_each = np.unique(image, return_inverse=True, return_counts=True)
        rank_of = _ranks(n_each)
        ranks = rank_of[inverse].reshape(image.shape)
        weights, values = n_each.astype(np.float64), values.astype(np.float64)
    total = np.bincount(rank_of, weights=weights, minlength=_N_LEVELS)
    sums = np.bincount(rank_of, weights=weights * values, minlength=_N_LEVELS)
    return ranks, (sums / np.maximum(total, 1)).astype(np.float32)


def _ranks(counts: NDArray[np.number]) -> NDArray[np.int16]:
    """Rank 0 to 1,015 of each value, by the share of the pixels below it; distinct values keep ranks of their own where
    there are no more of them than ranks."""
    present = np.flatnonzero(counts)
    if len(present) <= _N_LEVELS:
        ranks = np.zeros(len(counts), dtype=np.int16)
        ranks[present] = np.arange(len(present))
        return ranks
    middle = np.cumsum(counts, dtype=np.float64) - counts / 2
    return np.asarray(np.minimum(middle / counts.sum(dtype=np.float64) * _N_LEVELS, _N_LEVELS - 1), dtype=np.int16)
