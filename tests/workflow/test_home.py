"""A home that cannot be written: on some clusters, in containers, for accounts of services."""

import os
from pathlib import Path

import pytest

from tests.workflow.studies import Snakemake, planned, said
from wellspring.tables import read_table
from wellspring.training.tables import PREDICTIONS

pytestmark = pytest.mark.workflow

# A folder that cannot be made, whoever runs the tests.
NO_HOME = "/dev/null/home"
RUN = "results/training/linear/color-structure/1"


def test_a_plan_needs_no_home(plate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", NO_HOME)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert planned(plate, "results/raw/channels.csv") == {"raw_describe": 3, "raw_channels": 1}


def test_a_run_needs_no_home(plate: Path, run: Snakemake) -> None:
    """Snakemake, the library of the figures and that of the models each keep something in the home where they can."""
    names = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    targets = ("results/report/filter.svg", f"{RUN}/predictions.parquet")
    result = run(plate, *targets, environment={**environment, "HOME": NO_HOME})
    assert result.returncode == 0, said(result)
    assert "Traceback" not in said(result)
    assert (plate / targets[0]).read_text(encoding="utf-8").startswith("<?xml")
    assert len(read_table(plate / targets[1], PREDICTIONS)) > 0
