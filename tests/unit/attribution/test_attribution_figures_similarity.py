"""Figures of similarity and of groups: what is drawn."""

import numpy as np
import pandas as pd

from wellspring.attribution.report.groups import groups_figure
from wellspring.attribution.report.similarity import matrix_figure, similar_figure

RUN = {"model": "simple_cnn", "regime": "structure", "seed": 7}


def make_similar():
    """Two map channels: SON looks like itself in 3 of 4 low cells and like PML in one, PML always like itself."""
    rows = []
    for level in ("low", "all"):
        rows += [
            (level, "all", "PML", 5, 62.5, 62.5),
            (level, "all", "SON", 3, 37.5, 100.0),
            (level, "SON", "SON", 3, 75.0, 75.0),
            (level, "SON", "PML", 1, 25.0, 100.0),
            (level, "PML", "PML", 4, 100.0, 100.0),
        ]
    names = ["level", "channel", "image_channel", "n_maps", "percent", "cumulative"]
    return pd.DataFrame(rows, columns=names).assign(**RUN)


def test_bars_are_percentages_with_sums_above():
    low, medium, high = similar_figure(make_similar()).axes
    assert [bar.get_height() for bar in low.patches] == [62.5, 37.5]
    assert [text.get_text() for text in low.texts] == ["62", "100"]
    assert [label.get_text() for label in low.get_xticklabels()] == ["PML", "SON"]
    assert "n = 8" in low.get_title(loc="left")
    assert not medium.patches
    assert not high.patches


def test_the_matrix_has_a_row_per_map_channel():
    axes = matrix_figure(make_similar()).axes[0]
    picture = np.asarray(axes.images[0].get_array())
    assert picture.tolist() == [[25.0, 75.0], [100.0, 0.0]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["SON", "PML"]
    assert sorted(text.get_text() for text in axes.texts) == ["100", "25", "75"]


def test_groups_are_drawn_by_level_most_important_first():
    rows = [
        (grouping, group, level, mean)
        for grouping in ("correlation", "marker")
        for group, mean in (("x", 0.2), ("y", 0.8))
        for level in ("low", "medium", "high", "all")
    ]
    importance = pd.DataFrame(rows, columns=["grouping", "group", "level", "mean"])
    importance = importance.assign(lower=importance["mean"] - 0.1, upper=importance["mean"] + 0.1, n_channels=2)
    names = ["a", "b"]
    pairs = [(one, other, 1.0 if one == other else 0.3) for one in names for other in names]
    correlation = pd.DataFrame(pairs, columns=["channel", "other", "correlation"])
    found = groups_figure(importance, correlation).axes
    assert [label.get_text() for label in found[0].get_yticklabels()] == ["y (2)", "x (2)"]
    assert [round(bar.get_width()) for bar in found[1].patches] == [80, 20] * 3
    assert np.asarray(found[2].images[0].get_array()).tolist() == [[1.0, 0.3], [0.3, 1.0]]
