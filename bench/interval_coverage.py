"""How often intervals of accuracy and area under the curve hold the truth, in simulated studies of unseen samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.table import Row
from wellspring.profiling.classification import Unseen, classification_metrics, unseen_scores
from wellspring.profiling.folds import sample_folds
from wellspring.profiling.intervals import metric_intervals
from wellspring.profiling.profiles import Profiles
from wellspring.statistics import percentile_interval, roc_area

__all__ = ["run"]

STUDIES = 200
N_FOLDS = 3
N_FEATURES = 6
N_FRESH = 60
RESAMPLES = 100
METRICS = {"accuracy": "accuracy", "auroc": "area"}
_Ends = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Design:
    """Samples of two wells each; their own effects and that of the class, in standard deviations of a well."""

    n_samples: int
    effect: float
    sample_sd: float

    @property
    def words(self) -> str:
        """For the table."""
        return f"{self.n_samples} samples, effect {self.effect:g}, sample effects {self.sample_sd:g}"


DESIGNS = [Design(n, effect, sd) for n in (12, 40) for effect, sd in ((0.0, 1.0), (2.0, 1.0), (2.0, 0.0), (4.0, 2.0))]


def run() -> list[Row]:
    """Coverage and width of each interval, for each design."""
    rows = []
    for design in DESIGNS:
        for (name, metric), (covered, width) in _coverage(design).items():
            goal, met = "", None
            if name == "wellspring":
                goal, met = "0.92 to 1", covered >= 0.92
            what = f"{design.words}: {METRICS[metric]}, {name} (width {width:.2f})"
            rows.append(Row("interval_coverage", what, covered, "covered", "", None, goal, met))
    return rows


def _coverage(design: Design) -> dict[tuple[str, str], tuple[float, float]]:
    """Coverage and mean width by interval and metric."""
    rng = np.random.default_rng(1)
    found: list[dict[str, _Ends]] = []
    truth: list[tuple[float, float]] = []
    for _ in range(STUDIES):
        spaces, fresh = _study(design, rng=rng)
        truth.append(_truth(spaces, fresh))
        unseen = unseen_scores(spaces, positive=["y"])
        found.append({name: one(unseen, rng) for name, one in INTERVALS.items()})
    true = dict(zip(METRICS, np.mean(truth, axis=0), strict=True))
    result = {}
    for name in INTERVALS:
        for metric in METRICS:
            ends = np.array([one[name][metric] for one in found])
            covered = (ends[:, 0] <= true[metric]) & (true[metric] <= ends[:, 1])
            result[name, metric] = (float(covered.mean()), float((ends[:, 1] - ends[:, 0]).mean()))
    return result


def _study(design: Design, *, rng: np.random.Generator) -> tuple[dict[int, Profiles], Profiles]:
    """Profiles by fold, and wells of further samples."""
    wells, values = _wells(design.n_samples, design, rng=rng)
    samples, labels = wells["sample"].tolist(), wells["label"].tolist()
    folds = sample_folds(samples, labels, n_folds=N_FOLDS, seed=int(rng.integers(2**31)))
    spaces = {fold: Profiles(wells.assign(is_seen=folds != fold), values) for fold in range(N_FOLDS + 1)}
    return spaces, Profiles(*_wells(N_FRESH, design, rng=rng))


def _wells(n: int, design: Design, *, rng: np.random.Generator) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    names = np.repeat([f"s{number}" for number in range(n)], 2)
    labels = np.repeat(np.array(["x", "y"])[np.arange(n) % 2], 2)
    values = np.repeat(rng.normal(size=(n, N_FEATURES)) * design.sample_sd, 2, axis=0)
    values += rng.normal(size=values.shape)
    values[:, 0] += design.effect * (labels == "y")
    wells = pd.DataFrame({"plate": "p", "well": [f"A{number}" for number in range(2 * n)], "sample": names})
    return wells.assign(label=labels), values


def _truth(spaces: dict[int, Profiles], fresh: Profiles) -> tuple[float, float]:
    """Accuracy and area of the folds' classifiers on further samples."""
    found = []
    for fold in range(1, N_FOLDS + 1):
        seen = spaces[fold].at(spaces[fold].wells["is_seen"].to_numpy())
        wells = pd.concat([seen.wells, fresh.wells.assign(is_seen=False)], ignore_index=True)
        judged = unseen_scores({1: Profiles(wells, np.concatenate([seen.values, fresh.values]))}, positive=["y"])
        accuracy = float(((judged.score > 0) == judged.is_positive).mean())
        found.append((accuracy, roc_area(judged.score, judged.is_positive)))
    return tuple(np.mean(found, axis=0))


def _own(unseen: Unseen, rng: np.random.Generator) -> _Ends:
    del rng
    return metric_intervals(classification_metrics, unseen.wells, unseen.is_positive, unseen.score)


def _without_shared(unseen: Unseen, rng: np.random.Generator) -> _Ends:
    """The same without the factor for what folds share."""
    del rng
    wells = unseen.wells.assign(fold=1)
    return metric_intervals(classification_metrics, wells, unseen.is_positive, unseen.score)


def _bootstrap(unseen: Unseen, rng: np.random.Generator) -> _Ends:
    """Percentiles over resamples of the samples, predictions as they are."""
    codes, names = pd.factorize(unseen.wells["sample"])
    rows_of = [np.flatnonzero(codes == one) for one in range(len(names))]
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([rows_of[one] for one in rng.integers(0, len(names), len(names))])
        found = classification_metrics(unseen.is_positive[rows], unseen.score[rows])
        drawn.append([found[metric] for metric in METRICS])
    lower, upper = percentile_interval(drawn)
    return {metric: (float(low), float(high)) for metric, low, high in zip(METRICS, lower, upper, strict=True)}


INTERVALS: dict[str, Callable[[Unseen, np.random.Generator], _Ends]] = {
    "wellspring": _own,
    "the same, folds taken as independent": _without_shared,
    "bootstrap of predictions": _bootstrap,
}
