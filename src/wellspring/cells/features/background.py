"""The local background of objects: the ring around each, where no object lies."""

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.intensity import quantile
from wellspring.cells.features.objects import Objects, sorted_values

__all__ = ["LEAST_RING_PX", "ring_areas", "ring_background"]

# The median of fewer is as uncertain as the noise of a few pixels.
LEAST_RING_PX = 16


def ring_areas(rings: Objects, objects: Objects) -> NDArray[np.float64]:
    """(n_objects,) pixels of the ring of each of `objects`; 0 without free pixels around it."""
    found = np.zeros(len(objects))
    found[np.searchsorted(objects.label, rings.label)] = rings.n_px
    return found


def ring_background(plane: NDArray[np.uint16], rings: Objects, objects: Objects) -> NDArray[np.float64]:
    """Median of a channel over the ring of each object.

    Parameters
    ----------
    plane : (Y, X) uint16
    rings
        From `ring_around`, by label.
    objects
        Those that it is asked for.

    Returns
    -------
    (n_objects,) float64
        Objects with fewer than 16 pixels in their ring have the median of the site's rings; missing where the site has
        no ring at all.
    """
    values = plane.ravel()[rings.at]
    common = float(np.median(values)) if len(values) else np.nan
    found = np.full(len(objects), common)
    if len(rings):
        own = quantile(sorted_values(values, rings), rings, 0.5)
        is_enough = rings.n_px >= LEAST_RING_PX
        found[np.searchsorted(objects.label, rings.label[is_enough])] = own[is_enough]
    return found
