"""Agreement of pixels, objects and fields, and the verdict, by hand arithmetic and by simulation."""

import math

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.labelling.agreement import agreement_of_fields, agreement_of_pixels, correlation
from wellspring.labelling.objects import agreement_of_objects, field_numbers
from wellspring.labelling.verdict import conformal_ratio, verdict_of


def test_pixels_of_the_same_image_agree() -> None:
    image = np.random.default_rng(0).gamma(2, 300, (64, 64))
    found = agreement_of_pixels(image, image, threshold=100, value_range=(0, 2000))
    assert (found.r, found.r_log, found.r_signal, found.ssim) == pytest.approx((1, 1, 1, 1))


def test_patches_without_signal_do_not_count_among_those_with() -> None:
    true = np.zeros((32, 64))
    true[4:8, 4:8] = 100
    predicted = true.copy()
    predicted[:, 32:] = np.random.default_rng(1).uniform(0, 50, (32, 32))
    found = agreement_of_pixels(predicted, true, threshold=50, value_range=(0, 100), patch_px=32)
    assert found.r_signal == pytest.approx(1)
    assert found.r < 0.9
    nothing = agreement_of_pixels(predicted, true, threshold=200, value_range=(0, 100), patch_px=32)
    assert math.isnan(nothing.r_signal)


def test_a_constant_image_has_no_correlation() -> None:
    assert math.isnan(correlation([1, 1, 1], [1, 2, 3]))
    with pytest.raises(InputError, match="of one size"):
        agreement_of_pixels(np.zeros((2, 2)), np.zeros((3, 3)), threshold=0, value_range=(0, 1))


def _labels(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    labels = np.zeros((60, 60), np.uint32)
    for number, (y, x, height, width) in enumerate(boxes, start=1):
        labels[y : y + height, x : x + width] = number
    return labels


def test_objects_are_found_missed_invented_merged_and_split() -> None:
    true = _labels((0, 0, 4, 4), (10, 0, 4, 4), (10, 4, 4, 4), (20, 0, 4, 8), (30, 0, 4, 4))
    # Found as it is; merged; split in two; missed; invented far away.
    found = _labels((0, 0, 4, 4), (10, 0, 4, 8), (20, 0, 4, 4), (20, 4, 4, 4), (50, 50, 4, 4))
    agreement = agreement_of_objects(found, true)
    assert (agreement.n_true, agreement.n_found, agreement.n_matched) == (5, 5, 3)
    assert (agreement.n_merged, agreement.n_split, agreement.n_missed, agreement.n_invented) == (1, 1, 1, 1)
    assert agreement.n_invented_in_empty == 1
    assert agreement.f1 == pytest.approx(6 / 10)
    assert agreement.average_precision == pytest.approx(3 / 7)
    assert agreement_of_objects(found, true, min_iou=0.6).n_matched == 1


def test_two_empty_fields_have_no_score() -> None:
    nothing = agreement_of_objects(_labels(), _labels())
    assert math.isnan(nothing.f1)
    assert math.isnan(nothing.average_precision)
    assert nothing.empty_px == 3600
    with pytest.raises(InputError, match="expected two label images"):
        agreement_of_objects(_labels(), _labels(), min_iou=0)


def test_numbers_of_a_field() -> None:
    image = np.full((60, 60), 10.0)
    image[0:2, 0:2], image[10:14, 0:4] = 20, 40
    numbers = field_numbers(_labels((0, 0, 2, 2), (10, 0, 4, 4)), image, background=10)
    assert numbers == {"count": 2, "area": 10, "total": (40 + 480) / 2, "mean": 20}
    empty = field_numbers(_labels(), image, background=10)
    assert empty["count"] == 0
    assert math.isnan(empty["area"])


def test_fields_agree_by_bland_and_altman_on_ratios() -> None:
    true = np.array([10.0, 100.0, 50.0, 20.0])
    found = agreement_of_fields(true * 1.1, true)
    assert (found.pearson, found.spearman) == pytest.approx((1, 1))
    assert (found.bias, found.lower, found.upper) == pytest.approx((1.1, 1.1, 1.1))
    assert found.concordance < 1
    logs = np.log([1.2, 1.0, 0.9])
    spread = agreement_of_fields([12.0, 10.0, 9.0], [10.0, 10.0, 10.0])
    assert spread.bias == pytest.approx(math.exp(logs.mean()))
    assert spread.upper == pytest.approx(math.exp(logs.mean() + 1.96 * logs.std(ddof=1)))
    assert spread.limit_error == pytest.approx(4.30265 * logs.std(ddof=1), rel=1e-4)


def test_concordance_is_lin_s() -> None:
    found, true = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0, 5.0])
    cov, var = np.mean((found - found.mean()) * (true - true.mean())), found.var() + true.var()
    assert agreement_of_fields(found, true).concordance == pytest.approx(2 * cov / (var + 1))


def test_few_fields_have_no_limits_and_empty_ones_no_ratio() -> None:
    found = agreement_of_fields([5.0, math.nan, 0.0], [5.0, 3.0, 2.0])
    assert (found.n_fields, found.bias) == (2, 1)
    assert math.isnan(found.lower)
    assert math.isnan(found.pearson)


def test_a_high_correlation_of_counts_does_not_make_them_usable() -> None:
    true = np.array([17.0, 76, 113, 115, 191, 306])
    predicted = np.array([55.0, 78, 115, 107, 190, 234])
    assert agreement_of_fields(predicted, true).pearson > 0.97
    assert verdict_of(predicted, true, n_wells=6).word == "not usable"


def test_verdicts() -> None:
    true = np.linspace(50, 500, 12)
    near = true * (1 + 0.02 * np.tile([-1, 1], 6))
    assert verdict_of(near, true, n_wells=6).word == "usable"
    assert verdict_of(true * 1.3, true, n_wells=6).word == "not usable"
    assert verdict_of(near, true, n_wells=2).word == "not known"
    unsure = true[:3] * np.array([0.95, 1.0, 1.05])
    assert verdict_of(unsure, true[:3], n_wells=3).word in ("not known", "usable")
    assert "not say it surely" in verdict_of(true[:4] * [0.93, 1.05, 1.0, 1.06], true[:4], n_wells=4).reason
    assert verdict_of([0, 0, 0], [1, 2, 3], n_wells=3).word == "not known"


def test_conformal_limits_are_order_statistics() -> None:
    true = np.arange(1.0, 20.0)
    found = conformal_ratio(np.zeros(19), true, coverage=0.9)
    assert (found.low, found.high, found.n_fields) == (2.0, 20.0, 19)
    assert math.isinf(conformal_ratio(np.zeros(18), true[:18], coverage=0.9).high)


def test_conformal_intervals_cover_what_they_promise() -> None:
    rng = np.random.default_rng(4)
    n_trials, inside = 2000, 0
    for _ in range(n_trials):
        true = rng.poisson(100, 31).astype(float)
        predicted = true * rng.lognormal(0.05, 0.1, 31)
        interval = conformal_ratio(predicted[:30], true[:30], coverage=0.8)
        inside += interval.low * (predicted[30] + 1) <= true[30] + 1 <= interval.high * (predicted[30] + 1)
    # At least 80 %, and no more than 1 / 31 beyond for each tail; 3 standard errors of 2,000 trials are 0.027.
    assert 0.8 - 0.027 <= inside / n_trials <= 0.8 + 2 / 31 + 0.027
