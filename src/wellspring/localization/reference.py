"""What a uniform distribution would give in one cell: means and spreads over the cell's own pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.grids import CellGrid
from wellspring.localization.neighbors import RADII, pair_shares
from wellspring.localization.positions import Positions, positions_in, values_at

__all__ = ["Reference", "directions", "reference_of"]


@dataclass(frozen=True)
class Reference:
    """A cell's pixels as a distribution of positions, uniform in its area or weighted.

    Attributes
    ----------
    pixels : Positions
    weights : (n_px,) float64
        Sum 1.
    sorted_px : (n_px, 4) float32
        Each distance, sorted.
    deepest : float
        Largest distance inside the nucleus to its edge, µm; 0 without one.
    mean, sd : (len(VALUES),) float64
    distance_mean, distance_median : (4,) float64
        Of `DISTANCES`, µm.
    centre : (2,) float64
        Mean position.
    covariance : (2, 2) float64
    direction_mean, direction_sd : (2, 2), (2,) float64
        Mean unit vector, and root of its spread along an axis, around the cell's and the nucleus' centroid.
    pair_share : (len(RADII),) float64
        From `pair_shares`; of the area, whatever the weights.
    angles, angle_share : (n_px,), (n_px + 1,) float64
        Angles of the pixels around `centre`, degrees, ascending from -180, and the weight of those before each.
    """

    pixels: Positions
    weights: NDArray[np.float64]
    sorted_px: NDArray[np.float32]
    deepest: float
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    distance_mean: NDArray[np.float64]
    distance_median: NDArray[np.float64]
    centre: NDArray[np.float64]
    covariance: NDArray[np.float64]
    direction_mean: NDArray[np.float64]
    direction_sd: NDArray[np.float64]
    pair_share: NDArray[np.float64]
    angles: NDArray[np.float64]
    angle_share: NDArray[np.float64]

    def share_within(self, direction: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
        """(k,) share of the cell that is seen from `centre` within `degrees` of directions (k,), degrees."""
        if degrees >= 180:
            return np.ones(len(direction))
        start, end = ((direction + turn + 180) % 360 - 180 for turn in (-degrees, degrees))
        before = self.angle_share[np.searchsorted(self.angles, start, side="left")]
        after = self.angle_share[np.searchsorted(self.angles, end, side="right")]
        return np.asarray(after - before + (end < start))


def directions(points: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) unit vectors from `centre` to points; 0, 0 for one that lies on it."""
    way = points - centre
    length = np.hypot(*way.T)
    return np.asarray(way / np.where(length > 0, length, 1.0)[:, None])


def reference_of(grid: CellGrid, *, weights: NDArray[np.float64] | None = None) -> Reference:
    """The reference of a cell.

    Parameters
    ----------
    weights : (n_px,) float, or None
        Weight of each pixel of the cell in raster order, 0 or more, not all 0, as its thickness; None: all the same.
    """
    pixels = positions_in(grid)
    n_px = len(pixels.points)
    share = np.full(n_px, 1.0 / n_px) if weights is None else np.asarray(weights, np.float64) / np.sum(weights)
    sorted_px = np.sort(pixels.distances, axis=0)
    deepest = float(-np.nanmin(pixels.distances[:, 1])) if grid.nucleus is not None else 0.0
    values = values_at(grid, pixels, sorted_px=sorted_px, deepest=deepest)
    if weights is None:
        mean = values.mean(axis=0, dtype=np.float64)
        spread = values.std(axis=0, dtype=np.float64)
    else:
        mean = share @ values
        spread = np.sqrt(np.maximum(share @ values.astype(np.float64) ** 2 - mean**2, 0.0))
    centre = share @ pixels.points
    way = pixels.points - centre
    angles = np.degrees(np.arctan2(way[:, 1], way[:, 0]))
    order = np.argsort(angles)
    unit = np.stack([directions(pixels.points, one) for one in (grid.centroid, grid.nucleus_centroid)])
    unit_mean = np.stack([share @ one for one in unit])
    return Reference(
        pixels=pixels,
        weights=share,
        sorted_px=sorted_px,
        deepest=deepest,
        mean=np.asarray(mean, np.float64),
        sd=np.asarray(spread, np.float64),
        distance_mean=np.asarray(share @ pixels.distances, np.float64),
        distance_median=np.asarray(sorted_px[(n_px - 1) // 2], np.float64),
        centre=centre,
        covariance=(way * share[:, None]).T @ way,
        direction_mean=unit_mean,
        direction_sd=np.sqrt(np.maximum(1 - (unit_mean**2).sum(axis=1), 1e-6) / 2),
        angles=angles[order],
        angle_share=np.concatenate([[0.0], np.cumsum(share[order])]),
        pair_share=pair_shares(grid, np.array(RADII) * grid.radius_um),
    )
