"""What is no stain and would be taken for it: pixels without data, and a background that is uneven or has steps."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["evened", "filled", "masked_pixels"]

# Pixels without data: at least this share of the image, and a gap above 0 that no more than this share of pixels fill.
_LEAST_MASKED, _IN_GAP = 1e-3, 1e-3
# Or so many of those without data: where areas are narrow, they belong to them.
_NARROW = 0.02
# How far pixels are still mixed with those without data, by interpolation or compression, px.
_MIXED_PX = 3
# The gap is at least so many times as wide as the lower quarter of what lies above it.
_GAP = 2.0
# Least share of the image that is left.
_LEAST_SEEN = 0.05
# The local background: longest side of the image that it is taken from, and half its window in shorter sides of that.
_SMALL_PX, _WINDOW = 512, 1 / 6
_BRIGHT_SDS = 3.0
# Beside a step the first median is that of nuclei, if there are any; each round leaves a tenth of that.
_N_ROUNDS = 3

_Mask = NDArray[np.bool_]
_Values = NDArray[np.float32]


def masked_pixels(image: NDArray[np.number]) -> _Mask | None:
    """Pixels without data: areas of exactly 0 in an image whose own background lies well above 0.

    Stitching, rotation and registration leave such areas. A background that was subtracted and clipped is 0 too, but
    then values just above 0 are as frequent, so 0 is masked only where a gap follows: hardly any pixel up to half of
    the darkest percentile of the others, and that gap twice as wide as the darkest quarter of them.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        0 or more.

    Returns
    -------
    bool, the shape of `image`, or None
        None when there are none. Three pixels around an area belong to it, since interpolation mixes them, and so does
        each other pixel of 0.
    """
    if image.size == 0 or image.min() != 0:
        return None
    planes = np.atleast_3d(image == 0).reshape(-1, *image.shape[-2:]).astype(np.uint8)
    kernel, wide = np.ones((5, 5), np.uint8), np.ones((2 * _MIXED_PX + 5,) * 2, np.uint8)
    # Outside of the image nothing is known, so an area may end there.
    cores = [cv2.erode(plane, kernel, borderType=cv2.BORDER_REPLICATE) for plane in planes]
    masked = np.stack([cv2.dilate(core, wide, borderValue=0) for core in cores]).astype(bool).reshape(image.shape)
    share = float(masked.mean())
    if share < _LEAST_MASKED or share > 1 - _LEAST_SEEN:
        return None
    values = image[~masked]
    darkest, quarter = np.percentile(values[values > 0], [1, 25]) if (values > 0).any() else (0.0, 0.0)
    n_in_gap = int(np.count_nonzero(values <= darkest / 2))
    is_gap = n_in_gap <= max(_IN_GAP * len(values), _NARROW * (image.size - len(values)))
    is_far = darkest >= _GAP * (quarter - darkest)
    return masked | (image == 0) if darkest > 0 and is_gap and is_far else None


def filled(image: NDArray[np.number], masked: _Mask) -> NDArray[np.number]:
    """The image with its masked pixels at the lower quartile of the others, which is background in most fields."""
    level = np.percentile(image[~masked], 25)
    return np.where(masked, np.asarray(level, dtype=image.dtype), image)


def evened(image: NDArray[np.number], *, stained: _Mask | None = None, diameter_px: float | None = None) -> _Values:
    """An image less its local background: the median of a window of a third of the field, without what is bright.

    A median follows gradients, and unlike a mean or a blur it keeps steps where they are. Nuclei drop out while they
    cover less than half of a window: what exceeds the median by three standard deviations is replaced by it before the
    next is taken, three times. The median is taken of every few pixels; between them, at steps, the image's own
    median of 5 x 5 pixels chooses among the values that are near.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X), uint or float
        A stack is evened plane by plane.
    stained : bool, the shape of `image`, optional
        Nuclei of an earlier pass.
    diameter_px
        Of a typical one: the windows after the first are twice as wide.

    Returns
    -------
    The shape of `image`, float32
        About 0 in the background, and negative where noise makes it so.
    """
    planes = image.reshape(-1, *image.shape[-2:]).astype(np.float32)
    known = [None] * len(planes) if stained is None else list(stained.reshape(planes.shape))
    found = [
        plane - _background(plane, stained=own, diameter_px=diameter_px)
        for plane, own in zip(planes, known, strict=True)
    ]
    return np.stack(found).reshape(image.shape)


def _background(plane: _Values, *, stained: _Mask | None, diameter_px: float | None) -> _Values:
    """Median nearby of what is not far brighter than its neighbourhood, nor stained, in a few rounds."""
    from wellspring.quality.medians import local_median

    step = max(1, -(-max(plane.shape) // _SMALL_PX))
    smooth = cv2.medianBlur(plane, 5)
    small = np.ascontiguousarray(smooth[::step, ::step])
    radius = max(1, round(min(small.shape) * _WINDOW))
    background = local_median(small, radius_px=radius)
    spread = 0.0
    for _ in range(_N_ROUNDS):
        excess = small - background
        spread = 1.4826 * float(np.median(np.abs(excess)))
        bright = excess > _BRIGHT_SDS * spread
        if stained is not None and diameter_px is not None:
            bright |= stained[::step, ::step]
            radius = min(radius, max(2, round(diameter_px / step)))
        background = local_median(np.where(bright, background, small), radius_px=radius)
    return background if step == 1 else _enlarged(background, smooth, spread=spread)


def _enlarged(background: _Values, image: _Values, *, spread: float) -> _Values:
    """A small background in the size of the image; at steps the one of two near values that the image is closer to."""
    kernel, size = np.ones((3, 3), np.uint8), image.shape[::-1]
    low, high = (
        cv2.resize(change(background, kernel), size, interpolation=cv2.INTER_NEAREST)
        for change in (cv2.erode, cv2.dilate)
    )
    nearer = np.where(image > (low + high) / 2, high, low)
    even = cv2.resize(background, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(high - low > _BRIGHT_SDS * spread, nearer, even))
