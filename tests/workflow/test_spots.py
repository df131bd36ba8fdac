"""Stacks of smFISH wells to a report, as a user runs it: a well with spots, one without, one without cells."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from wellspring.segmentation.labels import read_labels
from wellspring.segmentation.tables import WELL_SEGMENTED
from wellspring.simulation.smfish_plate import SmfishSettings, SmfishWell, simulate_smfish_plate
from wellspring.simulation.smfish_truth import compare_smfish
from wellspring.spots.tables import (
    SPOT_QUALITY,
    WELL_SPOT_CURVES,
    WELL_SPOT_FOCI,
    WELL_SPOT_THRESHOLDS,
    WELL_SPOTS,
    WELL_SPOTS_PER_CELL,
)
from wellspring.tables import read_table

ROOT = Path(__file__).resolve().parents[2]
Snakemake = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.workflow

TINY = SmfishSettings(
    wells=(SmfishWell("A01", 3, 20.0), SmfishWell("A02", 2, 0.0), SmfishWell("A03", 0, 0.0)),
    shape=(7, 180, 180),
    nucleus_px=36.0,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plate and the shipped config."""
    folder = tmp_path_factory.mktemp("smfish")
    simulate_smfish_plate(folder / "plate", settings=TINY, seed=5)
    config = yaml.safe_load((ROOT / "config/smfish/config.yaml").read_text(encoding="utf-8"))
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(folder: Path, run: Snakemake) -> Path:
    """The folder after the whole workflow ran on it."""
    result = run(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


def test_the_shipped_smfish_config_plans_its_stages_and_no_training(folder: Path, run: Snakemake) -> None:
    result = run(folder, "--dry-run", "--forceall", configfile=ROOT / "config/smfish/config.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    words = [line.split() for line in (result.stdout + result.stderr).splitlines()]
    counts = {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}
    per_well = ("raw_describe", "segmentation_nuclei", "segmentation_cells", "spots_detect", "cells_measure")
    assert [counts[rule] for rule in per_well] == [3, 3, 3, 3, 3]
    assert [counts[rule] for rule in ("segmentation_chapter", "spots_chapter", "spots_overlays")] == [1, 1, 1]
    assert not [rule for rule in counts if rule.startswith(("cells_crop", "dataset", "training", "attribution"))]


def test_what_was_simulated_is_found(finished: Path) -> None:
    comparison = compare_smfish(finished / "plate", finished / "results")
    assert comparison.wells["n_found_cells"].tolist() == [3, 2, 0]
    assert comparison.wells["f1"][0] > 0.9
    assert comparison.wells["count_error"][0] < 0.15
    assert comparison.wells["n_found_spots"][1:].max() <= 1


@pytest.mark.parametrize("well", ["A01", "A02", "A03"])
def test_every_table_of_every_well_has_its_columns(finished: Path, well: str) -> None:
    base = finished / "results/spots"
    names = {
        "": WELL_SPOTS,
        "cells": WELL_SPOTS_PER_CELL,
        "foci": WELL_SPOT_FOCI,
        "thresholds": WELL_SPOT_THRESHOLDS,
        "curves": WELL_SPOT_CURVES,
    }
    tables = {name: read_table(base / name / f"smfish01/{well}.parquet", table) for name, table in names.items()}
    other = pd.read_parquet(base / "smfish01/A01.parquet")
    assert tables[""].dtypes.astype(str).to_dict() == other.dtypes.astype(str).to_dict()
    assert len(tables["thresholds"]) == 1
    assert not tables["thresholds"]["is_unstable"].any()
    objects = read_table(finished / f"results/segmentation/objects/smfish01/{well}.parquet", WELL_SEGMENTED)
    assert len(objects) == len(tables["cells"])


def test_keys_of_cells_agree_between_stages(finished: Path) -> None:
    labels = read_labels(finished / "results/segmentation/cells/smfish01/A01.ome.tif")
    assert list(labels) == ["1"]
    cells = pd.read_parquet(finished / "results/spots/cells/smfish01/A01.parquet")
    spots = pd.read_parquet(finished / "results/spots/smfish01/A01.parquet")
    assert cells["object_id"].tolist() == [1, 2, 3]
    assert spots[spots["label_in_site"] > 0].groupby("object_id").size().tolist() == cells["n_spots"].tolist()


def test_the_report_tells_of_spots_and_of_the_empty_well_only(finished: Path) -> None:
    page = (finished / "results/report/report.html").read_text(encoding="utf-8")
    assert "Spots per cell" in page
    assert "No nuclei were found in 1 well: smfish01 / A03" in page
    assert "Comparison of the models" not in page
    quality = read_table(finished / "results/report/spots.csv", SPOT_QUALITY)
    assert quality["n_cells"].tolist() == [3, 2, 0]
    assert {path.name for path in (finished / "results").iterdir()} == {
        *("raw", "segmentation", "spots", "cells", "tables", "report")
    }


def test_spots_per_cell_are_in_the_table_of_cells_with_their_well(finished: Path) -> None:
    cells = pd.read_parquet(finished / "results/tables/cells.parquet")
    spots = pd.read_parquet(finished / "results/spots/cells/smfish01/A01.parquet")
    own = cells[cells["well"] == "A01"].set_index("object_id")
    assert own["Cells_Spots_n_spots_RNA"].to_dict() == dict(zip(spots["object_id"], spots["n_spots"], strict=True))
    wells = pd.read_csv(finished / "results/tables/wells.csv")
    assert wells["n_cells"].tolist() == [3, 2, 0]


def test_a_second_run_does_nothing(finished: Path, run: Snakemake) -> None:
    result = run(finished)
    assert "Nothing to be done" in result.stdout + result.stderr


def test_spots_without_cells_are_counted_in_nuclei(folder: Path, run: Snakemake) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["segmentation"]["cells"] = None
    path = folder / "nuclei.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(folder, "--dry-run", "--forceall", configfile=path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "spots_detect" in result.stdout + result.stderr
    assert "segmentation_cells" not in result.stdout + result.stderr
    # Nuclei have a chapter of their own.
    assert "segmentation_chapter" in result.stdout + result.stderr
