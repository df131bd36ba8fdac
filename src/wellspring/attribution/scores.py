"""How score maps are made: method, estimator and noise, as one setting, and the estimate that follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.estimates import CopiesScore, Estimate, OffsetScore
from wellspring.attribution.integrated import points_of
from wellspring.attribution.methods import Method
from wellspring.errors import InputError

__all__ = ["ESTIMATORS", "Scoring", "score_estimate", "scoring_of"]

ESTIMATORS = ("offset", "trapezoid", "midpoint")


@dataclass(frozen=True)
class Scoring:
    """How score maps are made.

    Attributes
    ----------
    method : Method
    estimator : str
        ``trapezoid`` or ``midpoint``: the method by its definition, with that rule on the way to each copy;
        ``offset``: few points and corrections, see `OffsetScore`. Without copies or without a path, ``offset`` has
        nothing to correct: the rule ``trapezoid`` is taken then, over `points` steps.
    points : int
        Steps of the rule, or points per copy.
    samples : int
        Noisy copies.
    noise_sd : float
        Their noise's standard deviation, in the unit of the image.
    """

    method: Method
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


def scoring_of(block: Mapping[str, Any]) -> Scoring:
    """The scoring that the config's block ``attribution`` names.

    Without copies the map is the integral itself, so it takes the block's ``steps``.
    """
    method, estimator = Method(block["method"], block["copies"]), block["estimator"]
    points = estimator.get("points", estimator.get("steps"))
    rule = estimator["method"]
    if method.copies == "none":
        rule, points = block["rule"], block["steps"]
    return Scoring(method, estimator=rule, points=points, samples=estimator["samples"], noise_sd=block["noise_sd"])


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
