"""What the network learns to draw of annotated nuclei."""

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

__all__ = ["TARGETS", "TASK", "maps_of"]

TASK = "nuclei"

# Maps of the network in their order.
TARGETS = ("nucleus", "contact", "depth", "to_centre_y", "to_centre_x")
# A pixel is in contact where another nucleus, or the background between two, is this near, px.
_CONTACT_PX = 2


def maps_of(labels: NDArray[np.integer], *, diameter_px: float) -> NDArray[np.float32]:
    """Maps (Y, X, 5) of label images (Y, X), 0 = background, in the order of `TARGETS`.

    nucleus: 1 in nuclei, else 0. contact: 1 where two nuclei are within 2 px. depth: distance to the border of the own
    nucleus over the largest in it, 0 outside. to_centre: from the pixel to the mean pixel of its nucleus, in typical
    diameters (`diameter_px`), 0 outside.
    """
    parts = np.asarray(label(labels, background=0, connectivity=1), dtype=np.int32)
    n_parts = int(parts.max(initial=0))
    nucleus = (parts > 0).astype(np.float32)
    rows, columns = np.indices(parts.shape, dtype=np.float32)
    flat = parts.ravel()
    n_px = np.maximum(np.bincount(flat, minlength=n_parts + 1), 1)
    to_centre = []
    for place in (rows, columns):
        centre = np.bincount(flat, weights=place.ravel(), minlength=n_parts + 1) / n_px
        to_centre.append((centre[parts] - place) * nucleus / diameter_px)
    depth = _depth(parts)
    deepest = np.zeros(n_parts + 1, dtype=np.float32)
    np.maximum.at(deepest, flat, depth.ravel())
    relative = depth / np.maximum(deepest, 1)[parts] * nucleus
    return np.stack([nucleus, _contact(parts), relative, *to_centre], axis=-1).astype(np.float32)


def _depth(parts: NDArray[np.int32]) -> NDArray[np.float32]:
    """Distance of each pixel to the nearest one of another nucleus or of the background, px."""
    inside = (parts > 0).astype(np.uint8)
    for axis in (0, 1):
        before, after = (slice(None),) * axis + (slice(1, None),), (slice(None),) * axis + (slice(None, -1),)
        differs = parts[before] != parts[after]
        inside[before][differs] = 0
        inside[after][differs] = 0
    depth: NDArray[np.float32] = cv2.distanceTransform(inside, cv2.DIST_L2, 5).astype(np.float32)
    return np.where(parts > 0, depth + 1, 0).astype(np.float32)


def _contact(parts: NDArray[np.int32]) -> NDArray[np.float32]:
    """1 where more than one nucleus lies within reach."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _CONTACT_PX + 1,) * 2)
    values = parts.astype(np.float32)
    highest = cv2.dilate(values, kernel)
    lowest = cv2.erode(np.where(parts > 0, values, np.float32(1e9)).astype(np.float32), kernel)
    return np.asarray((highest > lowest) & (highest > 0), dtype=np.float32)
