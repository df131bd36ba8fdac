"""Ranking of the channels, completeness, and their figures."""

import math

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.report.importance import (
    completeness_of,
    importance_figure,
    ranking_table,
    sanity_figure,
    top_channels,
)
from wellspring.attribution.tables import RANKING
from wellspring.tables import check_table


def _mean(table, channel, level):
    return table[(table["channel"] == channel) & (table["level"] == level)].iloc[0]


def test_ranks_follow_the_mean_over_all_cells(importance):
    table = check_table(ranking_table(importance), RANKING, source="test")
    assert table.drop_duplicates("channel")[["channel", "rank"]].to_numpy().tolist() == [
        ["SON", 1],
        ["PML", 2],
        ["DAPI", 3],
    ]
    assert table[table["channel"] == "SON"]["level"].tolist() == ["low", "medium", "high", "all"]


def test_means_and_intervals_by_hand(importance):
    table = ranking_table(importance)
    low = _mean(table, "SON", "low")
    # Shares 0.6 and 0.4: mean 0.5, s = 0.1414, s/sqrt(2) = 0.1, and t(0.995; 1) = 63.6567: all that a share can be.
    assert (low["n_cells"], low["mean"]) == (2, pytest.approx(0.5))
    assert [low["lower"], low["upper"]] == [0, 1]
    assert math.isnan(_mean(table, "SON", "medium")["lower"])
    assert _mean(table, "DAPI", "all")["mean"] == pytest.approx(0.2)


def test_equal_means_keep_the_order_of_the_channels(importance):
    table = ranking_table(importance.assign(importance=1 / 3))
    assert top_channels(table, n=3) == ["DAPI", "SON", "PML"]


def test_top_channels_are_at_most_those_there(importance):
    table = ranking_table(importance)
    assert top_channels(table, n=2) == ["SON", "PML"]
    assert top_channels(table, n=9) == ["SON", "PML", "DAPI"]


def test_no_cells_no_rows(importance):
    assert len(ranking_table(importance.head(0))) == 0


def test_completeness_leaves_out_what_is_not_defined(completeness):
    found = completeness_of(completeness)
    assert (found.n_cells, found.median, found.worst) == (3, 0.03, 0.08)


def test_completeness_of_nothing(completeness):
    found = completeness_of(completeness.tail(1))
    assert found.n_cells == 0
    assert math.isnan(found.median)


def test_bars_are_percentages_by_level_most_important_first(importance):
    figure = importance_figure(ranking_table(importance), marked=["PML", "not a channel"])
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["SON", "PML", "DAPI"]
    assert [tick.get_fontweight() for tick in axes.get_yticklabels()] == ["normal", "bold", "normal"]
    low, medium, high = (c for c in axes.containers if hasattr(c, "datavalues"))
    assert [bar.get_width() for bar in low] == pytest.approx([50.0, 30.0, 20.0])
    assert [bar.get_width() for bar in medium] == pytest.approx([50.0, 30.0, 20.0])
    assert [bar.get_width() for bar in high] == pytest.approx([50.0, 30.0, 20.0])
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "low target (n = 2)",
        "medium target (n = 1)",
        "high target (n = 1)",
        "equal shares",
        "marked channel",
    ]
    dotted = next(line for line in axes.lines if line.get_linestyle() == ":")
    assert dotted.get_xdata()[0] == pytest.approx(100 / 3)
    assert axes.get_title(loc="left") == "Importance of the channels"


def test_interval_lines_reach_from_lower_to_upper(importance):
    wider = pd.concat([importance, importance.assign(object_id=importance["object_id"] + 10)])
    table = ranking_table(wider)
    axes = importance_figure(table, marked=[]).axes[0]
    spans = [s[:, 0].tolist() for c in axes.collections for s in c.get_segments()]
    row = _mean(table, "SON", "low")
    assert [100 * row["lower"], 100 * row["upper"]] in [pytest.approx(span) for span in spans]


def test_intervals_of_two_cells_do_not_blow_up_the_axis(importance):
    # The interval of SON in low cells reaches to 687 %; the highest mean is 50 %.
    axes = importance_figure(ranking_table(importance), marked=[]).axes[0]
    assert axes.get_xlim() == pytest.approx((0, 105.0))


def test_the_axis_ends_beyond_the_highest_interval(importance):
    narrow = importance.assign(importance=importance["importance"].where(importance["channel"] != "SON", 0.5))
    overall = ranking_table(narrow.assign(importance=narrow.groupby("channel")["importance"].transform("mean")))
    assert importance_figure(overall, marked=[]).axes[0].get_xlim()[1] == pytest.approx(52.5)


def test_more_than_20_channels_show_20_and_say_so(importance):
    rows = [importance.head(3).assign(channel=[f"c{i}a", f"c{i}b", f"c{i}c"], importance=1 / 24) for i in range(8)]
    figure = importance_figure(ranking_table(pd.concat(rows)), marked=[])
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == 20
    assert axes.get_title(loc="left") == "Importance of the channels (the 20 most important of 24 channels)"


def test_sanity_curves_and_the_line_that_they_must_reach(sanity, texts):
    figure = sanity_figure(sanity)
    first, second = figure.axes
    dotted = [next(line for line in axes.lines if line.get_linestyle() == ":") for axes in figure.axes]
    assert [line.get_ydata()[0] for line in dotted] == [10.0, 4.0]
    curve = next(line for line in first.lines if line.get_linestyle() == "-")
    assert curve.get_xdata().tolist() == [0.0, 0.5, 1.0]
    assert curve.get_ydata().tolist() == [0.0, 6.0, 10.1]
    assert {"gap 1.00 %", "gap 0.00 %"} <= set(texts(figure))
    assert "cell 2" in second.get_title(loc="left")


def test_sanity_without_a_difference_states_the_gap_itself(sanity, texts):
    assert "gap 10.10" in texts(sanity_figure(sanity.head(3).assign(difference=0.0)))


def test_sanity_draws_six_cells_at_most(sanity):
    many = pd.concat([sanity.assign(object_id=sanity["object_id"] + 2 * i) for i in range(4)])
    assert len(sanity_figure(many).axes) == 6


def test_sanity_of_no_cells_is_an_empty_figure(sanity):
    assert sanity_figure(sanity.head(0)).axes == []


def test_importance_of_no_cells_has_no_bars(importance):
    axes = importance_figure(ranking_table(importance.head(0)), marked=["SON"]).axes[0]
    assert [len(c) for c in axes.containers if hasattr(c, "datavalues")] == [0, 0, 0]
    assert np.isfinite(axes.get_xlim()).all()
