"""Planning a 384-well plate of 9 sites: the dry run of both studies, its jobs and files, memory of the head process.

The files are empty: a dry run looks at names and times only. What one job of a cluster takes to find itself among 384
wells is printed next to it.
"""

import os
import re
import string
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from bench.table import Row
from wellspring.plan.workflow import FileCounts, plan_jobs
from wellspring.simulation.layouts.harmony import harmony_file, harmony_lines
from wellspring.simulation.layouts.plates import DrawnPlate

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 30.0
TARGET_MIB = 1024.0
N_WELLS = 384
N_SITES = 9
WELL_FILES = ("mpp.npy", "x.npy", "y.npy", "mapobject_ids.npy", "metadata.csv", "channels.csv")
PLATE_FILES = ("cell_cycle_classification.csv", "wells_metadata.csv", "secondary_only_relative_normalisation.csv")
# What the tests of the maps read.
TRUTH = "truth/truth.json"
STAINS = ("DAPI", "CELL", "RNA")
N_CHANNELS = 38


@dataclass(frozen=True)
class DryRun:
    """What one dry run took, and what it planned.

    Attributes
    ----------
    seconds, cpu_s : float
        Wall time, and processor time: that of the process alone, whatever else the machine does.
    memory_mib : float
        Largest resident memory.
    n_jobs : int
    """

    seconds: float
    cpu_s: float
    memory_mib: float
    n_jobs: int


def run() -> list[Row]:
    """Time both studies, and the second with one file per channel of a multiplexed plate."""
    rows: list[Row] = []
    many = (*STAINS, *(f"C{number:02d}" for number in range(len(STAINS), N_CHANNELS)))
    plates = {"mpm": None, "smfish, 3 channels": STAINS, "smfish, 38 channels": many, "harmony, 38 channels": many}
    for name, channels in plates.items():
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            make = make_harmony_plate if name.startswith("harmony") else make_tiff_plate
            first = make(folder, channels=channels) if channels else make_mpm_plate(folder)
            whole, one = dry_run(folder), dry_run(folder, first)
            plan = plan_jobs(snakefile=ROOT / "Snakefile", folder=folder, configfile=folder / "config.yaml")
            rows += _rows(name, whole, one, files=plan.files)
    return rows


def make_mpm_plate(folder: Path) -> str:
    """Lay out a plate of pixel tables and its config; return the first result of a well."""
    for name in _names():
        (folder / "plate" / name).mkdir(parents=True)
        for file in WELL_FILES:
            (folder / "plate" / name / file).touch()
    structures = [f"truth/structures/plate/{name}.npz" for name in _names()]
    (folder / "plate" / structures[0]).parent.mkdir(parents=True)
    for file in (*PLATE_FILES, TRUTH, *structures):
        (folder / "plate" / file).touch()
    _write_sheet(folder, {name: f"plate/{name}" for name in _names()})
    _write_config(folder, study="transcription")
    return "results/raw/plate/A01.json"


def make_tiff_plate(folder: Path, *, channels: tuple[str, ...]) -> str:
    """Lay out a plate of site images, all in one folder, and its config; return the first result of a well."""
    (folder / "plate").mkdir()
    for name in _names():
        for site in range(1, N_SITES + 1):
            for channel in channels:
                (folder / "plate" / f"{name}_s{site}_{channel}.tif").touch()
    _write_sheet(folder, dict.fromkeys(_names(), "plate"))
    _write_config(folder, study="smfish")
    return "results/raw/plate/A01.json"


def make_harmony_plate(folder: Path, *, channels: tuple[str, ...]) -> str:
    """Lay out a plate with the index that Harmony writes, and its config; return the first result of a well."""
    plane = np.zeros((1, 1, 1), dtype=np.uint16)
    stacks = {(name, site): dict.fromkeys(channels, plane) for name in _names() for site in range(1, N_SITES + 1)}
    positions = {site: (0.0, 300.0 * site) for site in range(1, N_SITES + 1)}
    plate = DrawnPlate("plate", stacks, positions, n_rows=16, n_columns=24)
    (folder / "plate").mkdir()
    with (folder / "plate" / "Index.idx.xml").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in harmony_lines(plate, plate.images(), version=5))
    for one in plate.images():
        (folder / "plate" / harmony_file(one)).touch()
    _write_sheet(folder, dict.fromkeys(_names(), "plate"))
    _write_config(folder, study="smfish", raw={"format": "harmony"})
    return "results/raw/plate/A01.json"


def dry_run(folder: Path, *targets: str) -> DryRun:
    """One dry run in `folder`, as a user starts it."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--dry-run", *targets]
    command += ["--configfile", str(folder / "config.yaml")]
    log = folder / "dry_run.log"
    with log.open("w", encoding="utf-8") as file:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, env=dict(os.environ))
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-2000:]}")
    n_jobs = int(re.findall(r"^total +(\d+)$", log.read_text(encoding="utf-8"), re.M)[0])
    return DryRun(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, n_jobs)


def _rows(name: str, plate: DryRun, one: DryRun, *, files: FileCounts) -> list[Row]:
    is_small = plate.memory_mib < TARGET_MIB
    return [
        _row(f"{name}: dry run, {N_WELLS} wells", plate.seconds, "s", f"< {TARGET_S:g} s", plate.seconds < TARGET_S),
        _row(f"{name}: dry run, processor time", plate.cpu_s, "s"),
        _row(f"{name}: memory of the head process", plate.memory_mib, "MiB", f"< {TARGET_MIB:g} MiB", is_small),
        _row(f"{name}: jobs", plate.n_jobs, "jobs"),
        _row(f"{name}: files read", files.n_read, "files"),
        _row(f"{name}: results", files.n_results, "files"),
        _row(f"{name}: logs", files.n_logs, "files"),
        _row(f"{name}: benchmark records", files.n_records, "files"),
        _row(f"{name}: start of one job of the plate, processor time", one.cpu_s, "s"),
    ]


def _row(what: str, value: float, unit: str, target: str = "", met: bool | None = None) -> Row:
    return Row("dry_run", what, value, unit, "", None, target, met)


def _names() -> list[str]:
    return [f"{row}{column:02d}" for row in string.ascii_uppercase[:16] for column in range(1, 25)][:N_WELLS]


def _write_sheet(folder: Path, paths: dict[str, str]) -> None:
    rows = "".join(f"plate\t{name}\t{path}\n" for name, path in paths.items())
    (folder / "wells.tsv").write_text(f"plate\twell\tpath\n{rows}", encoding="utf-8")


def _write_config(folder: Path, *, study: str, raw: dict[str, str] | None = None) -> None:
    """The shipped config of a study, for the sheet in `folder`."""
    config = yaml.safe_load((ROOT / "config" / study / "config.yaml").read_text(encoding="utf-8"))
    if study == "smfish":
        # Every analysis of images.
        config["quality"] = {"channels": list(STAINS)}
    if raw is not None:
        config["raw"] = raw
    (folder / "config.yaml").write_text(yaml.safe_dump({**config, "wells": "wells.tsv"}), encoding="utf-8")
