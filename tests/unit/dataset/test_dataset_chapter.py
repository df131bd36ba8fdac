"""The chapter on the dataset: its tables and warnings, numbers as people write them."""

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.dataset.report.chapter import DatasetTables, Files, chapter_of, settings_rows
from wellspring.dataset.report.composition import composition_table
from wellspring.dataset.report.filtering import criteria_table, filter_table
from wellspring.dataset.report.page_tables import composition_rows, criteria_rows, normalization_rows, well_rows
from wellspring.dataset.report.warnings import dataset_warnings, filter_warnings
from wellspring.dataset.settings import Criterion, DatasetSettings, NormalizationSettings, SplitSettings
from wellspring.report.chapter import Illustration, PageTable, read_chapter, write_chapter
from wellspring.report.style import new_figure, save_figure

SETTINGS = DatasetSettings(
    target_channel="EU",
    input_channels=None,
    filter=(Criterion("is_border_cell", (1,)),),
    select={"cell_cycle": ("G1", "S")},
    split=SplitSettings(train=0.8, validation=0.1, stratify=("cell_cycle",), group=None, seed=1),
    normalization=NormalizationSettings(98.0, clip=True, mean_extraction=False, linear_scaling=False, z_score=True),
)


def test_criteria_are_numbered_and_start_from_the_cells_found(filtered):
    grid = criteria_rows(criteria_table(filtered), n_cells=14)
    assert list(grid.rows) == [
        ("", "(cells found)", "", "", "14"),
        ("1", "is_border_cell is 1", "4", "4", "10"),
        ("2", "cell_cycle is missing", "6", "4", "6"),
    ]


def test_wells_with_the_total_set_off(filtered):
    grid = well_rows(filter_table(filtered), file="filter.csv")
    assert grid.head[-2:] == ("Removed\nby no. 1", "Removed\nby no. 2")
    assert grid.rows[0] == ("p1", "A01", "0", "0", "–", "0", "0")
    assert grid.rows[-1] == ("all", "all", "14", "6", "42.9", "4", "4")
    assert grid.strong == [3]
    assert not grid.folded


def test_many_wells_are_folded(make_filtered):
    wells = [("p", f"A{i:02d}", 1) for i in range(1, 25)]
    assert well_rows(filter_table(make_filtered(*wells)), file="q.csv").folded


def test_cells_by_set_and_annotation(manifest):
    by_set, by_cycle, by_level = composition_rows(
        composition_table(manifest, columns=["cell_cycle"]), file="dataset.csv"
    )
    assert by_set.rows == [("cells", "6\n60.00 %", "2\n20.00 %", "2\n20.00 %", "10\n100.00 %")]
    assert by_cycle.title == "Cells by set and cell_cycle"
    assert by_cycle.head == ["cell_cycle", "Train", "Validation", "Test", "Total"]
    assert by_cycle.rows[0] == ("G1", "3\n50.00 %", "1\n50.00 %", "1\n50.00 %", "5\n50.00 %")
    assert by_level.title == "Cells by set and target level"
    assert by_level.rows[2] == ("high", "1\n16.67 %", "0\n0.00 %", "1\n50.00 %", "2\n20.00 %")


def test_normalization_with_and_without_a_cut():
    row = {"channel": "DAPI", "n_px": 1200, "percentile": 98.0, "upper": 1500.0, "mean": 700.0, "std": 80.5}
    table = pd.DataFrame([{**row, "clip": 1500.0, "shift": 700.0, "scale": 80.5}] * 2)
    table.loc[1, "clip"] = math.inf
    grid = normalization_rows(table, file="normalization.parquet")
    assert grid.rows[0] == ("DAPI", "1,200", "1,500", "700.0", "80.50", "1,500", "700.0", "80.50")
    assert grid.rows[1][5] == "no cut"
    assert grid.head[2] == "Percentile 98"
    assert grid.folded


def test_empty_and_emptied_wells(filtered):
    empty, emptied = filter_warnings(filter_table(filtered))
    assert empty.startswith("No cells were found in 1 well: p1 / A01. ")
    assert emptied.startswith("No cells are left in 1 well: p1 / B03. ")


def test_a_long_list_of_wells_is_cut(make_filtered):
    (text,) = filter_warnings(filter_table(make_filtered(*[("p", f"A{i:02d}", 0) for i in range(1, 13)])))
    assert "12 wells: p / A01," in text
    assert "p / A10 and 2 more." in text


