"""Temporal interaction: does a protein's pattern resemble that of its mRNA at earlier times?"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.localization.interaction.order import check_segments, forward_share, is_forward_pair, sorted_times

__all__ = ["correlate_profiles", "pair_correlations", "temporal_interaction"]

# Two densities that differ by less, relative to the largest, are the same.
_ROUNDING = 1e-9


def temporal_interaction(mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike]) -> float:
    """How consistently the protein's profile resembles earlier profiles of the mRNA more than later ones.

    Pearson's correlation of every mRNA profile with every protein profile is ranked, the lowest first; ties share
    their mean rank. A pair is forward when the protein's time is later than the mRNA's. With s the sum of the ranks of
    the other pairs, the score is (s_max - s) / (s_max - s_min): 1 when every forward pair correlates more than every
    other, 0 in the opposite case, 0.5 on average without any order. That is the chance that a forward pair correlates
    more than another one, `wellspring.localization.interaction.order.forward_share`.

    Parameters
    ----------
    mrna, protein
        Time (any unit, the same in both) to profile, (segments,) float: densities in the same segments, in the same
        order.

    Returns
    -------
    float
        0 to 1. NaN where no pair or every pair is forward, or a correlation is not defined: a profile that is the same
        in all segments, or holds NaN.

    Raises
    ------
    ValueError
        When a time is no number, or profiles differ in their number of segments.

    Notes
    -----
    DypFISH's definition, (100 - s) / 64, is this one for four times each of which eight pairs are forward; its form for
    two times, (12 - s) / 3, leaves 0 to 1 and is replaced by the general one.
    """
    correlations, is_forward = pair_correlations(mrna, protein)
    return float(forward_share(correlations, is_forward))


def pair_correlations(
    mrna: Mapping[float, ArrayLike], protein: Mapping[float, ArrayLike]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Correlation of every mRNA profile with every protein profile, and which pairs are forward.

    Returns
    -------
    correlations : (mRNA times, protein times) float64
        Pearson's; times ascend. NaN where a profile is the same in all segments.
    is_forward : bool of the same shape
        Whether the protein's time is later.

    Raises
    ------
    ValueError
        As `temporal_interaction`.
    """
    is_forward = is_forward_pair(mrna, protein)
    sides = [
        [np.asarray(side[key], dtype=np.float64) for _, key in sorted_times(side, name)]
        for side, name in ((mrna, "mrna"), (protein, "protein"))
    ]
    check_segments([np.atleast_2d(one) for side in sides for one in side])
    if not sides[0] or not sides[1]:
        return np.empty(is_forward.shape), is_forward
    return correlate_profiles(np.stack(sides[0]), np.stack(sides[1])), is_forward


def correlate_profiles(mrna: NDArray[np.float64], protein: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pearson's correlation of each profile (..., M, segments) with each (..., P, segments): (..., M, P) float64.

    NaN where a profile is the same in all segments.
    """
    return np.asarray(_standardized(mrna) @ np.swapaxes(_standardized(protein), -1, -2))


def _standardized(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows with mean 0 and length 1; NaN for a row whose values differ by no more than rounding."""
    centred = table - table.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    is_flat = ~(length > _ROUNDING * np.abs(table).max(axis=-1, keepdims=True, initial=0.0))
    return np.where(is_flat, np.nan, centred / np.where(is_flat, 1.0, length))
