"""Actin inside cells: truth for its segmentation, built from the images, and how well a mask agrees with it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from skimage.segmentation import find_boundaries

from wellspring.segmentation.nuclei import segment_nuclei
from wellspring.segmentation.propagation import propagated

__all__ = ["ActinTruth", "actin_truth", "intersection_over_union", "weight_map"]

_Mask = NDArray[np.bool_]
_REGULARISATION = 0.05


@dataclass(frozen=True)
class ActinTruth:
    """Masks of one tile, each (Y, X) bool: actin inside cells, all bright actin, borders of cells."""

    inside: _Mask
    actin: _Mask
    borders: _Mask


def actin_truth(
    actin: NDArray[np.number], borders: NDArray[np.number], nuclei: NDArray[np.number], *, border_px: int
) -> ActinTruth:
    """Bright actin that is not on a border of cells (Dincu 2021, section 5.3.1).

    Nuclei are found by Otsu's threshold and split (`segment_nuclei`); every pixel goes to a nucleus by propagation
    over the image of the borders (Jones, Carpenter & Golland 2005), and borders are where two cells meet. Bright actin
    is what exceeds Otsu's threshold of the actin image. The source writes that this threshold is that of the nuclei,
    which cannot be meant.

    Parameters
    ----------
    actin, borders, nuclei : (Y, X)
        Intensities of the three channels.
    border_px
        Half the width of a border, px.

    Returns
    -------
    ActinTruth
        Without nuclei there are no borders; an even actin image has no bright actin.
    """
    seeds = segment_nuclei(nuclei).astype(np.int32)
    on_border = np.zeros(actin.shape, dtype=bool)
    if seeds.any():
        everywhere = np.ones(actin.shape, dtype=bool)
        cells = propagated(borders.astype(np.float32), seeds, mask=everywhere, regularisation=_REGULARISATION)
        lines = find_boundaries(cells.astype(np.int64), mode="inner").astype(np.uint8)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * border_px + 1, 2 * border_px + 1))
        on_border = cv2.dilate(lines, disc).astype(bool)
    is_even = actin.min() == actin.max()
    bright = np.zeros(actin.shape, dtype=bool) if is_even else np.asarray(actin > threshold_otsu(actin))
    return ActinTruth(inside=bright & ~on_border, actin=bright, borders=on_border)


def weight_map(masks: _Mask, *, importance: float) -> NDArray[np.float32]:
    """Weight of each pixel in the loss: 1, and 1 + `importance` where any mask is set.

    Parameters
    ----------
    masks : (n, 2, Y, X) bool
        Bright actin and borders, where mistakes are made.

    Returns
    -------
    (n, Y, X) float32
    """
    return np.where(masks.any(axis=1), 1 + importance, 1).astype(np.float32)


def intersection_over_union(found: _Mask, truth: _Mask) -> float:
    """Pixels of both masks over pixels of either; NaN where neither has any."""
    union = int((found | truth).sum())
    return int((found & truth).sum()) / union if union else float("nan")
