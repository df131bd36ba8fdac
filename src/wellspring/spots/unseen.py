"""Areas of exactly 0 that hold no data: filled with background and noise."""

import numpy as np
from numpy.typing import NDArray

from wellspring.segmentation.backgrounds import masked_pixels
from wellspring.spots.filters import blurred

__all__ = ["filled_areas"]

# The level around, and how far a residual may be from it to be noise.
_AROUND_SIGMAS, _MOST_DEVIATIONS, _MAD = 8.0, 2.5, 1.4826
_SEED = 0


def filled_areas(
    image: NDArray[np.generic], *, sigma_px: tuple[float, ...]
) -> tuple[NDArray[np.generic], NDArray[np.bool_] | None]:
    """The image with background and noise of the pixels around in place of areas without data, and where these are.

    Such an area has no noise, and its outline is an edge: both make spots of noise. What is filled in is the mean
    around (8 sigma; farther away the image's median), and deviations from it that pixels have elsewhere, without those
    of spots; always the same.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
    sigma_px
        Size of a spot per axis, px.

    Returns
    -------
    tuple
        The image itself and None where there are no such areas (`masked_pixels`).
    """
    if image.size == 0 or image.dtype.kind not in "uif" or image.min() != 0:
        return image, None
    found = image.astype(np.float32)
    masked = masked_pixels(found)
    if masked is None:
        return image, None
    seen = (~masked).astype(np.float32)
    around = [_AROUND_SIGMAS * sigma for sigma in sigma_px]
    middle = np.float32(np.median(found[~masked]))
    values = found - middle
    level = blurred(values * seen, sigma_px=around) / (blurred(seen, sigma_px=around) + np.float32(1e-4))
    rest = (values - level)[~masked]
    rest -= np.median(rest)
    noise = rest[np.abs(rest) <= _MOST_DEVIATIONS * _MAD * np.median(np.abs(rest))]
    drawn = np.random.default_rng(_SEED).choice(noise, int(masked.sum()))
    found[masked] = middle + level[masked] + drawn
    if np.issubdtype(image.dtype, np.integer):
        found = np.clip(np.rint(found), 1, float(image.max()))
    return found.astype(image.dtype), masked
