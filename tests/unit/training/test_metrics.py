"""Metrics against hand arithmetic."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.tables import check_table
from wellspring.training.metrics import METRIC_NAMES, evaluated, weighted_metrics
from wellspring.training.tables import DIFFERENCES, METRICS


def run(target, prediction, *, split=None, model="linear", seed=1):
    n = len(target)
    return pd.DataFrame(
        {
            "plate": "P",
            "well": "A1",
            "object_id": range(n),
            "split": split or ["train", "train", *["test"] * (n - 2)],
            "model": model,
            "regime": "structure",
            "seed": seed,
            "target": np.asarray(target, float),
            "prediction": np.asarray(prediction, float),
        }
    )


def values(table, model):
    rows = table[table["model"] == model].set_index("metric")
    return rows["value"].to_dict()


def evaluation(tables, **changes):
    return evaluated(tables, **{"huber_delta": 1.0, "bootstrap_samples": 200, "seed": 3, **changes})


def measured(tables, **changes):
    return evaluation(tables, **changes).metrics


def test_metrics_by_hand():
    table = measured([run([10, 20, 1, 2, 6], [0, 0, 3, 2, 5.5])])
    # Test errors 1 - 3 = -2, 0, 0.5; targets 1, 2, 6 with mean 3 and squared deviations 4 + 1 + 9.
    found = values(table, "linear")
    assert found["mean_error"] == pytest.approx(-0.5)
    assert found["sd_error"] == pytest.approx(np.sqrt((2.25 + 0.25 + 1.0) / 2))
    assert found["r2"] == pytest.approx(1 - 4.25 / 14)
    assert found["mae"] == pytest.approx(2.5 / 3)
    assert found["mse"] == pytest.approx(4.25 / 3)
    # Huber, delta 1: 1 * (2 - 0.5), 0, 0.125.
    assert found["huber"] == pytest.approx(1.625 / 3)
    # The baseline says 15 for each: errors -14, -13, -9.
    baseline = values(table, "baseline")
    assert baseline["mean_error"] == pytest.approx(-12)
    assert baseline["mae"] == pytest.approx(12)
    assert baseline["sd_error"] == pytest.approx(np.sqrt((4 + 1 + 9) / 2))
    assert baseline["r2"] == pytest.approx(1 - (14**2 + 13**2 + 9**2) / 14)


def test_the_table_is_declared_and_starts_with_the_baseline():
    runs = [run([1, 2, 3, 4], [1, 2, 3, 5], model=name, seed=seed) for name, seed in (("b", 2), ("a", 1))]
    table = check_table(measured(runs), METRICS, source="here")
    assert table["metric"].tolist() == [*METRIC_NAMES] * 3
    assert list(table[["model", "regime", "seed"]].drop_duplicates().itertuples(index=False, name=None)) == [
        ("baseline", "-", 0),
        ("b", "structure", 2),
        ("a", "structure", 1),
    ]
    assert set(table["n_cells"]) == {2}


def test_row_order_of_a_run_does_not_matter():
    rows = run([10, 20, 1, 2, 6], [0, 0, 3, 2, 5.5])
    pd.testing.assert_frame_equal(measured([rows]), measured([rows.sample(frac=1, random_state=1)]))


def test_intervals_are_percentiles_over_resamples_that_all_runs_share():
    rng = np.random.default_rng(0)
    target = rng.normal(100, 10, 402)
    one = run(target, target + rng.normal(0, 5, 402), model="one")
    two = one.assign(model="two", prediction=one["prediction"] + 3)
    table = measured([one, two], bootstrap_samples=2000).set_index(["model", "metric"])
    row = table.loc[("one", "mean_error")]
    # The bootstrap's standard error of a mean is its deviation over root n.
    assert row["upper"] - row["lower"] == pytest.approx(2 * 1.96 * 5 / np.sqrt(400), rel=0.1)
    assert row["lower"] < row["value"] < row["upper"]
    # Shared resamples: the same shift of each error shifts the bounds exactly.
    for bound in ("value", "lower", "upper"):
        assert table.loc[("two", "mean_error"), bound] == pytest.approx(row[bound] - 3)


def test_every_pair_is_compared_by_the_mean_over_its_seeds():
    # Test targets 1, 2, 6: squared deviations sum to 14. Errors (-2, 0, .5), (0, 0, 2) and (0, 0, 0).
    runs = [
        run([10, 20, 1, 2, 6], [0, 0, 3, 2, 5.5], seed=1),
        run([10, 20, 1, 2, 6], [0, 0, 1, 2, 4], seed=2),
        run([10, 20, 1, 2, 6], [0, 0, 1, 2, 6], model="perfect"),
    ]
    table = check_table(evaluation(runs).differences, DIFFERENCES, source="here")
    linear, baseline = 1 - (4.25 + 4) / 2 / 14, 1 - (14**2 + 13**2 + 9**2) / 14
    names = list(table[["model", "rival_model"]].itertuples(index=False, name=None))
    assert names == [("linear", "baseline"), ("perfect", "baseline"), ("perfect", "linear")]
    assert table["value"].tolist() == pytest.approx([linear - baseline, 1 - baseline, 1 - linear])


def test_a_difference_has_an_interval_of_its_own():
    rng = np.random.default_rng(0)
    target = rng.normal(100, 10, 402)
    one = run(target, target + rng.normal(0, 8, 402), model="one")
    # Always a little worse, on the same cells: the runs' intervals overlap, that of the difference is far from 0.
    two = one.assign(model="two", prediction=target + 1.1 * (one["prediction"] - target))
    found = evaluation([one, two], bootstrap_samples=1000)
    r2 = found.metrics[found.metrics["metric"] == "r2"].set_index("model")
    assert r2.loc["two", "upper"] > r2.loc["one", "lower"]
    row = found.differences.set_index(["model", "rival_model"]).loc[("two", "one")]
    # R² - 1 is -(mean squared error) / variance, and the squared errors of the second are 1.21 times the first's.
    assert row["value"] == pytest.approx(0.21 * (r2.loc["one", "value"] - 1))
    assert row["upper"] < 0.5 * row["value"]


def test_intervals_over_wells_by_hand():
    # Absolute errors 1, 1 | 2 | 4: without a well their means are 3, 2 and 4/3, of all 2.
    rows = run([10, 20, 1, 2, 3, 4], [0, 0, 2, 1, 5, 0]).assign(well=["A1", "A1", "A1", "A1", "A2", "A3"])
    found = measured([rows]).set_index(["model", "metric"]).loc[("linear", "mae")]
    logs = np.log([3, 2, 4 / 3])
    half = stats.t.ppf(0.975, 8 / 3 - 1) * np.sqrt(2 / 3 * ((logs - logs.mean()) ** 2).sum())
    assert (found["value"], found["n_wells"]) == (2, 3)
    assert [found["lower"], found["upper"]] == pytest.approx(2 * np.exp([-half, half]))
    # A perfect model has no logarithm to take, and no error without any well.
    perfect = measured([rows.assign(prediction=rows["target"])]).set_index(["model", "metric"]).loc["linear"]
    assert perfect.loc["mae", ["value", "lower", "upper"]].tolist() == [0, 0, 0]
    assert perfect.loc["r2", ["value", "lower", "upper"]].tolist() == [1, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize("n_wells", [4, 12])
def test_intervals_cover_r2_and_the_mean_absolute_error_although_wells_differ(n_wells):
    rng, n_studies, n_cells = np.random.default_rng(n_wells), 250, 25
    truth = {"r2": 1 - (0.5 + 1) / (1 + 4), "mae": np.sqrt(2 / np.pi * (0.5 + 1)), "mean_error": 0.0}
    n_covered = dict.fromkeys(truth, 0)
    wells = np.repeat([f"A{number}" for number in range(n_wells)], n_cells)
    head = ["train", *["test"] * len(wells)]
    for _ in range(n_studies):
        own = rng.normal(0, 1, n_wells).repeat(n_cells), rng.normal(0, np.sqrt(0.5), n_wells).repeat(n_cells)
        target = own[0] + rng.normal(0, 2, len(wells))
        prediction = target + own[1] + rng.normal(0, 1, len(wells))
        rows = run([0, *target], [0, *prediction], split=head).assign(well=["A0", *wells])
        found = measured([rows]).set_index(["model", "metric"]).loc["linear"]
        for name, value in truth.items():
            n_covered[name] += found.loc[name, "lower"] <= value <= found.loc[name, "upper"]
    # Wells of equal size: 95 % of them, but for chance.
    least, most = stats.binom.ppf([1e-4, 1 - 1e-4], n_studies, 0.95)
    assert least <= n_covered["mean_error"] <= most
    assert min(n_covered["r2"], n_covered["mae"]) >= least


def test_weights_are_the_same_as_repeated_cells():
    rng = np.random.default_rng(1)
    errors, targets = rng.normal(size=(2, 5)), rng.normal(380, 1, 5)
    counts = np.array([[2.0, 0, 1, 1, 1], [0, 5, 0, 0, 0]])
    found = weighted_metrics(errors, targets, counts, huber_delta=1.0)
    chosen = [0, 0, 2, 3, 4]
    expected = weighted_metrics(errors[:, chosen], targets[chosen], np.ones((1, 5)), huber_delta=1.0)
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-9)
    # One cell, five times: no deviation, and no spread of the targets to explain.
    np.testing.assert_allclose(found[:, 1, 0], errors[:, 1])
    np.testing.assert_allclose(found[:, 1, 1], 0, atol=1e-7)
    assert np.isnan(found[:, 1, 2]).all()


def test_one_test_cell_has_no_deviation_and_no_r2():
    table = measured([run([10, 20, 5], [0, 0, 7])]).set_index(["model", "metric"]).loc["linear"]
    assert np.isnan(table.loc[["sd_error", "r2"], ["value", "lower", "upper"]].to_numpy()).all()
    assert table.loc["mae", ["value", "lower", "upper"]].tolist() == [2.0, 2.0, 2.0]


def test_equal_targets_have_no_r2():
    table = measured([run([10, 20, 0.1, 0.1, 0.1], [0, 0, 1, 2, 3])]).set_index(["model", "metric"]).loc["linear"]
    assert np.isnan(table.loc["r2", ["value", "lower", "upper"]].astype(float)).all()
    assert table.loc["mae", "value"] == pytest.approx(1.9)


def test_many_cells_are_resampled_in_blocks_with_the_same_result(monkeypatch):
    rows = run(np.arange(12.0), np.arange(12.0)[::-1])
    whole = measured([rows])
    monkeypatch.setattr("wellspring.training.metrics._BLOCK", 70)
    pd.testing.assert_frame_equal(measured([rows]), whole)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ([], "expected at least one run, got none"),
        (
            [run([1, 2, 3], [1, 2, 3]), run([1, 2, 4], [1, 2, 3])],
            r"expected the cells, splits and targets of the first",
        ),
        ([run([1, 2, 3], [1, 2, 3], split=["train"] * 3)], "split 'test', found none"),
        ([run([1, 2, 3], [1, 2, 3], split=["test"] * 3)], "split 'train', found none"),
        ([run([1, 2, 3], [1, 2, np.nan])], "expected numbers, found missing or infinite"),
    ],
)
def test_tables_that_cannot_be_compared_are_refused(tables, words):
    with pytest.raises(ValueError, match=words):
        measured(tables)


def test_metrics_do_not_load_keras():
    command = (
        "import sys, wellspring.training.metrics; sys.exit(bool({'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0
