"""The shared statistics, compared with SciPy and scikit-learn and by hand."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from wellspring.statistics import (
    benjamini_hochberg,
    half_width_of_mean,
    interval_of_mean,
    jackknife_interval,
    percentile_interval,
    permutation_p_value,
    rank_correlation,
    ranks,
    robust_sd,
    roc_area,
)

RNG = np.random.default_rng(7)
TIED = RNG.integers(0, 6, size=40)


def test_a_permutation_p_value_counts_the_data_as_one():
    assert permutation_p_value(0, n_permutations=99) == pytest.approx(0.01)
    assert permutation_p_value([0, 4, 9], n_permutations=9) == pytest.approx([0.1, 0.5, 1.0])
    assert permutation_p_value(0, n_permutations=0) == 1.0
    # scipy counts as we do: for a one-sided test of a mean, on the very same permutations.
    first, second = RNG.normal(1, 1, 12), RNG.normal(0, 1, 12)

    def gap(a, b, axis):
        return a.mean(axis=axis) - b.mean(axis=axis)

    kept = stats.permutation_test((first, second), gap, n_resamples=500, alternative="greater", rng=1)
    n_as_extreme = (kept.null_distribution >= kept.statistic - 1e-14).sum()
    assert permutation_p_value(n_as_extreme, n_permutations=500) == pytest.approx(kept.pvalue)


def test_benjamini_hochberg_is_as_in_scipy_and_leaves_missing_ones_out():
    p = RNG.random(30) ** 3
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    p[[3, 11]] = np.nan
    known = ~np.isnan(p)
    assert benjamini_hochberg(p)[known] == pytest.approx(stats.false_discovery_control(p[known]))
    assert np.isnan(benjamini_hochberg(p)[~known]).all()
    assert benjamini_hochberg([]).shape == (0,)


def test_a_percentile_interval_is_that_of_scipys_bootstrap():
    sample = RNG.exponential(size=50)
    found = stats.bootstrap((sample,), np.mean, method="percentile", n_resamples=400, rng=2)
    low, high = percentile_interval(found.bootstrap_distribution)
    assert (low, high) == pytest.approx((found.confidence_interval.low, found.confidence_interval.high))


def test_resamples_without_a_value_are_left_out_of_a_percentile_interval():
    table = np.column_stack([np.arange(101.0), np.full(101, np.nan)])
    table[100, 0] = np.nan
    low, high = percentile_interval(table, confidence=0.9)
    assert low[0] == pytest.approx(np.quantile(np.arange(100), 0.05))
    assert high[0] == pytest.approx(np.quantile(np.arange(100), 0.95))
    assert np.isnan([low[1], high[1]]).all()
    empty = percentile_interval(np.empty((0, 2)))
    assert np.isnan(empty[0]).all()
    assert empty[0].shape == (2,)


def test_the_interval_of_a_mean_is_students():
    sample = RNG.normal(5, 2, 9)
    expected = stats.t.interval(0.95, 8, loc=sample.mean(), scale=stats.sem(sample))
    assert interval_of_mean(sample) == pytest.approx((sample.mean(), *expected))
    assert interval_of_mean([3.0])[0] == 3.0
    assert np.isnan(interval_of_mean([3.0])[1:]).all()
    assert np.isnan(interval_of_mean([])).all()
    half = half_width_of_mean([1, 2, 4], [1.0, 1.0, 1.0], confidence=0.99)
    assert np.isnan(half[0])
    assert half[1:] == pytest.approx([stats.t.ppf(0.995, 1) / np.sqrt(2), stats.t.ppf(0.995, 3) / 2])


def test_the_jackknife_of_a_mean_is_students_and_needs_two_clusters():
    sample = RNG.normal(5, 2, 9)
    without = (sample.sum() - sample) / 8
    expected = stats.t.interval(0.95, 8, loc=sample.mean(), scale=stats.sem(sample))
    assert np.array(jackknife_interval(sample.mean(), without, np.ones(9))) == pytest.approx(expected)
    table = np.stack([without, np.full(9, 2.0)], axis=1)
    lower, upper = jackknife_interval([sample.mean(), 2.0], table, np.ones(9), confidence=0.9)
    assert lower[0] == pytest.approx(stats.t.interval(0.9, 8, loc=sample.mean(), scale=stats.sem(sample))[0])
    assert (lower[1], upper[1]) == (2.0, 2.0)
    # One cluster of nearly everything: one degree of freedom, not two.
    lower, upper = jackknife_interval(0.0, [1.0, 0.0, 0.0], [98, 1, 1])
    assert upper == pytest.approx(stats.t.ppf(0.975, 1) * np.sqrt(2 / 3 * 2 / 3))
    assert np.isnan(jackknife_interval([1.0, 2.0], np.ones((1, 2)), [5])).all()


def test_the_robust_spread_is_that_of_scipy_up_to_the_rounding_of_its_factor():
    sample = RNG.normal(0, 3, (200, 2))
    assert robust_sd(sample, axis=0) == pytest.approx(stats.median_abs_deviation(sample, scale="normal"), rel=1e-4)
    assert robust_sd([1.0, 2.0, 3.0, 4.0, 1000.0]) == pytest.approx(1.4826)
    assert robust_sd([2.0, 2.0, 2.0, 9.0]) == 0.0
    with pytest.raises(ValueError, match="expected one value or more, got none"):
        robust_sd([])


def test_ranks_are_those_of_scipy():
    assert ranks(TIED) == pytest.approx(stats.rankdata(TIED))
    table = RNG.integers(0, 4, size=(20, 3))
    assert ranks(table) == pytest.approx(stats.rankdata(table, axis=0))
    assert ranks([]).shape == (0,)


def test_the_area_under_the_roc_curve_is_that_of_scikit_learn():
    is_true = RNG.random(40) < 0.4
    assert roc_area(TIED, is_true) == pytest.approx(roc_auc_score(is_true, TIED))
    assert roc_area([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert roc_area([1, 1, 1], [True, False, False]) == 0.5
    assert np.isnan(roc_area([1, 2], [True, True]))
    assert np.isnan(roc_area([1, 2], [False, False]))


def test_the_rank_correlation_is_spearmans():
    other = TIED + RNG.integers(0, 4, size=40)
    assert rank_correlation(TIED, other) == pytest.approx(stats.spearmanr(TIED, other).statistic)
    assert np.isnan(rank_correlation([1, 1], [1, 2]))
    assert np.isnan(rank_correlation([], []))
