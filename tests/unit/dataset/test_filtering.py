"""Cells kept and removed: tables by hand, and what the figure shows."""

import pytest

from wellspring.dataset.report.filtering import criteria_table, filter_figure, filter_table, well_position
from wellspring.dataset.tables import FILTER_COUNTS
from wellspring.tables import check_table

CRITERION = "is_border_cell is 1"


def test_one_row_per_well_in_order_and_the_total_last(filtered):
    table = check_table(filter_table(filtered), FILTER_COUNTS, source="test")
    assert table[["plate", "well"]].to_numpy().tolist() == [["p1", "A01"], ["p1", "B02"], ["p1", "B03"], ["all", "all"]]
    assert table["n_cells"].tolist() == [0, 10, 4, 14]
    assert table["n_left"].tolist() == [0, 6, 0, 6]
    assert table["removed: is_border_cell is 1"].tolist() == [0, 3, 1, 4]
    assert table["removed: cell_cycle is missing"].tolist() == [0, 1, 3, 4]


def test_percentages_and_none_for_a_well_without_cells(filtered):
    percent = filter_table(filtered)["percent_left"]
    assert percent.isna().tolist() == [True, False, False, False]
    assert percent[1:].tolist() == pytest.approx([60.0, 0.0, 100 * 6 / 14])


def test_without_criteria_all_cells_are_left(make_filtered):
    table = filter_table(make_filtered(("p", "A01", 5)))
    assert table[["n_cells", "n_left", "percent_left"]].to_numpy().tolist() == [[5, 5, 100.0], [5, 5, 100.0]]
    assert not [name for name in table.columns if name.startswith("removed")]


def test_a_criterion_that_comes_twice_has_two_columns(make_filtered):
    table = filter_table(make_filtered(("p", "A01", 5, (CRITERION, 2, 2), (CRITERION, 2, 0))))
    names = [f"removed: {CRITERION} (step 1)", f"removed: {CRITERION} (step 2)"]
    assert table[names].to_numpy().tolist() == [[2, 0], [2, 0]]


def test_a_well_without_its_first_step_is_an_error(filtered):
    broken = filtered[~((filtered["well"] == "B03") & (filtered["step"] == 0))]
    with pytest.raises(ValueError, match=r"step 0.*\('p1', 'B03'\)"):
        filter_table(broken)


def test_numbers_that_do_not_add_up_are_an_error(filtered):
    broken = filtered.assign(n_removed=filtered["n_removed"].where(filtered["well"] != "B02", 1))
    with pytest.raises(ValueError, match=r"cells left.*\('p1', 'B02'\)"):
        filter_table(broken)


def test_criteria_are_summed_over_wells_in_order(filtered):
    table = criteria_table(filtered)
    assert table["criterion"].tolist() == ["is_border_cell is 1", "cell_cycle is missing"]
    assert table[["n_matching", "n_removed", "n_left"]].to_numpy().tolist() == [[4, 4, 10], [6, 4, 6]]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("A01", (0, 0)),
        ("B7", (1, 6)),
        ("P24", (15, 23)),
        ("AF48", (31, 47)),
        ("AG01", None),
        ("A49", None),
        ("f1", None),
    ],
)
def test_well_positions(name, place):
    assert well_position(name) == place


def test_bars_are_as_long_as_the_numbers(filtered, texts):
    figure = filter_figure(filter_table(filtered))
    axes = figure.axes[0]
    kept, border, cycle = axes.containers
    assert [bar.get_width() for bar in kept] == [0, 6, 0]
    assert [(bar.get_x(), bar.get_width()) for bar in border] == [(0, 0), (6, 3), (0, 1)]
    assert [(bar.get_x(), bar.get_width()) for bar in cycle] == [(0, 0), (9, 1), (1, 3)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["A01", "B02", "B03"]
    shown = texts(figure)
    assert {"no cells found", "6 of 10", "0 of 4", "kept", "removed: is_border_cell is 1"} <= set(shown)


def test_two_plates_are_named_in_the_labels(make_filtered):
    figure = filter_figure(filter_table(make_filtered(("p1", "A01", 5), ("p2", "A01", 6))))
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["p1 / A01", "p2 / A01"]


def test_many_wells_become_maps_of_their_plates(make_filtered):
    names = [f"{row}{column:02d}" for row in "ABCD" for column in range(1, 13)]
    wells = [("p", name, 10, (CRITERION, 4, 10 if name == "B03" else 4)) for name in names]
    figure = filter_figure(filter_table(make_filtered(*wells)))
    bars, percent, count = figure.axes[:3]
    assert [bar.get_width() for bar in bars.containers[0]] == [47 * 6]
    values = percent.images[0].get_array()
    assert values.shape == (8, 12)
    assert values[1, 2] == 0
    assert values[0, 0] == 60
    assert values.mask[4:].all()
    assert not values.mask[:4].any()
    assert count.images[0].get_array()[3, 11] == 6
    empty = percent.lines[0]
    assert (empty.get_xdata().tolist(), empty.get_ydata().tolist()) == ([2], [1])


def test_many_wells_without_positions_become_a_list_of_the_worst(make_filtered):
    wells = [("p", f"field{i:02d}", 100, (CRITERION, i, i)) for i in range(50)]
    figure = filter_figure(filter_table(make_filtered(*wells)))
    axes = figure.axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    assert labels == [f"field{i:02d}" for i in range(49, 9, -1)]
    assert axes.get_title(loc="left") == "The 40 of 50 wells that kept the smallest share of their cells"
