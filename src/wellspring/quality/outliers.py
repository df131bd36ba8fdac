"""Images that are unlike the others of their plate and channel, and the sites to leave out for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.quality.tables import FLAGGED_IMAGES, JUDGED, KEPT_SITES
from wellspring.statistics import MAD_TO_SD
from wellspring.tables import empty_table

if TYPE_CHECKING:
    from pandas.core.groupby import DataFrameGroupBy

__all__ = ["NO_REASON", "flagged_images", "kept_sites", "robust_z"]

NO_REASON = "none"
_OF_NORMAL_MEAN_DEVIATION = 1.2533
# An error comes from a few blocks or quadrants that happen to hold cells, or none. So it counts as no less than the
# root mean square of itself and the plate's usual one, of which the largest tenth is left out.
_USUAL_ERRORS = 0.9
# Measures of which one side alone is a fault: the slope of the spectrum falls out of focus. Where few cells are in the
# middle of a field, noise flattens its slope, and that is no fault of the image.
_FAULTS_BELOW = ("focus_slope",)
# Differences that do not matter, however rare they are: of shares one percent of the field.
_LEAST_DIFFERENCE = {"saturated_share": 0.01, "empty_share": 0.01}


def robust_z(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(x - median) / (1.4826 * median absolute deviation).

    Where more than half of the values are equal, so that this deviation is 0, 1.2533 times the mean absolute deviation
    takes its place (Iglewicz and Hoaglin 1993, "How to detect and handle outliers"); equal values have z = 0.

    Parameters
    ----------
    values : (n,) float
        NaN is left out, and stays NaN.

    Returns
    -------
    (n,) float64
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).any():
        return np.full(values.shape, np.nan)
    deviation = values - np.nanmedian(values)
    scale = _scale(deviation)
    return deviation / scale if scale > 0 else np.where(np.isnan(values), np.nan, 0.0)


def _scale(deviation: NDArray[np.float64]) -> float:
    """Of deviations from their median; NaN is left out."""
    size = np.abs(deviation[np.isfinite(deviation)])
    if len(size) == 0:
        return 0.0
    scale = MAD_TO_SD * float(np.median(size))
    return scale if scale > 0 else _OF_NORMAL_MEAN_DEVIATION * float(np.mean(size))


def flagged_images(images: pd.DataFrame, *, max_z: float, judged_by: Sequence[str], min_images: int) -> pd.DataFrame:
    """Compare every image with the others of its plate and channel.

    Parameters
    ----------
    images
        Table `IMAGE_QUALITY` of all wells.
    max_z
        An image is flagged when the robust z-score of one of `judged_by` is above it, or below its negative; by the
        focus slope only below it, since a sharper image is no worse. The
        deviation from the median counts in root sums of squares of the usual one (`robust_z`) and the image's own
        sampling error (`error_<name>`; none without that column, and where it is NaN the image is not judged by it), so
        that equal images with a few cells more or less, or one grey value apart, are not flagged. An error below the
        plate's usual one is drawn towards it: a field without a cell seems to be known without error. Shares
        (saturated, empty) must differ from their median by 0.01 as well.
    judged_by
        Names among `JUDGED`.
    min_images
        Plates and channels with fewer images are not judged: what is usual there is not known.

    Returns
    -------
    DataFrame
        Table `FLAGGED_IMAGES`, rows in the order of `images`.

    Raises
    ------
    ValueError
        For a measure that there is not.
    """
    unknown = sorted(set(judged_by) - set(JUDGED))
    if unknown:
        raise InputError(f"quality.judged_by: {unknown} are no measures; expected some of {list(JUDGED)}.")
    if images.empty:
        return empty_table(FLAGGED_IMAGES)
    table = images.reset_index(drop=True).copy()
    groups = table.groupby(["plate", "channel"], sort=False)
    for name in JUDGED:
        table[f"z_{name}"] = _z_of(table, name, groups)
    table["is_judged"] = groups["site"].transform("size") >= min_images
    reasons = _reasons(table, max_z=max_z, judged_by=judged_by)
    table["is_flagged"] = [bool(own) for own in reasons]
    table["reasons"] = [", ".join(own) or NO_REASON for own in reasons]
    for name in JUDGED:
        if f"error_{name}" not in table:
            table[f"error_{name}"] = 0.0
    return table[FLAGGED_IMAGES.names]


def _z_of(table: pd.DataFrame, name: str, groups: "DataFrameGroupBy") -> "pd.Series[float]":
    """Robust z-scores on each plate and channel, whose scale includes the sampling error of each image."""
    values = table[name].astype(np.float64)
    deviation = values - groups[name].transform("median")
    usual = groups[name].transform(_usual_deviation)
    own = _own_errors(table, name, groups)
    scale = np.sqrt(usual**2 + own**2)
    return (deviation / scale.where(scale > 0)).where((scale > 0) | values.isna() | scale.isna(), 0.0)


def _own_errors(table: pd.DataFrame, name: str, groups: "DataFrameGroupBy") -> "pd.Series[float]":
    """Sampling error of each image, drawn towards the plate's usual one where it is below that; 0 if not known."""
    if f"error_{name}" not in table:
        return pd.Series(np.zeros(len(table)), index=table.index)
    own = table[f"error_{name}"].astype(np.float64)
    usual = groups[f"error_{name}"].transform(_usual_square)
    drawn = np.sqrt((own**2 + usual) / 2)
    return own.where(own.isna() | (own > drawn), drawn)


