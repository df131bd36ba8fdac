"""Intensities of objects, as they are and less the local background."""

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.features.declared import Feature
from wellspring.cells.features.objects import Objects, sorted_values

__all__ = ["BACKGROUND", "FEATURES", "Light", "intensity_of", "light_of", "quantile"]

_Floats = NDArray[np.float64]
_QUANTILES = {"Quantile05": 0.05, "LowerQuartile": 0.25, "Median": 0.5, "UpperQuartile": 0.75, "Quantile95": 0.95}
_MEANINGS = {
    "Mean": ("mean", "sum of v / n"),
    "Integrated": ("sum", "sum of v"),
    "Std": ("standard deviation", "sqrt(sum of (v - mean)^2 / n)"),
    "Min": ("smallest value", "min of v"),
    "Max": ("largest value", "max of v"),
    **{name: (f"quantile {share:g}", "between the two nearest values, linearly") for name, share in _QUANTILES.items()},
    "MAD": ("median absolute deviation", "median of abs(v - median of v)"),
    "MeanEdge": ("mean over the outline", "mean of v of pixels with a straight neighbour off the object"),
    "StdEdge": ("standard deviation over the outline", "as Std, of these pixels"),
    "MeanLessBackground": ("mean less the local background", "Mean - background b"),
    "MedianLessBackground": ("median less the local background", "Median - b"),
    "IntegratedLessBackground": ("sum less the local background", "Integrated - n b"),
}
FEATURES = (
    *(
        Feature(
            family="Intensity",
            name=f"{name}_{{channel}}",
            unit="intensity",
            meaning=f"{meaning} of {{channel}}",
            formula=formula,
            of="channel",
        )
        for name, (meaning, formula) in _MEANINGS.items()
    ),
    Feature(
        family="Intensity",
        name="MassDisplacement_{channel}_px",
        unit="px",
        meaning="distance of the centre of {channel}'s light from the centre",
        formula="between sum of v (y, x) / sum of v and mean of (y, x)",
        of="channel",
        minimum=0.0,
    ),
)
BACKGROUND = (
    Feature(
        family="Background",
        name="RingArea_px",
        unit="px",
        meaning="free pixels around the object whose median is its background; with fewer than 16, that of the site's",
        formula="number of pixels",
        is_whole=True,
        minimum=0.0,
    ),
    Feature(
        family="Background",
        name="Local_{channel}",
        unit="intensity",
        meaning="what is subtracted from {channel}",
        formula="median of v over the ring, or the dark level that is given",
        of="channel",
        is_whole=True,
    ),
)


class Light:
    """The pixels of one channel under the objects of a compartment, and what several families need of them.

    Attributes
    ----------
    values : (n_px,) uint16
        In the order of the objects' pixels.
    ordered : (n_px,) uint16
        The same, ascending within each object.
    total, mean, spread : (n_objects,) float64
        Sum, mean and standard deviation.
    background : (n_objects,) float64
        What is subtracted; missing where it is not known.
    """

    def __init__(self, values: NDArray[np.uint16], objects: Objects, background: _Floats) -> None:
        self.values = values
        self.background = background
        self.ordered = sorted_values(values, objects)
        self.total = objects.sum(values)
        self.mean = self.total / objects.n_px
        last = objects.start + objects.n_px - 1
        self.spread = objects.spread(values, self.mean, is_constant=self.ordered[objects.start] == self.ordered[last])


def light_of(plane: NDArray[np.uint16], objects: Objects, background: _Floats) -> Light:
    """One channel, (Y, X), under `objects`; `background` is (n_objects,)."""
    return Light(plane.ravel()[objects.at], objects, background)


def quantile(ordered: NDArray[np.uint16], objects: Objects, share: float) -> _Floats:
    """(n_objects,) quantile of values that ascend within each object, linear between neighbours, as NumPy's."""
    place = share * (objects.n_px - 1)
    below = np.floor(place).astype(np.int64)
    rest = place - below
    low = ordered[objects.start + below].astype(np.float64)
    high = ordered[objects.start + np.minimum(below + 1, objects.n_px - 1)].astype(np.float64)
    found: _Floats = low + rest * (high - low)
    return found


def intensity_of(light: Light, objects: Objects, *, edge: Objects, is_edge: NDArray[np.bool_]) -> dict[str, _Floats]:
    """The features of the family Intensity of one channel by name, (n_objects,) each.

    Parameters
    ----------
    light, objects
        One channel under the objects.
    edge, is_edge : Objects, (n_px,) bool
        The outlines of all `objects`, and which pixels they are.

    Returns
    -------
    dict of str to (n_objects,) float64
        Of an object without light (all 0), the displacement is missing.
    """
    quantiles = {name: quantile(light.ordered, objects, share) for name, share in _QUANTILES.items()}
    edge_values = light.values[is_edge]
    edge_mean = edge.mean(edge_values)
    found = {
        **quantiles,
        "Mean": light.mean,
        "Integrated": light.total,
        "Std": light.spread,
        "Min": light.ordered[objects.start].astype(np.float64),
        "Max": light.ordered[objects.start + objects.n_px - 1].astype(np.float64),
        "MAD": _median_deviation(light.ordered, objects, quantiles["Median"]),
        "MeanEdge": edge_mean,
        "StdEdge": edge.spread(edge_values, edge_mean, is_constant=edge.least(edge_values) == edge_mean),
        "MeanLessBackground": light.mean - light.background,
        "MedianLessBackground": quantiles["Median"] - light.background,
        "IntegratedLessBackground": light.total - objects.n_px * light.background,
    }
    named = {f"{name}_{{channel}}": values for name, values in found.items()}
    return named | {"MassDisplacement_{channel}_px": _displacement(light, objects)}


def _median_deviation(ordered: NDArray[np.uint16], objects: Objects, median: _Floats) -> _Floats:
    """Median of the distances to the median, from values that ascend within each object."""
    n_px = objects.n_px
    low, high = (_nearest(ordered, objects, median, number) for number in ((n_px + 1) // 2, n_px // 2 + 1))
    found: _Floats = (low + high) / 2
    return found


def _nearest(ordered: NDArray[np.uint16], objects: Objects, median: _Floats, number: NDArray[np.int64]) -> _Floats:
    """(n_objects,) the distance to the median that is the `number`-th smallest.

    The nearest values are neighbours in the order, so they are a window of `number` values: the one whose farther end
    is nearest. It begins where the upper end becomes the farther one, found by halving the range for all objects.
    """

    def ends(first: NDArray[np.int64]) -> tuple[_Floats, _Floats]:
        at = objects.start + first
        return median - ordered[at], ordered[at + number - 1] - median

    least, most = np.zeros_like(number), objects.n_px - number
    while (least < most).any():
        middle = (least + most) // 2
        below, above = ends(middle)
        is_upper = above >= below
        most = np.where(is_upper, middle, most)
        least = np.where(is_upper, least, np.minimum(middle + 1, most))
    here, before = np.maximum(*ends(least)), np.maximum(*ends(np.maximum(least - 1, 0)))
    found: _Floats = np.minimum(here, before)
    return found


def _displacement(light: Light, objects: Objects) -> _Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        away = [
            objects.sum(light.values * place.astype(np.int64)) / light.total - middle
            for place, middle in zip((objects.y, objects.x), objects.center, strict=True)
        ]
    return np.hypot(*away)
