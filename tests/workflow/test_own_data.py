"""The way of a new user with TIFF images: a sheet, a config, a dry run."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from tests.preloaded import preloaded_python
from wellspring.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
PATTERN = "{well}_s{site}_{channel}.tif"
TO_SET = {
    "transcription": ["segmentation.nucleus_channel=DAPI", "dataset.target_channel=RFP"],
    "smfish": ["segmentation.nucleus_channel=DAPI", "segmentation.cells.channel=CELL", "spots.channels=[RFP]"],
    "profiling": ["segmentation.nucleus_channel=DAPI", "quality.channels=[DAPI, RFP]"],
}

pytestmark = pytest.mark.workflow


def _dry_run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [preloaded_python(), "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"]
    command += ["--cores", "1"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two wells, with the sheet of a fresh clone."""
    (tmp_path / "data" / "P1").mkdir(parents=True)
    for name in ("A01_s1_DAPI", "A01_s1_RFP", "A01_s1_CELL", "A02_s1_DAPI", "A02_s1_RFP", "A02_s1_CELL"):
        tifffile.imwrite(tmp_path / "data" / "P1" / f"{name}.tif", np.full((32, 32), 100, np.uint16))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "wells.tsv").write_bytes((ROOT / "config" / "wells.tsv").read_bytes())
    (tmp_path / "config" / "config.yaml").write_bytes((ROOT / "config" / "config.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_shipped_config_says_that_there_are_no_wells(folder: Path) -> None:
    done = _dry_run(folder)
    assert done.returncode != 0
    assert (
        "no wells: add one row per well, or write the sheet with `wellspring sheet FOLDER" in done.stdout + done.stderr
    )


@pytest.mark.parametrize("study", TO_SET)
def test_a_new_user_comes_to_a_dry_run(study: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sheet", "data/P1", "--pattern", PATTERN, "--output", "config/wells.tsv"]) == 0
    settings = [part for one in [f"raw.pattern={PATTERN}", *TO_SET[study]] for part in ("--set", one)]
    command = ["config", "--study", study, "--format", "tiff", *settings, "--output", "config/config.yaml"]
    assert main(command) == 0
    assert capsys.readouterr().err == ""
    done = _dry_run(folder)
    assert done.returncode == 0, done.stderr
    assert "raw_describe" in done.stdout + done.stderr
