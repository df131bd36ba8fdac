"""A plate with a condition and controls, to a report that compares them, as a user runs it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.studies import change_config, planned
from wellspring.groups.tables import CONTRASTS
from wellspring.report.chapter import read_chapter
from wellspring.simulation.smfish_plate import SmfishSettings, SmfishWell, simulate_smfish_plate
from wellspring.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.workflow

# The drug halves the spots; the last well is empty.
WELLS = (*(SmfishWell(f"A0{n}", 4, 40.0) for n in (1, 2, 3)), *(SmfishWell(f"B0{n}", 4, 10.0) for n in (1, 2, 3)))
TINY = SmfishSettings(wells=(*WELLS, SmfishWell("C01", 0, 0.0)), shape=(5, 180, 180), nucleus_px=36.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plate, its sheet with a condition, and the shipped config."""
    folder = tmp_path_factory.mktemp("groups")
    simulate_smfish_plate(folder / "plate", settings=TINY, seed=5)
    sheet = pd.read_csv(folder / "plate/wells.tsv", sep="\t", dtype=str)
    conditions = ["DMSO"] * 3 + ["drug"] * 3 + [None]
    sheet.assign(condition=conditions, note="fresh").to_csv(folder / "plate/wells.tsv", sep="\t", index=False)
    config = yaml.safe_load((ROOT / "config/smfish/config.yaml").read_text(encoding="utf-8"))
    config["report"] = {**config["report"], "group_by": "condition", "controls": ["DMSO"]}
    config["cells"] = {"features": {"families": ["shape"]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(folder: Path, run: Snakemake) -> Path:
    """The folder after the whole workflow ran on it."""
    result = run(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_the_drug_is_compared_with_the_controls(finished: Path) -> None:
    contrasts = read_table(finished / "results/tables/groups.csv", CONTRASTS).set_index("measure")
    row = contrasts.loc["spots_per_cell_RNA"]
    assert (row["group"], row["control"], row["counted"]) == ("drug", "DMSO", "well")
    assert (row["n_units_all"], row["n_units_control_all"]) == (3, 3)
    # 40 spots a cell, and 10.
    assert row["difference_all"] == pytest.approx(-30, abs=8)
    assert row["high_all"] < 0
    ratios = pd.read_csv(finished / "results/tables/wells_ratio.csv").set_index("well")
    assert ratios["spots_per_cell_RNA"]["B01":"B03"].max() < 0.6  # type: ignore[misc]
    assert "C01" not in ratios.index


def test_the_report_begins_with_the_plate_and_has_the_groups(finished: Path) -> None:
    page = (finished / "results/report/report.html").read_text(encoding="utf-8")
    order = [page.index(f'<section id="{name}">') for name in ("plates", "segmentation", "spots", "groups", "methods")]
    assert order == sorted(order)
    assert "Without a value in the column condition, so in no group: 1 well: smfish01 / C01." in page
    plates = pd.read_csv(finished / "results/report/plates.csv").set_index("well")
    assert "no nuclei" in plates["reasons"]["C01"]
    # The empty well is among the odd ones, which are drawn before typical ones.
    gallery = read_chapter(finished / "results/report/chapters/spots.json").sections[0].parts
    tiles = next(part.tiles for part in gallery if part.kind == "gallery")
    odd = [tile.title for tile in tiles if tile.is_odd]
    assert [tile.title for tile in tiles[: len(odd)]] == odd
    assert any(title.startswith("smfish01 / C01") for title in odd)
    assert (tiles[0].is_odd, tiles[-1].is_odd) == (True, False)
    assert len(tiles) == 6


def test_annotations_and_controls_rerun_what_depends_on_them_and_read_no_pixels(finished: Path) -> None:
    path = finished / "plate/wells.tsv"
    text = path.read_text(encoding="utf-8")
    sheet = pd.read_csv(path, sep="\t", dtype=str)
    # The tables of all cells hold the sheet, and nothing else does.
    tables = {"cells_tables", "cells_chapter", "report_page"}
    edited = sheet["note"].where(sheet["well"] != "A01", "thawed twice")
    for changed in (sheet.assign(note=edited), sheet.assign(remark="x")):
        changed.to_csv(path, sep="\t", index=False)
        assert set(planned(finished)) == tables
    sheet.assign(condition=sheet["condition"].replace({"drug": "other"})).to_csv(path, sep="\t", index=False)
    assert set(planned(finished)) == {*tables, "groups_compare", "groups_chapter", "spots_chapter"}
    path.write_text(text, encoding="utf-8")
    change_config(finished, report={"controls": ["drug"]})
    assert set(planned(finished)) == {"groups_compare", "groups_chapter", "spots_chapter", "report_page"}


def test_a_group_that_is_not_there_is_reported_before_any_job(folder: Path) -> None:
    change_config(folder, report={"controls": ["DMS0"]})
    with pytest.raises(ValueError, match=r"'DMS0' is no value of the column condition \(did you mean DMSO\?\)"):
        planned(folder)
