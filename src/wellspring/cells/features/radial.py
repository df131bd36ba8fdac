"""Radial distribution: how the light of an object is spread from its middle to its edge."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.intensity import Light
from wellspring.cells.features.objects import Objects

__all__ = ["FEATURES", "N_RINGS", "Rings", "radial_of", "rings_of"]

N_RINGS, _N_SECTORS = 4, 8
_MEANINGS = {
    "FracAtD": ("share of the light above the background", "sum of (v - b) over the ring / over the object"),
    "MeanFrac": ("brightness of the ring over that of the object", "FracAtD / share of the pixels"),
    "RadialCV": ("unevenness around the ring", "standard deviation over mean of the means of v of eight sectors"),
}
FEATURES = tuple(
    Feature(
        family="RadialDistribution",
        name=f"{name}_{{channel}}_{ring}of{N_RINGS}",
        unit="1",
        meaning=f"{meaning}, {{channel}}, ring {ring} of {N_RINGS} from the middle",
        formula=f"{formula}; ring of depth d of at most D: floor({N_RINGS} (1 - (d - 0.5) / D)) + 1",
        of="channel",
    )
    for name, (meaning, formula) in _MEANINGS.items()
    for ring in range(1, N_RINGS + 1)
)


@dataclass(frozen=True)
class Rings:
    """Ring of each pixel (0 in the middle), and 4 x object + ring; sector in eighths, 8 x that + sector."""

    of_pixel: NDArray[np.int64]
    n_px: NDArray[np.float64]
    sector: NDArray[np.int64]
    n_in_sector: NDArray[np.float64]


def rings_of(objects: Objects, depth: NDArray[np.int32]) -> Rings:
    """Four rings of each object by the pixels' `depth`, (n_px,) from `depths`, and eight sectors around its centre."""
    deepest = objects.largest(depth)
    share = (depth - 0.5) / deepest[objects.owner]
    ring = np.minimum((N_RINGS * (1 - share)).astype(np.int64), N_RINGS - 1)
    of_pixel = objects.owner.astype(np.int64) * N_RINGS + ring
    dy = objects.y - objects.center[0][objects.owner]
    dx = objects.x - objects.center[1][objects.owner]
    # The octant by signs and the larger side, which costs less than an angle.
    octant = (dy > 0) * 4 + (dx > 0) * 2 + (np.abs(dy) > np.abs(dx))
    sector = of_pixel * _N_SECTORS + octant
    n_rings = len(objects) * N_RINGS
    return Rings(
        of_pixel,
        np.bincount(of_pixel, minlength=n_rings).astype(np.float64).reshape(-1, N_RINGS),
        sector,
        np.bincount(sector, minlength=n_rings * _N_SECTORS).astype(np.float64).reshape(-1, N_RINGS, _N_SECTORS),
    )


def radial_of(light: Light, objects: Objects, rings: Rings) -> dict[str, NDArray[np.float64]]:
    """The features of the family RadialDistribution of one channel by name, (n_objects,) each.

    Missing: of a ring without pixels; shares where there is no light above the background; unevenness where the ring
    has no light or only one sector.
    """
    in_sector = np.bincount(rings.sector, light.values, minlength=rings.n_in_sector.size)
    sums = in_sector.reshape(rings.n_in_sector.shape)
    above = sums.sum(axis=2) - rings.n_px * light.background[:, None]
    total = above.sum(axis=1, keepdims=True)
    has_pixels = rings.n_px > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(has_pixels & (total > 0), above / total, np.nan)
        relative = share / (rings.n_px / objects.n_px[:, None])
        means = np.where(rings.n_in_sector > 0, sums / rings.n_in_sector, np.nan)
        n_sectors = (rings.n_in_sector > 0).sum(axis=2)
        middle = np.nansum(means, axis=2) / n_sectors
        spread = np.sqrt(np.nansum((means - middle[..., None]) ** 2, axis=2) / n_sectors)
        uneven = np.where((n_sectors > 1) & (middle > 0), spread / middle, np.nan)
    found = {"FracAtD": share, "MeanFrac": relative, "RadialCV": uneven}
    return {
        f"{name}_{{channel}}_{ring + 1}of{N_RINGS}": values[:, ring]
        for name, values in found.items()
        for ring in range(N_RINGS)
    }
