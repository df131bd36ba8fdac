"""Two plates of which one is judged while batches of the other run: every job runs once, and all of them."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from tests.cluster.cluster import Cluster
from tests.cluster.studies import ROOT, Study

pytestmark = pytest.mark.cluster

# A batch of plate `early` waits for nuclei of plate `late`, so that it runs while the latter is planned.
SNAKEFILE = """
from snakemake.dag import DAG
from wellspring.batches import keep_batches

keep_batches(DAG)
PLATES, WELLS = ("early", "late"), ("A01", "A02", "A03", "A04")
WAIT = "for _ in $(seq 240); do ls results/{0} > /dev/null 2>&1 && break; sleep 1; done; "


def judged(wildcards):
    return checkpoints.judge.get(plate=wildcards.plate).output[0]


rule all:
    input:
        expand("results/{plate}/{well}.cells", plate=PLATES, well=WELLS),


checkpoint judge:
    output:
        "results/{plate}/judged",
    params:
        wait=lambda wildcards: WAIT.format("early/*.nuclei") if wildcards.plate == "late" else "",
    shell:
        "{params.wait}touch {output}"


rule nuclei:
    input:
        judged,
    output:
        "results/{plate}/{well}.nuclei",
    shell:
        "echo nuclei {output} >> ran; touch {output}"


rule cells:
    input:
        "results/{plate}/{well}.nuclei",
    output:
        "results/{plate}/{well}.cells",
    params:
        wait=lambda wildcards: WAIT.format("late/*.nuclei") if wildcards.plate == "early" else "",
    shell:
        "echo cells {output} >> ran; {params.wait}touch {output}"
"""


@pytest.fixture
def two_plates(cluster: Cluster, tmp_path: Path) -> Study:
    """A study of shell commands behind the profile of the project, two wells a batch."""
    checkout, folder = tmp_path / "checkout", tmp_path / "study"
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    profile["groups"] = {"nuclei": "well", "cells": "well"}
    profile["group-components"] = {"well": 2}
    for path, text in {
        checkout / "Snakefile": SNAKEFILE,
        checkout / "profiles" / "slurm" / "config.yaml": yaml.safe_dump(profile),
        folder / "config.yaml": "{}",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Study(folder, checkout, cluster)


def test_a_plate_judged_while_batches_of_another_run_leaves_them_as_they_are(two_plates: Study) -> None:
    said = two_plates.run()
    ran = Counter((two_plates.folder / "ran").read_text(encoding="utf-8").splitlines())
    assert len(ran) == 2 * 4 * 2
    assert set(ran.values()) == {1}, ran
    assert "19 of 19 steps (100%) done" in said
    assert {one["State"] for one in two_plates.accounted()} == {"COMPLETED"}
