"""Columns that the config names, known before any job runs."""

from wellspring.dataset.columns import named_columns, unknown_columns

BLOCK = {
    "filter": [{"column": "is_border_cell", "drop": [1]}, {"column": "mean_EU", "drop": [0]}],
    "select": {"perturbation": ["normal"]},
    "split": {"stratify": ["cell_cycle"], "group": "well"},
}


def test_columns_by_the_key_that_names_them() -> None:
    assert named_columns(BLOCK) == {
        "dataset.filter": ["is_border_cell", "mean_EU"],
        "dataset.select": ["perturbation"],
        "dataset.split.stratify": ["cell_cycle"],
        "dataset.split.group": ["well"],
    }
    ungrouped = {**BLOCK, "split": {"stratify": [], "group": None}}
    assert named_columns(ungrouped)["dataset.split.group"] == []


def test_columns_of_the_sheet_of_the_cells_and_means_are_known() -> None:
    sheet, cells = ["plate", "well", "path", "perturbation"], ["plate", "well", "is_border_cell", "cell_cycle"]
    assert unknown_columns(named_columns(BLOCK), sheet=sheet, cells=cells, prefix="mean_") == []


def test_unknown_columns_are_reported_with_their_key_and_what_is_close() -> None:
    sheet, cells = ["well", "Perturbation"], ["well", "is_border_cell"]
    first, second, known = unknown_columns(named_columns(BLOCK), sheet=sheet, cells=cells, prefix="mean_")
    assert first == (
        "dataset.select: 'perturbation' is a column of neither the cells nor the sheet (did you mean Perturbation?)"
    )
    assert second == "dataset.split.stratify: 'cell_cycle' is a column of neither the cells nor the sheet"
    assert "columns are Perturbation, is_border_cell, well, mean_<channel>" in known
