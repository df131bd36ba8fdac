"""Tiny wells through the test cluster: one SLURM job a job, arrays, and 8 wells together as the profile has it.

Run as root: `.venv/bin/python -m tests.cluster.measure`. With its 96 wells it takes about half an hour on two cores.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from tests.cluster.cluster import Cluster, missing_parts, running_cluster
from tests.cluster.studies import ROOT, Study, copied_checkout, make_plate, small_config, until

RULE = "cells_crop"
# Changes to the profile, by the name of the way; None takes a key away.
ALONE: dict[str, Any] = {"groups": None, "group-components": None}
WAYS: dict[str, dict[str, Any]] = {
    "each job alone": ALONE,
    "8 wells together": {},
    # An array that does not fit in a command line comes as a script, of which only the first task does its work.
    "arrays": {**ALONE, "slurm-array-jobs": RULE, "slurm-array-limit": 24},
}


@dataclass(frozen=True)
class Measured:
    """One way's figures: times in s; `share` is the part of the SLURM jobs' time in which no rule's script ran."""

    way: str
    wall_s: float
    n_slurm_jobs: int
    jobs_s: float
    scripts_s: float
    n_slurm_logs: int

    @property
    def share(self) -> float:
        """Overhead's part of the SLURM jobs' time."""
        return 1 - self.scripts_s / self.jobs_s


def prepared_wells(folder: Path, *, n_wells: int, cluster: Cluster) -> Study:
    """A study of tiny wells whose headers are read, on this machine, so that `RULE` is next."""
    study = Study(folder / "wells", copied_checkout(folder / "checkout"), cluster)
    make_plate(study.folder / "plate", n_wells=n_wells, n_cells=20)
    (study.folder / "config.yaml").write_text(yaml.safe_dump(small_config()), encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(study.checkout / "Snakefile"), "--cores", "2"]
    command += ["results/raw/channels.csv", "--configfile", str(study.folder / "config.yaml")]
    subprocess.run(command, cwd=study.folder, check=True, capture_output=True)
    return study


def measured(way: str, *, prepared: Study, folder: Path) -> Measured:
    """Run the wells through the cluster in this way."""
    profile = prepared.checkout / "profiles/slurm/config.yaml"
    settings = {**yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8")), **WAYS[way]}
    profile.write_text(yaml.safe_dump({k: v for k, v in settings.items() if v is not None}), encoding="utf-8")
    study = prepared.copied(folder)
    began = time.monotonic()
    study.run("--until", RULE)
    wall_s = time.monotonic() - began
    until(lambda: {one["State"] for one in study.accounted()} == {"COMPLETED"}, what="ended jobs in accounting")
    records = study.accounted()
    tables = [pd.read_csv(path, sep="\t") for path in (study.folder / "benchmarks" / RULE).rglob("*.tsv")]
    return Measured(
        way=way,
        wall_s=wall_s,
        n_slurm_jobs=len(records),
        jobs_s=float(sum(int(one["ElapsedRaw"]) for one in records)),
        scripts_s=float(sum(table["s"].sum() for table in tables)),
        n_slurm_logs=len(list((study.folder / ".snakemake/slurm_logs").rglob("*.log"))),
    )


def main() -> None:
    """Measure every way and print a line for each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--wells", type=int, default=96)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    arguments = parser.parse_args()
    n_wells = arguments.wells
    missing = missing_parts()
    if missing:
        sys.exit(missing)
    print(f"{n_wells} wells, rule {RULE}")
    print(f"{'way':<18} {'wall s':>7} {'SLURM jobs':>11} {'jobs s':>8} {'scripts s':>10} {'overhead':>9} {'logs':>5}")
    with tempfile.TemporaryDirectory() as name, running_cluster() as cluster:
        prepared = prepared_wells(Path(name), n_wells=n_wells, cluster=cluster)
        for number, way in enumerate(arguments.ways):
            one = measured(way, prepared=prepared, folder=Path(name) / str(number))
            line = f"{way:<18} {one.wall_s:>7.0f} {one.n_slurm_jobs:>11} {one.jobs_s:>8.0f} {one.scripts_s:>10.0f}"
            print(f"{line} {one.share:>9.0%} {one.n_slurm_logs:>5}", flush=True)


if __name__ == "__main__":
    main()
