"""The methods behind one interface: a base method, and what is made of its maps over noisy copies of the image."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.attribution.maps import bases, copies
from wellspring.attribution.maps.paths import Path, Points, end_point
from wellspring.errors import InputError

__all__ = ["BASES", "COPIES", "MapMethod", "base_map", "base_paths", "score_of"]

BASES = tuple(one.name for one in bases.METHODS)
COPIES = tuple(one.name for one in copies.METHODS)


@dataclass(frozen=True)
class MapMethod:
    """How a score map is made.

    Attributes
    ----------
    base : str
        ``gradient``; ``gradient_input``: gradient times image; ``integrated_gradients``.
    copies : str
        What is made of the base method's maps over noisy copies of the image: ``none``: no copies, the map of the
        image itself; ``smoothgrad``: their mean; ``vargrad``: their population variance; ``vargrad_sd``: the root of
        that, in the unit of the target, which is what the code of Becker (2021) computes under the name VarGrad.

    Raises
    ------
    ValueError
        When one of the words is unknown.

    Notes
    -----
    Smilkov et al. (2017) for SmoothGrad; Adebayo et al. (2018) and Becker (2021), section 2.3.2, for VarGrad.
    """

    base: str
    copies: str

    def __post_init__(self) -> None:
        """Check the words."""
        for key, value, known in (("method", self.base, BASES), ("copies", self.copies, COPIES)):
            if value not in known:
                raise InputError(
                    f"attribution.{key}: expected one of {list(known)}, got {value!r}. Correct the config."
                )

    @property
    def has_path(self) -> bool:
        """Whether there is a path from a baseline; else the baseline has no influence."""
        return self.base == "integrated_gradients"


def base_paths(base: str, image: NDArray[np.float32], baselines: NDArray[np.float32], *, points: Points) -> list[Path]:
    """The paths that the base method needs for `image` (S, S, C): one per baseline, or one of a single point."""
    if base == "integrated_gradients":
        return [Path(image, start, points=points, has_slopes=False) for start in baselines]
    black = np.zeros_like(image)
    black[..., -1] = image[..., -1]
    return [Path(image, black, points=end_point(), has_slopes=False)]


def base_map(base: str, paths: Sequence[Path], *, mask: NDArray[np.float32]) -> NDArray[np.float64]:
    """(S, S, C) float64: the base method's signed map from its summed-up paths; 0 where `mask` (S, S) is 0."""
    if base == "gradient":
        return np.asarray(paths[0].gradient() * (mask > 0)[..., None], dtype=np.float64)
    found: NDArray[np.float64] = np.mean([path.way() * path.gradient() for path in paths], axis=0, dtype=np.float64)
    return found


def score_of(copies: str, *, mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float32]:
    """(S, S, C) float32, 0 or more: of a mean the magnitude, as a channel may raise or lower the prediction.

    An estimated variance below 0, which the corrected estimator can give where there is next to none, counts as 0.
    """
    if copies == "vargrad":
        return np.maximum(variance, 0).astype(np.float32)
    if copies == "vargrad_sd":
        return np.sqrt(np.maximum(variance, 0)).astype(np.float32)
    return np.abs(mean).astype(np.float32)
