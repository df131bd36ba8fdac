"""Tops that the camera cut off, drawn on as the optics would have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["restored_tops"]

# Below 1 sigma a flat top hardly changes the response; beyond 3 sigma (the spot 90 times too bright) it is no spot.
_LEAST_RADIUS, _MOST_RADIUS = 1.0, 3.0


def restored_tops(image: NDArray[np.generic], *, sigma_px: Sequence[float]) -> NDArray[np.generic]:
    """The image with the flat tops of saturated spots rounded, so that each is highest at its middle.

    A top of even width, or a long one, has several equal maxima there.

    A Gaussian spot cut at level L, whose flat top has the radius r, is L * exp((2 r d - d**2) / (2 sigma**2)) at the
    depth d inside it. Depth and radius (the greatest depth) come from the distance transform of the top.

    Parameters
    ----------
    image : (Y, X) or (Z, Y, X) number
        Not empty.
    sigma_px
        Size of a spot per axis.

    Returns
    -------
    The image itself when it has no flat tops of the highest value with a radius from 1 to 3 sigma, else float32.
    """
    top = image == image.max()
    if int(top.sum()) < 5:
        return image
    sampling = [1 / s for s in sigma_px]
    labels, _ = ndimage.label(top)
    restored: NDArray[np.float32] | None = None
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        own = labels[box] == number
        if own.sum() < 5:
            continue
        # The outline runs half a pixel outside the outermost pixels' centres.
        depth = ndimage.distance_transform_edt(np.pad(own, 1), sampling=sampling)
        depth = depth[(slice(1, -1),) * image.ndim] - 0.5 / max(sigma_px)
        radius = float(depth[own].max())
        if _LEAST_RADIUS <= radius <= _MOST_RADIUS:
            restored = image.astype(np.float32) if restored is None else restored
            dome = np.exp((2 * radius * depth - depth**2) / 2)
            restored[box] = np.where(own, restored[box] * dome, restored[box])
    return image if restored is None else restored
