"""`wellspring plan` as a user runs it: before anything ran, after one well, and with a config that changed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Snakemake = Callable[..., subprocess.CompletedProcess[str]]

# 3 wells: 1 description, 2 files of cells, 3 of the dataset; its channels; 3 of the dataset; 2 runs of 3 (training),
# 5 (maps), 3 (tests of the maps) and 10 (report) files; 2 of groups of channels; 2 comparisons; 9 of the report, and 4
# on the tests of the maps.
N_RESULTS = 3 * 6 + 1 + 3 + 2 * 21 + 2 + 2 + 9 + 4

pytestmark = pytest.mark.workflow


def _plan(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wellspring", "plan", "--directory", str(folder)]
    command += ["--configfile", str(folder / "config.yaml"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _rows(result: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """Job (rule and model) to the other columns, as far as they are filled."""
    assert result.returncode == 0, result.stdout + result.stderr
    table = result.stdout.split("\n\n")[0].splitlines()[2:]
    split = [re.split(r"\s{2,}", line.strip()) for line in table if not line.startswith("-")]
    return {row[0]: row[1:] for row in split}


def _counts(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    words = [line.split() for line in (result.stdout + result.stderr).splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit() and w[0] not in ("total", "all")}


def test_before_anything_ran_the_plan_has_every_job_and_no_figure(plate: Path, run: Snakemake) -> None:
    dry = _counts(run(plate, "--dry-run"))
    result = _plan(plate)
    rows = _rows(result)
    planned: dict[str, int] = {}
    for name, row in rows.items():
        planned[name.split()[0]] = planned.get(name.split()[0], 0) + int(row[0])
    assert planned.pop("known") == sum(dry.values())
    assert planned == dry
    n_jobs = sum(dry.values())
    # 3 wells of 6 files, 3 tables of the plate, the page's template, the table of markers, the truth.
    assert f"Files: 24 read, {N_RESULTS} results, {n_jobs} logs, {n_jobs} records." in result.stdout
    assert all(row[1] == "no record" for row in rows.values())
    assert rows["training_fit linear"][2] == "no record"
    assert rows["cells_crop"][2] == "-"
    assert not (plate / "results").exists()


def test_one_well_that_ran_stands_for_the_others(plate: Path, run: Snakemake) -> None:
    result = run(plate, "results/cells/plate01/I09.parquet")
    assert result.returncode == 0, result.stdout + result.stderr
    found = _plan(plate, "--forceall", "--cores", "1", "2", "--job-overhead-s", "1")
    rows = _rows(found)
    assert float(rows["cells_crop"][1].split()[0]) > 0
    assert (rows["cells_crop"][0], rows["cells_crop"][-2:]) == ("3", ["1", "pixels"])
    assert rows["dataset_select"][1] == "no record"
    assert "by the pixels of 1 well(s)" in found.stdout
    assert len(re.findall(r"[12] cores: [\d.]+ (?:s|min) to [\d.]+ (?:s|min)", found.stdout)) == 2
    # What is done is not planned again.
    assert _rows(_plan(plate))["cells_crop"][0] == "2"
    assert _plan(plate, "results/cells/plate01/I09.parquet").stdout.startswith("Nothing to be done")

    config = yaml.safe_load((plate / "config.yaml").read_text(encoding="utf-8"))
    config["cells"]["image_size"] = 32
    (plate / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    changed = _plan(plate)
    assert _rows(changed)["cells_crop"][1] == "no record"
    assert "cells_crop: 1 record(s) not used: made with other settings." in changed.stdout
    assert float(_rows(_plan(plate, "--other-settings"))["cells_crop"][1].split()[0]) > 0


def test_a_config_that_is_wrong_is_told_in_one_line(plate: Path) -> None:
    (plate / "config.yaml").write_text("wells: none.tsv\nraw: {format: mpm}\n", encoding="utf-8")
    result = _plan(plate)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "dataset.target_channel: missing" in result.stderr


def test_a_folder_without_records_is_told(plate: Path) -> None:
    result = _plan(plate, "--records", str(plate / "plate"))
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "expected the folder of a run, with a folder benchmarks in it" in result.stderr
