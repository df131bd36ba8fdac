"""What the network for spots sees: planes with spots of 1.5 px or less, in units of their noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SIGMA_PX", "in_units_of_noise", "zoomed_plane"]

# Largest standard deviation of a spot as the network sees it. Images of smaller ones are left as they are: enlarged,
# the noise of their pixels would look like spots.
SIGMA_PX = 1.5
# Side of the square in which the background is measured: 8 spots' full widths.
_LOCAL_PX = 25
# Above so many standard deviations of the noise intensities are compressed.
_KNEE = 4.0

_Plane = NDArray[np.float32]


def zoomed_plane(plane: NDArray[np.number], *, sigma_px: tuple[float, float]) -> _Plane:
    """The plane (Y, X), shrunk where spots of `sigma_px` (y, x) are larger than 1.5 px."""
    values = np.asarray(plane, dtype=np.float32)
    zooms = (min(1.0, SIGMA_PX / sigma) for sigma in sigma_px)
    shape = tuple(max(1, round(side * zoom)) for side, zoom in zip(values.shape, zooms, strict=True))
    if shape == values.shape:
        return values
    return np.asarray(cv2.resize(values, shape[::-1], interpolation=cv2.INTER_AREA), dtype=np.float32)


def in_units_of_noise(plane: _Plane) -> _Plane:
    """Height above the local mean in standard deviations of the pixels' noise, compressed above 4; 0 if constant.

    The noise is the robust spread of the plane less its own blur of 1 px, so that neither light nor spots count.
    """
    fine = plane - cv2.GaussianBlur(plane, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT)
    noise = 1.4826 * float(np.median(np.abs(fine - np.median(fine))))
    least = 1e-4 * float(plane.max() - plane.min())
    if not max(noise, least) > 0:
        return np.zeros_like(plane)
    size = (_LOCAL_PX, _LOCAL_PX)
    mean = cv2.blur(cv2.blur(plane, size, borderType=cv2.BORDER_REFLECT), size, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.arcsinh((plane - mean) / np.float32(_KNEE * max(noise, least))), dtype=np.float32)
