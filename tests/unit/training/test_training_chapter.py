"""Sentences on the models say what the numbers say, and no more."""

import math

import pytest

from wellspring.report.chapter import MOST_FINDINGS, Illustration, read_chapter, write_chapter
from wellspring.training.report.chapter import Figures, chapter_of
from wellspring.training.report.comparison import comparison_table
from wellspring.training.report.findings import model_findings, scores, training_warnings
from wellspring.training.report.page_tables import comparison_rows, history_rows, published_rows
from wellspring.training.runs import Run

BASELINE = ("baseline", "-", 0, -0.01, -0.03, 0.0)


@pytest.fixture
def said(make_metrics, make_differences, published):
    """The findings on runs (model, regime, seed, R², lower, upper); a difference below 0.1 is not shown."""

    def findings(*runs, baseline=BASELINE):
        metrics = make_metrics([baseline, *runs], mae=48.3)
        return model_findings(comparison_table(metrics, published), make_differences(metrics))

    return findings


def test_scores_span_the_intervals_of_all_seeds(make_metrics, published):
    runs = [("linear", "structure", 1, 0.3, 0.2, 0.4), ("linear", "structure", 2, 0.1, 0.0, 0.3)]
    (score,) = scores(comparison_table(make_metrics(runs), published))
    assert (score.n_seeds, score.value, score.lower, score.upper) == (2, pytest.approx(0.2), 0.0, 0.4)


def test_a_clear_model_is_better_than_the_baseline(said):
    second, first = said(("simple_cnn", "structure", 7, 0.46, 0.38, 0.53))
    assert first.startswith(
        "The baseline, which predicts the mean of the training cells for every cell, is off by 48.3"
    )
    assert second == (
        "simple_cnn (structure) explains 46 % of the variance of the target on 100 test cells "
        "(R² 0.46, 95 % interval 0.38 to 0.53): better than the baseline (difference 0.47, 95 % interval 0.37 to 0.57)."
    )


def test_a_difference_that_may_be_none_is_not_called_better(said):
    text = said(("linear", "structure", 7, 0.08, 0.05, 0.2))[0]
    assert text.endswith(
        "(R² 0.08, 95 % interval 0.05 to 0.20): not shown to be better than the baseline "
        "(difference 0.09, 95 % interval −0.01 to 0.19)."
    )


def test_what_counts_is_the_difference_and_not_the_intervals(said):
    text = said(("linear", "structure", 7, 0.3, -0.2, 0.4))[0]
    assert text.endswith(
        "95 % interval −0.20 to 0.40): better than the baseline (difference 0.31, 95 % interval 0.21 to 0.41)."
    )


def test_a_model_below_the_baseline_is_called_worse(said):
    text = said(("linear", "structure", 7, -0.4, -0.6, -0.2))[0]
    assert "explains none of the variance" in text
    assert text.endswith(": worse than the baseline (difference −0.39, 95 % interval −0.49 to −0.29).")


def test_seeds_are_counted(said):
    text = said(("linear", "structure", 1, 0.3, 0.2, 0.4), ("linear", "structure", 2, 0.1, 0.05, 0.2))[0]
    assert "R² 0.20, mean of 2 seeds, whose 95 % intervals span 0.05 to 0.40" in text


def test_without_a_value_nothing_is_claimed(said):
    text = said(("linear", "structure", 1, math.nan, math.nan, math.nan))[0]
    assert text == "linear (structure): R² is not defined on 100 test cells, whose true values do not differ."


def test_models_that_are_apart_and_models_that_are_not(said):
    texts = said(
        ("linear", "structure", 7, 0.18, 0.10, 0.26),
        ("simple_cnn", "structure", 7, 0.46, 0.38, 0.53),
        ("xception", "structure", 7, 0.41, 0.33, 0.48),
    )
    assert (
        "Among the models trained on structure, simple_cnn has the highest R² (0.46). It is better than linear "
        "(difference 0.28, 95 % interval 0.18 to 0.38). Whether it is better than xception (difference 0.05, 95 % "
        "interval −0.05 to 0.15) these test cells do not settle."
    ) in texts


def test_regimes_that_are_apart(said):
    texts = said(("linear", "color-structure", 7, 0.38, 0.30, 0.46), ("linear", "structure", 7, 0.18, 0.10, 0.26))
    assert texts[1] == (
        "linear: R² is 0.38 with intensities as measured and 0.18 with intensities shifted at random (difference 0.20, "
        "95 % interval 0.10 to 0.30): intensities add information that this model cannot get from structure alone."
    )


def test_regimes_the_other_way_round(said):
    texts = said(("linear", "color-structure", 7, 0.1, 0.05, 0.15), ("linear", "structure", 7, 0.3, 0.2, 0.4))
    assert texts[1].endswith("it does better when it cannot rely on intensities.")


def test_regimes_that_may_be_equal(said):
    texts = said(("linear", "color-structure", 7, 0.3, 0.2, 0.4), ("linear", "structure", 7, 0.25, 0.1, 0.35))
    assert texts[1].endswith("(difference 0.05, 95 % interval −0.05 to 0.15): a difference is not shown.")


