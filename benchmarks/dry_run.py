"""Planning a 384-well plate: how long a dry run through all rules takes, beside a dry run of one well."""

import os
import string
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 30.0
WELL_FILES = ("mpp.npy", "x.npy", "y.npy", "mapobject_ids.npy", "metadata.csv", "channels.csv")
PLATE_FILES = ("cell_cycle_classification.csv", "wells_metadata.csv", "secondary_only_relative_normalisation.csv")


def make_plate(folder: Path, *, n_wells: int) -> None:
    """Lay out `n_wells` wells of empty files: a dry run looks at names and times only."""
    names = [f"{row}{column:02d}" for row in string.ascii_uppercase[:16] for column in range(1, 25)][:n_wells]
    plate = folder / "plate"
    for name in names:
        (plate / name).mkdir(parents=True)
        for file in WELL_FILES:
            (plate / name / file).touch()
    for file in PLATE_FILES:
        (plate / file).touch()
    rows = "".join(f"plate\t{name}\tplate/{name}\n" for name in names)
    (folder / "wells.tsv").write_text(f"plate\twell\tpath\n{rows}", encoding="utf-8")
    config = {"wells": "wells.tsv", "raw": {"format": "mpm"}, "dataset": {"target_channel": "00_EU"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def plan(folder: Path) -> tuple[float, int]:
    """Seconds and jobs of one dry run in `folder`."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--dry-run"]
    command += ["--configfile", str(folder / "config.yaml")]
    start = time.perf_counter()
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    seconds = time.perf_counter() - start
    totals = [line.split()[1] for line in (result.stdout + result.stderr).splitlines() if line.startswith("total")]
    return seconds, int(totals[0])


def run() -> list[Row]:
    """Time the dry runs of 1 and of 384 wells, one after the other."""
    measured = {}
    for n_wells in (1, 384):
        with tempfile.TemporaryDirectory() as name:
            make_plate(Path(name), n_wells=n_wells)
            measured[n_wells] = plan(Path(name))
    one, plate = measured[1][0], measured[384][0]
    return [
        Row("dry_run", f"1 well, {measured[1][1]} jobs", one, "s", "", None, "", None),
        Row(
            "dry_run",
            f"384 wells, {measured[384][1]} jobs",
            plate,
            "s",
            "1 well",
            plate / one,
            f"< {TARGET_S:g} s",
            plate < TARGET_S,
        ),
    ]