def test_good_wells_need_no_warning(make_filtered):
    assert filter_warnings(filter_table(make_filtered(("p", "A01", 3)))) == []


def test_few_test_cells_and_cropped_cells(manifest):
    few, cropped = dataset_warnings(manifest, image_size=64, select={})
    assert few.startswith("The test set has 2 cells. Below 50,")
    assert cropped.startswith("1 of 10 cells (10.0 %) are larger than the image (64 px)")


def test_a_large_test_set_of_complete_cells_needs_no_warning(manifest):
    cells = pd.concat([manifest[manifest["split"] == "test"].assign(is_cropped=False)] * 25)
    assert len(cells) == 50
    select = {"cell_cycle": sorted(set(cells["cell_cycle"]))}
    assert dataset_warnings(cells, image_size=64, select=select) == []


def test_a_chosen_value_that_no_cell_has_is_reported(manifest):
    text = dataset_warnings(manifest, image_size=64, select={"cell_cycle": ["G1", "G3", None]})[1]
    assert text.startswith(
        "No cell of the dataset has G3 as its cell_cycle, which dataset.select names; the cells have "
    )
    assert text.endswith("Check the config and the sheet for a typo.")


def test_the_settings_are_those_of_the_schema() -> None:
    assert_settings_match_schema(DatasetSettings, block_schema("dataset"))


def test_what_was_done_is_listed() -> None:
    rows = dict(settings_rows(SETTINGS, image_size=64))
    assert rows["Predicted"] == "mean EU of a cell"
    assert rows["Input channels"] == "all but the target"
    assert rows["Image"] == "64 × 64 px around a cell"
    assert rows["Split"] == "80 % train, 10 % validation, 10 % test"
    assert rows["Kept in one set"] == "each cell by itself"
    assert rows["Normalization per channel"] == (
        "cut at percentile 98, then mean subtracted, divided by the standard deviation"
    )
    grouped = replace(SETTINGS, input_channels=("DAPI", "PML"), split=replace(SETTINGS.split, group="well"))
    rows = dict(settings_rows(grouped, image_size=64))
    assert rows["Input channels"] == "2: DAPI, PML"
    assert rows["Kept in one set"] == "cells of the same well"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    figure = tmp_path / "figure.svg"
    save_figure(new_figure(height_mm=20, width_mm=100), figure)
    tables = [tmp_path / name for name in ("filter.csv", "dataset.csv", "normalization.parquet")]
    return Files(figure, tables[0], figure, tables[1], tables[2])


def test_the_chapter_tells_the_target_and_who_was_left_out(filtered, manifest, files: Files, tmp_path: Path) -> None:
    row = {"channel": "DAPI", "n_px": 1200, "percentile": 98.0, "upper": 1500.0, "mean": 700.0, "std": 80.5}
    tables = DatasetTables(
        manifest=manifest,
        filtered=filtered,
        normalization=pd.DataFrame([{**row, "clip": 1500.0, "shift": 700.0, "scale": 80.5}]),
        counts=filter_table(filtered),
        composition=composition_table(manifest, columns=["cell_cycle"]),
    )
    captions = {"filter": "Blue: kept.", "dataset": "The target."}
    chapter = chapter_of(tables, files=files, captions=captions, settings=SETTINGS, image_size=64)
    assert chapter.findings == [
        "6 of 14 cells (42.9 %) are in the dataset: 6 for training, 2 for validation, 2 for the test."
    ]
    assert len(chapter.warnings) == 4
    assert chapter.picture is not None
    assert chapter.picture.caption == (
        "The target. Here: EU, n = 10 cells, mean 4.40, standard deviation 2.62; cells at 1.78 or less are low, at "
        "7.02 or more high. The last panels show the same cells by cell_cycle."
    )
    target, removed = chapter.sections
    assert [part.title for part in target.parts if isinstance(part, PageTable)] == [
        *("Cells by set", "Cells by set and cell_cycle", "Cells by set and target level"),
        "Normalization of the 1 channels",
    ]
    (figure,) = (part for part in removed.parts if isinstance(part, Illustration))
    assert figure.caption == "Blue: kept. Each bar is a well. In all, 6 of 14 cells (42.9 %) in 3 wells were kept."
    assert dict(chapter.settings)["Cells in the dataset"] == "10"
    write_chapter(chapter, tmp_path / "dataset.json")
    assert read_chapter(tmp_path / "dataset.json").title == "Dataset"
