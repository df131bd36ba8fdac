"""From cells to genes: effects over wells or replicates with interval, p and false discovery rate; mixes of
patterns."""

from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from wellspring.statistics import benjamini_hochberg, half_width_of_mean, permutation_p_value

__all__ = ["corrected_mix", "gene_effects", "mix_intervals", "sign_flip_p_value", "swap_p_value"]

_Array = NDArray[np.float64]
# Up to so many units all signs are tried.
_EXACT_UNITS = 13
N_FLIPS = 9999


def sign_flip_p_value(values: _Array, *, least: float = 0.0, seed: int = 0, n_flips: int = N_FLIPS) -> float:
    """P of the mean of (n,) values of independent units if each is as likely to be positive as negative, two-sided.

    Exact, over all 2ⁿ signs, up to 13 units; else by `n_flips` random ones, (1 + #) / (1 + B). With `least` above 0 the
    null is that the mean lies within ± `least`: values are moved towards 0 by it, in the direction of their mean, and
    p is that of the larger side (a test of a least effect; conservative inside).

    Parameters
    ----------
    values
        NaN are left out. Of fewer than 2 units p is 1: one unit shows nothing.
    """
    known = values[np.isfinite(values)]
    n = len(known)
    if n < 2:
        return 1.0
    moved = known - least if known.mean() >= 0 else known + least
    if (moved.mean() >= 0) != (known.mean() >= 0):
        return 1.0
    observed = abs(float(moved.sum()))
    if n <= _EXACT_UNITS:
        signs = np.array(list(product((-1.0, 1.0), repeat=n)))
        return float((np.abs(signs @ moved) >= observed * (1 - 1e-12)).mean())
    signs = np.random.default_rng(seed).choice((-1.0, 1.0), (n_flips, n))
    as_extreme = int((np.abs(signs @ moved) >= observed * (1 - 1e-12)).sum())
    return float(permutation_p_value(as_extreme, n_permutations=n_flips))


def gene_effects(
    cells: pd.DataFrame,
    *,
    statistics: Sequence[str],
    unit: Sequence[str] = ("plate", "well"),
    least: float = 0.0,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Effects of each gene over wells (or replicates), with the well as the unit.

    The mean over the cells of a well is one value; the effect is the mean of those, its interval that of Student's t
    over wells, its p that of `sign_flip_p_value`, q by Benjamini and Hochberg over all genes and statistics.

    Parameters
    ----------
    cells
        A row per cell and gene: the columns of `unit`, gene, and `statistics`, differences from what the null expects,
        NaN where a cell says nothing.
    unit
        Columns whose values name a unit: wells, or the column of replicates.
    least
        Effects within ± this are no finding: see `sign_flip_p_value`.

    Returns
    -------
    DataFrame
        gene, statistic, n_units, n_cells, effect, low, high (NaN of fewer than 2 units), p_value, q_value.
    """
    rows = []
    for gene, own in cells.groupby("gene", sort=True):
        for name in statistics:
            known = own[own[name].notna()]
            means = known.groupby(list(unit), sort=True)[name].mean().to_numpy(dtype=np.float64)
            n = len(means)
            effect = float(means.mean()) if n else np.nan
            half = float(half_width_of_mean(n, means.std(ddof=1), confidence=confidence)) if n > 1 else np.nan
            p = sign_flip_p_value(means, least=least, seed=seed) if n > 1 else np.nan
            rows.append((str(gene), name, n, len(known), effect, effect - half, effect + half, p))
    names = ["gene", "statistic", "n_units", "n_cells", "effect", "low", "high", "p_value"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(q_value=benjamini_hochberg(table["p_value"].to_numpy(dtype=np.float64)))


def swap_p_value(first: _Array, second: _Array, *, seed: int = 0, n_swaps: int = N_FLIPS) -> float:
    """P of the difference of the means of two sets of wells if conditions are swapped among wells, two-sided.

    (1 + #) / (1 + B) of random swaps. NaN where a side has no well.
    """
    if not len(first) or not len(second):
        return float("nan")
    whole = np.concatenate([first, second])
    observed = abs(float(second.mean() - first.mean()))
    rng = np.random.default_rng(seed)
    order = np.argsort(rng.random((n_swaps, len(whole))), axis=1)
    mixed = whole[order]
    drawn = np.abs(mixed[:, len(first) :].mean(axis=1) - mixed[:, : len(first)].mean(axis=1))
    return float(permutation_p_value(int((drawn >= observed - 1e-12).sum()), n_permutations=n_swaps))


def corrected_mix(calls: _Array, confusion: _Array) -> _Array:
    """Shares of patterns among cells, from how often each was called and how often each is called for another.

    Parameters
    ----------
    calls : (k,) float
        Share of cells with each call; sum 1.
    confusion : (p, k) float
        Of each true pattern, the share of each call; rows sum to 1.

    Returns
    -------
    (p,) float64
        The mix, 0 or more and of sum 1, whose calls are nearest to those observed (least squares).
    """
    system = np.vstack([confusion.T, 1e3 * np.ones(len(confusion))])
    found, _ = nnls(system, np.append(calls, 1e3))
    total = float(found.sum())
    return np.asarray(found / total) if total > 0 else np.full(len(confusion), np.nan)


def mix_intervals(
    calls: NDArray[np.integer],
    units: NDArray[np.generic],
    confusion: _Array,
    *,
    rng: np.random.Generator,
    n_resamples: int = 199,
    confidence: float = 0.95,
) -> tuple[_Array, _Array, _Array]:
    """The mix of a gene with its percentile interval: wells are resampled, and cells in them.

    Parameters
    ----------
    calls : (n_cells,) int
        Column of `confusion` that each cell was called.
    units : (n_cells,)
        Well of each cell.

    Returns
    -------
    mix, low, high : (p,) float64
        NaN without cells, and where `confusion` has a column more than rows, for undecided, and all cells are that:
        they say nothing of any pattern.
    """
    n_calls = confusion.shape[1]

    def is_empty(own: NDArray[np.integer]) -> bool:
        return not len(own) or (n_calls > len(confusion) and bool((own == n_calls - 1).all()))

    if is_empty(calls):
        gap = np.full(len(confusion), np.nan)
        return gap, gap, gap

    def mix(own: NDArray[np.integer]) -> _Array:
        return corrected_mix(np.bincount(own, minlength=n_calls) / len(own), confusion)

    parts = [calls[units == one] for one in np.unique(units)]
    drawn = []
    for _ in range(n_resamples):
        chosen = [parts[k] for k in rng.integers(0, len(parts), len(parts))]
        sample = np.concatenate([part[rng.integers(0, len(part), len(part))] for part in chosen])
        if not is_empty(sample):
            drawn.append(mix(sample))
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(np.array(drawn or [mix(calls)]), tails, axis=0)
    return mix(calls), low, high
