"""Measures relative to the controls of the same plate."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.groups.tables import NORMALISED_WELLS
from wellspring.statistics import MAD_TO_SD

__all__ = ["ALL_WELLS", "CONTROLS", "normalised_wells"]

CONTROLS, ALL_WELLS = "controls", "all wells"
_KEYS = ["plate", "well", "group", "replicate", "is_control"]


def normalised_wells(table: pd.DataFrame, *, least_controls: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Robust z-scores and ratios of all wells, tables `NORMALISED_WELLS`: a column per measure.

    The reference of a plate is its control wells. A plate with fewer than `least_controls` of them is compared with all
    of its wells, and its rows say so: such values are no comparison with the controls.

    - Robust z: (value - median) / (1.4826 × median absolute deviation) of the reference. NaN where that is 0, and where
      fewer than 3 wells of the reference have a value.
    - Ratio: value / median of the reference. NaN where that is 0 or less.

    Wells in doubt have values, but are not part of a reference, unless all wells of it are in doubt.

    Parameters
    ----------
    table
        Table `MEASURED_WELLS`.
    """
    measures = list(dict.fromkeys(table["measure"]))
    values = table.pivot(index=_KEYS, columns="measure", values="value")[measures]
    doubtful = table.pivot(index=_KEYS, columns="measure", values="is_doubtful")[measures].to_numpy(dtype=bool)
    keys = values.index.to_frame(index=False)
    numbers = values.to_numpy(dtype=np.float64)
    scores, ratios = np.full(numbers.shape, np.nan), np.full(numbers.shape, np.nan)
    reference, n_reference = np.empty(len(keys), dtype=object), np.zeros(len(keys), dtype=np.int64)
    for rows in keys.groupby("plate", sort=False).indices.values():
        is_control = keys["is_control"].to_numpy(dtype=bool)[rows]
        has_controls = is_control.sum() >= max(1, least_controls)
        chosen = rows[is_control] if has_controls else rows
        reference[rows], n_reference[rows] = (CONTROLS if has_controls else ALL_WELLS), len(chosen)
        middle, sd, n = _reference(numbers[chosen], doubtful[chosen])
        with np.errstate(divide="ignore", invalid="ignore"):
            scores[rows] = np.where((sd > 0) & (n >= 3), (numbers[rows] - middle) / sd, np.nan)
            ratios[rows] = np.where(middle > 0, numbers[rows] / middle, np.nan)
    order = [*NORMALISED_WELLS.names, *measures]
    about = keys.assign(reference=reference.astype(str), n_reference=n_reference)
    z, ratio = (pd.concat([about, pd.DataFrame(found, columns=measures)], axis=1)[order] for found in (scores, ratios))
    return z, ratio


def _reference(
    values: NDArray[np.float64], is_doubtful: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Median, robust standard deviation and number of the values of each column."""
    trusted = np.where(is_doubtful, np.nan, values)
    # Of a column all of whose wells are in doubt, they are better than nothing.
    trusted = np.where(np.isnan(trusted).all(axis=0), values, trusted)
    n = np.isfinite(trusted).sum(axis=0)
    filled = np.where(n > 0, trusted, 0.0)
    middle = np.where(n > 0, np.nanmedian(filled, axis=0), np.nan)
    off = np.nanmedian(np.abs(filled - np.where(n > 0, middle, 0.0)), axis=0)
    return middle, MAD_TO_SD * off, n
