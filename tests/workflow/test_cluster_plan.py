"""What the cluster profile plans, without a cluster: which rules ask for a GPU, where every job goes."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from wellspring.provenance import imported_modules

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "profiles" / "slurm"
LEARNING_LIBRARIES = {"keras", "tensorflow", "jax", "torch"}
# What Snakemake itself calls; no SLURM among them.
CALLED = ("bash", "sh", "which")

pytestmark = pytest.mark.workflow


def _rules_and_scripts() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            script = re.search(r"scripts/(\w+\.py)", rule)
            assert script, f"{path.name}: {rule[:40]}"
            found[rule.split(":")[0]] = ROOT / "workflow" / "scripts" / script[1]
    return found


def _imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere in it, in functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _learns(script: Path) -> bool:
    """Whether a script, or a module of the library that it reaches, imports a learning library."""
    ours = [name for name in _imports(script) if name.startswith("wellspring.")]
    modules = [ROOT.joinpath("src", *name.split(".")) for name in imported_modules(*ours)]
    files = [module / "__init__.py" if module.is_dir() else module.with_suffix(".py") for module in modules]
    return any(name.split(".")[0] in LEARNING_LIBRARIES for file in (script, *files) for name in _imports(file))


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


def _rule_graph(folder: Path) -> dict[str, set[str]]:
    """Rule to the rules that read its results."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--profile", str(PROFILE)]
    command += ["--rulegraph", "dot", "--forceall", "--configfile", str(folder / "config.yaml")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', said))
    graph: dict[str, set[str]] = {name: set() for name in names.values()}
    for one, other in re.findall(r"(\d+) -> (\d+)", said):
        graph[names[one]].add(names[other])
    return graph


def _behind(rules: set[str], *, graph: dict[str, set[str]]) -> set[str]:
    """Rules that these lead to, over any number of steps."""
    found: set[str] = set()
    waiting = list(rules)
    while waiting:
        new = graph.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return found


def _planned(folder: Path, *arguments: str) -> dict[str, dict[str, Any]]:
    """Rule to what its jobs ask for."""
    said = _dry_run(folder, program=[sys.executable, str(ROOT / "tests" / "planned_jobs.py"), *arguments])
    jobs = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {job["rule"]: job for job in jobs}


@pytest.fixture
def spots(tmp_path: Path) -> Path:
    """A study of stacks with cells, spots and judged images: names without pixels."""
    config = yaml.safe_load((ROOT / "config/smfish/config.yaml").read_text(encoding="utf-8"))
    channels = [config["segmentation"]["nucleus_channel"], config["segmentation"]["cells"]["channel"]]
    folder = tmp_path / "spots"
    (folder / "plate").mkdir(parents=True)
    for well, channel in product(("A01", "A02"), {*channels, *config["spots"]["channels"]}):
        name = config["raw"]["pattern"].format(well=well, site="1", channel=channel, z="1", plate="p")
        (folder / "plate" / name).touch()
    config["wells"] = "wells.tsv"
    config["quality"] = {"channels": channels}
    actin = {"actin": channels[0], "borders": channels[0], "nuclei": channels[1]}
    config["profiling"] = {"methods": ["pca", "classifier"], "positive": ["x"], "multiplications": [1], "actin": actin}
    rows = ("plate\twell\tpath\tsample\tlabel", "p\tA01\tplate\ts\tx", "p\tA02\tplate\tt\ty")
    (folder / "wells.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def test_rules_that_learn_ask_for_a_gpu_and_no_others_do(plate: Path, spots: Path) -> None:
    config = yaml.safe_load((plate / "config.yaml").read_text(encoding="utf-8"))
    config["attribution"]["validation"]["roar"] = {"percents": [50], "channels": [1], "seeds": [1]}
    (plate / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    planned = {**_planned(plate), **_planned(spots)}
    planned.pop("all")
    scripts = _rules_and_scripts()
    assert set(planned) == set(scripts), "each rule must be planned by one of the two studies"
    learning = {name for name, script in scripts.items() if _learns(script)}
    assert {"training_fit", "attribution_map"} <= learning
    for name, asked in planned.items():
        if name in learning:
            assert (asked.get("gpu"), asked.get("gpu_model")) == (1, "tesla"), name
            assert asked["slurm_partition"] == "gpu", name
        else:
            assert not {"gpu", "gpu_model", "gres"} & set(asked), name
            assert asked["slurm_partition"] == "cpu", name


def test_each_rule_of_a_well_shares_jobs_with_other_wells() -> None:
    profile = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))
    per_well = set()
    for path in (ROOT / "workflow" / "rules").glob("*.smk"):
        rules = re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]
        per_well |= {rule.split(":")[0] for rule in rules if "{plate}/{well}.log" in rule}
    assert {"raw_describe", "quality_correct", "cells_crop"} <= per_well
    assert set(profile["groups"]) == per_well
    assert set(profile["group-components"]) == set(profile["groups"].values())


def test_no_group_waits_for_what_waits_for_it(plate: Path, spots: Path) -> None:
    groups = yaml.safe_load((PROFILE / "config.yaml").read_text(encoding="utf-8"))["groups"]
    graphs = [_rule_graph(plate), _rule_graph(spots)]
    assert set(groups) <= {*graphs[0], *graphs[1]}
    for graph in graphs:
        for name in set(groups.values()):
            members = {rule for rule, group in groups.items() if group == name}
            outside = _behind(members, graph=graph) - members
            assert not _behind(outside, graph=graph) & members, name


def test_every_rule_states_its_memory_and_time_itself() -> None:
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule in re.split(r"^rule ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            assert re.search(r"mem_mb=growing\(\d+\)", rule), f"{path.name}: {rule[:40]}"
            assert re.search(r"runtime=(growing\(\d+\)|\d+),", rule), f"{path.name}: {rule[:40]}"


def test_a_dry_run_tells_jobs_per_rule_and_who_asks_for_a_gpu(plate: Path) -> None:
    said = _dry_run(plate, program=[sys.executable, "-m", "snakemake"])
    counts = {w[0]: int(w[1]) for w in map(str.split, said.splitlines()) if len(w) == 2 and w[1].isdigit()}
    assert (counts["cells_crop"], counts["training_fit"]) == (3, 2)
    told = {line.split()[4] for line in said.splitlines() if line.startswith("Asks for a GPU:")}
    assert told == {name for name, script in _rules_and_scripts().items() if _learns(script)}


def test_memory_doubles_with_each_attempt_and_time_too_unless_the_job_goes_on(plate: Path) -> None:
    once, thrice = _planned(plate), _planned(plate, "--attempt", "3")
    rules = set(once) - {"all"}
    assert {rule: thrice[rule]["mem_mb"] for rule in rules} == {rule: 4 * once[rule]["mem_mb"] for rule in rules}
    assert thrice["training_fit"]["runtime"] == once["training_fit"]["runtime"]
    rules -= {"training_fit"}
    assert {rule: thrice[rule]["runtime"] for rule in rules} == {rule: 4 * once[rule]["runtime"] for rule in rules}
