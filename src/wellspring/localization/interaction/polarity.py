"""Are molecules where the MTOC is? Densities of quadrants, and the index over images."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.localization.interaction.densities import relative_densities
from wellspring.localization.interaction.geometry import CellGeometry, sectors

__all__ = ["best_of_turns", "best_quadrants", "polarity_index", "quadrant_densities"]


def quadrant_densities(
    weights: NDArray[np.floating],
    geometry: CellGeometry,
    *,
    cell: int,
    mtoc: ArrayLike,
    n: int = 4,
    volume: NDArray[np.floating] | None = None,
) -> NDArray[np.float64]:
    """(n,) float64: density of each quadrant relative to the cytoplasm, the MTOC's first, in the fixed orientation.

    The MTOC lies on the bisector of the first quadrant. NaN throughout in a cell without a nucleus or molecules.

    Parameters
    ----------
    weights, volume
        As of `relative_densities`.
    cell
        Label of the cell.
    mtoc : (2,) float
        y, x in px. An MTOC outside of the cell still gives a direction.
    n
        Sectors; 4 for quadrants.
    """
    if cell not in geometry.nucleus_centroids or not np.isfinite(np.asarray(mtoc, dtype=float)).all():
        return np.full(n, np.nan)
    parts = sectors(geometry, n=n, towards={cell: mtoc})
    return relative_densities(weights, parts, n_parts=n, volume=volume)


def best_quadrants(fine: NDArray[np.floating], area: NDArray[np.floating], *, n: int = 4) -> NDArray[np.float64]:
    """Densities of quadrants in the orientation in which the MTOC's is densest: the published choice.

    It is biased: of evenly spread molecules the densest of many orientations exceeds 1 too. Compare it only with the
    same maximum of simulated molecules.

    Parameters
    ----------
    fine : (m,) float
        Share of the molecules in each of m narrow sectors, counted from the MTOC's direction on, m a multiple of n.
    area : (m,) float
        Share of the area, or volume, of each.
    n
        Quadrants.

    Returns
    -------
    (n,) float64
        The MTOC's first. Orientations are those of the m / n shifts for which the MTOC stays inside its quadrant.
    """
    width = len(fine) // n
    if not np.isfinite(fine).all() or fine.sum() <= 0:
        return np.full(n, np.nan)
    # Quadrant q of shift s begins s sectors before q widths. Each is summed by itself: where there is no area, it is 0.
    starts = (width * np.arange(n) - np.arange(width)[:, None]) % len(fine)
    counts, sizes = (
        np.lib.stride_tricks.sliding_window_view(np.concatenate([one, one[: width - 1]]), width).sum(axis=1)[starts]
        for one in (fine, area)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        table = (counts / counts.sum(axis=1, keepdims=True)) / (sizes / sizes.sum(axis=1, keepdims=True))
    return np.asarray(table[int(np.nanargmax(table[:, 0]))])


def best_of_turns(fine: NDArray[np.floating], area: NDArray[np.floating], *, n: int = 4) -> NDArray[np.float64]:
    """(n,) float64: the densest orientation's first density as given, and with the MTOC turned by 1, 2, ... quadrants.

    What the maximisation gives for a direction that has nothing to do with the MTOC, from the cell itself; arguments as
    of `best_quadrants`.
    """
    width = len(fine) // n
    return np.array([best_quadrants(np.roll(fine, -k * width), np.roll(area, -k * width), n=n)[0] for k in range(n)])


def polarity_index(own: ArrayLike, others: Sequence[ArrayLike] | NDArray[np.floating]) -> float:
    """MTOC polarity index: twice the share of images whose MTOC quadrant exceeds the others' median, less 1.

    Parameters
    ----------
    own : (images,) float
        Density of the MTOC's quadrant.
    others : (images, n - 1) float
        Densities of the other quadrants; their median over all images is what is exceeded.

    Returns
    -------
    float
        -1 to 1; an image exactly at the median counts half. NaN without images.
    """
    first, rest = np.asarray(own, dtype=np.float64), np.asarray(others, dtype=np.float64).ravel()
    first, rest = first[np.isfinite(first)], rest[np.isfinite(rest)]
    if not len(first) or not len(rest):
        return float("nan")
    middle = float(np.median(rest))
    return float(2 * ((first > middle) + 0.5 * (first == middle)).mean() - 1)
