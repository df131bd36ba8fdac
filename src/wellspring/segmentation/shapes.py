"""How like an ellipse a part is, and whether two parts are more so than their union."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ShapeJudge", "ellipse_share"]

# Size over the root of the covariance's determinant: of an ellipse in 2D, of an ellipsoid in 3D.
_ELLIPSE = {2: 4 * np.pi, 3: 4 / 3 * np.pi * 5**1.5}


def ellipse_share(moments: NDArray[np.float64], *, steps: tuple[float, ...]) -> float:
    """Size of a part over that of the ellipse (ellipsoid) with the same second moments: 1 for an ellipse, else less.

    Half a disc has 0.95, two equal discs that touch 0.89, for their union spreads wider than an ellipse of its size.

    Parameters
    ----------
    moments : (1 + n + n * n,) float
        Of a part in n = 2 or 3 axes: number of pixels, sums of coordinates (px), sums of their products.
    steps : n numbers
        Sides of a pixel, px.
    """
    n_axes = len(steps)
    size = moments[0]
    middle = moments[1 : 1 + n_axes] / size
    # A pixel is not a point: it spreads over its sides.
    spread = moments[1 + n_axes :].reshape(n_axes, n_axes) / size - np.outer(middle, middle)
    spread = spread + np.diag(np.square(steps) / 12)
    return float(size * np.prod(steps) / (_ELLIPSE[n_axes] * np.sqrt(np.linalg.det(spread))))


@dataclass
class ShapeJudge:
    """Whether two parts are one nucleus: a shallow neck joins them, a deep one does not, between them shape decides.

    Attributes
    ----------
    moments : (n parts + 1, 1 + n + n * n) float
        See `ellipse_share`; updated as parts join.
    steps
        Sides of a pixel, px.
    shallow, deep : float
        Depths of a neck.
    """

    moments: NDArray[np.float64]
    steps: tuple[float, ...]
    shallow: float
    deep: float

    @staticmethod
    def of(
        basins: NDArray[np.int64],
        places: tuple[NDArray[np.intp], ...],
        *,
        steps: tuple[float, ...],
        shallow: float,
        deep: float,
    ) -> "ShapeJudge":
        """From the basin (1..n) of each pixel and the pixels' places along each axis."""
        lengths = [place * step for place, step in zip(places, steps, strict=True)]
        sums = [np.bincount(basins), *(np.bincount(basins, length) for length in lengths)]
        sums += [np.bincount(basins, one * other) for one in lengths for other in lengths]
        return ShapeJudge(np.stack(sums, axis=1).astype(np.float64), steps, shallow, deep)

    def __call__(self, low: int, high: int, depth: float) -> bool:
        """Whether the part `low` joins the part `high`; then the moments of `high` are those of both."""
        if depth >= self.deep or (depth >= self.shallow and self._are_two(low, high)):
            return False
        self.moments[high] += self.moments[low]
        return True

    def _are_two(self, one: int, other: int) -> bool:
        pair = self.moments[[one, other]]
        apart = [ellipse_share(moments, steps=self.steps) for moments in pair]
        return bool(pair[:, 0] @ apart > pair[:, 0].sum() * ellipse_share(pair.sum(axis=0), steps=self.steps))
