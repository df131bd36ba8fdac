"""`wellspring plan` as a user runs it: before anything ran, after one well, and with a config that changed."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.rule_files import rules
from tests.workflow.studies import ROOT, Snakemake, write_everything
from wellspring.__main__ import main
from wellspring.plan.forecast import forecast
from wellspring.plan.workflow import Plan, plan_jobs

pytestmark = pytest.mark.workflow


@dataclass(frozen=True)
class _Said:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def plan(capsys: pytest.CaptureFixture[str]) -> Callable[..., _Said]:
    """The command line's main function, as it is run by the command `wellspring plan`."""

    def planned(folder: Path, *arguments: str) -> _Said:
        capsys.readouterr()
        command = ["plan", "--directory", str(folder), "--configfile", str(folder / "config.yaml")]
        code = main([*command, *arguments])
        return _Said(code, *capsys.readouterr())

    return planned


def _rows(said: _Said) -> dict[str, list[str]]:
    """Job (rule and model) to the other columns, as far as they are filled."""
    assert said.returncode == 0, said.stdout + said.stderr
    table = said.stdout.split("\n\n")[0].splitlines()[2:]
    split = [re.split(r"\s{2,}", line.strip()) for line in table if not line.startswith("-")]
    return {row[0]: row[1:] for row in split}


def _counts(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    words = [line.split() for line in (result.stdout + result.stderr).splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit() and w[0] not in ("total", "all")}


def test_before_anything_ran_the_plan_has_every_job_and_no_figure(
    plate: Path, run: Snakemake, plan: Callable[..., _Said]
) -> None:
    dry = _counts(run(plate, "--dry-run"))
    result = plan(plate)
    rows = _rows(result)
    planned: dict[str, int] = {}
    for name, row in rows.items():
        planned[name.split()[0]] = planned.get(name.split()[0], 0) + int(row[0])
    assert planned.pop("known") == sum(dry.values())
    assert planned == dry
    n_jobs = sum(dry.values())
    # Each file that is to be written, by Snakemake's own list.
    n_results = len(run(plate, "--summary").stdout.splitlines()) - 1
    assert re.search(rf"Files: \d+ read, {n_results} results, {n_jobs} logs, {n_jobs} records\.", result.stdout)
    assert all(row[1] == "no record" for row in rows.values())
    assert rows["training_fit linear"][2] == "no record"
    assert rows["cells_crop"][2] == "-"
    assert not (plate / "results").exists()


def test_one_well_that_ran_stands_for_the_others(plate: Path, run: Snakemake, plan: Callable[..., _Said]) -> None:
    result = run(plate, "results/cells/crops/plate01/I09.parquet")
    assert result.returncode == 0, result.stdout + result.stderr
    found = plan(plate, "--forceall", "--cores", "1", "2", "--job-overhead-s", "1")
    rows = _rows(found)
    assert float(rows["cells_crop"][1].split()[0]) > 0
    assert (rows["cells_crop"][0], rows["cells_crop"][-2:]) == ("3", ["1", "pixels"])
    assert rows["dataset_select"][1] == "no record"
    assert "by the pixels of 1 well(s)" in found.stdout
    assert len(re.findall(r"[12] cores: [\d.]+ (?:s|min) to [\d.]+ (?:s|min)", found.stdout)) == 2
    # What is done is not planned again.
    assert _rows(plan(plate))["cells_crop"][0] == "2"
    assert plan(plate, "results/cells/crops/plate01/I09.parquet").stdout.startswith("Nothing to be done")

    config = yaml.safe_load((plate / "config.yaml").read_text(encoding="utf-8"))
    config["cells"]["image_size"] = 32
    (plate / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    changed = plan(plate)
    assert _rows(changed)["cells_crop"][1] == "no record"
    assert "cells_crop: 1 record(s) not used: made with other settings." in changed.stdout
    assert float(_rows(plan(plate, "--other-settings"))["cells_crop"][1].split()[0]) > 0


def test_a_config_that_is_wrong_is_told_in_one_line(plate: Path, plan: Callable[..., _Said]) -> None:
    (plate / "config.yaml").write_text("wells: none.tsv\nraw: {format: mpm}\n", encoding="utf-8")
    result = plan(plate)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "the config asks for no results" in result.stderr


def test_a_folder_without_records_is_told(plate: Path, plan: Callable[..., _Said]) -> None:
    result = plan(plate, "--records", str(plate / "plate"))
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "expected the folder of a run, with a folder benchmarks in it" in result.stderr


def _pilot(folder: Path, plan: Plan) -> None:
    """Fill the folder with what a run leaves behind, as far as plans read it: every job took 10 s and 100 MB."""
    for number, job in enumerate(plan.jobs):
        path = folder / "benchmarks" / job.task.rule / f"{number}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {"s": "10.0", "max_rss": "100.0", "wildcards": job.task.wildcards, "params": job.task.params}
        path.write_text("\t".join(fields) + "\n" + "\t".join(map(str, fields.values())) + "\n", encoding="utf-8")
    for plate, well in plan.wells:
        channels = ["BF", "DAPI", "ER", "GFP", "RFP"]
        shown = {"format": "tiff", "channels": channels, "n_files": 10, "n_sites": 2, "n_values": 640}
        _write(folder / f"results/raw/{plate}/{well}.json", json.dumps(shown))
        for stage in ("cells", "dataset"):
            _table(folder / f"results/{stage}/{plate}/{well}.parquet", n_rows=50)
    for regime in plan.config["training"]["regimes"]:
        run = f"linear/{regime}/{plan.config['training']['seeds'][0]}"
        _write(folder / f"results/training/{run}/history.csv", "epoch,seconds\n1,8\n")
        _table(folder / f"results/attribution/{run}/completeness.parquet", n_rows=10)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _table(path: Path, *, n_rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame({"x": range(n_rows)}).to_parquet(path)


def test_a_pilot_of_two_wells_stands_for_a_plate_and_every_rule_that_grows_is_scaled(tmp_path: Path) -> None:
    pilot, plate = (write_everything(tmp_path / name, n_wells=n) for name, n in (("pilot", 2), ("plate", 8)))
    for one in (pilot, plate):
        config = yaml.safe_load((one / "config.yaml").read_text(encoding="utf-8"))
        config["segmentation"] |= {"z_step_um": 0.5, "method": "unet"}
        config["spots"]["method"] = "enhanced"
        (one / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    plans = [
        plan_jobs(snakefile=ROOT / "Snakefile", folder=one, configfile=one / "config.yaml") for one in (pilot, plate)
    ]
    # Some raw formats have rules of their own: test_interaction.py, test_plate_formats.py.
    expected = {rule.name for rule in rules() if not rule.name.startswith("interaction_")} - {"raw_plate"}
    assert {job.task.rule for job in plans[0].jobs} == expected
    _pilot(pilot, plans[0])
    found = forecast(plans[1], folders=[plate, pilot])
    assert found.broken == []
    for one in found.estimates:
        assert (one.n_records > 0, one.set_aside) == (True, {}), one.rule
        (seconds,) = {round(second.mean, 6) for second in one.job_seconds if second is not None}
        # Four times as many wells, and each well as large as before; a training's start of 2 s does not grow.
        grown = {"jobs": 10, "files": 10, "pixels": 10, "sites": 10, "cells of the well": 10}
        assert seconds >= grown.get(one.measure, 30), one.rule
