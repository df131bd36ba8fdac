"""Nuclei: Otsu's threshold of the log intensity, a watershed that parts touching nuclei, outlines at half height."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

__all__ = ["Levels", "outlined", "part_touching", "segment_nuclei", "stain_levels"]

# Least distance of the threshold from the background, in robust standard deviations of the background class.
_LEAST_SEPARATION = 2.0
# Radius (px) up to which a constriction must be one pixel deep; beyond, 1 / 7.5 = 1 - cos 30° of the radius.
_ONE_PIXEL_RADIUS = 7.5


@dataclass(frozen=True)
class Levels:
    """Of one smoothed image: the threshold between ground and stain, and the ground's median intensity."""

    threshold: float
    background: float


def segment_nuclei(
    image: NDArray[np.integer], *, smoothing_sigma_px: float = 2.0, min_diameter_px: float = 20.0
) -> NDArray[np.uint32]:
    """Label the nuclei of one image.

    Parameters
    ----------
    image : (Y, X) unsigned int
        Intensity of the nuclear stain; bright nuclei on dark ground. Background need not be subtracted.
    smoothing_sigma_px
        Standard deviation of the Gaussian that smooths the image, px. The default, 2, averages about
        4 * pi * 2**2 = 50 pixels, so noise falls sevenfold, while a nucleus of 20 px keeps its shape. 0: none.
    min_diameter_px
        Objects smaller than this (by area) are dropped and holes smaller than this are filled; touching nuclei are
        parted no finer. The default, 20, is about half the diameter of a human nucleus at 0.3 to 0.6 µm per pixel.

    Returns
    -------
    (Y, X) uint32
        0 = background, 1..n in the raster order of each nucleus' first pixel. An empty or constant image, and one of
        noise only, has no nuclei.

    Raises
    ------
    ValueError
        When the image is not two-dimensional, holds negative values, or a parameter is out of range.

    Notes
    -----
    Three steps, each with its reasons at its function: which pixels are stained (`stain_levels`), how touching nuclei
    are parted (`part_touching`), where exactly a nucleus ends (`outlined`).
    """
    if image.ndim != 2 or (image.size and image.min() < 0):
        raise ValueError(f"image: expected (Y, X) intensities of 0 or more, got shape {image.shape}, {image.dtype}.")
    if smoothing_sigma_px < 0 or min_diameter_px <= 0:
        raise ValueError(
            "smoothing_sigma_px must be 0 or more and min_diameter_px above 0, "
            f"got {smoothing_sigma_px} and {min_diameter_px}."
        )
    smooth = image.astype(np.float32)
    if smoothing_sigma_px > 0 and image.size:
        smooth = cv2.GaussianBlur(smooth, (0, 0), smoothing_sigma_px)
    levels = stain_levels(smooth)
    if levels is None:
        return np.zeros(image.shape, dtype=np.uint32)
    mask = _without_small(smooth > levels.threshold, min_area_px=_area(min_diameter_px))
    parts = part_touching(mask, min_diameter_px=min_diameter_px)
    return outlined(parts, smooth, background=levels.background, min_area_px=_area(min_diameter_px))


def stain_levels(smooth: NDArray[np.float32]) -> Levels | None:
    """The threshold of a smoothed image (Y, X), by Otsu's rule on log(1 + intensity); None without two classes.

    Otsu (IEEE Trans. Syst. Man Cybern. 9, 1979). Stains vary by a factor between nuclei, so equal steps of the
    logarithm, not of the intensity, make the dim nuclei one class with the bright ones.

    Otsu's rule halves whatever it is given. So the threshold counts only if it lies at least 2 standard deviations
    above the median of the class below it. The deviation is 1.4826 times that class's median absolute deviation, at
    least that of rounding to whole grey values. Where the rule merely halves one population, this ratio is 1.1
    (normal) to 1.3 (uniform: the flattest that noise and uneven light make), whatever the population's width; 2 is
    half again above that. Where there are two populations, the class below is the whole background, and 2 means that
    few of its pixels, 1 in 40, are above the threshold; 3 would take crowded, hazy fields for empty (one of the public
    DSB 2018 images that this was looked at with has 2.1). A single population with a long bright tail passes (2.2 where
    the logarithm is exponential): such a tail is what haze round many nuclei makes. A field whose nuclei are too few
    and too dim to outweigh the background's own spread is taken as empty. Without smoothing, noise of a few grey
    values can look like two populations.
    """
    if smooth.size == 0 or smooth.min() == smooth.max():
        return None
    log = np.log1p(smooth)
    threshold = float(threshold_otsu(log))
    below = log[log <= threshold]
    middle = float(np.median(below))
    spread = 1.4826 * float(np.median(np.abs(below - middle)))
    rounding = float(np.exp(-middle)) / np.sqrt(12.0)
    if threshold - middle < _LEAST_SEPARATION * max(spread, rounding):
        return None
    return Levels(threshold=float(np.expm1(threshold)), background=float(np.expm1(middle)))


def _area(diameter_px: float) -> float:
    return np.pi / 4 * diameter_px**2


def _without_small(mask: NDArray[np.bool_], *, min_area_px: float) -> NDArray[np.bool_]:
    """Fill holes, then drop objects, smaller than `min_area_px`. A larger hole is ground between nuclei."""
    for value in (False, True):
        _, parts, stats, _ = cv2.connectedComponentsWithStats((mask == value).astype(np.uint8), connectivity=4)
        is_small = stats[:, cv2.CC_STAT_AREA] < min_area_px
        is_small[0] = False
        mask = np.where(is_small[parts], not value, mask)
    return mask


