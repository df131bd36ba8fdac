"""Transmitted light relative to its surroundings: what the lamp, the exposure and the vignette do not change."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["relative_light"]


def relative_light(planes: NDArray[np.number], *, window_px: int) -> NDArray[np.float32]:
    """Intensity over its mean in a square around each pixel, minus 1.

    Parameters
    ----------
    planes : (P, Y, X)
        Camera counts.
    window_px
        Side of the square, odd; 0: the intensities are returned as they are.

    Returns
    -------
    (P, Y, X) float32
        0 where the surroundings are black.
    """
    given = planes.astype(np.float32)
    if window_px == 0:
        return given
    found = np.empty_like(given)
    for number, plane in enumerate(given):
        around = ndimage.uniform_filter(plane, window_px, mode="mirror")
        found[number] = np.divide(plane, around, out=np.ones_like(plane), where=around > 0) - 1
    return found
