"""How like an ellipse a part is, and whether two parts are more so than their union."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ShapeJudge", "ellipse_share", "ellipse_shares"]

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
    return float(_shares(moments[None], steps=steps)[0])


def _shares(moments: NDArray[np.float64], *, steps: tuple[float, ...]) -> NDArray[np.float64]:
    """(n parts,): `ellipse_share` of each row."""
    n_axes = len(steps)
    sizes = moments[:, 0]
    middles = moments[:, 1 : 1 + n_axes] / sizes[:, None]
    # A pixel is not a point: it spreads over its sides.
    spreads = moments[:, 1 + n_axes :].reshape(-1, n_axes, n_axes) / sizes[:, None, None]
    spreads = spreads - middles[:, :, None] * middles[:, None, :] + np.diag(np.square(steps) / 12)
    return np.asarray(sizes * np.prod(steps) / (_ELLIPSE[n_axes] * np.sqrt(np.linalg.det(spreads))))


def ellipse_shares(labels: NDArray[np.integer], *, steps: tuple[float, ...]) -> NDArray[np.float64]:
    """(labels.max() + 1,) float64: `ellipse_share` by label; 1 for the background and labels without pixels."""
    places = np.nonzero(labels)
    moments = _moments(labels[places].astype(np.int64), places, steps=steps)
    shares, known = np.ones(len(moments)), np.flatnonzero(moments[1:, 0]) + 1
    shares[known] = _shares(moments[known], steps=steps)
    return shares


def _moments(
    parts: NDArray[np.int64], places: tuple[NDArray[np.intp], ...], *, steps: tuple[float, ...]
) -> NDArray[np.float64]:
    """(n parts + 1, 1 + n + n * n): see `ellipse_share`."""
    lengths = [place * step for place, step in zip(places, steps, strict=True)]
    sums = [np.bincount(parts, minlength=1), *(np.bincount(parts, length, minlength=1) for length in lengths)]
    sums += [np.bincount(parts, one * other, minlength=1) for one in lengths for other in lengths]
    return np.stack(sums, axis=1).astype(np.float64)


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
        return ShapeJudge(_moments(basins, places, steps=steps), steps, shallow, deep)

    def __call__(self, low: int, high: int, depth: float) -> bool:
        """Whether the part `low` joins the part `high`; then the moments of `high` are those of both."""
        if depth >= self.deep or (depth >= self.shallow and self._are_two(low, high)):
            return False
        self.moments[high] += self.moments[low]
        return True

    def _are_two(self, one: int, other: int) -> bool:
        """Whether two basins apart are more like ellipses than both together."""
        pair = self.moments[[one, other]]
        apart = [ellipse_share(moments, steps=self.steps) for moments in pair]
        return bool(pair[:, 0] @ apart > pair[:, 0].sum() * ellipse_share(pair.sum(axis=0), steps=self.steps))
