"""Fluorescence segmentation by two thresholds and contours (Pankova 2022, algorithm 2)."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_local, threshold_mean

from wellspring.errors import InputError

__all__ = ["segment_by_contours"]


def segment_by_contours(
    image: NDArray[np.number],
    *,
    window_px: int = 51,
    opening_px: int = 3,
    sigma_px: float = 1.0,
    min_area_px: float = 30,
) -> NDArray[np.uint32]:
    """Label stained regions: a global threshold at the mean, a local one inside it, holes filled, outlines smoothed.

    The source names the steps and no settings; those here are in pixels of a nucleus of 15 to 30 px. Touching nuclei
    are not separated, and the mean moves with the share of the field that is stained: see
    `wellspring.segmentation.nuclei.segment_nuclei` for a method without either.

    Parameters
    ----------
    image : (Y, X)
        Intensity of the stain.
    window_px
        Side of the window of the local threshold (its Gaussian mean), odd; some nuclei wide.
    opening_px
        Side of the square of the morphological opening.
    sigma_px
        Standard deviation of the blur of the mask, which is cut again at a half.
    min_area_px
        Regions with a smaller area inside their contour are dropped.

    Returns
    -------
    (Y, X) uint32
        0 = background, 1..n in the order of the contours. A constant image has no region.

    Raises
    ------
    ValueError
        When the image has not two axes, or the window is not odd.
    """
    if image.ndim != 2 or window_px < 3 or window_px % 2 == 0:
        raise InputError(f"expected an image (Y, X) and an odd window of 3 px or more, got {image.shape}, {window_px}.")
    labels = np.zeros(image.shape, dtype=np.int32)
    values = image.astype(np.float64)
    if not np.ptp(values):
        return labels.astype(np.uint32)
    values = (values - values.min()) / np.ptp(values)
    inside = values > threshold_mean(values)
    kept = np.where(inside, values, 0.0)
    mask = inside & (kept > threshold_local(kept, window_px))
    mask = ndimage.binary_fill_holes(mask)
    square = np.ones((opening_px, opening_px), np.uint8)
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, square)
    smooth = (ndimage.gaussian_filter(opened.astype(np.float64), sigma_px) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [contour for contour in contours if cv2.contourArea(contour) >= min_area_px]
    for number, contour in enumerate(large, start=1):
        cv2.drawContours(labels, [contour], -1, number, thickness=cv2.FILLED)
    return labels.astype(np.uint32)
