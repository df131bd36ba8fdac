"""Granularity of objects: the light of grains that an opening of each size takes away."""

import cv2
import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.intensity import Light
from wellspring.cells.features.objects import Objects

__all__ = ["FEATURES", "RADII_PX", "granularity_of", "opened"]

RADII_PX = (1, 2, 4, 8)
FEATURES = tuple(
    Feature(
        family="Granularity",
        name=f"Spectrum_{{channel}}_{radius}px",
        unit="%",
        meaning=f"light of {{channel}} in grains smaller than {2 * radius + 1} px, and not than the size before",
        formula="100 (S before - S) / IntegratedLessBackground; S: sum of v after the opening",
        of="channel",
    )
    for radius in RADII_PX
)


def opened(plane: NDArray[np.uint16]) -> list[NDArray[np.uint16]]:
    """The image, (Y, X), after openings by squares of 3, 5, 9 and 17 px."""
    kernels = [np.ones((2 * radius + 1, 2 * radius + 1), np.uint8) for radius in RADII_PX]
    return [np.asarray(cv2.morphologyEx(plane, cv2.MORPH_OPEN, kernel), dtype=np.uint16) for kernel in kernels]


def granularity_of(
    light: Light, objects: Objects, openings: list[NDArray[np.uint16]]
) -> dict[str, NDArray[np.float64]]:
    """The spectrum of one channel by name, (n_objects,) each; missing where there is no light above the background.

    A grain next to the object's edge counts with its part inside.
    """
    sums = [light.total, *(objects.sum(plane.ravel()[objects.at]) for plane in openings)]
    above = light.total - objects.n_px * light.background
    usable = np.where(above > 0, above, np.nan)
    return {
        f"Spectrum_{{channel}}_{radius}px": 100 * (before - after) / usable
        for radius, before, after in zip(RADII_PX, sums, sums[1:], strict=False)
    }
