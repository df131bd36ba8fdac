"""Maximum mean discrepancy with a Gaussian kernel, for a whole plate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.statistics import benjamini_hochberg, permutation_p_value

__all__ = ["MmdTest", "bandwidth_of", "checked_rows", "kernel_matrix", "mmd_test", "plate_tests"]

_Rows = NDArray[np.float64]
# Of more rows the median distance is that of a sample.
_MOST_ROWS = 2000


@dataclass(frozen=True)
class MmdTest:
    """The squared discrepancy (unbiased; may be below 0), its permutation p-value, and how many permutations."""

    statistic: float
    p_value: float
    n_permutations: int


def checked_rows(rows: ArrayLike, *, name: str, least: int) -> _Rows:
    """Finite (n, d) numbers with at least `least` rows of which not all are equal.

    Raises
    ------
    ValueError
        Otherwise; the message says what the rows are and what to do.
    """
    given = np.asarray(rows, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] == 0 or len(given) < least:
        raise InputError(
            f"{name}: expected {least} rows or more (a row per field or well) of one number or more, got an array of "
            f"shape {given.shape}. Give more fields, or a smaller window."
        )
    if not np.isfinite(given).all():
        bad = np.flatnonzero(~np.isfinite(given).all(axis=1))
        raise InputError(f"{name}: row {bad[0]} has NaN or infinite values ({len(bad)} rows in all). Leave it out.")
    if np.ptp(given, axis=0).max() == 0:
        raise InputError(f"{name}: all {len(given)} rows are equal, so nothing can be called unlike them.")
    return given


def bandwidth_of(reference: ArrayLike) -> float:
    """The bandwidth σ of the kernel ``exp(−|x − y|²/2σ²)``: √(½ · median squared distance of reference rows).

    It is taken from the reference once and stays with it. More than 2,000 rows are thinned evenly.
    """
    rows = checked_rows(reference, name="reference", least=2)
    if len(rows) > _MOST_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_ROWS).round().astype(int)]
    squared = _squared_distances(rows, rows)[np.triu_indices(len(rows), 1)]
    middle = float(np.median(squared))
    # More than half of the pairs are equal.
    return float(np.sqrt((middle if middle > 0 else float(squared[squared > 0].mean())) / 2))


def kernel_matrix(first: _Rows, second: _Rows, *, bandwidth: float) -> _Rows:
    """(n, m) values of the kernel."""
    return np.asarray(np.exp(-_squared_distances(first, second) / (2 * bandwidth**2)))


def _squared_distances(first: _Rows, second: _Rows) -> _Rows:
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None, :] - 2 * first @ second.T
    return np.asarray(np.maximum(squares, 0))


def mmd_test(
    reference: ArrayLike,
    rows: ArrayLike,
    *,
    bandwidth: float,
    n_permutations: int = 999,
    rng: np.random.Generator,
    reference_groups: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> MmdTest:
    """Do `rows` come from where `reference` comes from? Squared maximum mean discrepancy with permutations.

    MMD² is the mean kernel of pairs within the reference, plus that within the rows, less twice that between them; a
    row is no pair with itself (Gretton et al. 2012, equation 3). The p-value is (1 + permutations at least as large)/(1
    + permutations), all with one bandwidth.

    Parameters
    ----------
    reference, rows : (n, d), (m, d) float
        One row per field or well.
    bandwidth
        From `bandwidth_of` of the reference.
    reference_groups, groups
        Wells of the rows, when several rows share a well: whole wells are permuted. A well of the reference and one of
        the rows are never the same. None: each row by itself.

    Raises
    ------
    ValueError
        With fewer than two rows on a side, NaN, or another number of columns.
    """
    first = checked_rows(reference, name="reference", least=2)
    second = np.asarray(rows, dtype=np.float64)
    if second.ndim != 2 or len(second) < 2 or second.shape[1] != first.shape[1] or not np.isfinite(second).all():
        raise InputError(
            f"drift: expected two rows or more of {first.shape[1]} finite numbers, got an array of shape "
            f"{second.shape}."
        )
    both = np.concatenate([first, second])
    kernel = kernel_matrix(both, both, bandwidth=bandwidth)
    np.fill_diagonal(kernel, 0)
    code = _group_codes(reference_groups, groups, n=len(first), m=len(second))
    is_second_group = np.zeros(code.max() + 1, dtype=bool)
    is_second_group[code[len(first) :]] = True
    drawn = np.stack([is_second_group, *(rng.permutation(is_second_group) for _ in range(n_permutations))])
    found = _discrepancies(kernel, drawn[:, code].astype(np.float64))
    # Equal up to rounding counts as at least as large.
    n_larger = int((found[1:] >= found[0] - 1e-12).sum())
    return MmdTest(float(found[0]), float(permutation_p_value(n_larger, n_permutations=n_permutations)), n_permutations)


def _group_codes(first: Sequence[str] | None, second: Sequence[str] | None, *, n: int, m: int) -> NDArray[np.intp]:
    """A number per well, none shared by reference and plate; without names each row is its own."""
    if first is None or second is None:
        return np.arange(n + m)
    if len(first) != n or len(second) != m:
        raise InputError(f"drift: expected {n} and {m} names of wells, got {len(first)} and {len(second)}.")
    names = [("reference", one) for one in first] + [("plate", one) for one in second]
    return np.asarray(pd.factorize(pd.Series(names, dtype=object))[0])


def _discrepancies(kernel: _Rows, is_second: _Rows) -> _Rows:
    """(k,) MMD² for (k, n + m) assignments; `kernel` has a diagonal of 0. NaN with fewer than two rows on a side."""
    to_second = is_second @ kernel
    total = float(kernel.sum())
    within_second = (to_second * is_second).sum(axis=1)
    between = to_second.sum(axis=1) - within_second
    within_first = total - within_second - 2 * between
    m = is_second.sum(axis=1)
    n = is_second.shape[1] - m
    with np.errstate(divide="ignore", invalid="ignore"):
        found = within_first / (n * (n - 1)) + within_second / (m * (m - 1)) - 2 * between / (n * m)
    return np.asarray(np.where((n > 1) & (m > 1), found, -np.inf))


def plate_tests(
    reference: ArrayLike, plates: pd.DataFrame, *, bandwidth: float, n_permutations: int, seed: int
) -> pd.DataFrame:
    """`mmd_test` of each plate, wells permuted, with the false discovery rate over plates.

    Parameters
    ----------
    reference : (n, d) float
        One row per well (or per field, where fields were found exchangeable).
    plates : DataFrame
        Column plate, and one column per number of a row; a row per well.
    seed
        With the plate's name it makes the permutations.

    Returns
    -------
    DataFrame
        Columns plate, n_rows, statistic, p_value, adjusted_p (Benjamini and Hochberg); plates of one row have NaN.
    """
    found = []
    for plate, own in plates.groupby("plate", sort=True):
        rows = own.drop(columns="plate").to_numpy(dtype=np.float64)
        if len(rows) < 2:
            found.append((plate, len(rows), float("nan"), float("nan")))
            continue
        rng = np.random.default_rng([seed, *str(plate).encode()])
        one = mmd_test(reference, rows, bandwidth=bandwidth, n_permutations=n_permutations, rng=rng)
        found.append((plate, len(rows), one.statistic, one.p_value))
    table = pd.DataFrame(found, columns=["plate", "n_rows", "statistic", "p_value"])
    return table.assign(adjusted_p=benjamini_hochberg(table["p_value"]))
