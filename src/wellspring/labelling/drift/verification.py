"""What an alarm does on wells that were never used: its run time without drift, and its delay with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wellspring.errors import InputError
from wellspring.labelling.drift.kernels import checked_rows
from wellspring.labelling.drift.online import Detector, first_alarms
from wellspring.statistics import roc_area

__all__ = ["RunTime", "run_time", "separability", "verified_run_time"]


@dataclass(frozen=True)
class RunTime:
    """Steps to a false alarm: the estimate, its 95 % interval, and the steps and alarms behind it."""

    steps: float
    lower: float
    upper: float
    n_steps: int
    n_alarms: int


def run_time(n_steps: int, n_alarms: int) -> RunTime:
    """Steps over alarms, with the exact Poisson interval; streams that end without an alarm count their steps.

    Without any alarm the estimate and the upper end are infinite.

    Notes
    -----
    Garwood (1936): the number of alarms has limits χ²(0.025; 2k)/2 and χ²(0.975; 2k + 2)/2.
    """
    from scipy.stats import chi2

    most = float(chi2.ppf(0.975, 2 * n_alarms + 2) / 2)
    least = float(chi2.ppf(0.025, 2 * n_alarms) / 2) if n_alarms else 0.0
    upper = n_steps / least if least else float("inf")
    return RunTime(n_steps / n_alarms if n_alarms else float("inf"), n_steps / most, upper, n_steps, n_alarms)


def verified_run_time(
    detector: Detector, held_out: ArrayLike, *, n_streams: int, rng: np.random.Generator, longest: int | None = None
) -> RunTime:
    """The run time on rows that neither the reference nor any fit has seen.

    Streams are random orders of the rows, each row once, cut at the first alarm or at `longest` steps. They share the
    rows, so the interval is widened: the variance of the log run time is that of the Poisson number of alarms, plus
    that of leaving out each tenth of the rows in turn (jackknife).

    Raises
    ------
    ValueError
        With fewer rows than a window, or NaN.
    """
    rows = checked_rows(held_out, name="drift verification", least=detector.window)
    first = _streams(detector, rows, np.arange(len(rows)), n_streams=n_streams, rng=rng, longest=longest)
    n_steps, n_alarms = _exposure(first)
    plain = run_time(n_steps, n_alarms)
    parts = np.array_split(rng.permutation(len(rows)), min(10, len(rows) // 2))
    logs = []
    for part in parts:
        kept = np.setdiff1d(np.arange(len(rows)), part)
        left = _streams(detector, rows, kept, n_streams=max(n_streams // 2, 1), rng=rng, longest=longest)
        steps, alarms = _exposure(left)
        logs.append(np.log(steps / (alarms + 0.5)))
    if n_alarms == 0:
        return plain
    g = len(parts)
    spread = (g - 1) / g * float(((np.array(logs) - np.mean(logs)) ** 2).sum())
    # Half the streams in each part: their own noise is no difference between rows.
    noise = (g - 1) / g * (g - 1) * 2 / n_alarms
    wider = float(np.exp(1.96 * np.sqrt(1 / n_alarms + max(spread - noise, 0.0))))
    lower, upper = min(plain.lower, plain.steps / wider), max(plain.upper, plain.steps * wider)
    return RunTime(plain.steps, lower, upper, n_steps, n_alarms)


def _streams(
    detector: Detector,
    rows: NDArray[np.float64],
    kept: NDArray[np.integer],
    *,
    n_streams: int,
    rng: np.random.Generator,
    longest: int | None,
) -> tuple[NDArray[np.int64], int]:
    """The first alarms of streams in random orders, and the streams' length."""
    length = len(kept) if longest is None else min(longest, len(kept))
    orders = np.stack([rng.permutation(kept)[:length] for _ in range(n_streams)])
    return first_alarms(detector, rows, orders), length


def _exposure(found: tuple[NDArray[np.int64], int]) -> tuple[int, int]:
    """Steps until the first alarm or the end, summed over streams, and the number of alarms."""
    first, length = found
    return int(np.where(first > 0, first, length).sum()), int((first > 0).sum())


def separability(without: ArrayLike, drifted: ArrayLike, *, longest: int) -> float:
    """Area under the ROC curve of run times: the chance that a drifted stream gives its alarm before one without drift.

    Parameters
    ----------
    without, drifted : (n,) int
        Steps of the first alarms of streams of `longest` steps; 0: none, which counts as the longest run.
    """
    runs = [np.where(np.asarray(one) > 0, one, longest + 1) for one in (without, drifted)]
    if min(len(one) for one in runs) == 0:
        raise InputError("separability: expected a stream without drift and one with it, got none.")
    scores = -np.concatenate(runs).astype(np.float64)
    return roc_area(scores, np.arange(len(scores)) >= len(runs[0]))
