"""Tops that the camera cut off, drawn on as the optics would have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["restored_tops"]

# Fewer pixels of the highest value are a peak; beyond 3 sigma (the spot 90 times too bright) it is no spot.
_LEAST_PIXELS, _MOST_RADIUS = 3, 3.0
# The flank that says how high a spot was, from the top outwards, and the background, from the middle of the top plus
# its radius; sigmas.
_FLANK_SIGMAS, _RING_SIGMAS = 1.0, (2.5, 4.5)
_LEAST_RING_PX, _LEAST_FLANK_PX = 10, 4
# A round top fills its circle or sphere to this share; others are long, or of several spots.
_ROUND = 0.6


def restored_tops(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> NDArray[np.generic]:
    """The image with the flat tops of saturated spots rounded, so that each is highest at its middle.

    A round top gets the Gaussian of the expected size whose flank, the pixels up to 1 sigma around the top, fits best
    above the local background, centred on the top. A long one, or one of several spots, has several equal maxima if it
    stays flat: a Gaussian spot cut at the height L above the background, whose flat top has the radius r, is
    L * exp((2 r d - d**2) / (2 sigma**2)) at the depth d inside it; depth and radius (the greatest depth) come from the
    distance transform of the top.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Not empty.
    sigma_px
        Size of a spot per axis.

    Returns
    -------
    The image itself when it has no flat tops of the highest value, of 3 pixels or more and a radius up to 3 sigma, else
    int32 of an integer image of 8 or 16 bits, float32 of another. A top is never lowered; single hot pixels, and groups
    of them whose surroundings are dark, stay flat.
    """
    highest = image.max()
    top = image == highest
    if int(top.sum()) < _LEAST_PIXELS:
        return image
    labels, n_tops = ndimage.label(top)
    sizes = np.bincount(labels.ravel(), minlength=n_tops + 1)
    restored: NDArray[np.generic] | None = None
    kind = np.int32 if image.dtype.kind in "ui" and image.dtype.itemsize <= 2 else np.float32
    reach = [int(np.ceil(_RING_SIGMAS[1] * s)) for s in sigma_px]
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if sizes[number] < _LEAST_PIXELS:
            continue
        crop = tuple(slice(max(0, b.start - r), b.stop + r) for b, r in zip(box, reach, strict=True))
        own = labels[crop] == number
        values = _restored(image[crop], own, top[crop], sigma_px=sigma_px)
        if values is not None and (values[own] > highest).any():
            restored = image.astype(kind) if restored is None else restored
            restored[crop][own] = np.maximum(values[own], float(highest)).astype(kind)
    return image if restored is None else restored


def _restored(
    values: NDArray[np.generic], own: NDArray[np.bool_], top: NDArray[np.bool_], *, sigma_px: Sequence[float]
) -> NDArray[np.float32] | None:
    """What a crop around a top would be, float32; None where it is no top of spots."""
    sampling = [1 / s for s in sigma_px]
    # The outline runs half a pixel outside the outermost pixels' centres.
    half = 0.5 / max(sigma_px)
    depth = ndimage.distance_transform_edt(np.pad(own, 1), sampling=sampling)[(slice(1, -1),) * own.ndim] - half
    radius = float(depth[own].max())
    if radius > _MOST_RADIUS:
        return None
    away = ndimage.distance_transform_edt(~own, sampling=sampling)
    ring = (away > _RING_SIGMAS[0]) & (away <= _RING_SIGMAS[1]) & ~top
    pixels = values.astype(np.float64)
    background = float(np.median(pixels[ring])) if ring.sum() >= _LEAST_RING_PX else float(pixels.min())
    height = float(pixels[own].max()) - background
    spot = _spot(own, sigma_px=sigma_px)
    flank = (away <= _FLANK_SIGMAS) & ~top
    if spot is not None and flank.sum() >= _LEAST_FLANK_PX:
        shape = spot[flank]
        return np.asarray(background + float(shape @ (pixels[flank] - background) / (shape @ shape)) * spot, np.float32)
    dome = np.exp((2 * radius * depth - depth**2) / 2)
    return np.asarray(np.where(own, background + height * dome, pixels), dtype=np.float32)


def _spot(own: NDArray[np.bool_], *, sigma_px: Sequence[float]) -> NDArray[np.float64] | None:
    """Gaussian of height 1 on the middle of a round top; None of another top."""
    places = np.stack(np.nonzero(own))
    middle = places.mean(axis=1)
    half_axes = (np.ptp(places, axis=1) + 1) / 2
    share = np.pi if own.ndim == 2 else 4 / 3 * np.pi
    widths = half_axes / np.asarray(sigma_px)
    if len(places[0]) < _ROUND * share * np.prod(half_axes) or widths.max() > 2 * widths.min():
        return None
    axes = np.ogrid[tuple(slice(0, size) for size in own.shape)]
    distance = sum(((axis - c) / s) ** 2 for axis, c, s in zip(axes, middle, sigma_px, strict=True))
    return np.asarray(np.exp(-distance / 2), dtype=np.float64)
