"""Control charts of single numbers of a field: focus, brightness, contrast, saturation, distance of the embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage, stats

from wellspring.errors import InputError

__all__ = ["SCALARS", "Charts", "charted", "ewma_limit", "field_scalars", "fit_charts", "moved_most"]

SCALARS = ("focus", "median", "contrast", "saturated")
ONE_SIDED = ("saturated", "distance")
"""Numbers of which only high values are an alarm."""

WEIGHT = 0.2
"""Weight of the newest value in the moving average."""

# Smallest spread of each number that is taken for real: of logarithms, and of a share.
_LEAST_SPREAD = {"focus": 0.01, "median": 0.002, "contrast": 0.005, "saturated": 0.0005}
_OTHER_SPREAD = 1e-6
_N_STATES = 101


@dataclass(frozen=True)
class Charts:
    """Charts fitted to a reference.

    Attributes
    ----------
    names : tuple of str
    centres, spreads : (k,) float
        Mean and standard deviation in the reference.
    n : int
        Rows of the reference.
    expected_run : float
        Steps to a false alarm of all charts together, 1 for each chart and kind being this times their number.
    """

    names: tuple[str, ...]
    centres: NDArray[np.float64]
    spreads: NDArray[np.float64]
    n: int
    expected_run: float


def field_scalars(plane: NDArray[np.number], *, offset: float, saturation: float) -> dict[str, float]:
    """The numbers `SCALARS` of one (Y, X) plane of transmitted light.

    focus: logarithm of the variance of fine detail (1 to 2 px) over that of coarse detail (4 to 8 px), higher where it
    is sharper; median: logarithm of the median count above the offset; contrast: logarithm of the standard deviation
    over that median; saturated: share of pixels at `saturation` or 0.

    Raises
    ------
    ValueError
        When the plane is smaller than 32 px, not finite, constant, or not above the offset.
    """
    image = np.asarray(plane, dtype=np.float32)
    if image.ndim != 2 or min(image.shape) < 32 or not np.isfinite(image).all() or np.ptp(image) == 0:
        raise InputError(
            f"drift: expected a field of 32 x 32 px or more that is finite and not constant, got shape {image.shape}. "
            "Leave the field out."
        )
    middle = float(np.median(image)) - offset
    if middle <= 0:
        raise InputError(
            f"drift: the field's median is not above the camera's offset {offset:g}. Check raw.background."
        )
    blurred = {sigma: ndimage.gaussian_filter(image, sigma) for sigma in (1.0, 2.0, 4.0, 8.0)}
    fine, coarse = (float(np.var(blurred[a] - blurred[b])) for a, b in ((1.0, 2.0), (4.0, 8.0)))
    return {
        "focus": float(np.log((fine + 1e-12) / (coarse + 1e-12))),
        "median": float(np.log(middle)),
        "contrast": float(np.log(image.std() / middle)),
        "saturated": float(((image >= saturation) | (image <= 0)).mean()),
    }


def fit_charts(reference: pd.DataFrame, *, expected_run: float) -> Charts:
    """Charts of the columns of `reference`, a row per field or well without drift.

    Raises
    ------
    ValueError
        With fewer than ten rows, NaN, or a run time of 1 or less.
    """
    values = reference.to_numpy(dtype=np.float64)
    if len(values) < 10 or not np.isfinite(values).all() or not expected_run > 1:
        raise InputError(
            f"drift charts: expected ten rows or more without NaN and a run time above 1, got {len(values)} rows and "
            f"{expected_run:g}. Give more fields without drift."
        )
    names = tuple(str(name) for name in reference.columns)
    least = np.array([_LEAST_SPREAD.get(name, _OTHER_SPREAD) for name in names])
    spreads = np.maximum(values.std(axis=0, ddof=1), least)
    return Charts(names, values.mean(axis=0), spreads, len(values), float(expected_run))


def charted(charts: Charts, rows: pd.DataFrame) -> pd.DataFrame:
    """Each number of each row as a distance from the reference, in limits of its charts: above 1 is an alarm.

    A Shewhart chart looks at the value alone: its limit is that of a new value by Student's t. A chart of the
    exponentially weighted moving average (weight 0.2) sees small shifts that last; its limit for n − 1 degrees of
    freedom contains the uncertainty of the reference's mean. Each of the 2k charts has the run time 2k ·
    `expected_run`, so together they have `expected_run` or more.

    Parameters
    ----------
    rows
        Columns as of `Charts.names`, in the order of the stream.

    Returns
    -------
    DataFrame
        Columns step (from 0), name, deviation (in standard deviations of the reference), shewhart, ewma (share of the
        limit).
    """
    given = rows[list(charts.names)].to_numpy(dtype=np.float64)
    deviation = (given - charts.centres) / charts.spreads
    # Fewer saturated pixels, and an embedding nearer to the middle, are no drift.
    watched = np.where(np.isin(charts.names, ONE_SIDED), np.maximum(deviation, 0), deviation)
    each = 2 * len(charts.names) * charts.expected_run
    freedom = charts.n - 1
    limit = float(stats.t.isf(0.5 / each, freedom)) * np.sqrt(1 + 1 / charts.n)
    # The normal limit, as rare by Student's t.
    wide = float(stats.t.isf(stats.norm.sf(ewma_limit(each)), freedom))
    average, found = np.zeros(len(charts.names)), []
    for step, row in enumerate(watched):
        average = WEIGHT * row + (1 - WEIGHT) * average
        known = (1 - (1 - WEIGHT) ** (2 * (step + 1))) * WEIGHT / (2 - WEIGHT)
        # The reference's mean is off by the same amount in every step.
        share = (1 - (1 - WEIGHT) ** (step + 1)) ** 2
        of_average = wide * np.sqrt(known + share / charts.n)
        for place, name in enumerate(charts.names):
            found.append(
                (step, name, deviation[step, place], abs(row[place]) / limit, abs(average[place]) / of_average)
            )
    return pd.DataFrame(found, columns=["step", "name", "deviation", "shewhart", "ewma"])


@cache
def ewma_limit(expected_run: float, weight: float = WEIGHT) -> float:
    """The limit of a moving average, in its own standard deviations, that a normal stream crosses every so many steps.

    Markov chain on 101 states (Brook and Evans 1972; Lucas and Saccucci 1990), and bisection. The limit of the standard
    deviation in the long run is used.
    """
    low, high = 0.5, 7.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _ewma_run(middle, weight) < expected_run else (low, middle)
    return (low + high) / 2


def _ewma_run(limit: float, weight: float) -> float:
    """Steps to a false alarm of an EWMA chart: a Markov chain of states between its limits."""
    edge = limit * np.sqrt(weight / (2 - weight))
    width = 2 * edge / _N_STATES
    centres = -edge + width * (np.arange(_N_STATES) + 0.5)
    reach = (centres[None, :] - (1 - weight) * centres[:, None]) / weight
    chance = stats.norm.cdf(reach + width / 2 / weight) - stats.norm.cdf(reach - width / 2 / weight)
    runs = np.linalg.solve(np.eye(_N_STATES) - chance, np.ones(_N_STATES))
    return float(runs[_N_STATES // 2])


def moved_most(found: pd.DataFrame) -> Sequence[str]:
    """Names whose chart is above its limit anywhere in the rows of `charted`, the farthest first."""
    worst = found.assign(worst=found[["shewhart", "ewma"]].max(axis=1)).groupby("name")["worst"].max()
    return [str(name) for name in worst[worst > 1].sort_values(ascending=False).index]
