"""Alarms: against plain loops, and their false alarms, p-values and run times where nothing drifts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.labelling.drift.charts import Charts, charted, ewma_limit, field_scalars, fit_charts, moved_most
from wellspring.labelling.drift.exchangeability import check_exchangeable, exchangeability
from wellspring.labelling.drift.kernels import bandwidth_of, mmd_test, plate_tests
from wellspring.labelling.drift.online import calibrate, first_alarms, watched
from wellspring.labelling.drift.space import distance, distance_limit, fit_space, nearest_rows, projected
from wellspring.labelling.drift.state import AlarmState, load_alarm, save_alarm, save_refusal
from wellspring.labelling.drift.verification import run_time, separability, verified_run_time


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _kernel(x, y, sigma) -> float:
    return float(np.exp(-((x - y) ** 2).sum() / (2 * sigma**2)))


def _plain_mmd(first, second, sigma) -> float:
    within_first = [_kernel(a, b, sigma) for i, a in enumerate(first) for j, b in enumerate(first) if i != j]
    within_second = [_kernel(a, b, sigma) for i, a in enumerate(second) for j, b in enumerate(second) if i != j]
    between = [_kernel(a, b, sigma) for a in first for b in second]
    return float(np.mean(within_first) + np.mean(within_second) - 2 * np.mean(between))


def test_the_discrepancy_and_its_permutations_are_those_of_a_plain_loop() -> None:
    first, second = _rng(1).normal(size=(9, 3)), _rng(2).normal(0.5, 1, size=(6, 3))
    sigma = bandwidth_of(first)
    squared = [((a - b) ** 2).sum() for i, a in enumerate(first) for b in first[:i]]
    assert sigma == pytest.approx(np.sqrt(np.median(squared) / 2))
    found = mmd_test(first, second, bandwidth=sigma, n_permutations=50, rng=_rng(3))
    assert found.statistic == pytest.approx(_plain_mmd(first, second, sigma))
    both, rng, n_larger = np.concatenate([first, second]), _rng(3), 0
    is_second = np.arange(15) >= 9
    for _ in range(50):
        drawn = rng.permutation(is_second)
        n_larger += _plain_mmd(both[~drawn], both[drawn], sigma) >= found.statistic - 1e-12
    assert found.p_value == pytest.approx((1 + n_larger) / 51)


def test_p_values_are_uniform_without_drift_when_wells_are_permuted() -> None:
    found = []
    for seed in range(150):
        rng = _rng(seed)
        # Fields of a well share half of their variance; one well has twice the fields.
        wells = np.repeat(np.arange(12), [4, *[2] * 11])
        rows = rng.normal(size=(12, 3))[wells] + rng.normal(size=(len(wells), 3))
        is_late = wells >= 8
        found.append(
            mmd_test(
                rows[~is_late],
                rows[is_late],
                bandwidth=2.0,
                n_permutations=99,
                rng=rng,
                reference_groups=[str(w) for w in wells[~is_late]],
                groups=[str(w) for w in wells[is_late]],
            ).p_value
        )
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert min(found) >= 0.01
    by_row = [_by_row(seed) for seed in range(60)]
    # Not permuting wells would call wells a drift.
    assert np.mean(np.array(by_row) < 0.05) > 0.1


def _by_row(seed: int) -> float:
    rng = _rng(seed)
    rows = np.repeat(rng.normal(size=(10, 3)), 4, axis=0) + 0.5 * rng.normal(size=(40, 3))
    return mmd_test(rows[:20], rows[20:], bandwidth=2.0, n_permutations=99, rng=rng).p_value


def test_plates_are_tested_one_by_one_with_the_false_discovery_rate() -> None:
    rng = _rng(4)
    reference = rng.normal(size=(40, 2))
    rows = np.concatenate([rng.normal(size=(12, 2)), rng.normal(2.0, 1, size=(12, 2)), rng.normal(size=(1, 2))])
    plates = pd.DataFrame(rows, columns=["a", "b"]).assign(plate=["p1"] * 12 + ["p2"] * 12 + ["p3"])
    found = plate_tests(reference, plates, bandwidth=1.0, n_permutations=199, seed=1).set_index("plate")
    assert found.loc["p1", "p_value"] > 0.05
    assert found.loc["p2", "p_value"] == pytest.approx(1 / 200)
    assert found.loc["p2", "adjusted_p"] == pytest.approx(2 / 200)
    assert np.isnan(found.loc["p3", "p_value"])


def test_the_stream_is_watched_as_a_plain_loop_says() -> None:
    rng = _rng(5)
    detector = calibrate(rng.normal(size=(60, 3)), window=4, expected_run=10, rng=rng)
    stream = rng.normal(0.3, 1, size=(12, 3))
    steps = list(watched(detector, stream))
    held = np.concatenate([detector.initial, stream])
    for step, found in enumerate(steps):
        plain = _plain_mmd(detector.reference, held[step : step + 4], detector.bandwidth)
        assert found.statistic == pytest.approx(plain)
        assert found.threshold == detector.thresholds[min(step, 3)]
        assert found.is_alarm == (plain > found.threshold)
    orders = np.stack([rng.permutation(12) for _ in range(70)])
    expected = []
    for order in orders:
        alarms = [place for place, one in enumerate(watched(detector, stream[order]), start=1) if one.is_alarm]
        expected.append(alarms[0] if alarms else 0)
    assert first_alarms(detector, stream, orders).tolist() == expected


@pytest.mark.slow
def test_run_times_are_as_set_and_geometric_on_fresh_rows() -> None:
    estimates, runs = [], []
    for seed in range(20):
        rng = _rng(seed)
        detector = calibrate(rng.normal(size=(400, 8)), window=8, expected_run=64, rng=rng)
        assert detector.run_lower < 64 < detector.run_upper
        fresh = rng.normal(size=(30 * 192, 8))
        first = first_alarms(detector, fresh, np.arange(len(fresh)).reshape(30, 192))
        estimates.append((int(np.where(first > 0, first, 192).sum()), int((first > 0).sum())))
        runs += first.tolist()
    steps, alarms = np.sum(estimates, axis=0)
    assert 50 <= steps / alarms <= 80
    # The first W steps give false alarms as often as later ones.
    early = np.mean([0 < run <= 8 for run in runs]) / 8
    assert early == pytest.approx(1 / 64, abs=4 * np.sqrt(1 / 64 / (8 * 600)))


def test_the_same_seed_gives_the_same_thresholds_and_a_shift_is_seen_within_three_windows() -> None:
    reference = _rng(7).normal(size=(400, 8))
    detectors = [calibrate(reference, window=10, expected_run=128, rng=_rng(1)) for _ in range(2)]
    np.testing.assert_array_equal(detectors[0].thresholds, detectors[1].thresholds)
    drifted = _rng(8).normal(0.5, 1, size=(100 * 60, 8))
    first = first_alarms(detectors[0], drifted, np.arange(6000).reshape(100, 60))
    delays = np.where(first > 0, first, 61)
    assert np.median(delays) < 30


@pytest.mark.slow
def test_an_ordered_stream_is_refused_and_a_stream_without_order_is_not() -> None:
    rng = _rng(9)
    stream = np.zeros((200, 4))
    for step in range(1, 200):
        stream[step] = 0.5 * stream[step - 1] + rng.normal(size=4)
    with pytest.raises(ValueError, match=r"alike \(correlation 0\.\d+, p = 0\.0005\)"):
        check_exchangeable(stream, rng=rng)
    assert abs(check_exchangeable(rng.permutation(stream), rng=rng).correlation) < 0.2
    p_values = [exchangeability(_rng(seed).normal(size=(20, 3)), rng=_rng(seed + 1000)).p_value for seed in range(80)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def test_the_correlation_of_neighbours_by_hand() -> None:
    rows = np.repeat([[0.0], [1.0]], 4, axis=0)
    # One step of 1 in seven; Σ|x − mean|² = 8 · 0.25.
    assert exchangeability(rows, rng=_rng(0)).correlation == pytest.approx(1 - 1 / (2 * 2))


def test_the_interval_of_a_run_time_is_that_of_a_poisson_number() -> None:
    found = run_time(1000, 10)
    assert (found.steps, found.n_steps, found.n_alarms) == (100.0, 1000, 10)
    assert (found.lower, found.upper) == pytest.approx((1000 / 18.39, 1000 / 4.795), rel=1e-3)
    assert run_time(500, 0).steps == np.inf
    assert run_time(500, 0).lower == pytest.approx(500 / 3.689, rel=1e-3)
    rng = _rng(1)
    held = []
    for _ in range(400):
        one = run_time(2000, int(rng.poisson(2000 / 128)))
        held.append(one.lower <= 128 <= one.upper)
    assert np.mean(held) >= 0.94


@pytest.mark.slow
def test_verified_intervals_hold_the_run_time_of_the_alarm() -> None:
    held = []
    for seed in range(30):
        rng = _rng(seed)
        detector = calibrate(rng.normal(size=(120, 3)), window=4, expected_run=16, rng=rng)
        fresh = rng.normal(size=(40 * 64, 3))
        first = first_alarms(detector, fresh, np.arange(len(fresh)).reshape(40, 64))
        true = float(np.where(first > 0, first, 64).sum() / (first > 0).sum())
        found = verified_run_time(detector, rng.normal(size=(60, 3)), n_streams=60, rng=rng)
        held.append(found.lower <= true <= found.upper)
    assert np.mean(held) >= 0.8


def test_separability_counts_streams_without_alarm_as_longest() -> None:
    assert separability([0, 0, 9], [3, 2, 4], longest=10) == 1.0
    assert separability([0, 0], [0, 0], longest=10) == 0.5
    with pytest.raises(ValueError, match="expected a stream without drift and one with it"):
        separability([], [1], longest=3)


@pytest.mark.parametrize(
    ("rows", "window", "message"),
    [
        (np.zeros((8, 2)) + np.arange(8)[:, None], 4, "8 rows are fewer than two windows of 4 and one more"),
        (np.full((30, 2), 3.0), 4, "all 30 rows are equal"),
        (np.where(np.eye(30, 2) > 0, np.nan, 1.0), 4, "row 0 has NaN"),
        (np.zeros(30), 4, r"an array of shape \(30,\)"),
        (np.zeros((30, 2)), 1, "a window of 2 or more"),
    ],
)
def test_references_that_cannot_be_are_refused(rows, window, message) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate(rows, window=window, expected_run=16, rng=_rng())


def test_streams_of_another_embedding_or_with_nan_are_refused() -> None:
    detector = calibrate(_rng(1).normal(size=(30, 3)), window=3, expected_run=8, rng=_rng())
    with pytest.raises(ValueError, match="expected rows of 3 finite numbers"):
        list(watched(detector, np.zeros((4, 2))))
    with pytest.raises(ValueError, match="or NaN"):
        first_alarms(detector, np.full((4, 3), np.nan), np.zeros((1, 4), int))
    with pytest.raises(ValueError, match="expected two rows or more of 3"):
        mmd_test(np.eye(3), np.zeros((1, 3)), bandwidth=1.0, rng=_rng())
    with pytest.raises(ValueError, match="expected 3 and 2 names of wells, got 1 and 2"):
        mmd_test(np.eye(3), np.eye(2, 3), bandwidth=1.0, rng=_rng(), reference_groups=["a"], groups=["b", "c"])


def test_the_space_is_whitened_and_distances_have_their_limit() -> None:
    rng = _rng(11)
    mixing = rng.normal(size=(5, 20))
    rows = rng.normal(size=(300, 5)) @ mixing + 7
    rows[:, 3] = 2.5
    space = fit_space(rows, explained=0.999)
    seen = projected(space, rows)
    assert seen.shape[1] == 5
    np.testing.assert_allclose(np.cov(seen.T), np.eye(5), atol=1e-8)
    fresh = rng.normal(size=(20000, 5)) @ mixing + 7
    fresh[:, 3] = 2.5
    share = float((distance(projected(space, fresh)) > distance_limit(space, expected_run=50)).mean())
    assert share == pytest.approx(1 / 50, rel=0.35)
    places, gaps = nearest_rows(seen, seen[[4]] + 1e-9, n=2)
    assert places[0, 0] == 4
    assert gaps[0, 0] < 1e-6 < gaps[0, 1]
    with pytest.raises(ValueError, match="expected embeddings of 20 finite numbers"):
        projected(space, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="expected 10 rows or more"):
        fit_space(rows[:5])


@pytest.mark.slow
def test_charts_have_the_run_time_that_was_set() -> None:
    assert ewma_limit(500.0, 0.2) == pytest.approx(2.962, abs=0.01)  # Lucas and Saccucci (1990), table 3
    runs = []
    for seed in range(150):
        rng = _rng(seed)
        charts = fit_charts(pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"]), expected_run=20)
        found = charted(charts, pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"]))
        is_alarm = (found[["shewhart", "ewma"]].max(axis=1) > 1).groupby(found["step"]).any().to_numpy()
        runs.append((int(is_alarm.argmax()) + 1 if is_alarm.any() else 60, bool(is_alarm.any())))
    steps, alarms = np.sum(runs, axis=0)
    # Charts that share the error budget are careful: not below what was set, and not far above.
    assert 18 <= steps / alarms <= 60


def test_charts_say_what_moved() -> None:
    charts = Charts(("focus", "median"), np.array([0.0, 5.0]), np.array([1.0, 2.0]), 100, 50.0)
    jump = pd.DataFrame({"focus": [0.0, 0.0, -6.0], "median": [5.0, 5.0, 5.0]})
    found = charted(charts, jump)
    assert moved_most(found) == ["focus"]
    assert found[(found["name"] == "focus") & (found["step"] == 2)]["deviation"].tolist() == [-6.0]
    slow = pd.DataFrame({"focus": np.zeros(20), "median": np.full(20, 8.0)})
    slow_found = charted(charts, slow)
    last = slow_found[(slow_found["step"] == 19) & (slow_found["name"] == "median")].iloc[0]
    assert last["shewhart"] < 1 < last["ewma"]
    with pytest.raises(ValueError, match="expected ten rows or more"):
        fit_charts(jump, expected_run=10)


def test_scalars_of_a_field_by_what_they_are_for() -> None:
    from scipy import ndimage

    noise = ndimage.gaussian_filter(_rng(3).normal(size=(96, 96)), 1.0)
    image = np.clip(1100 + 400 * noise / noise.std(), 1, 60000)
    sharp = field_scalars(image, offset=100.0, saturation=65535.0)
    assert sharp["median"] == pytest.approx(np.log(1000), abs=0.05)
    assert sharp["contrast"] == pytest.approx(np.log(0.4), abs=0.1)
    assert sharp["saturated"] == 0
    blurred = field_scalars(ndimage.gaussian_filter(image, 2.0), offset=100.0, saturation=65535.0)
    assert blurred["focus"] < sharp["focus"] - 1
    clipped = field_scalars(np.minimum(image, 1100), offset=0.0, saturation=1100.0)
    assert clipped["saturated"] == pytest.approx(0.5, abs=0.1)
    for bad in (np.full((64, 64), 5.0), np.full((64, 64), np.nan), image[:16]):
        with pytest.raises(ValueError, match="finite and not constant"):
            field_scalars(bad, offset=0.0, saturation=65535.0)
    with pytest.raises(ValueError, match="not above the camera's offset 5000"):
        field_scalars(image, offset=5000.0, saturation=65535.0)


def test_an_alarm_is_kept_and_refuses_another_models_embedding(tmp_path) -> None:
    rng = _rng(12)
    space = fit_space(rng.normal(size=(60, 6)))
    rows = projected(space, rng.normal(size=(40, 6)))
    charts = fit_charts(pd.DataFrame(rng.normal(size=(40, 1)), columns=["focus"]), expected_run=20)
    state = AlarmState("a" * 64, space, calibrate(rows, window=3, expected_run=8, rng=rng), charts, ("w1", "w2"))
    path = tmp_path / "alarm.npz"
    save_alarm(path, state)
    back = load_alarm(path, embedding="a" * 64)
    stream = rng.normal(size=(5, rows.shape[1]))
    assert list(watched(back.detector, stream)) == list(watched(state.detector, stream))
    assert back.names == ("w1", "w2")
    np.testing.assert_array_equal(back.space.components, space.components)
    assert back.charts.names == ("focus",)
    with pytest.raises(ValueError, match="calibrated with the embedding of another model"):
        load_alarm(path, embedding="b" * 64)
    with pytest.raises(FileNotFoundError):
        load_alarm(tmp_path / "none.npz", embedding="a" * 64)
    (tmp_path / "other.npz").write_text("no zip")
    with pytest.raises(ValueError, match="expected a calibrated alarm"):
        load_alarm(tmp_path / "other.npz", embedding="a" * 64)
    save_refusal(tmp_path / "refused.npz", embedding="a" * 64, reason="too few wells.")
    with pytest.raises(ValueError, match="there is no alarm: too few wells"):
        load_alarm(tmp_path / "refused.npz", embedding="a" * 64)