def test_one_model_in_one_regime_is_compared_with_nothing(said):
    assert len(said(("linear", "structure", 7, 0.3, 0.2, 0.4))) == 2


def test_runs_that_were_still_learning_are_reported(make_history):
    histories = {
        Run("linear", "structure", 7): make_history([3.0, 2.0, 1.0]),
        Run("simple_cnn", "structure", 7): make_history([3.0, 1.0, 2.0]),
    }
    (text,) = training_warnings(histories, epochs=3)
    assert text.startswith(
        "The last of 3 epochs was the best for linear (structure, seed 7): more training might help."
    )
    assert training_warnings(histories, epochs=4) == []


def test_metrics_with_their_intervals_baseline_first(metrics, published):
    grid = comparison_rows(comparison_table(metrics, published), file="metrics.csv")
    assert len(grid.rows) == 5
    assert grid.rows[0][:2] == ("baseline (training mean)", "-")
    assert grid.rows[4] == (
        *("simple_cnn", "structure", "2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00", "0.46\n0.38 to 0.53"),
        *("2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00"),
    )
    assert "100 test cells" in grid.note


def test_metrics_of_several_seeds_have_a_column_for_them(make_metrics, published):
    runs = [("linear", "structure", seed, 0.3, 0.2, 0.4) for seed in (1, 2)]
    grid = comparison_rows(comparison_table(make_metrics(runs), published), file="metrics.csv")
    assert grid.head[2] == "Seed"
    assert [row[2] for row in grid.rows] == ["1", "2", "mean"]
    assert grid.rows[2][5] == "0.30"
    assert grid.strong == [2]


def test_published_figures_stand_apart_and_say_so(metrics, published):
    (grid,) = published_rows(comparison_table(metrics, published))
    assert grid.rows == [("linear", "structure", *["1.50"] * 6)]
    assert grid.note.startswith("Somebody 2020, table 1. These figures are of another data set")
    assert published_rows(comparison_table(metrics, published.head(0))) == []


def test_training_runs(make_history):
    histories = {Run("linear", "structure", 3): make_history([9.0, 5.0, 6.0, 7.0])}
    assert history_rows(histories).rows == [("linear", "structure", "3", "4", "2", "5.00", "2.0")]


def test_a_run_without_a_valid_epoch(make_history):
    histories = {Run("linear", "structure", 3): make_history([math.nan])}
    assert history_rows(histories).rows == [("linear", "structure", "3", "1", "–", "–", "0.5")]


SETTINGS = {
    "models": ["linear", "simple_cnn"],
    "regimes": ["color-structure", "structure"],
    "seeds": [7],
    "epochs": 3,
    "patience": 2,
    "batch_size": 8,
    "huber_delta": 1.0,
    "learning_rate": {"linear": 0.01, "simple_cnn": 0.0005, "xception": 1.0},
}


def test_the_chapter_has_all_figures_and_tables_and_its_captions_end_in_numbers(
    metrics, published, manifest, make_differences, make_history, empty_svg, tmp_path
):
    runs = {
        Run(model, regime, 7): make_history([3.0, 2.0, 1.0])
        for model in SETTINGS["models"]
        for regime in SETTINGS["regimes"]
    }
    chapter = chapter_of(
        comparison_table(metrics, published),
        make_differences(metrics),
        runs,
        manifest,
        figures=Figures(empty_svg, empty_svg, tmp_path / "metrics.csv", dict.fromkeys(SETTINGS["models"], empty_svg)),
        captions={"metrics": "Errors.", "histories": "Epochs.", "predictions": "Dots."},
        settings=SETTINGS,
        bootstrap_samples=500,
        stratify=["cell_cycle"],
        target_channel="EU",
    )
    write_chapter(chapter, tmp_path / "training.json")
    assert read_chapter(tmp_path / "training.json").title == "Models"
    assert chapter.picture.title == "Comparison of the models"
    assert chapter.picture.caption.startswith("Errors. Here: 100 test cells of one well, 500 resamples of them; ")
    assert chapter.findings[0].startswith("simple_cnn (color-structure) explains 52 % of the variance")
    said = [*chapter.findings, *chapter.sections[0].findings]
    assert len(chapter.findings) == MOST_FINDINGS
    assert said == model_findings(comparison_table(metrics, published), make_differences(metrics))
    assert "more training might help" in chapter.warnings[0]
    assert ("Learning rates", "linear 0.01, simple_cnn 0.0005") in chapter.settings
    parts = [part for section in chapter.sections for part in section.parts]
    drawn = {part.title: part.caption for part in parts if isinstance(part, Illustration)}
    assert list(drawn) == [
        "Comparison of the models",
        "Training",
        "Predictions of linear",
        "Predictions of simple_cnn",
    ]
    assert drawn["Training"] == "Epochs. Here: 4 training runs, 2 validation cells, baseline 2.5."
    assert drawn["Predictions of linear"] == "Dots. Here: linear on 2 test cells, divided by cell_cycle."
    tables = [part.title for part in parts if not isinstance(part, Illustration)]
    assert tables == ["Metrics on the test cells", "Published figures, other data", "Training runs"]
