"""Colocalization of mRNA and protein segments, as DypFISH's code defines it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.localization.interaction.order import forward_share, is_forward_pair, sorted_times

__all__ = ["categories", "colocalization_score", "correlate_categories", "matched_neighbors"]

_LEAST_LENGTH = 1e-9


def categories(profile: ArrayLike) -> NDArray[np.int64]:
    """(..., segments) int64: 1 above mean + sd (ddof 0), -1 below mean - sd, else 0.

    The published code writes 2 in place of -1 and correlates these names as numbers, so that a depleted segment is
    nearer to an enriched one than to an even one; ordered values mend that.
    """
    values = np.asarray(profile, dtype=np.float64)
    middle, spread = values.mean(axis=-1, keepdims=True), values.std(axis=-1, keepdims=True)
    return np.asarray((values > middle + spread).astype(np.int64) - (values < middle - spread))


def matched_neighbors(mrna: NDArray[np.integer], protein: NDArray[np.integer], *, n_stripes: int) -> NDArray[np.int64]:
    """For each segment the protein's category, of the segment and its neighbours, that is nearest to the mRNA's.

    Categories are (..., segments) int, both of one shape.

    Segments are in the order of `wellspring.localization.interaction.geometry.segments`; sectors are a ring, stripes
    have ends. Of two as near the segment's own counts, else the first neighbour.

    Raises
    ------
    ValueError
        When the segments are no multiple of `n_stripes`.
    """
    if n_stripes < 1 or mrna.shape[-1] % n_stripes or mrna.shape != protein.shape:
        raise InputError(
            f"colocalization: expected as many segments for both and a multiple of {n_stripes} stripes, got "
            f"{mrna.shape} and {protein.shape}."
        )
    first = mrna.reshape(*mrna.shape[:-1], n_stripes, -1)
    second = protein.reshape(*protein.shape[:-1], n_stripes, -1).astype(np.float64)
    padded = np.full((*second.shape[:-2], n_stripes + 2, second.shape[-1]), np.inf)
    padded[..., 1:-1, :] = second
    steps = [(0, 0), *[(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]]
    options = np.array(
        [np.roll(padded, -column, axis=-1)[..., 1 + row : 1 + row + n_stripes, :] for row, column in steps]
    )
    nearest = np.argmin(np.abs(options - first), axis=0)
    found = np.take_along_axis(options, nearest[None], axis=0)[0]
    return np.asarray(found.reshape(mrna.shape), dtype=np.int64)


def correlate_categories(
    mrna: NDArray[np.float64], protein: NDArray[np.float64], *, n_stripes: int
) -> NDArray[np.float64]:
    """Correlation of the categories of each mRNA profile with those of each protein profile that match them nearby.

    Profiles (..., M, segments) and (..., P, segments) to (..., M, P) float64; 0 where one of the two has one category.
    """
    first, second = categories(mrna)[..., :, None, :], categories(protein)[..., None, :, :]
    first, second = (np.array(one) for one in np.broadcast_arrays(first, second))
    matched = matched_neighbors(first, second, n_stripes=n_stripes)
    own, other = (one - one.mean(axis=-1, keepdims=True) for one in (first, matched))
    length = np.sqrt((own**2).sum(axis=-1) * (other**2).sum(axis=-1))
    # Squares of integers around their mean: less than this is rounding.
    is_known = length > _LEAST_LENGTH
    return np.asarray(np.where(is_known, (own * other).sum(axis=-1) / np.where(is_known, length, 1.0), 0.0))


def colocalization_score(
    mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike], *, n_stripes: int
) -> float:
    """Chance that a forward pair (protein later than mRNA) correlates more than another pair, ties counting half.

    Correlated are the categories of the mRNA's segments with those of the protein's that match them best nearby.

    Parameters
    ----------
    mrna, protein
        Time to profile, as of `temporal_interaction`.
    n_stripes
        Stripes of the segments: 3 of 8 sectors in DypFISH, 1 for the periphery.

    Returns
    -------
    float
        0 to 1, 0.5 without order: Vargha and Delaney's A. NaN where one of the two groups of pairs is empty. Where one
        side has a single category, as where the protein has nothing near the mRNA's enriched segments, the two have
        nothing in common, and their correlation, which the published code leaves undefined, counts as 0.
    """
    sides = [
        np.array([np.asarray(side[key], dtype=np.float64) for _, key in sorted_times(side, name)])
        for side, name in ((mrna, "mrna"), (protein, "protein"))
    ]
    if not len(sides[0]) or not len(sides[1]):
        return float("nan")
    correlations = correlate_categories(sides[0], sides[1], n_stripes=n_stripes)
    return float(forward_share(correlations, is_forward_pair(mrna, protein)))
