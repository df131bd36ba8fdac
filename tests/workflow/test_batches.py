"""Groups of a small workflow with a checkpoint, as Snakemake plans them with and without `keep_batches`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.studies import ROOT

pytestmark = pytest.mark.workflow

# Nuclei wait for nothing, cells for the judgement of their plate: the latter are planned anew, the former not.
SNAKEFILE = """
{first}
PLATES, WELLS = ("p1", "p2"), [f"A{{number:02}}" for number in range(1, 25)]


def judged(wildcards):
    return checkpoints.judge.get(plate=wildcards.plate).output[0]


rule all:
    input:
        expand("results/{{plate}}/{{well}}.cells", plate=PLATES, well=WELLS),


checkpoint judge:
    output:
        "results/{{plate}}/judged",
    shell:
        "touch {{output}}"


rule nuclei:
    output:
        "results/{{plate}}/{{well}}.nuclei",
    shell:
        "touch {{output}}"


rule cells:
    input:
        "results/{{plate}}/{{well}}.nuclei",
        judged,
    output:
        "results/{{plate}}/{{well}}.cells",
    shell:
        "touch {{output}}"
"""
KEEPING = "from snakemake.dag import DAG; from wellspring.batches import keep_batches; keep_batches(DAG)"


def _planned(folder: Path, *, first: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The dry run, and the jobs in groups that are not to be run after each of its plannings."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(first=first), encoding="utf-8")
    options = ["--executor", "slurm", "--jobs", "2", "--groups", "nuclei=well", "cells=well"]
    command = [sys.executable, str(ROOT / "tests" / "grouped_jobs.py"), *options, "--group-components", "well=8"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return result, re.findall(r"grouped: \d+, not to be run: (.*)", result.stdout)


def test_no_group_holds_a_job_of_an_earlier_planning(tmp_path: Path) -> None:
    result, plannings = _planned(tmp_path, first=KEEPING)
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(plannings) > 1, "planned once: no job waits for the judgement of a plate"
    assert set(plannings) == {"[]"}


def test_snakemake_by_itself_still_needs_it(tmp_path: Path) -> None:
    """When this fails, Snakemake is mended and `wellspring.batches` can go: it plans jobs twice, or dies of it."""
    result, plannings = _planned(tmp_path, first="")
    died = result.returncode != 0 and "KeyError" in result.stdout + result.stderr
    assert died or set(plannings) - {"[]"}, result.stdout + result.stderr
