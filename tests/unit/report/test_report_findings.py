"""Sentences say what the numbers say, and no more."""

import math

import pytest
from wellspring.report.findings import (
    channel_findings,
    completeness_finding,
    completeness_warnings,
    model_findings,
    scores,
    training_warnings,
)

from wellspring.attribution.report.importance import Completeness, ranking_table
from wellspring.training.report.comparison import comparison_table

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
    first, second = said(("simple_cnn", "structure", 7, 0.46, 0.38, 0.53))
    assert first.startswith(
        "The baseline, which predicts the mean of the training cells for every cell, is off by 48.3"
    )
    assert second == (
        "simple_cnn (structure) explains 46 % of the variance of the target on 100 test cells "
        "(R² 0.46, 95 % interval 0.38 to 0.53): better than the baseline."
    )


def test_a_difference_that_may_be_none_is_not_called_better(said):
    text = said(("linear", "structure", 7, 0.08, 0.05, 0.2))[1]
    assert text.endswith(
        "(R² 0.08, 95 % interval 0.05 to 0.20): not shown to be better than the baseline "
        "(difference 0.09, 95 % interval −0.01 to 0.19)."
    )


def test_what_counts_is_the_difference_and_not_the_intervals(said):
    text = said(("linear", "structure", 7, 0.3, -0.2, 0.4))[1]
    assert text.endswith("95 % interval −0.20 to 0.40): better than the baseline.")


def test_a_model_below_the_baseline_is_called_worse(said):
    text = said(("linear", "structure", 7, -0.4, -0.6, -0.2))[1]
    assert "explains none of the variance" in text
    assert text.endswith(": worse than the baseline.")


def test_seeds_are_counted(said):
    text = said(("linear", "structure", 1, 0.3, 0.2, 0.4), ("linear", "structure", 2, 0.1, 0.05, 0.2))[1]
    assert "R² 0.20, mean of 2 seeds, whose 95 % intervals span 0.05 to 0.40" in text


def test_without_a_value_nothing_is_claimed(said):
    text = said(("linear", "structure", 1, math.nan, math.nan, math.nan))[1]
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
    assert texts[-1] == (
        "linear: R² is 0.38 with intensities as measured and 0.18 with intensities shifted at random (difference 0.20, "
        "95 % interval 0.10 to 0.30): intensities add information that this model cannot get from structure alone."
    )


def test_regimes_the_other_way_round(said):
    texts = said(("linear", "color-structure", 7, 0.1, 0.05, 0.15), ("linear", "structure", 7, 0.3, 0.2, 0.4))
    assert texts[-1].endswith("it does better when it cannot rely on intensities.")


def test_regimes_that_may_be_equal(said):
    texts = said(("linear", "color-structure", 7, 0.3, 0.2, 0.4), ("linear", "structure", 7, 0.25, 0.1, 0.35))
    assert texts[-1].endswith("(difference 0.05, 95 % interval −0.05 to 0.15): a difference is not shown.")


def test_one_model_in_one_regime_is_compared_with_nothing(said):
    assert len(said(("linear", "structure", 7, 0.3, 0.2, 0.4))) == 2


def test_top_channels_and_marked_ones(importance):
    texts = channel_findings(ranking_table(importance), marked=["SON", "DAPI", "EU"])
    assert texts == [
        "The highest mean shares of the score belong to SON (50.0 %), PML (30.0 %) and DAPI (20.0 %), of 3 channels; "
        "with equal shares each would have 33.3 %.",
        "Ranks of the marked channels: SON 1 and DAPI 3; 1 of the 2 are among the first 2.",
        "Marked, but not an input of this model: EU.",
    ]


def test_nothing_marked_nothing_said_about_marks(importance):
    assert len(channel_findings(ranking_table(importance), marked=[])) == 1


def test_no_cells_no_channel_findings(importance):
    assert channel_findings(ranking_table(importance.head(0)), marked=["SON"]) == []


def test_completeness_within_5_percent():
    small = Completeness(n_cells=3, median=0.004, worst=0.25)
    assert completeness_finding("linear", small) == (
        "linear: the integrated gradients sum to the change of the prediction within 0.4 % (median of 3 cells; "
        "worst cell 25 %)."
    )
    assert completeness_warnings("linear", small) == []
    assert completeness_warnings("linear", Completeness(n_cells=3, median=0.05, worst=0.05)) == []


def test_completeness_beyond_5_percent_warns():
    (text,) = completeness_warnings("linear", Completeness(n_cells=3, median=0.06, worst=2.0))
    assert "by 6 % in the median cell, more than 5 %. Raise attribution.max_steps" in text


def test_completeness_of_a_constant_model_warns():
    nothing = Completeness(n_cells=0, median=math.nan, worst=math.nan)
    assert "no prediction differs" in completeness_finding("linear", nothing)
    (text,) = completeness_warnings("linear", nothing)
    assert text.endswith("its maps say nothing.")


def test_runs_that_were_still_learning_are_told(make_history):
    histories = {
        ("linear", "structure", 7): make_history([3.0, 2.0, 1.0]),
        ("simple_cnn", "structure", 7): make_history([3.0, 1.0, 2.0]),
    }
    (text,) = training_warnings(histories, epochs=3)
    assert text.startswith(
        "The last of 3 epochs was the best for linear (structure, seed 7): more training might help."
    )
    assert training_warnings(histories, epochs=4) == []
