"""Integrated Gradients: a prediction's rise over a baseline, shared out over the pixels of the image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps.paths import RULES, Gradients, Path, Points, summed_paths
from wellspring.errors import InputError

__all__ = ["PathIntegral", "integrated_gradients", "mean_integral", "path_integral", "points_of", "refined_integral"]


@dataclass(frozen=True)
class PathIntegral:
    """Integrated Gradients of one image.

    Attributes
    ----------
    attribution : (S, S, C) float32
        Signed share of each value in f(image) - f(baseline), in the unit of f. 0 where image and baseline agree.
    alpha : (p,) float64
        The path's points, 0 = baseline, 1 = image.
    values : (p,) float64
        f along the path, from the baseline to the image.
    cumulative : (p,) float64
        Sum of the integrated gradients up to each point of the path, in the unit of f; starts at 0.
    steps : int
        Steps of the rule.
    """

    attribution: NDArray[np.float32]
    alpha: NDArray[np.float64]
    values: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    steps: int

    @property
    def prediction(self) -> float:
        """f(image)."""
        return float(self.values[-1])

    @property
    def baseline_prediction(self) -> float:
        """f(baseline)."""
        return float(self.values[0])

    @property
    def total(self) -> float:
        """Sum of the attribution over pixels and channels."""
        return float(self.attribution.sum(dtype=np.float64))

    @property
    def error(self) -> float:
        """total - (f(image) - f(baseline)); 0 for enough steps (completeness)."""
        return self.total - (self.prediction - self.baseline_prediction)

    def is_complete(self, *, tolerance: float) -> bool:
        """Whether the error is at most `tolerance` times the change of the prediction."""
        return abs(self.error) <= tolerance * abs(self.prediction - self.baseline_prediction)


def points_of(rule: str, *, steps: int) -> Points:
    """The points of a quadrature rule by its name, ``trapezoid`` or ``midpoint``.

    Raises
    ------
    ValueError
        When there is no such rule, or `steps` is below 1.
    """
    if rule not in RULES:
        raise InputError(f"attribution.rule: expected one of {sorted(RULES)}, got {rule!r}. Correct the config.")
    return RULES[rule](steps)


def integrated_gradients(
    image: NDArray[np.float32],
    baselines: NDArray[np.float32],
    *,
    gradients: Gradients,
    steps: int,
    batch_size: int,
    rule: str = "trapezoid",
) -> PathIntegral:
    """Integrated Gradients of one image, averaged over its baselines.

    Parameters
    ----------
    image : (S, S, C) float32
    baselines : (k, S, S, C) float32
        Where the paths start. k is 1, or the number of training cells (expected gradients); 1 or more.
    gradients
        Gives f and its gradient for a batch of images.
    steps
        Steps of the integral (thesis: m = 70).
    batch_size
        Images per gradient call. A call holds points of several paths; only the last one is smaller.
    rule
        ``trapezoid``, with steps + 1 points, or ``midpoint``, with steps + 2, both ends included.

    Raises
    ------
    ValueError
        When shapes do not fit, `steps` or `batch_size` is below 1, the rule is unknown, or the callback's answer has
        another shape or is not finite.

    Notes
    -----
    Sundararajan, Taly and Yan (2017); Becker (2021), equations 2.13 to 2.16. Equation 2.16 is a right Riemann sum,
    while that work's own code takes the trapezoid rule, as here: for a smooth f its error falls with 1/steps², the
    other's with 1/steps. Networks of ReLUs have kinks on the path, and there every rule's error falls with 1/steps. The
    PAIR saliency library averages over points that include both ends, which counts one end too many.
    """
    paths = [Path(image, start, points=points_of(rule, steps=steps)) for start in baselines]
    return mean_integral(list(summed_paths(paths, gradients=gradients, batch_size=batch_size)), steps=steps)


def refined_integral(
    integral: PathIntegral,
    image: NDArray[np.float32],
    baselines: NDArray[np.float32],
    *,
    gradients: Gradients,
    batch_size: int,
    rule: str,
    tolerance: float,
    max_steps: int,
) -> PathIntegral:
    """The integral with twice the steps, and twice again, until it is complete or twice would exceed `max_steps`.

    The others are those of `integrated_gradients` and `PathIntegral.is_complete`.
    """
    while not integral.is_complete(tolerance=tolerance) and 2 * integral.steps <= max_steps:
        integral = integrated_gradients(
            image, baselines, gradients=gradients, steps=2 * integral.steps, batch_size=batch_size, rule=rule
        )
    return integral


def path_integral(path: Path, *, steps: int) -> PathIntegral:
    """Integrated Gradients along one summed-up path (whose slopes were asked for)."""
    alpha, weight = path.points.alpha, path.points.weight
    between = (path.slopes[1:] + path.slopes[:-1]) / 2 * np.diff(alpha)
    parts = between if weight[0] > 0 else (path.slopes * weight)[1:]
    cumulative = np.concatenate([[0.0], np.cumsum(parts)])
    return PathIntegral(path.attribution(), alpha=alpha, values=path.values, cumulative=cumulative, steps=steps)


def mean_integral(paths: Sequence[Path], *, steps: int) -> PathIntegral:
    """The mean of the integrals along the summed-up paths to one image, 1 or more, each with the same points."""
    found = [path_integral(path, steps=steps) for path in paths]
    total = np.sum([one.attribution for one in found], axis=0, dtype=np.float64)
    return PathIntegral(
        attribution=np.asarray(total / len(found), dtype=np.float32),
        alpha=found[0].alpha,
        values=np.mean([one.values for one in found], axis=0),
        cumulative=np.mean([one.cumulative for one in found], axis=0),
        steps=steps,
    )
