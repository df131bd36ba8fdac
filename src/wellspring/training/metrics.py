"""How well runs predict the test cells, compared with a baseline, with bootstrap intervals. NumPy and pandas only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.statistics import percentile_interval
from wellspring.tables import KEY
from wellspring.training.tables import DIFFERENCES, METRICS

__all__ = ["BASELINE", "METRIC_NAMES", "Evaluation", "evaluated", "weighted_metrics"]

METRIC_NAMES = ("mean_error", "sd_error", "r2", "mae", "mse", "huber")
BASELINE = {"model": "baseline", "regime": "-", "seed": 0}

_RUN = ["model", "regime", "seed"]
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

    The baseline predicts the mean of the training targets for every cell. Intervals are 95 % percentile intervals
    over resamples of the test cells. The resamples are the same for all runs, so the difference of two runs has an
    interval of its own: cells that are hard for both leave it as it is, so it is narrower than what the runs'
    intervals suggest. Differences are those of R², of the mean over the seeds.

    Parameters
    ----------
    predictions
        Tables `PREDICTIONS`, one per run, all with the same cells, splits and targets.
    huber_delta
        Of the Huber loss, in the target's unit.
    bootstrap_samples
        Number of resamples.
    seed
        Of the resamples.

    Returns
    -------
    Evaluation
        `sd_error` is NaN for a single test cell; `r2` is NaN where all test targets are equal.
        Resamples in which a metric has no value are left out of its interval; no resample left, NaN bounds.

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
    resamples = _resamples(int(is_test.sum()), n=bootstrap_samples, seed=seed)
    drawn = np.concatenate(
        [weighted_metrics(errors, targets[is_test], counts, huber_delta=huber_delta) for counts in resamples], axis=1
    )
    runs = [BASELINE, *(table[_RUN].iloc[0].to_dict() for table in tables)]
    parts = [
        pd.DataFrame({"metric": METRIC_NAMES, "value": point[index, 0], **_bounds(drawn[index])}).assign(**run)
        for index, run in enumerate(runs)
    ]
    metrics = pd.concat(parts, ignore_index=True).assign(n_cells=int(is_test.sum()))[METRICS.names]
    r2 = METRIC_NAMES.index("r2")
    return Evaluation(metrics, _differences(runs, point=point[:, 0, r2], drawn=drawn[:, :, r2]))


def _differences(
    runs: Sequence[dict[str, Any]], *, point: NDArray[np.float64], drawn: NDArray[np.float64]
) -> pd.DataFrame:
    """Table `DIFFERENCES` from R² of each run: (n_runs,), and on each resample: (n_runs, n_resamples)."""
    kinds = [(run["model"], run["regime"]) for run in runs]
    rows = []
    for rival, kind in combinations(dict.fromkeys(kinds), 2):
        own, other = ([index for index, one in enumerate(kinds) if one == name] for name in (kind, rival))
        resampled = drawn[own].mean(axis=0) - drawn[other].mean(axis=0)
        bounds = {name: values[0] for name, values in _bounds(resampled[:, None]).items()}
        rows.append((*kind, *rival, point[own].mean() - point[other].mean(), *bounds.values()))
    return pd.DataFrame(rows, columns=DIFFERENCES.names)


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
        (n_resamples, n_cells): how often each cell is in each resample; every row has the same sum n, at least 1.

    Returns
    -------
    (n_runs, n_resamples, 6) float64
        In the order of `METRIC_NAMES`; the standard deviation has n - 1 in its denominator (NaN for n = 1), R² is
        NaN where the resample's targets are all equal.
    """
    n = counts[0].sum()
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
    sd = np.sqrt(variance / (n - 1)) if n > 1 else np.full_like(variance, np.nan)
    return np.stack([mean + centre, sd, 1 - mse / total, mae, mse, loss], axis=-1)


def _mean(values: NDArray[np.float64], counts: NDArray[np.float64], *, n: float) -> NDArray[np.float64]:
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


def _bounds(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Lower and upper bound of each column: (n_resamples, k) to two (k,)."""
    lower, upper = percentile_interval(values)
    return {"lower": lower, "upper": upper}


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
