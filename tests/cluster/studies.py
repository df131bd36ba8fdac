"""Tiny studies for the cluster, a copy of the workflow to edit, and a head process as a user starts it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.cluster.cluster import Cluster

__all__ = [
    "DEMO",
    "MANIFEST",
    "N_WELLS",
    "ROOT",
    "WELLS",
    "Head",
    "Study",
    "assert_same_results",
    "copied_checkout",
    "make_plate",
    "small_config",
    "undisturbed",
    "until",
]

ROOT = Path(__file__).resolve().parents[2]
# Longer than any wait on a machine that other work shares.
PATIENCE_S = 3600.0
# All that the workflow runs from.
PARTS = ("Snakefile", "workflow", "src", "profiles", "envs", "resources", "config", "tests/planned_jobs.py")
# What makes the shipped demo small: fewer epochs, cells and retrainings. Every rule stays.
SMALLER: dict[str, Any] = {
    "cells": {"image_size": 24},
    "training": {"regimes": ["color-structure"], "epochs": 3, "patience": 3},
    "attribution": {
        "max_cells": 3,
        "estimator": {"points": 2, "samples": 2},
        "panel_channels": 2,
        "validation": {
            "cells": 2,
            "steps": 2,
            "samples": 2,
            "baseline_cells": 2,
            "curve_steps": 2,
            "roar": {"regimes": ["color-structure"], "rankings": ["map"], "epochs": 1},
        },
    },
    "report": {"bootstrap_samples": 100},
}
DEMO = ROOT / "config/transcription/config.yaml"
N_WELLS = 4
# How the comments of the jobs that hold wells together begin.
WELLS = "rule_well_"
MANIFEST = "results/dataset/manifest.parquet"


def small_config() -> dict[str, Any]:
    """The config of the shipped study of transcription, made small."""
    return _merged(yaml.safe_load(DEMO.read_text(encoding="utf-8")), SMALLER)


def _merged(config: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    inner = {k: _merged(config[k], v) if isinstance(v, Mapping) else v for k, v in changes.items()}
    return {**config, **inner}


def make_plate(folder: Path, *, n_wells: int, n_cells: int) -> None:
    """Simulate the demo's plate with small cells and few of them."""
    command = [sys.executable, "-m", "wellspring", "simulate", str(folder), "--preset", "demo"]
    small = ["--wells", str(n_wells), "--cells", str(n_cells), "--diameter-px", "14", "--seed", "7"]
    subprocess.run([*command, *small], check=True, capture_output=True)


def until(holds: Callable[[], Any], *, what: str) -> Any:
    """Wait until `holds` gives something that is true, and return it.

    Raises
    ------
    TimeoutError
        After `PATIENCE_S`, with `what` was waited for.
    """
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = holds()
        if found:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"{what}: not seen in {PATIENCE_S:g} s.")


