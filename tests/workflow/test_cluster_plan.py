"""What the cluster profile plans, without a cluster: which rules ask for a GPU, where every job goes."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.preloaded import preloaded_python
from tests.workflow.rule_files import Rule, file_of, modules_named, rules
from tests.workflow.studies import ROOT, write_everything
from wellspring.plan.workflow import plan_jobs
from wellspring.provenance import imported_by_script
from wellspring.simulation.interaction_plate import InteractionSettings, simulate_interaction_plate

PROFILE = ROOT / "profiles" / "slurm"
LEARNING_LIBRARIES = {"keras", "tensorflow", "jax", "torch"}
# What Snakemake itself calls; no SLURM among them.
CALLED = ("bash", "sh", "which")

pytestmark = pytest.mark.workflow


def _learns(rule: Rule) -> bool:
    """Whether its script, or a module of the library that it reaches, imports a learning library."""
    files = [rule.script, *map(file_of, imported_by_script(rule.script))]
    return any(name.split(".")[0] in LEARNING_LIBRARIES for file in files for name in modules_named(file))


@cache
def _learning() -> set[str]:
    return {rule.name for rule in rules() if _learns(rule)}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study that asks for everything, cells of stacks included: each rule but those of `molecules` is planned."""
    folder = write_everything(tmp_path_factory.mktemp("cluster") / "run", n_wells=2)
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    config["segmentation"] |= {"z_step_um": 0.5, "method": "unet"}
    config["spots"]["method"] = "enhanced"
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def molecules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of single cells with molecules, whose stage reads another raw format."""
    folder = tmp_path_factory.mktemp("molecules")
    simulate_interaction_plate(
        folder / "plate", settings=InteractionSettings(n_wells=1, n_images=1), seed=1, report=print
    )
    shutil.copy2(ROOT / "config/interaction/config.yaml", folder / "config.yaml")
    return folder


def _dry_run(folder: Path, *, program: list[str]) -> str:
    """What a dry run with the cluster profile prints, with no command of SLURM within reach."""
    commands = folder / "commands"
    commands.mkdir(exist_ok=True)
    for name in CALLED:
        found = shutil.which(name)
        assert found
        if not (commands / name).exists():
            (commands / name).symlink_to(found)
    command = [*program, "--snakefile", str(ROOT / "Snakefile"), "--profile", str(PROFILE), "--dry-run", "--forceall"]
    command += ["--configfile", str(folder / "config.yaml")]
    environment = {**os.environ, "PATH": str(commands)}
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def _asked(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Rule to what its jobs ask for."""
    said = _dry_run(folder, program=[preloaded_python(), str(ROOT / "tests" / "planned_jobs.py"), *arguments])
    jobs = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {job["rule"]: job for job in jobs if job["rule"] != "all"}


@pytest.fixture(scope="module")
def asked(study: Path, molecules: Path) -> dict[str, dict[str, Any]]:
    """Rule to what its jobs ask for at the first attempt."""
    return {**_asked(molecules), **_asked(study)}


def test_rules_that_learn_ask_for_a_gpu_and_no_others_do(asked: dict[str, dict[str, Any]]) -> None:
    # An index of a plate is read where the raw format has one: test_plate_formats.py.
    assert set(asked) == {rule.name for rule in rules()} - {"raw_plate"}
    assert {"training_fit", "attribution_map"} <= _learning()
    for name, job in asked.items():
        if name in _learning():
            assert (job.get("gpu"), job.get("gpu_model")) == (1, "tesla"), name
            assert job["slurm_partition"] == "gpu", name
        else:
            assert not {"gpu", "gpu_model", "gres"} & set(job), name
            assert job["slurm_partition"] == "cpu", name


def test_memory_doubles_with_each_attempt_and_time_too_unless_the_job_resumes(
    study: Path, molecules: Path, asked: dict[str, dict[str, Any]]
) -> None:
    thrice = {**_asked(molecules, "--attempt", "3"), **_asked(study, "--attempt", "3")}
    assert {rule: job["mem_mb"] for rule, job in thrice.items()} == {
        rule: 4 * job["mem_mb"] for rule, job in asked.items()
    }
    times = {rule: job["runtime"] for rule, job in asked.items()}
    same = {"training_fit", "labelling_train", "segmentation_train"}
    assert {rule: job["runtime"] for rule, job in thrice.items()} == {
        rule: time if rule in same else 4 * time for rule, time in times.items()
    }


def test_a_dry_run_tells_jobs_per_rule_and_who_asks_for_a_gpu(study: Path) -> None:
    said = _dry_run(study, program=[preloaded_python(), "-m", "snakemake"])
    counts = {w[0]: int(w[1]) for w in map(str.split, said.splitlines()) if len(w) == 2 and w[1].isdigit()}
    assert (counts["cells_crop"], counts["training_fit"]) == (2, 2)
    assert {line.split()[4] for line in said.splitlines() if line.startswith("Asks for a GPU:")} == _learning()


def test_each_rule_of_a_well_shares_jobs_with_other_wells() -> None:
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))
    per_well = {rule.name for rule in rules() if "{plate}/{well}.log" in rule.block("log")}
    assert {"raw_describe", "quality_measure", "cells_crop"} <= per_well
    assert set(profile["groups"]) == per_well
    assert set(profile["group-components"]) == set(profile["groups"].values())


def _behind(names: set[str], *, graph: dict[str, set[str]]) -> set[str]:
    """Rules that these lead to, over any number of steps."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found


def test_no_group_waits_for_what_waits_for_it(study: Path, molecules: Path) -> None:
    groups = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))["groups"]
    graph: dict[str, set[str]] = {}
    for folder in (study, molecules):
        jobs = plan_jobs(snakefile=ROOT / "Snakefile", folder=folder, configfile=folder / "config.yaml").jobs
        for job in jobs:
            graph.setdefault(job.task.rule, set())
            for before in job.after:
                graph.setdefault(jobs[before].task.rule, set()).add(job.task.rule)
    assert set(groups) <= set(graph)
    for name in set(groups.values()):
        members = {rule for rule, group in groups.items() if group == name}
        outside = _behind(members, graph=graph) - members
        assert not _behind(outside, graph=graph) & members, name


@pytest.mark.parametrize("rule", rules(), ids=repr)
def test_every_rule_states_its_memory_and_time_itself(rule: Rule) -> None:
    assert re.search(r"mem_mb=growing\(\d+( if .+ else \d+)?\)", rule.block("resources"))
    assert re.search(r"runtime=(growing\(\d+\)|\d+),", rule.block("resources"))