def _usual_square(errors: "pd.Series[float]") -> float:
    """Mean square of errors without the largest tenth; 0 where none is known."""
    squares = np.sort(errors.dropna().to_numpy(dtype=np.float64) ** 2)
    return float(squares[: max(1, round(_USUAL_ERRORS * len(squares)))].mean()) if len(squares) else 0.0


def _usual_deviation(values: "pd.Series[float]") -> float:
    """Robust standard deviation of a plate's values."""
    return _scale(values.to_numpy(dtype=np.float64) - float(values.median()))


def _reasons(table: pd.DataFrame, *, max_z: float, judged_by: Sequence[str]) -> list[list[str]]:
    """Of each image the measures that it is flagged for, with their z-score."""
    found: list[list[str]] = [[] for _ in range(len(table))]
    medians = table.groupby(["plate", "channel"], sort=False)
    for name in judged_by:
        z = table[f"z_{name}"].to_numpy()
        far = ((-z if name in _FAULTS_BELOW else np.abs(z)) > max_z) & table["is_judged"].to_numpy()
        if name in _LEAST_DIFFERENCE:
            difference = (table[name] - medians[name].transform("median")).abs().to_numpy()
            far &= difference >= _LEAST_DIFFERENCE[name]
        for row in np.flatnonzero(far):
            found[row].append(f"{name} {z[row]:+.1f}")
    return found


def kept_sites(images: pd.DataFrame, *, drop: bool) -> pd.DataFrame:
    """One row per site: flagged when one of its images is, and kept unless flagged sites are dropped.

    Parameters
    ----------
    images
        Table `FLAGGED_IMAGES`.
    drop
        Whether flagged sites are left out of what follows.

    Returns
    -------
    DataFrame
        Table `KEPT_SITES`, sites in their order in `images`.
    """
    if images.empty:
        return empty_table(KEPT_SITES)
    rows = []
    for (plate, well, site), own in images.groupby(["plate", "well", "site"], sort=False):
        bad = own[own["is_flagged"]]
        reasons = "; ".join(f"{row.channel}: {row.reasons}" for row in bad.itertuples()) or NO_REASON
        flagged = len(bad) > 0
        rows.append((plate, well, site, flagged, not (flagged and drop), reasons))
    return pd.DataFrame(rows, columns=KEPT_SITES.names)
