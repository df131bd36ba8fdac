"""Intervals of metrics on unseen samples: by hand, and how often they hold the truth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.profiling.classification import classification_metrics
from wellspring.profiling.intervals import metric_intervals


def _wells(samples: np.ndarray, *, folds: int = 1) -> pd.DataFrame:
    codes = np.unique(samples, return_inverse=True)[1]
    return pd.DataFrame({"sample": samples, "fold": codes % folds + 1})


def _intervals(samples: np.ndarray, is_positive: np.ndarray, score: np.ndarray, *, folds: int = 1) -> dict:
    return metric_intervals(classification_metrics, _wells(samples, folds=folds), is_positive, score)


def _wilson(share: float, *, n: float, quantile: float) -> tuple[float, float]:
    middle = (share + quantile**2 / 2 / n) / (1 + quantile**2 / n)
    half = quantile * np.sqrt(share * (1 - share) / n + quantile**2 / 4 / n**2) / (1 + quantile**2 / n)
    return middle - half, middle + half


@pytest.mark.parametrize(("folds", "factor"), [(1, 1.0), (2, 1 + 2 / np.pi), (3, 1 + 2 / np.pi)])
def test_the_accuracy_of_one_well_per_sample_is_wilson_s_with_student_s_quantile(folds: int, factor: float) -> None:
    is_positive = np.arange(20) % 2 == 1
    score = np.where(is_positive, 1.0, -1.0)
    score[:6] *= -1
    found = _intervals(np.arange(20), is_positive, score, folds=folds)
    # The jackknife's variance of a share is p (1 - p) / (n - 1).
    n = 19 / factor
    assert found["accuracy"] == pytest.approx(_wilson(0.7, n=n, quantile=stats.t.ppf(0.975, 19)))
    assert found["recall"] == pytest.approx(_wilson(0.7, n=9 / factor, quantile=stats.t.ppf(0.975, 9)))


def test_wells_that_agree_count_once_and_others_as_many() -> None:
    samples, is_positive = np.repeat(np.arange(20), 4), np.repeat(np.arange(20) % 2 == 1, 4)
    wrong = np.repeat(np.arange(20) < 6, 4)
    alike = _intervals(samples, is_positive, np.where(is_positive ^ wrong, 1.0, -1.0))
    assert alike["accuracy"] == pytest.approx(_wilson(0.7, n=19, quantile=stats.t.ppf(0.975, 19)))
    # One wrong well in each sample: no spread between samples, so the wells count as independent.
    wrong = np.tile([True, False, False, False], 20)
    wrong[::8] = False
    wrong[1::8] = True
    each = _intervals(samples, is_positive, np.where(is_positive ^ wrong, 1.0, -1.0))
    assert each["accuracy"] == pytest.approx(_wilson(0.75, n=20, quantile=stats.t.ppf(0.975, 19)))
    wrong[:4] = [True, True, False, False]
    some = _intervals(samples, is_positive, np.where(is_positive ^ wrong, 1.0, -1.0))
    assert some["accuracy"] == pytest.approx(_wilson(59 / 80, n=80, quantile=stats.t.ppf(0.975, 19)))


def test_the_area_is_that_of_hanley_and_mcneil() -> None:
    is_positive = np.arange(12) % 2 == 1
    score = np.array([0, 4, 1, 5, 2, 6, 3, 7, 4.5, 8, 5.5, 9.0])
    lower, upper = _intervals(np.arange(12), is_positive, score)["auroc"]
    area = classification_metrics(is_positive, score)["auroc"]
    assert area == pytest.approx(1 - 3 / 36)
    assert 0 < lower < area < upper <= 1
    without = [classification_metrics(np.delete(is_positive, one), np.delete(score, one))["auroc"] for one in range(12)]
    variance = 11 / 12 * ((np.array(without) - np.mean(without)) ** 2).sum()

    def expected(true: float) -> float:
        first, second = true / (2 - true), 2 * true**2 / (1 + true)
        return (true * (1 - true) + 5 * (first - true**2) + 5 * (second - true**2)) / 36

    ratio = max(1.0, variance / expected(area))
    error = np.sqrt(ratio * expected(lower))
    assert area - lower == pytest.approx(stats.t.ppf(0.975, 11) * error)


def test_perfect_metrics_have_a_lower_end_and_one_sample_none() -> None:
    is_positive = np.arange(12) % 2 == 1
    found = _intervals(np.arange(12), is_positive, np.where(is_positive, 1.0, -1.0))
    quantile = stats.t.ppf(0.975, 11)
    assert found["accuracy"] == pytest.approx((12 / (12 + quantile**2), 1.0))
    assert found["auroc"][1] == 1.0
    assert 0.5 < found["auroc"][0] < 1
    flipped = _intervals(np.arange(12), is_positive, np.where(is_positive, -1.0, 1.0))
    assert flipped["accuracy"] == pytest.approx((0.0, quantile**2 / (12 + quantile**2)))
    assert np.isnan(flipped["precision"]).tolist() == [False, False]
    alone = _intervals(np.zeros(4), np.array([True, True, True, True]), np.ones(4))
    assert np.isnan(list(alone.values())).all()


@pytest.mark.slow
@pytest.mark.parametrize("sample_sd", [0.0, 2.0])
def test_intervals_hold_the_truth_of_classifiers_that_share_samples(sample_sd: float) -> None:
    """Twelve samples in three folds, scored by the difference of the seen classes' means, without an effect."""
    n_studies, n, n_covered = 400, 12, np.zeros(2)
    folds = np.repeat(np.arange(n) // 2 % 3, 2)
    is_positive, samples = np.repeat(np.arange(n) % 2 == 1, 2), np.repeat(np.arange(n), 2)
    wells = pd.DataFrame({"sample": samples, "fold": folds})
    rng = np.random.default_rng(int(sample_sd))
    for _ in range(n_studies):
        values = np.repeat(rng.normal(size=(n, 4)) * sample_sd, 2, axis=0) + rng.normal(size=(2 * n, 4))
        score = np.empty(2 * n)
        for fold in range(3):
            seen = folds != fold
            positive, other = (values[seen & (is_positive == one)].mean(axis=0) for one in (True, False))
            score[~seen] = (values[~seen] - (positive + other) / 2) @ (positive - other)
        found = metric_intervals(classification_metrics, wells, is_positive, score)
        n_covered += [found[name][0] <= 0.5 <= found[name][1] for name in ("accuracy", "auroc")]
    # 95 %, and up to 99 % where accuracies of so few wells have few values.
    least, most = stats.binom.ppf([1e-3], n_studies, 0.95)[0], stats.binom.ppf([1 - 1e-3], n_studies, 0.99)[0]
    assert (n_covered >= least).all()
    assert (n_covered <= most).all()


def test_two_samples_have_an_interval_that_says_next_to_nothing() -> None:
    found = _intervals(np.repeat([0, 1], 3), np.repeat([False, True], 3), np.array([-1.0, -1, 1, 1, 1, -1]))
    assert found["accuracy"][0] < 0.05
    assert found["accuracy"][1] > 0.95
