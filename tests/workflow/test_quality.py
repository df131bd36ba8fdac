"""Quality of TIFF wells as a user runs it: an image that is replaced measures its well again and no other."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

Snakemake = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.workflow

MEASURED = "results/quality/images.parquet"


def _write(path: Path, *, seed: int) -> None:
    image = np.random.default_rng(seed).poisson(100, size=(64, 64)).astype(np.uint16)
    tifffile.imwrite(path, image)


@pytest.fixture
def wells(tmp_path: Path) -> Path:
    """Two wells of two sites each, with a sheet and a config that asks for quality alone."""
    (tmp_path / "plate").mkdir()
    for number, name in enumerate(("A01_s1", "A01_s2", "A02_s1", "A02_s2")):
        _write(tmp_path / f"plate/{name}_DAPI.tif", seed=number)
    (tmp_path / "wells.tsv").write_text("plate\twell\tpath\np\tA01\tplate\np\tA02\tplate\n", encoding="utf-8")
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.3},
        "segmentation": {"method": "log_otsu", "nucleus_channel": "DAPI"},
        "quality": {"channels": ["DAPI"]},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


def _planned(text: str) -> dict[str, int]:
    words = [line.split() for line in text.splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}


def test_a_replaced_image_measures_its_well_again_and_no_other(wells: Path, run: Snakemake) -> None:
    result = run(wells, MEASURED)
    assert result.returncode == 0, result.stdout + result.stderr
    again = run(wells, MEASURED, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr
    _write(wells / "plate/A02_s1_DAPI.tif", seed=9)
    result = run(wells, MEASURED, "--dry-run")
    rules = ("raw_describe", "raw_channels", "quality_measure", "quality_flag")
    assert _planned(result.stdout + result.stderr) == {**dict.fromkeys(rules, 1), "total": 4}
    other = run(wells, "results/quality/p/A01.parquet", "--dry-run")
    assert "quality_measure" not in _planned(other.stdout + other.stderr)
