"""A newcomer's study: two plates, conditions, replicates, labels of another program, a bad well, an own figure."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.docs.pages import ROOT, Page
from tests.workflow.studies import Snakemake, planned, said
from wellspring.__main__ import main

pytestmark = pytest.mark.workflow

PATTERN = "{well}_s{site}_{channel}.tif"
CENTRES = [(y, x) for y in (30, 75, 120) for x in (30, 75, 120)]
# Wells of each plate with their condition, and how many spots their cells have.
PLATES = {
    "plate1": {"A01": "DMSO", "A02": "drug", "A03": "drug", "A04": "drug"},
    "plate2": {"B01": "DMSO", "B02": "drug"},
}
SPOTS = {"DMSO": 2, "drug": 5}
CONFIG = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": PATTERN, "pixel_size_um": 0.2, "bad_wells": "leave_out"},
    "segmentation": {"method": "given", "pattern": "{well}_s{site}_cells.tif", "nuclei": "{well}_s{site}_nuclei.tif"},
    "spots": {"channels": ["RNA"], "sigma_px": 1.2},
    "cells": {"features": {"families": ["shape"]}},
    "report": {"group_by": "condition", "replicate": "replicate", "controls": ["DMSO"]},
}


def _draw(folder: Path, well: str, *, n_spots: int, seed: int) -> None:
    """One site of 150 x 150 px: nine cells with a nucleus and `n_spots` spots each, and their labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:150, :150]
    rna = rng.poisson(100, (150, 150)).astype(np.float64)
    cells, nuclei = np.zeros((2, 150, 150), np.uint16)
    for label, (cy, cx) in enumerate(CENTRES, start=1):
        distance = np.hypot(y - cy, x - cx)
        cells[distance < 20], nuclei[distance < 9] = 10 * label, label
        for angle in 2 * np.pi * np.arange(n_spots) / n_spots:
            py, px = cy + 14 * np.sin(angle), cx + 14 * np.cos(angle)
            rna += 900 * np.exp(-((y - py) ** 2 + (x - px) ** 2) / 2.9)
    for name, image in (("RNA", rna.astype(np.uint16)), ("cells", cells), ("nuclei", nuclei)):
        tifffile.imwrite(folder / f"{well}_s1_{name}.tif", image, photometric="minisblack")


def _plate(folder: Path, plate: str, *, append: bool) -> None:
    """The files of a plate, and its wells in the sheet with condition and replicate, as a user fills them in."""
    (folder / plate).mkdir()
    for number, (well, condition) in enumerate(PLATES[plate].items()):
        _draw(folder / plate, well, n_spots=SPOTS[condition], seed=number)
    sheet = folder / "wells.tsv"
    options = ["--pattern", PATTERN, "--plate", plate, "--output", str(sheet)]
    assert main(["sheet", str(folder / plate), *options, *(["--append"] if append else [])]) == 0
    rows = pd.read_csv(sheet, sep="\t", dtype=str)
    if not append:
        rows = rows.assign(condition=None, replicate=None)
    for well, condition in PLATES[plate].items():
        own = (rows["plate"] == plate) & (rows["well"] == well)
        rows.loc[own, ["condition", "replicate"]] = [condition, plate[-1]]
    rows.to_csv(sheet, sep="\t", index=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """Two plates, the second one added to the sheet of the first; of two wells of the first labels cannot be used."""
    folder = tmp_path_factory.mktemp("two_plates")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    _plate(folder, "plate1", append=False)
    _plate(folder, "plate2", append=True)
    (folder / "plate1/A03_s1_cells.tif").unlink()
    shutil.copy(folder / "plate1/A04_s1_nuclei.tif", folder / "A04_nuclei.tif")
    (folder / "plate1/A04_s1_nuclei.tif").write_bytes(b"")
    result = run(folder)
    assert result.returncode == 0, said(result)
    assert "2 wells were left out:\n  plate1/A03: segmentation.pattern, well plate1/A03: " in said(result)
    assert "\n  plate1/A04: " in said(result)
    return folder


def test_cells_of_both_plates_are_in_one_table_with_the_labels_of_the_files(study: Path) -> None:
    # The label images have the names of channels, but are none.
    assert pd.read_csv(study / "results/raw/channels.csv")["channel"].tolist() == ["RNA"]
    cells = pd.read_parquet(study / "results/tables/cells.parquet")
    assert cells.groupby(["plate", "well"]).size().tolist() == [9, 9, 9, 9]
    assert sorted(cells.loc[cells["well"] == "B02", "label_in_site"]) == [10 * n for n in range(1, 10)]
    counts = cells.groupby(["plate", "condition"])["Cells_Spots_n_spots_RNA"].mean()
    expected = {(plate, condition): n for plate in ("plate1", "plate2") for condition, n in SPOTS.items()}
    assert counts.to_dict() == pytest.approx(expected, abs=0.35)


def test_conditions_are_compared_within_replicates_without_the_bad_well(study: Path) -> None:
    groups = pd.read_csv(study / "results/tables/groups.csv").set_index("measure")
    row = groups.loc["spots_per_cell_RNA"]
    assert (row["group"], row["control"], row["n_units_all"], row["n_units_control_all"]) == ("drug", "DMSO", 2, 2)
    assert row["difference_all"] == pytest.approx(3, abs=0.5)
    # Two pairs: of four arrangements of signs two are as far.
    assert row["p_lowest_all"] == pytest.approx(0.5)
    page = (study / "results/report/report.html").read_text(encoding="utf-8")
    assert "Well plate1/A03 was left out: segmentation.pattern, well plate1/A03: " in page
    assert "<title>A03: no value</title>" in page
    assert pd.read_csv(study / "results/report/plates.csv").set_index("well")["reasons"]["A03"] == "left out"
    wells = pd.read_csv(study / "results/tables/wells.csv", keep_default_na=False).set_index("well")
    assert wells["n_cells"].tolist() == wells["n_nuclei"].tolist() == [9, 9, 0, 0, 9, 9]
    assert wells.loc[wells["doubts"].str.startswith("left out: "), "doubts"].index.tolist() == ["A03", "A04"]
    assert "A04_s1_nuclei.tif: " in wells["doubts"]["A04"]
    # They were not looked at, so that they have no nuclei is no news.
    assert "No nuclei were found" not in page
    assert (study / "results/report/pages/groups.html").is_file()


def test_a_figure_from_the_tables_takes_five_lines(study: Path) -> None:
    code = Page(ROOT / "docs/outputs.md").runnable("spots per cell by condition")
    assert len([line for line in code.splitlines() if line.strip()]) == 5
    environment = {"MPLBACKEND": "Agg"}
    subprocess.run([sys.executable, "-c", code], cwd=study, env=environment, check=True, capture_output=True)
    assert (study / "spots_per_cell.png").stat().st_size > 1000


def test_labels_that_are_mended_bring_their_well_back_and_read_no_pixels_of_others(study: Path) -> None:
    shutil.move(study / "A04_nuclei.tif", study / "plate1/A04_s1_nuclei.tif")
    again = planned(study, "results/tables/cells.parquet")
    assert [again[rule] for rule in ("raw_describe", "segmentation_nuclei", "spots_detect", "cells_measure")] == [1] * 4