@dataclass(frozen=True)
class Study:
    """A folder with a plate and a config, the checkout that analyses it, the cluster that runs it."""

    folder: Path
    checkout: Path
    cluster: Cluster

    @classmethod
    def simulated(cls, folder: Path, *, checkout: Path, cluster: Cluster) -> "Study":
        """The demo study, made small, with the whole workflow before it."""
        make_plate(folder / "plate", n_wells=N_WELLS, n_cells=60)
        (folder / "config.yaml").write_text(yaml.safe_dump(small_config()), encoding="utf-8")
        return cls(folder, checkout, cluster)

    def copied(self, folder: Path) -> "Study":
        """The same study elsewhere, times and Snakemake's records kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Study(folder, self.checkout, self.cluster)

    def changed(self, block: str, **values: object) -> None:
        """Change keys of a block of the config."""
        path = self.folder / "config.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        config[block] |= values
        path.write_text(yaml.safe_dump(config), encoding="utf-8")

    @property
    def wells(self) -> pd.DataFrame:
        """The sheet."""
        return pd.read_csv(self.folder / "plate" / "wells.tsv", sep="\t", dtype=str)

    def command(self, *arguments: str, program: tuple[str, ...] = ("-m", "snakemake")) -> list[str]:
        """What a user types in the folder of the study: the profile, unchanged."""
        snakefile, profile = self.checkout / "Snakefile", self.checkout / "profiles" / "slurm"
        options = ("--snakefile", str(snakefile), "--profile", str(profile), *arguments)
        return [sys.executable, *program, *options, "--configfile", str(self.folder / "config.yaml")]

    def run(self, *arguments: str) -> str:
        """What the head process prints in a run that ends well."""
        return Head(self, *arguments).finished()

    def told(self, *arguments: str) -> str:
        """What Snakemake prints without running a job: a dry run, or an answer."""
        return _said(self.command(*arguments), folder=self.folder, cluster=self.cluster)

    def planned(self, *arguments: str) -> dict[str, int]:
        """Rule to number of jobs that a dry run plans."""
        counts: dict[str, int] = {}
        for job in self.planned_jobs(*arguments):
            counts[job["rule"]] = counts.get(job["rule"], 0) + 1
        return counts

    def planned_jobs(self, *arguments: str) -> list[dict[str, Any]]:
        """Rule, threads and resources of every job that a dry run plans, `all` left out."""
        program = (str(self.checkout / "tests" / "planned_jobs.py"),)
        said = _said(self.command(*arguments, program=program), folder=self.folder, cluster=self.cluster)
        jobs = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return [job for job in jobs if job["rule"] != "all"]

    def accounted(self) -> list[dict[str, str]]:
        """The accounting records of this study's jobs, one for each time that a job was run."""
        fields = "JobIDRaw,Comment,Partition,NodeList,AllocTRES,ReqMem,TimelimitRaw,State,ElapsedRaw,WorkDir"
        said = self.cluster.ask("sacct", "-X", "-D", "-P", "-n", f"--format={fields}", "--starttime=now-1days")
        records = [dict(zip(fields.split(","), line.split("|"), strict=True)) for line in said.splitlines()]
        return [record for record in records if record["WorkDir"] == str(self.folder)]

    def states(self, comment: str) -> list[str]:
        """How each run of a job ended whose comment begins so, the first word of it."""
        return [one["State"].split()[0] for one in self.accounted() if one["Comment"].startswith(comment)]

    def active(self, state: str, *, comment: str) -> dict[str, str] | None:
        """A job of this study in `state` whose comment begins so: its number and node."""
        said = self.cluster.ask("squeue", "-h", "-t", state, "-o", "%A|%N|%Z|%k")
        for line in said.splitlines():
            number, node, folder, told = line.split("|", maxsplit=3)
            if folder == str(self.folder) and told.startswith(comment):
                return {"number": number, "node": node}
        return None

    def until_runs(self, comment: str) -> dict[str, str]:
        """Wait until a job whose comment begins so runs: its number and node."""
        found: dict[str, str] = until(lambda: self.active("RUNNING", comment=comment), what=f"a running {comment}")
        return found

    def temporaries(self) -> list[Path]:
        """Files that were being written and are not whole."""
        files = (path for path in (self.folder / "results").rglob(".*") if path.is_file())
        return [path for path in files if path.name != ".snakemake_timestamp"]

    def times(self) -> dict[str, int]:
        """When each result was written."""
        results = self.folder / "results"
        files = (path for path in results.rglob("*") if path.is_file())
        return {str(path.relative_to(results)): path.stat().st_mtime_ns for path in files}


class Head:
    """Snakemake on the login node, started in the background."""

    def __init__(self, study: Study, *arguments: str) -> None:
        self._output = study.folder / "head.log"
        with self._output.open("w", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                study.command(*arguments),
                cwd=study.folder,
                env=study.cluster.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        study.cluster.heads.append(self._process)

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._output.read_text(encoding="utf-8")

    def finished(self) -> str:
        """Wait for its end, which must be a good one, and return what it printed."""
        try:
            code = self._process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the head process did not end:\n{self.said[-6000:]}") from None
        assert code == 0, self.said[-6000:]
        return self.said

    def question(self) -> int | None:
        """The process number of its question to the controller, while one is open."""
        for children in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            for pid in map(int, children.read_text(encoding="ascii").split()):
                with suppress(OSError):
                    if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() in ("scontrol", "squeue"):
                        return pid
        return None

    def kill(self) -> None:
        """End it as a crash of the login node does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _said(command: list[str], *, folder: Path, cluster: Cluster) -> str:
    result = subprocess.run(command, cwd=folder, env=cluster.environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def assert_same_results(study: Study, reference: Study) -> None:
    """Every table, crop and array of `study` equals that of `reference`; times of epochs may differ."""
    found = sorted(path for path in study.times() if Path(path).suffix in (".parquet", ".arrow", ".csv", ".npz"))
    assert found, "there are no results to compare"
    for name in found:
        ours, theirs = (one.folder / "results" / name for one in (study, reference))
        if name.endswith(".arrow"):
            assert ours.read_bytes() == theirs.read_bytes(), name
        elif name.endswith(".npz"):
            with np.load(ours) as mine, np.load(theirs) as other:
                assert set(mine.files) == set(other.files), name
                for key in mine.files:
                    np.testing.assert_array_equal(mine[key], other[key], err_msg=f"{name}: {key}")
        else:
            read = pd.read_parquet if name.endswith(".parquet") else pd.read_csv
            mine, other = (read(path).drop(columns="seconds", errors="ignore") for path in (ours, theirs))
            pd.testing.assert_frame_equal(mine, other, obj=name)


def copied_checkout(folder: Path, *, source: Path = ROOT) -> Path:
    """A copy of what the workflow runs from, for a test to edit."""
    for part in PARTS:
        original, target = source / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if original.is_dir():
            shutil.copytree(original, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy2(original, target)
    return folder


def undisturbed(folders: pytest.TempPathFactory, *, cluster: Cluster, targets: Sequence[str] = ()) -> Study:
    """The small demo study after a run in which nothing failed, of `targets` or else of the whole workflow."""
    checkout = copied_checkout(folders.mktemp("checkout"))
    study = Study.simulated(folders.mktemp("undisturbed"), checkout=checkout, cluster=cluster)
    study.run(*targets)
    return study
