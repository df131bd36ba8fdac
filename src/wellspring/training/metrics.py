"""How well runs predict the test cells, compared with a baseline, with intervals over wells. NumPy and pandas only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.statistics import jackknife_interval, percentile_interval
from wellspring.tables import KEY
from wellspring.training.tables import DIFFERENCES, METRICS

__all__ = ["BASELINE", "METRIC_NAMES", "Evaluation", "evaluated", "weighted_metrics"]

METRIC_NAMES = ("mean_error", "sd_error", "r2", "mae", "mse", "huber")
BASELINE = {"model": "baseline", "regime": "-", "seed": 0}

_RUN = ["model", "regime", "seed"]
# The scale on which each metric's interval is symmetric.
_SCALES = ("", "log", "1 - x", "log", "log", "log")
_BLOCK = 2**22


@dataclass(frozen=True)
class Evaluation:
    """Table `METRICS`, long, one run after the other; and table `DIFFERENCES`, of every two models and regimes."""

    metrics: pd.DataFrame
    differences: pd.DataFrame


def evaluated(
    predictions: Sequence[pd.DataFrame], *, huber_delta: float, bootstrap_samples: int, seed: int
) -> Evaluation:
    """Metrics of each run on the test cells (Becker 2021, section 4.2.5 and table 5.2), baseline first.

    The baseline predicts the mean of the training targets for every cell. Intervals of 95 % are those of
    `jackknife_interval`, from leaving out each well in turn: cells of a well share its staining and position, and many
    of them say no more about other wells than a few. Errors that are never negative have theirs on a logarithmic scale,
    R² on that of 1 - R². With one well the intervals are percentiles over resamples of its cells, and do not cover how
    wells differ; none covers how a model trained anew would differ.

    What is left out is the same for all runs, so the difference of two runs has an interval of its own: cells that are
    hard for both leave it as it is, so it is narrower than what the runs' intervals suggest. Differences are those of
    R², of the mean over the seeds.

    Parameters
    ----------
    predictions
        Tables `PREDICTIONS`, one per run, all with the same cells, splits and targets.
    huber_delta
        Of the Huber loss, in the target's unit.
    bootstrap_samples
        Number of resamples of the cells, where there is one well.
    seed
        Of the resamples.

    Returns
    -------
    Evaluation
        `sd_error` is NaN for a single test cell; `r2` is NaN where all test targets are equal. Resamples in which a
        metric has no value are left out of its interval; no resample left, NaN bounds. NaN bounds too where a metric
        has no value without one of the wells.

    Raises
    ------
    ValueError
        When there are no runs, no test or no training cells, or the runs' cells or targets differ.
    """
    tables = [_in_order(table) for table in predictions]
    _check(tables)
    first = tables[0]
    is_test = (first["split"] == "test").to_numpy()
    targets = first["target"].to_numpy(dtype=np.float64)
    mean = targets[first["split"] == "train"].mean()
    predicted = np.stack([np.full(len(targets), mean), *(t["prediction"].to_numpy(dtype=np.float64) for t in tables)])
    errors = targets[is_test] - predicted[:, is_test]
    point = weighted_metrics(errors, targets[is_test], np.ones((1, is_test.sum())), huber_delta=huber_delta)
    wells = first.loc[is_test, ["plate", "well"]].groupby(["plate", "well"]).ngroup().to_numpy()
    if wells.max() > 0:
        blocks, sizes = _without_each(wells), np.bincount(wells)
    else:
        blocks, sizes = _resamples(len(wells), n=bootstrap_samples, seed=seed), None
    drawn = np.concatenate(
        [weighted_metrics(errors, targets[is_test], counts, huber_delta=huber_delta) for counts in blocks], axis=1
    )
    runs = [BASELINE, *(table[_RUN].iloc[0].to_dict() for table in tables)]
    parts = []
    for index, run in enumerate(runs):
        lower, upper = _ends(point[index, 0], drawn[index], scales=_SCALES, sizes=sizes)
        values = {"metric": METRIC_NAMES, "value": point[index, 0], "lower": lower, "upper": upper}
        parts.append(pd.DataFrame(values).assign(**run))
    metrics = pd.concat(parts, ignore_index=True).assign(n_cells=len(wells), n_wells=int(wells.max()) + 1)
    r2 = METRIC_NAMES.index("r2")
    differences = _differences(runs, point=point[:, 0, r2], drawn=drawn[:, :, r2], sizes=sizes)
    return Evaluation(metrics[METRICS.names], differences)


def _differences(
    runs: Sequence[dict[str, Any]],
    *,
    point: NDArray[np.float64],
    drawn: NDArray[np.float64],
    sizes: NDArray[np.int64] | None,
) -> pd.DataFrame:
    """Table `DIFFERENCES` from R² of each run: (n_runs,), and on each resample: (n_runs, n_resamples)."""
    kinds = [(run["model"], run["regime"]) for run in runs]
    rows = []
    for rival, kind in combinations(dict.fromkeys(kinds), 2):
        own, other = ([index for index, one in enumerate(kinds) if one == name] for name in (kind, rival))
        found = point[own].mean() - point[other].mean()
        resampled = drawn[own].mean(axis=0) - drawn[other].mean(axis=0)
        lower, upper = _ends(np.array([found]), resampled[:, None], scales=("",), sizes=sizes)
        rows.append((*kind, *rival, found, lower[0], upper[0]))
    return pd.DataFrame(rows, columns=DIFFERENCES.names)


def _ends(
    point: NDArray[np.float64],
    drawn: NDArray[np.float64],
    *,
    scales: Sequence[str],
    sizes: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the intervals of `point` (k,), from it without each well: (n_wells, k), of `sizes` cells.

    Without sizes `drawn` are resamples (n, k), of which the percentiles are taken.
    """
    if sizes is None:
        return percentile_interval(drawn)
    lower, upper = jackknife_interval(point, drawn, sizes)
    for index, scale in enumerate(scales):
        # The distance from perfect; where there is none, a logarithm has no value.
        value, without = (1 - one[..., index] if scale == "1 - x" else one[..., index] for one in (point, drawn))
        if scale and value > 0 and (without > 0).all():
            ends = np.exp(jackknife_interval(np.log(value), np.log(without), sizes))
            lower[index], upper[index] = ends if scale == "log" else 1 - ends[::-1]
    return lower, upper