def part_touching(mask: NDArray[np.bool_], *, min_diameter_px: float) -> NDArray[np.int32]:
    """Label the objects of a mask, touching ones parted at their constrictions.

    Parameters
    ----------
    mask : (Y, X) bool
        Objects of at least the area of a disc of `min_diameter_px`.
    min_diameter_px
        No part is smaller than that disc.

    Returns
    -------
    (Y, X) int32
        0 = background; a number for each part, in no order. Objects that hold no disc of half that diameter (threads)
        are left out: an ellipse four times as long as wide with the smallest area allowed just holds one.

    Notes
    -----
    Watershed of the distance to the background, from the maxima that stand out: on the way from a maximum to a higher
    one the distance must fall by one pixel (below that is the staircase of a digital outline) and by 13 % of the
    radius. 13 % is 1 - cos 30°: two equal discs have a neck of cos 30° of their diameter when their centres are one
    radius apart, so overlapping discs are parted when most of each lies outside the other, and bent or lobed nuclei
    stay whole.
    """
    distance = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    smooth = cv2.GaussianBlur(distance, (0, 0), 1.0)
    seeds = _seeds(smooth, mask=mask, min_radius_px=min_diameter_px / 4)
    parts = watershed(-smooth, seeds, mask=mask)
    kept = _kept_seeds(parts, distance=smooth, mask=mask, min_area_px=_area(min_diameter_px))
    if not kept.all():
        parts = watershed(-smooth, np.where(kept[seeds], seeds, 0), mask=mask)
    return np.asarray(parts, dtype=np.int32)


def _seeds(distance: NDArray[np.float32], *, mask: NDArray[np.bool_], min_radius_px: float) -> NDArray[np.int32]:
    """(Y, X) int32: the maxima of the distance that stand out, each a label."""
    radius = _ONE_PIXEL_RADIUS
    # On this scale a constriction stands out when it is 1 deep: linear up to the radius, logarithmic beyond.
    scale = np.where(distance < radius, distance, radius * (1 + np.log(np.maximum(distance, radius) / radius)))
    scale = np.where(mask, scale, -1.0)
    flooded = reconstruction(scale - 1.0, scale)
    tops = local_maxima(flooded) & mask
    labels, n_labels = ndimage.label(tops, structure=np.ones((3, 3)))
    heights = ndimage.maximum(distance, labels, np.arange(1, n_labels + 1))
    is_deep = np.concatenate([[False], np.asarray(heights) >= min_radius_px])
    return np.where(is_deep[labels], labels, 0).astype(np.int32)


def _kept_seeds(
    parts: NDArray[np.int32], *, distance: NDArray[np.float32], mask: NDArray[np.bool_], min_area_px: float
) -> NDArray[np.bool_]:
    """(n + 1,) bool: parts that are large enough; of an object with none, the part of the largest inscribed disc."""
    n_parts = int(parts.max())
    numbers = np.arange(n_parts + 1)
    objects, _ = ndimage.label(mask)
    object_of = ndimage.maximum(objects, parts, numbers).astype(np.int64)
    height = ndimage.maximum(distance, parts, numbers)
    kept = np.bincount(parts.ravel(), minlength=n_parts + 1) >= min_area_px
    for lost in np.setdiff1d(object_of[1:], object_of[1:][kept[1:]]):
        members = numbers[1:][object_of[1:] == lost]
        kept[members[np.argmax(height[members])]] = True
    kept[0] = True
    return np.asarray(kept)


def outlined(
    parts: NDArray[np.int32], smooth: NDArray[np.float32], *, background: float, min_area_px: float
) -> NDArray[np.uint32]:
    """Draw each nucleus' outline at half its height.

    A threshold between all stain and all ground is low for a bright nucleus, whose blur then counts as nucleus. Blur
    is symmetric, so the edge of an evenly stained nucleus is where the intensity is midway between the ground and
    the nucleus, taken as the median over the part: half of the nucleus is stained at least so much, be it textured
    or not.

    Parameters
    ----------
    parts : (Y, X) int
        Objects at a lower threshold, 0 = background.
    smooth : (Y, X) float32
        Smoothed intensity.
    background
        Intensity of the ground.
    min_area_px
        What is left of a part counts from this area on. Where it falls into pieces, each such piece is a nucleus.

    Returns
    -------
    (Y, X) uint32
        1..n in the raster order of each nucleus' first pixel; holes inside a part are filled.
    """
    found = np.zeros(parts.shape, dtype=np.int64)
    n_found = 0
    for number, place in enumerate(ndimage.find_objects(parts), start=1):
        if place is None:
            continue
        own = parts[place] == number
        half = (background + float(np.median(smooth[place][own]))) / 2
        upper = ndimage.binary_fill_holes(own & (smooth[place] >= half)) & own
        pieces, _ = ndimage.label(upper)
        for piece in np.flatnonzero(np.bincount(pieces.ravel())[1:] >= min_area_px) + 1:
            n_found += 1
            found[place][pieces == piece] = n_found
    return _in_raster_order(found)


def _in_raster_order(labels: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The same objects, numbered 1..n by their first pixel in raster order."""
    present, first = np.unique(labels, return_index=True)
    present, first = present[present > 0], first[present > 0]
    number = np.zeros(int(labels.max()) + 1, dtype=np.uint32)
    number[present[np.argsort(first)]] = np.arange(1, len(present) + 1, dtype=np.uint32)
    return number[labels]
