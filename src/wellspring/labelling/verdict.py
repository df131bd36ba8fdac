"""For what a predicted stain may be used: limits from wells that were held out, and intervals of single fields."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wellspring.labelling.agreement import agreement_of_fields

__all__ = ["Conformal", "Verdict", "conformal_ratio", "verdict_of"]

USABLE, NOT_USABLE, NOT_KNOWN = "usable", "not usable", "not known"


@dataclass(frozen=True)
class Conformal:
    """An interval for the true number of a new field, from its predicted number.

    Attributes
    ----------
    low, high : float
        The true number lies between predicted x low and predicted x high; 0 and infinity where fields are too few.
    coverage : float
        Share of new fields whose number lies there, at least, if they are like those of calibration.
    n_fields : int
        Fields of calibration.
    """

    low: float
    high: float
    coverage: float
    n_fields: int


def conformal_ratio(predicted: ArrayLike, true: ArrayLike, *, coverage: float = 0.9) -> Conformal:
    """Split conformal interval of true / predicted, both tails alike (Vovk 2005; Romano 2019).

    Each limit is the order statistic of rank (n + 1)(1 - a / 2), rounded up, so that a new field that is exchangeable
    with these lies inside with probability `coverage` or more, whatever the distribution.

    Parameters
    ----------
    predicted, true : (n,) float
        Of fields that trained nothing and chose nothing. 1 is added to both, so that empty fields have a ratio.

    Returns
    -------
    Conformal
        Without limits below 2 / (1 - coverage) - 1 fields: 19 for 90 %.
    """
    found, known = np.asarray(predicted, dtype=np.float64), np.asarray(true, dtype=np.float64)
    is_known = np.isfinite(found) & np.isfinite(known)
    ratios = np.sort((known[is_known] + 1) / (found[is_known] + 1))
    n = len(ratios)
    rank = math.ceil((n + 1) * (1 + coverage) / 2 - 1e-9)
    if rank > n:
        return Conformal(0.0, math.inf, coverage, n)
    return Conformal(float(ratios[n - rank]), float(ratios[rank - 1]), coverage, n)


@dataclass(frozen=True)
class Verdict:
    """Whether a measure of a predicted stain may be used.

    Attributes
    ----------
    word : str
        ``usable``, ``not usable`` or ``not known``.
    reason : str
        In one sentence.
    """

    word: str
    reason: str


def verdict_of(
    predicted: ArrayLike, true: ArrayLike, *, n_wells: int, max_error: float = 0.1, min_wells: int = 3
) -> Verdict:
    """The verdict on a measure, from fields of held-out wells.

    Usable: the limits between which 95 % of the ratios predicted / true of single fields lie are within 1 ±
    `max_error`. Not usable: the 95 % interval of the mean ratio lies outside of 1 ± `max_error`, or the interval of one
    of the limits does. Between them, and with fewer than `min_wells` wells, it is not known: more held-out wells
    decide.

    Parameters
    ----------
    n_wells
        Held-out wells that the fields come from.
    """
    if n_wells < min_wells:
        return Verdict(NOT_KNOWN, f"{n_wells} held-out well(s); {min_wells} or more are needed")
    found = agreement_of_fields(predicted, true)
    if math.isnan(found.lower):
        return Verdict(NOT_KNOWN, "fewer than three held-out fields have a number above 0 in both")
    low, high = 1 - max_error, 1 + max_error
    limits = f"95 % of fields between {found.lower - 1:+.0%} and {found.upper - 1:+.0%}"
    if low <= found.lower and found.upper <= high:
        return Verdict(USABLE, limits)
    beyond = found.bias_upper < low or found.bias_lower > high
    shrunk = math.exp(-found.limit_error)
    too_low, too_high = found.lower / shrunk < low, found.upper * shrunk > high
    if beyond or too_low or too_high:
        return Verdict(NOT_USABLE, f"{limits}; allowed are {max_error:.0%}")
    return Verdict(NOT_KNOWN, f"{limits}, but {found.n_fields} fields do not say it surely enough")
