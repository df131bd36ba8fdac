"""What 384 wells x 38 channels take on a cluster: two simulated wells are run, and represent the plate.

The time of a job before its work begins is measured too: it is what Snakemake takes to start one job of such a plate.
Each SLURM job starts Snakemake once, and each job in it once more. What the cluster's own scheduler adds is not in it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import yaml

from bench.dry_run import N_WELLS, ROOT, dry_run
from bench.table import Row
from wellspring.plan.forecast import forecast
from wellspring.plan.records import read_records
from wellspring.plan.scaled import Range, added
from wellspring.plan.wall import wall_time
from wellspring.plan.workflow import plan_jobs

N_PILOT = 2
N_CELLS = 400
N_CHANNELS = 38
CORES_PER_NODE = 32
NODES = (1, 4, 16)
# Wells that share a SLURM job: as the profile's groups have it, or none.
TOGETHER = (8, 1)
WORDS = ("low", "high")
# The models are left out: without a GPU their times would say nothing about a cluster that has some.
TARGET = "results/dataset/normalization.parquet"


def run() -> list[Row]:
    """Run the pilot, plan the plate, and bound its time for some sizes of cluster."""
    with tempfile.TemporaryDirectory() as place:
        pilot, plate = Path(place) / "pilot", Path(place) / "plate"
        make_pilot(pilot)
        make_plate(plate, pilot=pilot)
        plan = plan_jobs(snakefile=ROOT / "Snakefile", folder=plate, configfile=plate / "config.yaml", targets=[TARGET])
        found = forecast(plan, folders=[plate, pilot])
        piloted = {one.task.rule: one.seconds for one in read_records(pilot).complete}
        start_s = dry_run(plate, "results/raw/plate01/A01.json").seconds
    hours = added([one.core_hours for one in found.estimates if one.core_hours]) or Range(0.0, 0.0, 0.0)
    disk = sum(one.disk_bytes or 0.0 for one in found.estimates)
    rows = [_row(f"{rule}, one job in the pilot", seconds, "s") for rule, seconds in piloted.items()]
    rows += [_row(f"{N_WELLS} wells to the dataset, {word}", getattr(hours, word), "CPU-hours") for word in WORDS]
    rows.append(_row("jobs", len(plan.jobs), "jobs"))
    rows.append(_row("their results", disk / 1e9, "GB"))
    rows.append(_row("start of one job of the plate", start_s, "s"))
    for nodes in NODES:
        for together in TOGETHER:
            # Wells that share a job run one after the other.
            cores = min(nodes * CORES_PER_NODE, N_WELLS // together)
            overhead_s = start_s * (1 + 1 / together)
            bounds = wall_time(plan.jobs, found.job_seconds, cores=cores, gpus=0, overhead_s=overhead_s)
            name = f"{nodes} node(s) of {CORES_PER_NODE} cores, {together} wells a SLURM job"
            rows.append(_row(f"{name}: at least", bounds.least / 60, "min"))
            rows.append(_row(f"{name}: at most", bounds.most / 60, "min"))
    return rows


def make_pilot(folder: Path) -> None:
    """Simulate two wells of full size and run them to the dataset, with records."""
    command = [sys.executable, "-m", "wellspring", "simulate", str(folder / "plate"), "--preset", "full"]
    command += ["--wells", str(N_PILOT), "--cells", str(N_CELLS), "--channels", str(N_CHANNELS)]
    subprocess.run(command, check=True, capture_output=True)
    _write_config(folder, wells="plate/wells.tsv")
    # One job at a time: two that share the memory bus would be slower than on nodes of their own.
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--cores", "1", TARGET]
    subprocess.run([*command, "--configfile", str(folder / "config.yaml")], check=True, capture_output=True)


def make_plate(folder: Path, *, pilot: Path) -> None:
    """A sheet of 384 wells that lie in the folders of the pilot's: planning reads names, sizes and headers only."""
    folder.mkdir()
    sheet = pd.read_csv(pilot / "plate" / "wells.tsv", sep="\t", dtype=str)
    rows = [f"{row}{column:02d}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]
    wells = sheet.iloc[[number % len(sheet) for number in range(N_WELLS)]].assign(well=rows)
    wells["path"] = [str(pilot / "plate" / path) for path in wells["path"]]
    wells.to_csv(folder / "wells.tsv", sep="\t", index=False)
    _write_config(folder, wells="wells.tsv")


def _write_config(folder: Path, *, wells: str) -> None:
    config = {"wells": wells, "raw": {"format": "mpm"}, "dataset": {"target_channel": "00_EU"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def _row(what: str, value: float, unit: str) -> Row:
    return Row("cluster_model", what, value, unit, "", None, "", None)
