"""How much of an embedding is plate, objective or position rather than biology."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from wellspring.profiling.profiles import Profiles
from wellspring.statistics import permutation_p_value

__all__ = ["batch_rows", "explained_p_value", "explained_share", "whitened"]


# Fewer control wells say nothing about how they vary together.
_LEAST_CONTROLS = 4
# Equal shares differ by less where they were summed in another order.
_ROUNDING = 1e-12


def explained_share(values: NDArray[np.float64], groups: Sequence[str]) -> float:
    """Variance between groups over total variance, summed over all features (multivariate eta squared).

    Chance alone gives about (number of groups - 1) / (number of wells - 1). NaN when nothing varies beyond rounding, or
    there are no wells.
    """
    if not len(values):
        return float("nan")
    centred = values - values.mean(axis=0)
    total = float((centred**2).sum())
    if total <= _ROUNDING**2 * float((values**2).sum()):
        return float("nan")
    names = np.asarray(groups)
    between = sum(
        float((names == name).sum() * (centred[names == name].mean(axis=0) ** 2).sum()) for name in np.unique(names)
    )
    return between / total


def explained_p_value(
    values: NDArray[np.float64],
    groups: Sequence[str],
    *,
    samples: Sequence[str],
    n_permutations: int,
    rng: np.random.Generator,
) -> float:
    """Share of permutations of the groups whose `explained_share` is as high, (1 + such) / (1 + all).

    Samples differ, so that groups of different samples differ too, whatever made them groups. Where each sample has one
    group (a class, a plate of its own), samples are permuted as a whole. Else the wells of each sample are permuted
    among themselves: then samples that have one group say nothing.

    Parameters
    ----------
    samples
        Sample of each well.

    Returns
    -------
    float
        NaN without permutations, or where nothing varies.
    """
    found = explained_share(values, groups)
    given = np.asarray(groups, dtype=object)
    wells = [np.flatnonzero(np.asarray(samples) == name) for name in dict.fromkeys(samples)]
    drawn = (explained_share(values, _permuted(given, wells, rng=rng).tolist()) for _ in range(n_permutations))
    as_high = sum(share >= found - _ROUNDING for share in drawn)
    if not n_permutations or not np.isfinite(found):
        return float("nan")
    return float(permutation_p_value(as_high, n_permutations=n_permutations))


def _permuted(
    groups: NDArray[np.object_], wells: Sequence[NDArray[np.intp]], *, rng: np.random.Generator
) -> NDArray[np.object_]:
    """Groups of the wells of each sample (rows in `wells`) as of `explained_p_value`."""
    other = groups.copy()
    if all(len(set(groups[own])) == 1 for own in wells):
        for own, index in zip(wells, rng.permutation(len(wells)), strict=True):
            other[own] = groups[wells[index][0]]
    else:
        for own in wells:
            other[own] = rng.permutation(groups[own])
    return other


def whitened(profiles: Profiles, *, is_control: NDArray[np.bool_]) -> Profiles | None:
    """Profiles in which the controls vary alike in every direction, and have mean 0 on every plate.

    Each plate is shifted by the mean of its controls; the controls' covariance over all plates, shrunk after Ledoit and
    Wolf (2004), is then made the unit matrix by its symmetric inverse root. So what varies among controls (position,
    staining) weighs least.

    Returns
    -------
    Profiles or None
        None with fewer than 4 control wells, a plate without any, or controls that are all alike.
    """
    plates = profiles.wells["plate"].to_numpy(dtype=object)
    has_controls = all((is_control & (plates == plate)).any() for plate in set(plates))
    if not has_controls or is_control.sum() < _LEAST_CONTROLS:
        return None
    values = profiles.values.copy()
    for plate in set(plates):
        values[plates == plate] -= values[(plates == plate) & is_control].mean(axis=0)
    variance, axes = np.linalg.eigh(LedoitWolf(assume_centered=True).fit(values[is_control]).covariance_)
    most = float(variance.max())
    if most <= 0:
        return None
    root = axes @ np.diag(1 / np.sqrt(np.maximum(variance, 1e-12 * most))) @ axes.T
    return Profiles(profiles.wells, values @ root)


def batch_rows(
    forms: Mapping[str, Profiles | None],
    *,
    columns: Sequence[str],
    informed: Sequence[str],
    n_permutations: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Explained shares of the class and of each column, in each form of the profiles; NaN where there is none.

    Parameters
    ----------
    forms
        Profiles by the name of the form; their wells have the columns sample, label and `columns`.
    informed
        Forms that were made with the class, in which it has no p-value: those of a classifier, and whitened ones, whose
        controls are made alike, and others not, whatever they are.

    Returns
    -------
    DataFrame
        Rows of table `VERDICT` without their method.
    """
    parts = []
    for column in ("label", *columns):
        for form, profiles in forms.items():
            share, p_value = np.nan, np.nan
            if profiles is not None:
                groups = profiles.wells[column].fillna("missing").astype(str).tolist()
                samples = profiles.wells["sample"].tolist()
                share = explained_share(profiles.values, groups)
                n_drawn = 0 if column == "label" and form in informed else n_permutations
                p_value = explained_p_value(profiles.values, groups, samples=samples, n_permutations=n_drawn, rng=rng)
            parts.append((f"{column} {form}", share, np.nan, np.nan, p_value))
    table = pd.DataFrame(parts, columns=["metric", "value", "lower", "upper", "p_value"])
    return table.assign(question="batch", scope="all")
