"""Fields of cells with mRNA, protein and MTOC as TIFF files: to a report, and what a changed key runs again."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from scipy import ndimage

from tests.workflow.studies import Snakemake, said
from tests.workflow.test_every_key import Job, Planned, carry_out, jobs_of, to_be_run, to_run, write_config
from wellspring.interaction.tables import INTERACTION, INTERACTION_SUMMARY
from wellspring.simulation.interaction import Placement, draw_cell, draw_image
from wellspring.tables import read_table

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

CONFIG: dict[str, Any] = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": "{well}_{channel}.tif", "pixel_size_um": 0.2, "background": {"IF": 100}},
    "segmentation": {"nucleus_channel": "DAPI", "cells": {"channel": "CELL"}},
    "spots": {"channels": ["RNA"], "sigma_px": 1.2},
    "interaction": {
        "reference": "even",
        "time": None,
        "channels": {"mrna": "RNA", "protein": "IF"},
        "mtoc": {"channel": "MTOC"},
        "measure": {"n_radii": 20, "n_simulations": 4},
    },
}
OTHERS: tuple[dict[str, Any], ...] = (
    {"channels.mrna": None},
    {"channels.height": "CELL"},
    {"mtoc.min_confidence": 0.5},
    {"mtoc.channel": None, "mtoc.table": "mtocs.csv"},
    {"mtoc.channel": None, "mtoc.columns": ["my", "mx"]},
)


def _field(placement: Placement, *, seed: int) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """Images of two cells next to each other, by channel, and where their MTOCs are."""
    rng = np.random.default_rng(seed)
    light = {name: np.full((180, 360), 100.0) for name in ("DAPI", "CELL", "RNA", "IF", "MTOC")}
    mtocs = []
    for number in range(2):
        form = draw_cell(rng)
        box = np.s_[10:170, 10 + 180 * number : 170 + 180 * number]
        mrna = draw_image(form, placement, name="m", is_mrna=True, n_molecules=150, rng=rng)
        protein = draw_image(form, placement, name="p", is_mrna=False, n_molecules=150, rng=rng)
        light["DAPI"][box] += 900 * form.nucleus
        light["CELL"][box] += 600 * form.cell
        light["IF"][box] += protein.intensity
        for name, points, height, sigma in (("RNA", mrna.spots[:, 1:], 900, 1.2), ("MTOC", [form.mtoc], 900, 2)):
            for point in points:
                single = np.zeros(form.cell.shape)
                row, column = np.clip(np.rint(point).astype(int), 0, 159)
                single[row, column] = height * 2 * np.pi * sigma**2
                light[name][box] += ndimage.gaussian_filter(single, sigma, truncate=3)
        mtocs.append(np.add(form.mtoc, [10, 10 + 180 * number]))
    noisy = {name: rng.poisson(ndimage.gaussian_filter(one, 0.5)).astype(np.uint16) for name, one in light.items()}
    return noisy, mtocs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wells of two cells, one with molecules at the membrane and at the MTOC, and the true MTOCs in a table."""
    folder = tmp_path_factory.mktemp("images")
    known = []
    wells = (("A01", "even", Placement()), ("A02", "placed", Placement(periphery=3, mtoc=3)))
    for seed, (well, _, placement) in enumerate(wells):
        images, mtocs = _field(placement, seed=seed)
        for name, image in images.items():
            tifffile.imwrite(folder / f"{well}_{name}.tif", image)
        known += [("p", well, "1", y, x) for y, x in mtocs]
    rows = [{"plate": "p", "well": well, "path": ".", "gene": gene, "my": 90, "mx": 90} for well, gene, _ in wells]
    pd.DataFrame(rows).to_csv(folder / "wells.tsv", sep="\t", index=False)
    table = pd.DataFrame(known, columns=["plate", "well", "site", "y_px", "x_px"])
    table.to_csv(folder / "mtocs.csv", index=False)
    write_config(folder, CONFIG)
    return folder


def test_a_study_of_images_ends_in_statistics_and_a_chapter(folder: Path, run: Snakemake) -> None:
    result = run(folder, "results/report/chapters/interaction.json")
    assert result.returncode == 0, result.stdout + result.stderr
    cells = read_table(folder / "results/interaction/cells.parquet", INTERACTION)
    assert cells.groupby(["gene", "molecule"]).size().to_dict() == {
        (gene, molecule): 2 for gene in ("even", "placed") for molecule in ("mrna", "protein")
    }
    assert (cells["mtoc_confidence"] > 0.5).all()
    means = cells.groupby(["gene", "molecule"])[["periphery", "quadrant_1"]].mean()
    for molecule in ("mrna", "protein"):
        assert (means.loc[("placed", molecule)] > 1.1 * means.loc[("even", molecule)]).all()
        assert means.loc[("even", molecule), "quadrant_1"] == pytest.approx(1, abs=0.2)
    table = read_table(folder / "results/report/interaction.csv", INTERACTION_SUMMARY)
    assert {"mrna_peripheral_enrichment", "protein_mtoc_enrichment"} <= set(table["statistic"])
    assert set(table["time"]) == {"all"}
    assert set(table["condition"].fillna("")) == {""}
    chapter = json.loads((folder / "results/report/chapters/interaction.json").read_text(encoding="utf-8"))
    assert any(line.startswith("mRNA in the quadrant of the MTOC") for line in chapter["findings"])


def test_a_table_of_mtocs_of_other_wells_is_reported_before_any_job(
    folder: Path, tmp_path: Path, run: Snakemake
) -> None:
    study = Path(shutil.copytree(folder, tmp_path / "study", ignore=shutil.ignore_patterns("results", ".snakemake")))
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    config["interaction"]["mtoc"] = {"table": "mtocs.csv"}
    write_config(study, config)
    table = (study / "mtocs.csv").read_text(encoding="utf-8")
    (study / "mtocs.csv").write_text(table.replace("p,A", "P,A"), encoding="utf-8")
    result = run(study, "--dry-run")
    assert result.returncode != 0
    assert "mtocs.csv: expected plates and wells of the sheet, p/A01, p/A02; found P/A01, P/A02" in said(result)


@pytest.fixture(scope="module")
def planned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Job, Planned]]:
    """A copy of the study, carried out without its scripts, and its jobs."""
    copy = tmp_path_factory.mktemp("planned") / "study"
    copy.mkdir()
    for path in folder.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    carry_out(copy)
    return copy, jobs_of(copy)[0]


@pytest.mark.parametrize("changes", OTHERS, ids=str)
def test_a_changed_key_measures_again_and_finds_no_spot_again(
    changes: dict[str, Any], planned: tuple[Path, dict[Job, Planned]]
) -> None:
    study, before = planned
    config = yaml.safe_load(yaml.safe_dump(CONFIG))
    for key, value in changes.items():
        block, name = key.split(".")
        config["interaction"][block][name] = value
    write_config(study, config)
    after, _ = jobs_of(study)
    expected = to_be_run(before, after)
    assert to_run(after) == expected
    rules = {rule for rule, _ in expected}
    assert {"interaction_measure", "interaction_summarize", "interaction_chapter"} <= rules
    assert not rules & {"raw_describe", "segmentation_cells", "spots_detect"}
