"""A job that is killed, and the run after it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.workflow.studies import ROOT, Snakemake, change_config, said

pytestmark = pytest.mark.workflow


def test_a_killed_job_leaves_nothing_half_written_and_the_next_run_goes_on(plate: Path, run: Snakemake) -> None:
    change_config(plate, training={"models": ["linear"], "regimes": ["structure"], "epochs": 150, "patience": 150})
    target = "results/training/linear/structure/123/model.keras"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(plate)]
    command += ["--workflow-profile", str(ROOT / "profiles/default"), target]
    command += ["--configfile", str(plate / "config.yaml")]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    resume = plate / "results/training/linear/structure/123/resume"
    state = resume / "state.npz"
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert state.exists(), "the job was not seen to train"
    assert not (plate / target).exists()
    run(plate, "--unlock")
    change_config(plate, training={"models": ["linear"], "regimes": ["structure"], "epochs": 150, "patience": 150})
    result = run(plate, target)
    assert result.returncode == 0, said(result)
    assert "resumes after epoch" in said(result)
    history = pd.read_csv(plate / "results/training/linear/structure/123/history.csv")
    assert history["epoch"].tolist() == list(range(1, len(history) + 1))
    assert not resume.exists()
