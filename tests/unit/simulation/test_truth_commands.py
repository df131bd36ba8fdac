"""`wellspring simulate` and `wellspring truth`: the comparison of results with the truth, on tables written by hand."""

import re

import pandas as pd
import pytest

from wellspring.__main__ import main
from wellspring.attribution.tables import IMPORTANCE
from wellspring.simulation.comparison import compare_with_truth, comparison_text
from wellspring.simulation.panel import choose_markers
from wellspring.simulation.plate import simulate_plate
from wellspring.simulation.settings import PlateSettings, WellPlan
from wellspring.simulation.truth import read_truth
from wellspring.tables import write_table
from wellspring.training.tables import METRICS

R2 = {
    ("baseline", "-"): -0.01,
    ("linear", "structure"): 0.10,
    ("linear", "color-structure"): 0.25,
    ("simple_cnn", "structure"): 0.50,
    ("simple_cnn", "color-structure"): 0.70,
}
SHARES = {"09_SRRM2": 0.3, "15_SON": 0.22, "20_SP100": 0.2, "11_PML": 0.16, "01_CDK9_pT186": 0.12}


@pytest.fixture
def plate(tmp_path):
    settings = PlateSettings(wells=(WellPlan("J10", "normal", 4),), markers=choose_markers(9), diameter_px=20.0)
    return simulate_plate(tmp_path / "plate", settings=settings, seed=1).parent


def write_metrics(results, r2):
    rows = [
        {"model": model, "regime": regime, "seed": seed, "metric": metric, "value": value + shift}
        for (model, regime), value in r2.items()
        for metric in ("mae", "r2")
        for seed, shift in ((1, -0.02), (2, 0.02))
    ]
    frame = pd.DataFrame(rows).assign(lower=0.0, upper=1.0, n_cells=100, n_wells=1)
    write_table(frame, results / "training" / "metrics.parquet", METRICS)


def write_importance(results, shares, *, regime, seed=1):
    rows = [
        {"plate": "plate01", "well": "J10", "object_id": cell, "channel": channel, "importance": share + sign * 0.01}
        for cell, sign in ((1, 1), (2, -1))
        for channel, share in shares.items()
    ]
    frame = pd.DataFrame(rows).assign(model="simple_cnn", regime=regime, seed=seed, level="medium")
    write_table(frame, results / "attribution" / "simple_cnn" / regime / str(seed) / "importance.parquet", IMPORTANCE)


@pytest.fixture
def results(tmp_path):
    results = tmp_path / "results"
    write_metrics(results, R2)
    for regime in ("structure", "color-structure"):
        write_importance(results, SHARES, regime=regime)
    return results


def test_the_finding_comes_out(plate, results):
    comparison = compare_with_truth(plate, results)
    assert comparison.mistakes == ()
    assert comparison.r2 == pytest.approx(R2)
    pd.testing.assert_series_equal(
        comparison.importance["structure"], pd.Series(SHARES), check_names=False, check_index_type=False
    )


def test_importance_is_the_mean_over_cells_and_seeds(plate, results):
    write_importance(results, {**SHARES, "09_SRRM2": 0.5}, regime="structure", seed=2)
    assert compare_with_truth(plate, results).importance["structure"]["09_SRRM2"] == pytest.approx(0.4)


def test_the_text_holds_every_figure(plate, results):
    text = comparison_text(compare_with_truth(plate, results))
    lines = [line.split() for line in text.splitlines()]
    assert ["baseline", "-0.01"] in lines
    assert ["linear,", "structure", "0.10"] in lines
    assert ["09_SRRM2", "0.300", "structure"] in lines
    assert ["01_CDK9_pT186", "0.120", "intensity"] in lines
    best = read_truth(plate).attainable
    assert ["simple_cnn,", "color-structure", "0.70", f"{best.total:.2f}"] in lines


@pytest.mark.parametrize(
    ("run", "value", "words"),
    [
        (("linear", "structure"), -0.02, r"linear, structure \(R² -0.02\) is not above the baseline \(-0.01\)"),
        (("linear", "color-structure"), 0.09, r"linear, color-structure \(R² 0.09\) is not above linear, structure"),
        (("simple_cnn", "structure"), 0.29, r"simple_cnn, structure \(R² 0.29\) is not 0.2 above"),
    ],
)
def test_models_in_another_order_are_told(plate, results, run, value, words):
    write_metrics(results, {**R2, run: value})
    mistakes = compare_with_truth(plate, results).mistakes
    assert len(mistakes) == 1
    assert re.search(words, mistakes[0])


def test_r2_without_a_value_is_not_the_finding(plate, results):
    write_metrics(results, {**R2, ("simple_cnn", "structure"): float("nan")})
    assert len(compare_with_truth(plate, results).mistakes) == 1


def test_a_causal_channel_that_does_not_come_first_is_told(plate, results):
    write_importance(results, {**SHARES, "01_CDK9_pT186": 0.19}, regime="structure")
    (mistake,) = compare_with_truth(plate, results).mistakes
    assert "the 4 most important channels are" in mistake
    assert "01_CDK9_pT186" in mistake


def test_runs_that_are_missing(plate, results):
    write_metrics(results, {run: value for run, value in R2.items() if run != ("linear", "structure")})
    with pytest.raises(ValueError, match=r"\('linear', 'structure'\)\] are missing. Train them"):
        compare_with_truth(plate, results)


def test_no_importance(plate, results):
    (results / "attribution" / "simple_cnn" / "structure" / "1" / "importance.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected <seed>/importance\.parquet, found none"):
        compare_with_truth(plate, results)


def test_a_folder_without_truth(tmp_path, results):
    with pytest.raises(FileNotFoundError, match="the truth of a simulated plate"):
        compare_with_truth(tmp_path, results)


@pytest.mark.parametrize(
    "words", ["{", "{}", "[]", '{"plate": "p", "seed": 1, "formula": {"bass": 2}, "attainable": {}}']
)
def test_a_broken_truth(plate, results, words):
    (plate / "truth" / "truth.json").write_text(words)
    with pytest.raises(ValueError, match=r"truth.json: expected the truth of a simulated plate"):
        compare_with_truth(plate, results)


def test_simulate_writes_a_plate_and_tells_the_speed(tmp_path, capsys):
    arguments = ["--wells", "2", "--cells", "3", "--channels", "5", "--diameter-px", "20", "--seed", "4"]
    assert main(["simulate", str(tmp_path / "new"), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["J10", "J16", str(tmp_path / "new" / "wells.tsv")]
    assert lines[2].endswith("wells/s")
    assert read_truth(tmp_path / "new").seed == 4


def test_simulate_into_a_folder_in_use_is_one_line_and_exit_code_1(plate, capsys):
    assert main(["simulate", str(plate)]) == 1
    assert "expected a new or empty folder" in capsys.readouterr().err


def test_truth_prints_the_finding(plate, results, capsys):
    assert main(["truth", str(plate), str(results)]) == 0
    assert "The finding came out" in capsys.readouterr().out


def test_truth_ends_with_1_where_the_finding_does_not_come_out(plate, results, capsys):
    write_metrics(results, {**R2, ("simple_cnn", "structure"): 0.1})
    assert main(["truth", str(plate), str(results)]) == 1
    captured = capsys.readouterr()
    assert "simple_cnn, structure" in captured.out
    assert "the finding did not come out: simple_cnn, structure (R² 0.10)" in captured.err
