"""Single cells with mRNA and protein to a report, as a user runs it, and what a changed key or file runs again."""

import os
import shutil
from pathlib import Path
from typing import Any

import h5py
import pandas as pd
import pytest
import yaml

from tests.workflow.studies import ROOT, Snakemake
from tests.workflow.test_every_key import carry_out, jobs_of, to_be_run, to_run, write_config
from wellspring.interaction.tables import INTERACTION, INTERACTION_SUMMARY
from wellspring.simulation.interaction_plate import InteractionSettings, simulate_interaction_plate
from wellspring.tables import read_table

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

OTHERS: dict[str, Any] = {
    "interaction.reference": "gene_a",
    "interaction.gene": "other_gene",
    "interaction.molecule": "other_molecule",
    "interaction.time": "other_time",
    "interaction.condition": "other_condition",
    "interaction.control": None,
    "interaction.n_permutations": 500,
    "interaction.seed": 2,
    "interaction.measure.peripheral_isoline": 40,
    "interaction.measure.n_sectors": 4,
    "interaction.measure.n_stripes": 2,
    "interaction.measure.slice_px": 2,
    "interaction.measure.n_radii": 20,
    "interaction.measure.n_simulations": 10,
    "interaction.measure.min_molecules": 20,
    "interaction.measure.seed": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two genes, mRNA and protein at two times, a well of three cells each, and the shipped config."""
    folder = tmp_path_factory.mktemp("interaction")
    settings = InteractionSettings(n_wells=1, n_images=3)
    sheet = simulate_interaction_plate(folder / "plate", settings=settings, seed=3, report=print)
    wells = pd.read_csv(sheet, sep="\t", dtype=str)
    kept = wells["gene"].isin(["gene_r", "gene_a"]) & wells["time"].isin(["2", "3"]) & (wells["condition"] == "control")
    others = {f"other_{name}": wells[name] for name in ("gene", "molecule", "time", "condition")}
    wells.assign(**others)[kept].to_csv(sheet, sep="\t", index=False)
    config = yaml.safe_load((ROOT / "config/interaction/config.yaml").read_text(encoding="utf-8"))
    write_config(folder, config)
    return folder


@pytest.fixture(scope="module")
def finished(folder: Path, tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """A copy of the folder after the whole workflow ran on it."""
    copy = Path(shutil.copytree(folder, tmp_path_factory.mktemp("finished") / "study"))
    result = run(copy)
    assert result.returncode == 0, result.stderr
    return copy


def test_cells_statistics_and_chapter_are_there(finished: Path) -> None:
    results = finished / "results"
    cells = read_table(results / "interaction/cells.parquet", INTERACTION)
    assert len(cells) == 8 * 3
    assert set(cells["gene"]) == {"gene_r", "gene_a"}
    table = read_table(results / "report/interaction.csv", INTERACTION_SUMMARY)
    assert {"mrna_peripheral_enrichment", "protein_mtoc_enrichment", "temporal_interaction"} <= set(table["statistic"])
    assert list(table.columns[:8]) == [
        *("statistic", "gene", "time", "estimate", "low", "high", "p_value", "n_wells"),
    ]
    page = (results / "report/report.html").read_text(encoding="utf-8")
    assert "mRNA and protein" in page
    assert "have fewer than 3 wells" in page


def test_a_second_run_finds_nothing_to_do(finished: Path, run: Snakemake) -> None:
    assert "Nothing to be done" in (again := run(finished)).stdout + again.stderr


def test_a_replaced_file_runs_its_own_well_again_and_what_compares_wells(folder: Path, tmp_path: Path) -> None:
    study = Path(shutil.copytree(folder, tmp_path / "study"))
    carry_out(study)
    path = next(iter(sorted((study / "plate/wells").glob("*.h5"))))
    with h5py.File(path, "r+") as tree:
        tree.attrs["note"] = "written again"
    os.utime(path, (1_000_000_000, 1_000_000_000))
    rules = dict(sorted(to_run(jobs_of(study)[0])))
    assert rules["raw_describe"] == rules["interaction_measure"] == f"plate=simulated,well={path.stem}"
    assert {"interaction_summarize", "interaction_chapter", "report_page"} <= set(rules)


@pytest.fixture(scope="module")
def planned(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder, carried out without its scripts."""
    copy = Path(shutil.copytree(folder, tmp_path_factory.mktemp("planned") / "study"))
    carry_out(copy)
    return copy


@pytest.mark.parametrize("key", OTHERS)
def test_all_that_depends_on_a_key_is_run_again_and_nothing_else(key: str, planned: Path) -> None:
    before, _ = jobs_of(planned)
    kept = (planned / "config.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(kept)
    block = config
    *above, last = key.split(".")
    for name in above:
        block = block.setdefault(name, {})
    block[last] = OTHERS[key]
    write_config(planned, config)
    try:
        after, _ = jobs_of(planned)
    finally:
        (planned / "config.yaml").write_text(kept, encoding="utf-8")
    expected = to_be_run(before, after)
    assert expected, "no job depends on the key"
    assert to_run(after) == expected
    if not key.startswith("interaction.measure"):
        assert "interaction_measure" not in {rule for rule, _ in expected}


def test_every_key_of_the_block_is_tried() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/interaction.schema.yaml").read_text(encoding="utf-8"))
    # Channels and MTOCs are those of images: test_interaction_images.py.
    names = [f"interaction.{name}" for name in schema["properties"] if name not in ("measure", "channels", "mtoc")]
    names += [f"interaction.measure.{name}" for name in schema["properties"]["measure"]["properties"]]
    assert set(OTHERS) == set(names)


@pytest.mark.parametrize(
    ("name", "message", "is_error"),
    [
        ("Gene_R", "'Gene_R' (well simulated/A01) differs from interaction.reference, gene_r, in case", True),
        ("other", "the gene 'other' (well simulated/A01) has only one well", False),
    ],
)
def test_a_mistake_in_the_sheet_is_reported_before_any_job(
    name: str, message: str, is_error: bool, folder: Path, tmp_path: Path, run: Snakemake
) -> None:
    study = Path(shutil.copytree(folder, tmp_path / "study"))
    wells = pd.read_csv(study / "plate/wells.tsv", sep="\t", dtype=str)
    wells.loc[0, "gene"] = name
    wells.to_csv(study / "plate/wells.tsv", sep="\t", index=False)
    result = run(study, "--dry-run")
    assert message in result.stdout + result.stderr
    assert (result.returncode != 0) == is_error


def test_a_path_that_is_not_there_is_one_message(folder: Path, tmp_path: Path, run: Snakemake) -> None:
    study = Path(shutil.copytree(folder, tmp_path / "study"))
    sheet = study / "plate/wells.tsv"
    sheet.write_text(
        sheet.read_text(encoding="utf-8").replace("/mrna/gene_r/2h", "/mrna/gene_x/2h", 1), encoding="utf-8"
    )
    result = run(study)
    assert result.returncode != 0
    assert "expected a group /mrna/gene_x/2h, found /mrna/gene_r/2h" in result.stdout + result.stderr
