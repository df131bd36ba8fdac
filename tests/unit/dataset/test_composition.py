"""What the dataset holds: counts and percentages by hand, and the curves of the figure."""

import numpy as np
import pytest

from wellspring.dataset.report.composition import LEVEL, MISSING, composition_table, dataset_figure, group_values
from wellspring.dataset.tables import COMPOSITION
from wellspring.tables import check_table


def _of(table, grouping, value):
    rows = table[(table["grouping"] == grouping) & (table["value"] == value)].set_index("split")
    return rows.loc[["train", "validation", "test", "total"]]


def test_sets_are_counted_in_percent_of_all_cells(manifest):
    table = check_table(composition_table(manifest, columns=[]), COMPOSITION, source="test")
    rows = _of(table, "split", "all")
    assert rows["n_cells"].tolist() == [6, 2, 2, 10]
    assert rows["percent"].tolist() == [60.0, 20.0, 20.0, 100.0]
    assert len(table[table["grouping"] == "split"]) == 4


def test_values_are_counted_in_percent_of_their_set(manifest):
    table = composition_table(manifest, columns=["cell_cycle", "no_such_column"])
    assert list(dict.fromkeys(table["grouping"])) == ["split", "cell_cycle", LEVEL]
    g1 = _of(table, "cell_cycle", "G1")
    assert g1["n_cells"].tolist() == [3, 1, 1, 5]
    assert g1["percent"].tolist() == [50.0, 50.0, 50.0, 50.0]
    missing = _of(table, "cell_cycle", MISSING)
    assert missing["n_cells"].tolist() == [1, 0, 0, 1]
    assert missing["percent"].tolist() == pytest.approx([100 / 6, 0.0, 0.0, 10.0])


def test_values_come_most_frequent_first(manifest):
    table = composition_table(manifest, columns=["cell_cycle"])
    train = table[(table["grouping"] == "cell_cycle") & (table["split"] == "train")]
    assert train["value"].tolist() == ["G1", "S", MISSING]


def test_levels_are_counted_from_low_to_high(manifest):
    # Mean 4.4, sd 2.62: low is 1, high are 9 (train) and 8 (test).
    table = composition_table(manifest, columns=[])
    levels = table[table["grouping"] == LEVEL]
    assert levels["value"].tolist() == ["low", "medium", "high"] * 4
    assert _of(table, LEVEL, "low")["n_cells"].tolist() == [1, 0, 0, 1]
    assert _of(table, LEVEL, "medium")["n_cells"].tolist() == [4, 2, 1, 7]
    assert _of(table, LEVEL, "high")["n_cells"].tolist() == [1, 0, 1, 2]
    assert _of(table, LEVEL, "high")["percent"].tolist() == pytest.approx([100 / 6, 0.0, 50.0, 20.0])


def test_a_set_without_cells_counts_0_and_has_no_percentage(manifest):
    table = composition_table(manifest[manifest["split"] != "test"], columns=["cell_cycle"])
    assert _of(table, "split", "all").loc["test", "n_cells"] == 0
    assert np.isnan(_of(table, "cell_cycle", "G1").loc["test", "percent"])


def test_numbers_are_groups_too(manifest):
    values = group_values(manifest.assign(duration=[120] * 5 + [360] * 5), "duration")
    assert values.tolist() == ["120"] * 5 + ["360"] * 5


def test_figure_shows_sets_levels_and_one_panel_per_annotation(manifest, texts):
    figure = dataset_figure(manifest, columns=["cell_cycle", "no_such_column"], target_channel="00_EU")
    assert len(figure.axes) == 3
    by_split, levels, by_cycle = figure.axes
    labels = [text.get_text() for text in by_split.get_legend().get_texts()]
    assert labels == ["train (n = 6)", "validation (n = 2)", "test (n = 2)"]
    means = [line.get_xdata()[0] for line in by_split.lines]
    assert means == pytest.approx([4.0, 4.5, 5.5])
    cycle = [text.get_text() for text in by_cycle.get_legend().get_texts()]
    assert cycle == ["G1 (n = 5)", "S (n = 4)", "(missing) (n = 1)"]
    assert levels.get_xlabel() == "Mean 00_EU per cell (intensity units)"


def test_curves_are_percentages_of_their_group(manifest):
    axes = dataset_figure(manifest, columns=[], target_channel="EU").axes[0]
    for curve in axes.patches:
        assert curve.get_data().values.sum() == pytest.approx(100.0)


def test_levels_are_drawn_at_mean_and_one_sd(manifest, texts):
    # Targets: mean 4.4, population variance (11.56+5.76+1.96+.16+.36+21.16+5.76+6.76+1.96+12.96)/10 = 6.84.
    figure = dataset_figure(manifest, columns=[], target_channel="EU")
    levels = figure.axes[1]
    sd = 6.84**0.5
    assert [line.get_xdata()[0] for line in levels.lines] == pytest.approx([4.4, 4.4 - sd, 4.4 + sd])
    # Low: 1 (at or below 1.78); high: 9, 8 (at or above 7.02); the other seven are medium.
    shown = texts(figure)
    assert {"low\n1 cells\n10.0 %", "medium\n7 cells\n70.0 %", "high\n2 cells\n20.0 %"} <= set(shown)
    assert levels.patches[0].get_data().values.sum() == 10


def test_equal_targets_can_be_drawn(manifest, texts):
    figure = dataset_figure(manifest.assign(target=5.0), columns=[], target_channel="EU")
    assert "medium\n10 cells\n100.0 %" in texts(figure)
    # Their standard deviation is not 0 but 5e-17.
    rounded = manifest.assign(target=[0.3, 0.1 + 0.2] * 5)
    assert "medium\n10 cells\n100.0 %" in texts(dataset_figure(rounded, columns=[], target_channel="EU"))


def test_rare_values_are_left_out_and_counted_in_the_title(manifest):
    cells = manifest.assign(gene=[f"g{i}" for i in range(10)])
    axes = dataset_figure(cells, columns=["gene"], target_channel="EU").axes[2]
    assert len(axes.patches) == 8
    assert axes.get_title(loc="left").endswith("Target by gene (2 rarer values left out)")


def test_no_cells_cannot_be_counted(manifest):
    with pytest.raises(ValueError, match="one cell or more"):
        composition_table(manifest.head(0), columns=[])


def test_no_cells_is_an_error(manifest):
    with pytest.raises(ValueError, match="one cell or more"):
        dataset_figure(manifest.head(0), columns=[], target_channel="EU")
