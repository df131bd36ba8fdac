"""Sizes of wells: counted, or by bytes and densities."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from wellspring.plan.sizes import Densities, FolderSizes, WellSize, densities, planned_sizes, recorded_sizes
from wellspring.plan.tasks import PlannedJob, Task
from wellspring.plan.workflow import FileCounts, Plan

RAW = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": None}
CONFIG = {
    "raw": RAW,
    "segmentation": {"method": "log_otsu"},
    "dataset": {"split": {"train": 0.5, "validation": 0.25}},
}


def _describe(folder: Path, well: str, **values: Any) -> None:
    path = folder / "results" / "raw" / "P" / f"{well}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = {"format": "tiff", "channels": ["A", "B"], "n_files": 4, "n_sites": 3, "n_values": 800, **values}
    path.write_text(json.dumps(shown), encoding="utf-8")


def _table(path: Path, n_rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"x": range(n_rows)}).to_parquet(path)


def _plan(*wells: str, described: tuple[str, ...] = ()) -> Plan:
    jobs = [PlannedJob(Task("raw_describe", {"plate": "P", "well": well}, {}), 1, 0, None, ()) for well in described]
    return Plan(CONFIG, {("P", well): Path("plate") for well in wells}, jobs, {}, FileCounts(0, 0, 0, 0))


def test_results_say_how_large_a_well_was(tmp_path: Path) -> None:
    _describe(tmp_path, "A1")
    _table(tmp_path / "results/cells/crops/P/A1.parquet", 20)
    _table(tmp_path / "results/dataset/P/A1.parquet", 15)
    assert recorded_sizes(tmp_path).wells == {("P", "A1"): WellSize("tiff", 2, 4, 800.0, 3.0, 20, 15)}


def test_runs_say_their_epochs_and_the_cells_they_explained(tmp_path: Path) -> None:
    history = tmp_path / "results/training/linear/structure/1/history.csv"
    history.parent.mkdir(parents=True)
    history.write_text("epoch,seconds\n1,2.5\n2,1.5\n", encoding="utf-8")
    _table(tmp_path / "results/attribution/linear/structure/1/completeness.parquet", 7)
    found = recorded_sizes(tmp_path)
    assert found.epochs == {("linear", "structure", "1"): (2, 4.0)}
    assert found.explained == {("linear", "structure", "1"): 7}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "tiff"}'])
def test_a_damaged_or_older_description_says_nothing(tmp_path: Path, text: str) -> None:
    _describe(tmp_path, "A1")
    (tmp_path / "results/raw/P/A1.json").write_text(text, encoding="utf-8")
    assert recorded_sizes(tmp_path).wells == {}


def test_damaged_tables_and_histories_say_nothing(tmp_path: Path) -> None:
    _describe(tmp_path, "A1")
    for name in ("cells/P/A1.parquet", "training/linear/structure/1/history.csv"):
        (tmp_path / "results" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "results" / name).write_text("epoch\n", encoding="utf-8")
    found = recorded_sizes(tmp_path)
    assert found.wells[("P", "A1")].n_cells is None
    assert found.epochs == {}


def test_densities_are_of_all_counted_wells_of_the_format() -> None:
    wells = {
        ("P", "A1"): WellSize("tiff", 2, 1, 800.0, 1, 8, 4),
        ("P", "A2"): WellSize("tiff", 2, 1, 1200.0, 1, 2, None),
        ("P", "A3"): WellSize("mpm", 2, 1, 10.0, 1, 1000, 1000),
    }
    folder = FolderSizes(Path("none"), wells)
    assert densities([folder], form="tiff") == Densities(10 / 1000, 0.5, 2)
    assert densities([FolderSizes(Path("none"), {})], form="tiff") is None


def test_one_well_is_opened_and_the_others_follow_from_their_bytes(tmp_path: Path) -> None:
    for name, shape in (("A1_1_A", (10, 20)), ("A1_1_B", (10, 20)), ("A2_1_A", (20, 20)), ("A2_1_B", (20, 20))):
        (tmp_path / "plate").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "plate" / f"{name}.tif", np.zeros(shape, np.uint16), photometric="minisblack")
    (tmp_path / "plate" / "A3_1_A.tif").touch()
    counted = FolderSizes(Path("none"), {("P", "Z"): WellSize("tiff", 2, 1, 2000.0, 1, 10, 5)})
    found = planned_sizes(_plan("A1", "A2", "A3"), folder=tmp_path, records=[counted])
    first, second, empty = (found.wells[("P", well)] for well in ("A1", "A2", "A3"))
    assert (first.n_values, first.n_sites, first.n_cells, first.n_chosen) == (400.0, 1.0, 2.0, 1.0)
    # Headers count too, so somewhat less than twice.
    assert second.n_values == pytest.approx(800, rel=0.4)
    assert (empty.n_values, empty.n_cells) == (None, None)
    assert found.total("n_values") is None
    assert found.shares == {"train": 0.5, "validation": 0.25, "test": 0.25}


def test_a_described_well_is_not_opened_unless_it_is_described_again(tmp_path: Path) -> None:
    (tmp_path / "plate").mkdir()
    (tmp_path / "plate" / "A1_1_A.tif").write_bytes(b"no image")
    _describe(tmp_path, "A1")
    found = planned_sizes(_plan("A1"), folder=tmp_path, records=[])
    assert (found.wells[("P", "A1")].n_values, found.notes) == (800.0, ())
    again = planned_sizes(_plan("A1", described=("A1",)), folder=tmp_path, records=[])
    assert again.wells[("P", "A1")].n_values is None
    assert "plate P: the size of 1 wells is not known, well A1 cannot be opened" in again.notes[0]


def test_a_plate_of_empty_files_has_no_known_size(tmp_path: Path) -> None:
    (tmp_path / "plate").mkdir()
    (tmp_path / "plate" / "A1_1_A.tif").touch()
    found = planned_sizes(_plan("A1"), folder=tmp_path, records=[])
    assert found.notes == ("plate P: the size of 1 wells is not known, their files are empty",)
