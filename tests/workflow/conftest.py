"""A tiny simulated plate, a study that asks for everything, and snakemake as a user runs it."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.preloaded import preloaded_python
from tests.workflow.studies import TINY, Snakemake, run_snakemake, write_everything

# Its tests are run where its stage is: test_adding_a_stage.py.
collect_ignore = ["toy_stage"]


@pytest.fixture(scope="session")
def simulated_plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated plate of three wells and a config for it; copied, never changed, by tests."""
    folder = tmp_path_factory.mktemp("simulated")
    command = [preloaded_python(), "-m", "wellspring", "simulate", str(folder / "plate"), "--preset", "demo"]
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


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """`write_everything` of two wells."""
    return write_everything(tmp_path / "everything", n_wells=2)


@pytest.fixture(scope="session")
def run() -> Snakemake:
    """`run_snakemake`, handed to tests."""
    return run_snakemake
