"""Colocalization of mRNA and protein segments, as DypFISH's code defines it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.localization.interaction.temporal import pair_correlations

__all__ = ["categories", "colocalization_score", "matched_neighbors"]


def categories(profile: ArrayLike) -> NDArray[np.int64]:
    """(segments,) int64: 1 above mean + sd (ddof 0), -1 below mean - sd, else 0.

    The published code writes 2 in place of -1 and correlates these names as numbers, so that a depleted segment is
    nearer to an enriched one than to an even one; ordered values mend that.
    """
    values = np.asarray(profile, dtype=np.float64)
    middle, spread = values.mean(), values.std()
    return np.asarray((values > middle + spread).astype(np.int64) - (values < middle - spread))


def matched_neighbors(mrna: NDArray[np.integer], protein: NDArray[np.integer], *, n_stripes: int) -> NDArray[np.int64]:
    """For each segment the protein's category, of the segment and its neighbours, that is nearest to the mRNA's.

    Segments are in the order of `wellspring.localization.interaction.geometry.segments`; sectors are a ring, stripes
    have ends. Of two as near the segment's own counts, else the first neighbour.

    Raises
    ------
    ValueError
        When the segments are no multiple of `n_stripes`.
    """
    if n_stripes < 1 or mrna.size % n_stripes or mrna.shape != protein.shape:
        raise InputError(
            f"colocalization: expected as many segments for both and a multiple of {n_stripes} stripes, got "
            f"{mrna.shape} and {protein.shape}."
        )
    first, second = mrna.reshape(n_stripes, -1), protein.reshape(n_stripes, -1).astype(np.float64)
    padded = np.full((n_stripes + 2, second.shape[1]), np.inf)
    padded[1:-1] = second
    steps = [(0, 0), *[(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]]
    options = np.array([np.roll(padded, -column, axis=1)[1 + row : 1 + row + n_stripes] for row, column in steps])
    nearest = np.argmin(np.abs(options - first), axis=0)
    return np.asarray(np.take_along_axis(options, nearest[None], axis=0)[0].ravel(), dtype=np.int64)


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
    _, is_forward = pair_correlations(mrna, protein)
    correlations = np.zeros(is_forward.shape)
    first, second = (sorted(one, key=float) for one in (mrna, protein))
    for i, early in enumerate(first):
        own = categories(mrna[early])
        for j, late in enumerate(second):
            other = matched_neighbors(own, categories(protein[late]), n_stripes=n_stripes)
            if own.std() > 0 and other.std() > 0:
                correlations[i, j] = np.corrcoef(own, other)[0, 1]
    forward, rest = correlations[is_forward], correlations[~is_forward]
    if not len(forward) or not len(rest):
        return float("nan")
    difference = forward[:, None] - rest[None]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())
