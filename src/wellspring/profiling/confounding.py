"""Confounded designs: columns of the sheet that cannot be separated from the known classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.statistics import permutation_p_value

__all__ = ["Association", "class_associations", "confounded_with"]

# Equal values differ by less where they were summed in another order.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Association:
    """How strongly a column is associated with the samples' classes: Cramér's V and its p-value."""

    column: str
    cramers_v: float
    p_value: float


def confounded_with(wells: pd.DataFrame, *, label: str, columns: Sequence[str]) -> list[str]:
    """Columns confounded with the class: two values or more, each in one class only, and fewer values than samples.

    A value per sample (an age) is no batch, but a plate per sample is one.

    Parameters
    ----------
    wells
        A row per well, with the columns `label`, `sample` and `columns`.

    Returns
    -------
    list of str
        Differences between classes cannot be separated from these columns. Empty where there is one class.
    """
    found = []
    for name in columns:
        table = wells[[name, label, "sample"]].dropna()
        n_values = table[name].nunique()
        if table[label].nunique() < 2:
            continue
        several = n_values >= 2 and (name == "plate" or n_values < table["sample"].nunique())
        if several and (table.groupby(name)[label].nunique() == 1).all():
            found.append(name)
    return found


def class_associations(
    wells: pd.DataFrame, *, columns: Sequence[str], n_permutations: int, rng: np.random.Generator
) -> list[Association]:
    """Cramér's V between the class and each column, over samples (one with several values counts once for each).

    Columns of one value are left out, and those whose values no two samples share (an age); plates are not.

    Parameters
    ----------
    wells
        A row per well, with the columns sample, label and `columns`.

    Returns
    -------
    list of Association
        The p-value is the share of permutations of the samples' classes with as high a V, (1 + such) / (1 + all); NaN
        without permutations. Empty where there is one class.
    """
    found = []
    for name in columns:
        table = wells[[name, "label", "sample"]].dropna().drop_duplicates()
        people = table[["sample", "label"]].drop_duplicates()
        is_shared = name == "plate" or (table.groupby(name)["sample"].nunique() > 1).any()
        if table[name].nunique() < 2 or not is_shared or people["label"].nunique() < 2:
            continue
        values = table[name].astype(str).to_numpy(dtype=np.str_)
        true = _cramers_v(values, table["label"])
        as_high = 0
        for _ in range(n_permutations):
            other = dict(zip(people["sample"], rng.permutation(people["label"].to_numpy(dtype=object)), strict=True))
            as_high += int(_cramers_v(values, table["sample"].map(other)) >= true - _ROUNDING)
        p_value = permutation_p_value(as_high, n_permutations=n_permutations) if n_permutations else np.nan
        found.append(Association(name, true, float(p_value)))
    return found


def _cramers_v(values: NDArray[np.str_], labels: pd.Series) -> float:
    # Imported where it is used: it takes a second of processor time.
    from scipy.stats.contingency import association, crosstab

    counts = crosstab(values, labels.to_numpy(dtype=np.str_)).count
    return float(association(counts, method="cramer"))
