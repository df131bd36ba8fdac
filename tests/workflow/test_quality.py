"""Quality of TIFF wells as a user runs it: what a replaced image, another well and a remark in the sheet run again."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

Snakemake = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.workflow

PLATES = [f"results/quality/plates/{plate}/illumination.npz" for plate in ("p", "q")]
LABELS = "results/segmentation/p/A01.ome.tif"
SHEET = "plate\twell\tpath\np\tA01\tp\np\tA02\tp\nq\tA01\tq\n"


def _write(folder: Path, well: str, *, seed: int) -> None:
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    for site in (1, 2):
        image = rng.poisson(100, size=(64, 64)).astype(np.uint16)
        tifffile.imwrite(folder / f"{well}_s{site}_DAPI.tif", image)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, run: Snakemake) -> Path:
    """Two plates whose illumination was estimated, and a well of the first that was segmented."""
    folder = tmp_path_factory.mktemp("quality")
    for number, (plate, well) in enumerate((("p", "A01"), ("p", "A02"), ("q", "A01"))):
        _write(folder / plate, well, seed=number)
    (folder / "wells.tsv").write_text(SHEET, encoding="utf-8")
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.3},
        "segmentation": {"method": "log_otsu", "nucleus_channel": "DAPI"},
        "quality": {"channels": ["DAPI"]},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(folder, *PLATES, LABELS)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(autouse=True)
def sheet_as_before(finished: Path) -> Path:
    """The sheet as it was when the run was finished."""
    (finished / "wells.tsv").write_text(SHEET, encoding="utf-8")
    return finished / "wells.tsv"


def _planned(result: subprocess.CompletedProcess[str]) -> dict[str, int]:
    words = [line.split() for line in (result.stdout + result.stderr).splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}


def test_a_second_run_does_nothing(finished: Path, run: Snakemake) -> None:
    again = run(finished, *PLATES, LABELS, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_remark_in_the_sheet_runs_nothing_again(finished: Path, run: Snakemake) -> None:
    lines = [f"{line}\t{'remark' if n == 0 else 'odd'}" for n, line in enumerate(SHEET.splitlines())]
    (finished / "wells.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    again = run(finished, *PLATES, LABELS, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_well_on_another_plate_runs_nothing_of_this_one_again(finished: Path, run: Snakemake) -> None:
    _write(finished / "q", "A02", seed=9)
    (finished / "wells.tsv").write_text(f"{SHEET}q\tA02\tq\n", encoding="utf-8")
    this = run(finished, PLATES[0], LABELS, "--dry-run")
    assert "Nothing to be done" in this.stdout + this.stderr
    of_the_other = ("raw_describe", "quality_measure", "quality_flag", "quality_illumination")
    assert _planned(run(finished, PLATES[1], "--dry-run")) == {**dict.fromkeys(of_the_other, 1), "total": 4}


def test_flags_and_illumination_are_inputs_of_segmentation_unless_profiles_alone_use_them(
    finished: Path, run: Snakemake
) -> None:
    config = yaml.safe_load((finished / "config.yaml").read_text(encoding="utf-8"))
    config["quality"]["use"] = "profiles"
    path = finished / "profiles.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    with_quality = run(finished, LABELS, "--dry-run", "--forceall")
    without = run(finished, LABELS, "--dry-run", "--forceall", configfile=path)
    assert _planned(with_quality)["quality_illumination"] == 1
    assert not [rule for rule in _planned(without) if rule.startswith("quality")]


# The last one, since it changes an image.
def test_a_replaced_image_measures_its_well_again_and_no_other(finished: Path, run: Snakemake) -> None:
    _write(finished / "p", "A02", seed=10)
    rules = ("raw_describe", "quality_measure", "quality_flag")
    flagged = run(finished, "results/quality/plates/p/sites.parquet", "--dry-run")
    assert _planned(flagged) == {**dict.fromkeys(rules, 1), "total": 3}
    other = run(finished, "results/quality/p/A01.parquet", PLATES[1], "--dry-run")
    assert "Nothing to be done" in other.stdout + other.stderr
