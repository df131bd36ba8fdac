"""A simulated plate from its pixels to the report, and what is done again after a change."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workflow.studies import Snakemake, change_config, planned, said

pytestmark = pytest.mark.workflow


def _times(folder: Path) -> dict[str, int]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in files}


def _wells(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "plate" / "wells.tsv", sep="\t", dtype=str)


def _write_wells(folder: Path, sheet: pd.DataFrame) -> None:
    sheet.to_csv(folder / "plate" / "wells.tsv", sep="\t", index=False)


def _first_well(folder: Path) -> Path:
    return folder / "plate" / _wells(folder)["path"][0]


@pytest.fixture(scope="module")
def finished(simulated_plate: Path, tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """A plate after the whole workflow ran on it; tests that change it must copy it."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    shutil.copytree(simulated_plate, folder)
    # The plate's own table of wells lists one that the sheet does not have yet.
    for table in (folder / "plate").rglob("wells_metadata.csv"):
        known = pd.read_csv(table)
        pd.concat([known, known.iloc[[0]].assign(well_name="Z99")]).to_csv(table, index=False)
    result = run(folder)
    assert result.returncode == 0, said(result)
    return folder


@pytest.fixture
def again(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished plate with its times kept."""
    return Path(shutil.copytree(finished, tmp_path / "again"))


def test_the_whole_workflow_makes_the_report_and_every_log(finished: Path) -> None:
    page = (finished / "results/report/report.html").read_text(encoding="utf-8")
    assert "linear" in page
    manifest = pd.read_parquet(finished / "results/dataset/manifest.parquet")
    assert set(manifest["split"]) == {"train", "validation", "test"}
    cells = pd.concat(pd.read_parquet(p) for p in (finished / "results/cells/crops").rglob("*.parquet"))
    assert cells.groupby(["plate", "well"]).size().tolist() == [60, 60, 60]
    metrics = pd.read_parquet(finished / "results/training/metrics.parquet")
    assert set(metrics["model"]) == {"baseline", "linear"}
    counts = planned(finished, forceall=True)
    for folder, suffix in (("logs", ".log"), ("benchmarks", ".tsv")):
        indices = [path.relative_to(finished / folder) for path in (finished / folder).rglob(f"*{suffix}")]
        rules = [index.parts[0].removesuffix(suffix) for index in indices]
        assert {rule: rules.count(rule) for rule in rules} == counts
    left = [p for p in (finished / "results").rglob(".*") if p.is_file() and p.name != ".snakemake_timestamp"]
    assert left == []


def test_a_second_run_does_nothing(finished: Path, run: Snakemake) -> None:
    before = _times(finished / "results")
    result = run(finished)
    assert result.returncode == 0
    assert "Nothing to be done" in said(result)
    assert _times(finished / "results") == before


def test_a_touched_or_changed_well_reruns_that_well_and_what_is_merged_only(again: Path, run: Snakemake) -> None:
    before = _times(again / "results/cells/crops")
    pixels = np.load(_first_well(again) / "mpp.npy")
    pixels[0, 0] += 1
    np.save(_first_well(again) / "mpp.npy", pixels)
    counts = planned(again)
    assert [counts[rule] for rule in ("raw_describe", "cells_crop", "dataset_select", "training_fit")] == [1, 1, 1, 2]
    result = run(again, "results/dataset/manifest.parquet")
    assert result.returncode == 0, said(result)
    changed = {name for name, time_ns in _times(again / "results/cells/crops").items() if before.get(name) != time_ns}
    row = _wells(again).iloc[0]
    assert changed == {f"{row['plate']}/{row['well']}.parquet", f"{row['plate']}/{row['well']}.arrow"}


def test_a_well_made_again_by_name_is_followed_by_what_is_merged(again: Path, run: Snakemake) -> None:
    row = _wells(again).iloc[0]
    result = run(again, "--dry-run", "--forcerun", f"results/cells/crops/{row['plate']}/{row['well']}.parquet")
    words = [line.split() for line in said(result).splitlines()]
    counts = {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}
    assert (counts["cells_crop"], counts["dataset_select"], counts["dataset_merge"]) == (1, 1, 1)
    assert (counts["training_fit"], counts["report_page"]) == (2, 1)
    assert "raw_describe" not in counts


def test_adding_a_well_makes_that_well_only_and_moves_no_cell(again: Path, run: Snakemake) -> None:
    sheet = _wells(again)
    shutil.copytree(_first_well(again), _first_well(again).with_name("Z99"))
    added = {**sheet.iloc[0].to_dict(), "well": "Z99", "path": str(Path(sheet["path"][0]).with_name("Z99"))}
    structures = again / "known/truth/structures" / sheet["plate"][0]
    shutil.copy2(structures / f"{sheet['well'][0]}.npz", structures / "Z99.npz")
    _write_wells(again, pd.concat([sheet, pd.DataFrame([added])]))
    before = pd.read_parquet(again / "results/dataset/manifest.parquet")
    counts = planned(again)
    assert [counts[rule] for rule in ("raw_describe", "cells_crop", "dataset_select")] == [1, 1, 1]
    result = run(again, "results/dataset/manifest.parquet")
    assert result.returncode == 0, said(result)
    after = pd.read_parquet(again / "results/dataset/manifest.parquet")
    both = before.merge(after, on=["plate", "well", "object_id"], validate="one_to_one", suffixes=("", "_after"))
    assert len(both) == len(before) < len(after)
    assert (both["split"] == both["split_after"]).all()


def test_a_column_of_the_sheet_that_nothing_uses_reruns_nothing(again: Path) -> None:
    _write_wells(again, _wells(again).assign(remark="seen on Monday"))
    assert planned(again) == {}


def test_an_annotation_that_the_dataset_uses_reruns_no_pixels(again: Path) -> None:
    sheet = _wells(again)
    sheet.loc[0, "perturbation"] = "TSA"
    _write_wells(again, sheet)
    counts = planned(again)
    # The sheet has the column for all wells now, be it empty.
    assert (counts["raw_describe"], counts["cells_crop"], counts["dataset_select"]) == (0, 0, 3)


def test_a_changed_filter_keeps_the_crops(again: Path) -> None:
    change_config(again, dataset={"filter": [{"column": "is_border_cell", "drop": [1]}]})
    counts = planned(again)
    assert (counts["cells_crop"], counts["dataset_select"]) == (0, 3)


def test_a_selection_without_cells_names_the_remedy(again: Path, run: Snakemake) -> None:
    change_config(again, dataset={"select": {"perturbation": ["moonlight"]}})
    result = run(again, "results/dataset/manifest.parquet")
    assert result.returncode != 0
    assert "dataset.select" in said(result)
    assert not (again / "results/dataset/manifest.parquet").exists()
