"""How score maps are made: method, estimator and noise, as one setting, and the estimate that follows from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.estimates import CopiesScore, Estimate, OffsetScore
from wellspring.attribution.maps.integrated import points_of
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.settings import MapSettings, OffsetEstimator
from wellspring.errors import InputError
from wellspring.methods import Method

__all__ = ["ESTIMATORS", "METHODS", "Scoring", "score_estimate", "scoring_of"]


def _samples(default: int) -> dict[str, Any]:
    description = "Number of noisy copies."
    return {"type": "integer", "minimum": 2, "default": default, "description": description}


_POINTS = {
    "type": "integer",
    "minimum": 2,
    "multipleOf": 2,
    "default": 8,
    "description": "Points of the integral per copy, an even number.",
}
_STEPS = {
    "type": "integer",
    "minimum": 1,
    "default": 70,
    "description": "Steps of the integral per copy.",
}
METHODS = (
    Method(
        name="offset",
        meaning="few points per copy, from a random offset, with corrections",
        settings={"points": _POINTS, "samples": _samples(100)},
    ),
    Method(
        name="trapezoid",
        meaning="trapezoid rule, the same steps for each copy, as Becker (2021): {method: trapezoid}",
        settings={"steps": _STEPS, "samples": _samples(50)},
    ),
    Method(
        name="midpoint",
        meaning="midpoint rule, the same steps for each copy",
        settings={"steps": _STEPS, "samples": _samples(50)},
    ),
)
ESTIMATORS = tuple(one.name for one in METHODS)


@dataclass(frozen=True)
class Scoring:
    """How score maps are made.

    Attributes
    ----------
    method : MapMethod
    estimator : str
        ``trapezoid`` or ``midpoint``: the method by its definition, with that rule on the path to each copy;
        ``offset``: few points and corrections, see `OffsetScore`. Without copies or without a path, ``offset`` has
        nothing to correct: the rule ``trapezoid`` is taken then, over `points` steps.
    points : int
        Steps of the rule, or points per copy.
    samples : int
        Noisy copies.
    noise_sd : float
        Their noise's standard deviation, in the unit of the image.
    """

    method: MapMethod
    estimator: str
    points: int
    samples: int
    noise_sd: float

    def __post_init__(self) -> None:
        """Check the estimator."""
        if self.estimator not in ESTIMATORS:
            raise InputError(
                f"attribution.estimator.method: expected one of {list(ESTIMATORS)}, got {self.estimator!r}. "
                "Correct the config."
            )

    @property
    def is_integral(self) -> bool:
        """Whether the score is the magnitude of the integrated gradients of the image itself."""
        return self.method.has_path and self.method.copies == "none"

    @property
    def has_offsets(self) -> bool:
        """Whether the estimator ``offset`` applies."""
        return self.estimator == "offset" and self.method.has_path and self.method.copies != "none"


def scoring_of(settings: MapSettings) -> Scoring:
    """The scoring that the config's block ``attribution`` names.

    Without copies the map is the integral itself, so it takes the block's ``steps``.
    """
    method, estimator = MapMethod(settings.method, settings.copies), settings.estimator
    points = estimator.points if isinstance(estimator, OffsetEstimator) else estimator.steps
    rule = estimator.method
    if method.copies == "none":
        points, rule = settings.steps, settings.rule
    return Scoring(method, rule, points=points, samples=estimator.samples, noise_sd=settings.noise_sd)


def score_estimate(
    image: NDArray[np.float32],
    baselines: NDArray[np.float32],
    *,
    scoring: Scoring,
    rng: np.random.Generator,
) -> Estimate[NDArray[np.float32]]:
    """The score map of `image` (S, S, C) from its `baselines` (k, S, S, C), to be handed to `estimated`.

    Raises
    ------
    ValueError
        As `CopiesScore` and `OffsetScore`.
    """
    noise: dict[str, Any] = {"samples": scoring.samples, "noise_sd": scoring.noise_sd, "rng": rng}
    if scoring.has_offsets:
        return OffsetScore(image, baselines, method=scoring.method, points=scoring.points, **noise)
    rule = "trapezoid" if scoring.estimator == "offset" else scoring.estimator
    points = points_of(rule, steps=scoring.points)
    return CopiesScore(image, baselines, method=scoring.method, points=points, **noise)
