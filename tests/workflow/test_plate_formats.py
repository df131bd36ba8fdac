"""Plates straight from the microscope, as a user runs them: sheet and config written, wells read, changes seen."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from tests.workflow.studies import ROOT, Snakemake, planned, said
from wellspring.__main__ import main
from wellspring.plan.workflow import plan_jobs
from wellspring.simulation.layouts.all import LAYOUTS
from wellspring.simulation.layouts.plates import drawn_plate

pytestmark = pytest.mark.workflow


def _start(folder: Path, name: str) -> None:
    """A plate in that layout, with the sheet and the config that the command writes, and one channel searched."""
    plate = drawn_plate(n_sites=4, shape=(32, 32), failed=[("B02", 2, "RNA", 2)])
    LAYOUTS[name].write(folder / "plate", plate)
    assert main(["sheet", str(folder / "plate"), "--output", str(folder / "wells.tsv")]) == 0
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["segmentation"] = {"nucleus_channel": "DAPI", "cells": None}
    config["spots"] = {"channels": ["RNA"]}
    config["wells"] = "wells.tsv"
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.mark.parametrize("name", ["metaxpress", "yokogawa PNG", "loaddata", "OME-Zarr 0.5", "CZI"])
def test_a_run_is_planned_for_each_format(name: str, tmp_path: Path) -> None:
    _start(tmp_path, name)
    found = planned(tmp_path)
    assert (found["raw_plate"], found["raw_describe"], found["spots_detect"]) == (1, 2, 2)


def test_wells_are_read_through_the_index_and_run_again_when_their_own_rows_change(
    tmp_path: Path, run: Snakemake
) -> None:
    _start(tmp_path, "harmony 5")
    targets = ("results/report/chapters/raw.json", "results/segmentation/plate1/B03.ome.tif")
    result = run(tmp_path, *targets)
    assert result.returncode == 0, said(result)
    chapter = json.loads((tmp_path / targets[0]).read_text(encoding="utf-8"))
    assert any("plate1/B02: 1 of 16 planned images cannot be used" in line for line in chapter["warnings"])
    copies = tmp_path / "results/raw/plates/plate1.index"
    index = tmp_path / "plate/Images/Index.idx.xml"
    assert (copies / index.name).read_bytes() == index.read_bytes()
    assert len(list((tmp_path / ".snakemake/wellspring").iterdir())) == 1
    # B02's failed image is there after all: its well is described again, and the other is not.
    failed = "<State>Failed</State><URL></URL><Row>2</Row><Col>2</Col><FieldID>2</FieldID><PlaneID>2</PlaneID>"
    url = "r02c02f02p02-ch2sk1fk1fl1.tiff"
    text = index.read_text(encoding="utf-8-sig")
    assert text.count(failed) == 1
    good = failed.replace("Failed", "Ok").replace("<URL></URL>", f"<URL>{url}</URL>")
    index.write_text(text.replace(failed, good), encoding="utf-8")
    shutil.copy(index.with_name(url.replace("p02", "p01")), index.with_name(url))
    plan = plan_jobs(
        snakefile=ROOT / "Snakefile", folder=tmp_path, configfile=tmp_path / "config.yaml", targets=targets
    )
    assert [job.task.well for job in plan.jobs if job.task.rule == "raw_describe"] == [("plate1", "B02")]
    assert "segmentation_nuclei" not in {job.task.rule for job in plan.jobs}


def test_one_file_may_hold_the_wells_of_a_plate(tmp_path: Path, run: Snakemake) -> None:
    _start(tmp_path, "CZI")
    target, index = "results/raw/channels.csv", "results/raw/plates/plate1.index.parquet"
    result = run(tmp_path, target, index)
    assert result.returncode == 0, said(result)
    assert (tmp_path / target).read_text(encoding="utf-8").splitlines() == ["id,channel", "0,DAPI", "1,RNA"]
    # No copy of the file, which is as large as the plate.
    assert list((tmp_path / "results/raw/plates/plate1.index").glob("*.czi")) == []
