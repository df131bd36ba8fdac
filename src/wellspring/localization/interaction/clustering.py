"""Are molecules nearer to each other than chance puts them? Ripley's H with an envelope of simulations."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = [
    "Clustering",
    "clustering_of_intensity",
    "clustering_of_points",
    "normalized_h",
    "pairs_within",
    "ripley_h",
]

_QUANTILES = (0.05, 0.5, 0.95)
# Two distances that differ by less, px, are the same.
_ROUNDING = 1e-9
# A difference of H below this, px, is rounding and no envelope.
_LEAST_WIDTH = 1e-9


@dataclass(frozen=True)
class Clustering:
    """H* of a cell.

    Attributes
    ----------
    h_star : (R,) float64
        At radius 1, 2, ..., R px. Beyond 1 or below -1 it lies outside of the envelope from the 5th to the 95th
        percentile of simulations at the same radius.
    degree : float
        Sum over the radii of what exceeds 1: 0 where no radius shows clustering. NaN for fewer than 2 molecules.
    p_value : float
        One-sided, of the largest deviation of H over all radii from the simulations' mean, each simulation and the data
        judged alike, so that looking at many radii does not make it small.
    """

    h_star: NDArray[np.float64]
    degree: float
    p_value: float


def ripley_h(counts: NDArray[np.floating], *, n: float, size: float, n_axes: int) -> NDArray[np.float64]:
    """H(r) = (K(r) / v)^(1 / n_axes) - r, v the volume of the unit ball: 0 on average for even spread, but for edges.

    Parameters
    ----------
    counts : (R,) float
        Ordered pairs of molecules no farther than 1, 2, ..., R px from each other.
    n, size
        Molecules, and area (px²) or volume (px³) that they lie in.
    n_axes
        2 or 3: one formula for both.
    """
    unit = np.pi if n_axes == 2 else 4 * np.pi / 3
    k = counts * size / (n * n)
    return np.asarray((k / unit) ** (1 / n_axes) - np.arange(1, len(counts) + 1))


def normalized_h(h: NDArray[np.floating], simulated: NDArray[np.floating]) -> NDArray[np.float64]:
    """H* (R,): H less the simulations' median at that radius, over their distance to the 95th or the 5th percentile.

    `simulated` is (n_simulations, R). 0 where the envelope has no width.
    """
    low, middle, high = np.quantile(simulated, _QUANTILES, axis=0)
    width = np.where(h >= middle, high - middle, middle - low)
    difference = h - middle
    return np.asarray(np.divide(difference, width, out=np.zeros_like(middle), where=width > _LEAST_WIDTH))


def clustering_of_points(
    points: NDArray[np.floating],
    positions: NDArray[np.floating],
    *,
    weights: NDArray[np.floating] | None = None,
    n_radii: int,
    n_simulations: int,
    rng: np.random.Generator,
) -> Clustering:
    """H* of molecules at points of a cell.

    Parameters
    ----------
    points : (n, 2) or (n, 3) float
        y, x or z, y, x, px (z in units of the same length).
    positions : (m, 2) or (m, 3) float
        Centres of the pixels (voxels) where molecules may lie. Simulated molecules are drawn evenly in them.
    weights : (m,) float, or None
        Volume over each position, where positions are pixels of a cell of uneven height; None: all the same.
    n_radii
        Largest radius, px.
    n_simulations
        2 or more; 20 in DypFISH.

    Raises
    ------
    ValueError
        When there are no positions, fewer than two simulations, or other axes.

    Notes
    -----
    DypFISH (Savulescu et al. 2021). Its code sorts each simulated curve along the radius before it takes quantiles; the
    envelope here is taken at each radius.
    """
    _check(points, positions, n_simulations)
    n, size = len(points), float(len(positions) if weights is None else np.sum(weights))
    if n < 2:
        return Clustering(np.full(n_radii, np.nan), float("nan"), float("nan"))
    share = None if weights is None else np.cumsum(weights) / np.sum(weights)
    h = ripley_h(pairs_within(points, n_radii), n=n, size=size, n_axes=points.shape[1])
    drawn = _drawn(positions, share, n=n, n_simulations=n_simulations, rng=rng)
    simulated = np.array(
        [ripley_h(pairs_within(one, n_radii), n=n, size=size, n_axes=points.shape[1]) for one in drawn]
    )
    return _compared(h, simulated)


def clustering_of_intensity(
    image: NDArray[np.floating], mask: NDArray[np.bool_], *, n_radii: int, n_simulations: int, rng: np.random.Generator
) -> Clustering:
    """H* of intensity in a mask: pairs are weighted by the product of the two pixels' intensities.

    Their number at each distance is the autocorrelation of the masked image; a pixel makes no pair with itself. In the
    simulations the intensities of the mask are shuffled among its pixels.

    Parameters
    ----------
    image, mask : (Y, X) or (Z, Y, X)
        Intensities of 0 or more inside the mask.
    n_radii, n_simulations, rng
        As of `clustering_of_points`.
    """
    values = np.where(mask, image, 0.0).astype(np.float64)
    total, size = float(values.sum()), float(mask.sum())
    if total <= 0 or size < 2:
        return Clustering(np.full(n_radii, np.nan), float("nan"), float("nan"))
    shells = _shells(mask.shape, n_radii)
    h = ripley_h(_products_within(values, shells, n_radii), n=total, size=size, n_axes=mask.ndim)
    inside, simulated = values[mask], np.empty((n_simulations, n_radii))
    for number in range(n_simulations):
        shuffled = np.zeros_like(values)
        shuffled[mask] = rng.permutation(inside)
        products = _products_within(shuffled, shells, n_radii)
        simulated[number] = ripley_h(products, n=total, size=size, n_axes=mask.ndim)
    return _compared(h, simulated)


def _compared(h: NDArray[np.float64], simulated: NDArray[np.float64]) -> Clustering:
    h_star = normalized_h(h, simulated)
    everything = np.vstack([h, simulated])
    spread = np.maximum(everything.std(axis=0), _LEAST_WIDTH)
    largest = ((everything - everything.mean(axis=0)) / spread).max(axis=1)
    p_value = float((largest >= largest[0] - _LEAST_WIDTH).mean())
    return Clustering(h_star, float(np.maximum(h_star - 1, 0).sum()), p_value)


def _check(points: NDArray[np.floating], positions: NDArray[np.floating], n_simulations: int) -> None:
    if n_simulations < 2:
        raise InputError(f"clustering: expected 2 simulations or more, got {n_simulations}. Correct the config.")
    if not len(positions) or points.ndim != 2 or points.shape[1] != positions.shape[1] or points.shape[1] not in (2, 3):
        raise InputError(
            f"clustering: expected points and positions with 2 or 3 coordinates, got {points.shape} and "
            f"{positions.shape}. Give those of one cell."
        )


def pairs_within(points: NDArray[np.floating], n_radii: int) -> NDArray[np.float64]:
    """(R,) float64: ordered pairs of points (n, 2 or 3) no farther apart than 1, ..., R px. Fewer than 2 make none."""
    from scipy.spatial.distance import pdist

    distances = pdist(np.ascontiguousarray(points, dtype=np.float64))
    # A distance of exactly r is within r.
    slots = np.subtract(distances, _ROUNDING, out=distances).astype(np.int64)
    counts = np.bincount(slots, minlength=n_radii)[:n_radii]
    return np.asarray(2.0 * np.cumsum(counts))


def _drawn(
    positions: NDArray[np.floating],
    share: NDArray[np.floating] | None,
    *,
    n: int,
    n_simulations: int,
    rng: np.random.Generator,
) -> Iterator[NDArray[np.float64]]:
    """Even draws: a position, and a place within half a pixel of its centre."""
    for _ in range(n_simulations):
        if share is None:
            chosen = rng.integers(len(positions), size=n)
        else:
            chosen = np.minimum(np.searchsorted(share, rng.random(n), side="right"), len(positions) - 1)
        yield positions[chosen] + rng.random((n, positions.shape[1])) - 0.5


def _shells(shape: tuple[int, ...], n_radii: int) -> NDArray[np.int32]:
    """Distance of each shift of a padded image, rounded up; beyond `n_radii` it does not count.

    Padded by `n_radii`, and to a size of quick transforms: no two pixels are that near around the edge of the image.
    """
    from scipy import fft

    squares = np.zeros(())
    for axis, length in enumerate(shape):
        size = fft.next_fast_len(length + n_radii, real=True)
        step = np.minimum(np.arange(size), size - np.arange(size)).astype(np.float64) ** 2
        squares = squares + step.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.minimum(np.ceil(np.sqrt(squares)), n_radii + 1).astype(np.int32)


def _products_within(values: NDArray[np.float64], shells: NDArray[np.int32], n_radii: int) -> NDArray[np.float64]:
    from scipy import fft

    spectrum = fft.rfftn(values, shells.shape)
    products = fft.irfftn(spectrum * spectrum.conj(), shells.shape)
    sums = np.bincount(shells.ravel(), weights=products.ravel(), minlength=n_radii + 2)
    return np.cumsum(np.maximum(sums[1 : n_radii + 1], 0.0))
