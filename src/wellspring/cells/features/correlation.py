"""Correlation between the channels of an object."""

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.intensity import Light
from wellspring.cells.features.objects import Objects

__all__ = ["FEATURES", "ORDERED_FEATURES", "correlation_of", "manders_of"]

# As CellProfiler: a pixel counts as stained from this share of the object's brightest on.
_STAINED = 0.15
FEATURES = (
    Feature(
        family="Correlation",
        name="Correlation_{first}_{second}",
        unit="1",
        meaning="Pearson's correlation of {first} and {second}",
        formula="cov(v, w) / (Std(v) Std(w))",
        of="pair",
        minimum=-1.0,
        maximum=1.0,
    ),
    Feature(
        family="Correlation",
        name="Overlap_{first}_{second}",
        unit="1",
        meaning="overlap of {first} and {second}",
        formula="sum of v w / sqrt(sum of v^2 sum of w^2)",
        of="pair",
        minimum=0.0,
        maximum=1.0,
    ),
)
ORDERED_FEATURES = (
    Feature(
        family="Correlation",
        name="Manders_{first}_{second}",
        unit="1",
        meaning="share of the light of {first} where {second} is stained",
        formula=f"sum of v where w >= {_STAINED} max of w / sum of v",
        of="ordered pair",
        minimum=0.0,
        maximum=1.0,
    ),
)


def correlation_of(first: Light, second: Light, objects: Objects) -> dict[str, NDArray[np.float64]]:
    """Correlation and overlap of two channels by name, (n_objects,) each.

    Missing where one of them is constant (correlation) or dark (overlap).
    """
    products = objects.sum(first.values.astype(np.int64) * second.values)
    n_px = objects.n_px
    covariance = products / n_px - first.mean * second.mean
    squares = [one.spread**2 + one.mean**2 for one in (first, second)]
    spreads, powers = first.spread * second.spread, np.sqrt(squares[0] * squares[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = np.where(spreads > 0, covariance / spreads, np.nan).clip(-1, 1)
        overlap = np.where(powers > 0, products / n_px / powers, np.nan).clip(0, 1)
    return {"Correlation_{first}_{second}": correlation, "Overlap_{first}_{second}": overlap}


def manders_of(first: Light, second: Light, objects: Objects) -> dict[str, NDArray[np.float64]]:
    """Share of the light of `first` under the stained pixels of `second`, (n_objects,); missing without light."""
    brightest = second.ordered[objects.start + objects.n_px - 1] if len(objects) else np.zeros(0)
    is_stained = second.values >= (_STAINED * brightest)[objects.owner]
    inside = objects.sum(first.values * is_stained)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"Manders_{first}_{second}": np.where(first.total > 0, inside / first.total, np.nan)}