def _without_each(wells: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
    """Blocks (k, n_cells) float64, a row per well, 0 for its cells and 1 for all others."""
    step = max(1, _BLOCK // len(wells))
    for begin in range(0, int(wells.max()) + 1, step):
        block = np.arange(begin, min(begin + step, int(wells.max()) + 1))
        yield (wells[None] != block[:, None]).astype(np.float64)


def weighted_metrics(
    errors: NDArray[np.float64], targets: NDArray[np.float64], counts: NDArray[np.float64], *, huber_delta: float
) -> NDArray[np.float64]:
    """The six metrics of runs on resamples.

    Parameters
    ----------
    errors
        (n_runs, n_cells): true - predicted value.
    targets
        (n_cells,): true values.
    counts
        (n_resamples, n_cells): how often each cell is in each resample; the sum n of every row is at least 1.

    Returns
    -------
    (n_runs, n_resamples, 6) float64
        In the order of `METRIC_NAMES`; the standard deviation has n - 1 in its denominator (NaN for n = 1), R² is
        NaN where the resample's targets are all equal.
    """
    n = counts.sum(axis=1)
    size = np.abs(errors)
    huber = np.where(size <= huber_delta, size**2 / 2, huber_delta * (size - huber_delta / 2))
    # Centred first: sums of squares of numbers near 380 would lose digits.
    centre = errors.mean(axis=1, keepdims=True)
    mean, spread, mae, mse, loss = (
        _mean(values, counts, n=n) for values in (errors - centre, (errors - centre) ** 2, size, size**2, huber)
    )
    target = targets - targets.mean()
    total = _mean(target[None] ** 2, counts, n=n) - _mean(target[None], counts, n=n) ** 2
    total = np.where(_is_constant(targets, counts), np.nan, total)
    variance = np.maximum(spread - mean**2, 0) * n
    sd = np.sqrt(variance / np.where(n > 1, n - 1, np.nan))
    return np.stack([mean + centre, sd, 1 - mse / total, mae, mse, loss], axis=-1)


def _mean(values: NDArray[np.float64], counts: NDArray[np.float64], *, n: NDArray[np.float64]) -> NDArray[np.float64]:
    return values @ counts.T / n


def _is_constant(targets: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n_resamples,): whether only one value is left. Exact, unlike a variance, which rounding keeps from 0."""
    low = np.where(counts > 0, targets, np.inf).min(axis=1)
    high = np.where(counts > 0, targets, -np.inf).max(axis=1)
    return np.asarray(low == high)


def _resamples(n_cells: int, *, n: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Blocks (k, n_cells) float64, n rows in all: how often each cell is drawn in each resample."""
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // n_cells)
    for begin in range(0, n, step):
        k = min(step, n - begin)
        flat = rng.integers(n_cells, size=(k, n_cells)) + np.arange(k)[:, None] * n_cells
        yield np.bincount(flat.ravel(), minlength=k * n_cells).reshape(k, n_cells).astype(np.float64)


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(list(KEY), ignore_index=True)


def _check(tables: Sequence[pd.DataFrame]) -> None:
    if not tables:
        raise InputError("predictions: expected at least one run, got none. Name a model in training.models.")
    shared = [*KEY, "split", "target"]
    for table in tables:
        run = tuple(table[_RUN].iloc[0]) if len(table) else "a run"
        if not table[shared].equals(tables[0][shared]):
            raise InputError(
                f"predictions of {run}: expected the cells, splits and targets of the first run, found others. "
                "Run the rule training_fit again for all models."
            )
        for split in ("train", "test"):
            if not (table["split"] == split).any():
                raise InputError(
                    f"predictions of {run}: expected cells in the split {split!r}, found none. Change dataset.split."
                )
        if not np.isfinite(table["prediction"]).all():
            raise InputError(
                f"predictions of {run}: expected numbers, found missing or infinite ones. Lower "
                "training.learning_rate and train again."
            )
