"""Permutations of classes that keep what the design fixes: the classes of each fold, one class per sample."""

from collections.abc import Callable
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.statistics import permutation_p_value, twice_mean_p_value

__all__ = ["fold_of_samples", "held_out_p_value", "least_held_out_p_value", "permuted_labels"]

# Equal statistics differ by less where they were summed in another order.
_ROUNDING = 1e-12


def fold_of_samples(wells: pd.DataFrame) -> pd.DataFrame:
    """Columns sample, label, fold, a row per sample, from a row per well."""
    return wells[["sample", "label", "fold"]].drop_duplicates("sample").reset_index(drop=True)


def permuted_labels(samples: pd.DataFrame, *, rng: np.random.Generator) -> dict[str, str]:
    """Classes of the samples, permuted among those that are unseen in the same fold.

    Folds are drawn so that each has its share of every class. A permutation over all samples would undo that, and so
    compare the data with folds whose classifiers know less.

    Parameters
    ----------
    samples
        As of `fold_of_samples`.
    """
    labels, folds = samples["label"].to_numpy(dtype=object).copy(), samples["fold"].to_numpy()
    for fold in np.unique(folds):
        labels[folds == fold] = rng.permutation(labels[folds == fold])
    return dict(zip(samples["sample"], labels.tolist(), strict=True))


def held_out_p_value(
    wells: pd.DataFrame,
    statistic: Callable[[pd.DataFrame, NDArray[np.object_]], float],
    *,
    n_permutations: int,
    rng: np.random.Generator,
) -> float:
    """P-value from samples that were held out, where what predicts them was given the classes of all others.

    To permute these others' classes would mean to train again. But the classes of a fold's own unseen samples played no
    part in what predicts them, so they can be permuted while all else stays as it is, one fold at a time. Folds depend
    on each other (a sample that one predicts helped to train the next), so their p-values are merged by twice their
    mean, which is valid however they depend on each other: it is no smaller than it should be, and often larger.

    Parameters
    ----------
    wells
        Columns sample, label, fold and what `statistic` needs.
    statistic
        Of the wells of one fold and their classes (n,), which may be permuted; higher is better.

    Returns
    -------
    float
        NaN without wells or permutations, and where no outcome could make it 0.05 or less: see
        `least_held_out_p_value`.
    """
    samples = fold_of_samples(wells)
    if not len(wells) or not n_permutations or least_held_out_p_value(samples) > 0.05:
        return float("nan")
    p_values = []
    for fold, own in wells.groupby("fold", sort=True):
        people = samples[samples["fold"] == fold]
        labels, codes = people["label"].to_numpy(dtype=object), people["sample"].to_list()
        of_well = np.array([codes.index(name) for name in own["sample"]])
        found = statistic(own, labels[of_well])
        drawn = (statistic(own, rng.permutation(labels)[of_well]) for _ in range(n_permutations))
        as_high = sum(value >= found - _ROUNDING for value in drawn)
        p_values.append(float(permutation_p_value(as_high, n_permutations=n_permutations)))
    return twice_mean_p_value(p_values)


def least_held_out_p_value(samples: pd.DataFrame) -> float:
    """The smallest p-value that `held_out_p_value` could give: that of the one best order in each fold.

    Parameters
    ----------
    samples
        As of `fold_of_samples`.
    """
    least = []
    for _, own in samples.groupby("fold"):
        counts, orders = own["label"].value_counts().tolist(), 1
        for place, count in enumerate(counts):
            orders *= comb(sum(counts[place:]), count)
        least.append(1 / orders)
    return twice_mean_p_value(least)
