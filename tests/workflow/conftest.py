"""A tiny simulated plate, and snakemake as a user runs it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]

Snakemake = Callable[..., subprocess.CompletedProcess[str]]

TINY = {
    "wells": "plate/wells.tsv",
    "raw": {"format": "mpm"},
    "cells": {"image_size": 24},
    "dataset": {"target_channel": "00_EU"},
    "training": {"models": ["linear"], "epochs": 2, "patience": 2, "batch_size": 32},
    "attribution": {
        "models": ["linear"],
        "max_cells": 3,
        "steps": 2,
        "estimator": {"samples": 2},
        "panel_channels": 2,
        "validation": {
            "truth": "known",
            "cells": 2,
            "methods": ["gradient_input/none", "integrated_gradients/vargrad"],
            "baselines": ["black"],
            "samples": 2,
            "curve_steps": 2,
            "randomised_cells": 1,
        },
    },
    "report": {"bootstrap_samples": 100},
}


def run_snakemake(folder: Path, *arguments: str, configfile: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run snakemake in `folder` with the laptop profile and return what it did and said."""
    command = [
        *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)),
        *("--workflow-profile", str(ROOT / "profiles" / "default"), "--cores", "2", *arguments),
        *("--configfile", str(configfile or folder / "config.yaml")),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture(scope="session")
def simulated_plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated plate of three wells and a config for it; copied, never changed, by tests."""
    folder = tmp_path_factory.mktemp("simulated")
    command = [sys.executable, "-m", "wellspring", "simulate", str(folder / "plate"), "--preset", "demo"]
    small = ["--wells", "3", "--cells", "60", "--diameter-px", "14", "--seed", "7"]
    subprocess.run([*command, *small], check=True, capture_output=True, text=True)
    # Nothing but the validation may read the truth that lies beside the wells.
    (folder / "known").mkdir()
    shutil.move(folder / "plate" / "truth", folder / "known" / "truth")
    (folder / "config.yaml").write_text(yaml.safe_dump(TINY), encoding="utf-8")
    return folder


@pytest.fixture
def plate(simulated_plate: Path, tmp_path: Path) -> Path:
    """A fresh copy of the simulated plate and its config."""
    shutil.copytree(simulated_plate, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture(scope="session")
def run() -> Snakemake:
    """`run_snakemake`, handed to tests."""
    return run_snakemake
