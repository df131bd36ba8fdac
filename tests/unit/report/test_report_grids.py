"""Tables of the page: numbers as people write them."""

import math

import pytest
from wellspring.report.grids import (
    comparison_grid,
    histories_grid,
    published_grid,
    ranking_grid,
    trend_grid,
)

from wellspring.attribution.report.importance import ranking_table
from wellspring.report.style import number
from wellspring.training.report.comparison import comparison_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1926.4, "1,926"),
        (380.25, "380.2"),
        (33.083, "33.08"),
        (0.46, "0.46"),
        (0.01234, "0.0123"),
        (-0.5, "−0.50"),
        (0.0, "0.00"),
        (-0.00001, "0.0000"),
        (math.nan, "–"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_numbers_take_their_decimals_from_their_neighbours():
    assert number(0.0593, scale=48.0) == "0.06"
    assert number(-0.001, scale=1.0) == "0.00"
    assert number(12.0, scale=2000.0) == "12"


def test_metrics_with_their_intervals_baseline_first(metrics, published):
    grid = comparison_grid(comparison_table(metrics, published), file="metrics.csv")
    assert len(grid.rows) == 5
    assert grid.rows[0][:2] == ("baseline (training mean)", "-")
    assert grid.rows[4] == (
        *("simple_cnn", "structure", "2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00", "0.46\n0.38 to 0.53"),
        *("2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00", "2.00\n1.00 to 3.00"),
    )
    assert "100 test cells" in grid.note


def test_metrics_of_several_seeds_have_a_column_for_them(make_metrics, published):
    runs = [("linear", "structure", seed, 0.3, 0.2, 0.4) for seed in (1, 2)]
    grid = comparison_grid(comparison_table(make_metrics(runs), published), file="metrics.csv")
    assert grid.head[2] == "Seed"
    assert [row[2] for row in grid.rows] == ["1", "2", "mean"]
    assert grid.rows[2][5] == "0.30"
    assert grid.strong == frozenset({2})


def test_published_figures_stand_apart_and_say_so(metrics, published):
    (grid,) = published_grid(comparison_table(metrics, published))
    assert grid.rows == [("linear", "structure", *["1.50"] * 6)]
    assert grid.note.startswith("Somebody 2020, table 1. These figures are of another data set")
    assert published_grid(comparison_table(metrics, published.head(0))) == []


def test_training_runs(make_history):
    histories = {("linear", "structure", 3): make_history([9.0, 5.0, 6.0, 7.0])}
    assert histories_grid(histories).rows == [("linear", "structure", "3", "4", "2", "5.00", "2.0")]


def test_a_run_without_a_valid_epoch(make_history):
    histories = {("linear", "structure", 3): make_history([math.nan])}
    assert histories_grid(histories).rows == [("linear", "structure", "3", "1", "–", "–", "0.5")]


def test_ranking_in_percent_with_intervals(importance):
    grid = ranking_grid(ranking_table(importance), file="importance.csv")
    assert [row[:2] for row in grid.rows] == [("1", "SON"), ("2", "PML"), ("3", "DAPI")]
    overall, low, medium, high = grid.rows[0][2:]
    assert overall.split("\n")[0] == "50.00"
    assert low == "50.00\n−586.57 to 686.57"
    assert (medium, high) == ("50.00", "50.00")


def test_trends_stand_in_the_order_of_their_evidence(trend):
    grid = trend_grid(trend, file="trend.csv")
    assert grid.rows == [("SON", "−0.80", "0.002", "0.004"), ("DAPI", "+0.10", "0.7", "0.7"), ("PML", "–", "–", "–")]
    assert "more than one level: 4, wells: 2." in grid.note
