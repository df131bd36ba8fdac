"""How the threshold of spots is chosen, by the names that the config gives the methods: ``spots.threshold.method``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wellspring.errors import InputError
from wellspring.methods import Method

if TYPE_CHECKING:
    from wellspring.spots.candidates import Candidates
    from wellspring.spots.noise import NoiseMap
    from wellspring.spots.threshold import Threshold

__all__ = ["METHODS", "ThresholdMethod", "threshold_method"]


@dataclass(frozen=True, kw_only=True)
class ThresholdMethod(Method):
    """A method by its name; `choose` takes candidates, their noise, and the method's own settings."""

    choose: Callable[..., "Threshold"]


def _noise(candidates: "Candidates", noise: "NoiseMap") -> "Threshold":
    from wellspring.spots.threshold import noise_threshold

    return noise_threshold(candidates, noise)


def _elbow(candidates: "Candidates", noise: "NoiseMap") -> "Threshold":
    from wellspring.spots.threshold import elbow_threshold

    return elbow_threshold(candidates, noise)


def _given(candidates: "Candidates", noise: "NoiseMap", *, value: float) -> "Threshold":
    from wellspring.spots.threshold import given_threshold

    return given_threshold(candidates, noise, value=value)


METHODS = (
    ThresholdMethod(name="noise", meaning="whatever exceeds the noise is a spot", choose=_noise),
    ThresholdMethod(name="elbow", meaning="where the curve of counts over thresholds bends", choose=_elbow),
    ThresholdMethod(
        name="given",
        meaning="one value for all images, for instance {method: given, value: 50.0}",
        settings={
            "value": {
                "description": "Lowest response of a spot (difference of Gaussians).",
                "unit": "intensity",
                "type": "number",
                "exclusiveMinimum": 0,
            }
        },
        required=("value",),
        choose=_given,
    ),
)
"""Each method declared once: schema and messages follow."""


def threshold_method(name: str) -> ThresholdMethod:
    """The method behind ``spots.threshold.method``.

    Raises
    ------
    ValueError
        When there is no such method.
    """
    found = {one.name: one for one in METHODS}
    if name not in found:
        raise InputError(f"method: expected one of {sorted(found)}, got {name!r}.")
    return found[name]
