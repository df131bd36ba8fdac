"""The examples of the pages do what the pages say: run as they are printed, on a small plate."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from tests.docs.pages import ROOT, Page
from wellspring.attribution.maps.stored import Maps, write_maps
from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard

README = Page(ROOT / "README.md")
TROUBLESHOOTING = Page(ROOT / "docs/troubleshooting.md")
# What a clone does not have: anywhere, and in the root.
IGNORED = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*_cache", ".snakemake")
RUNS = {".venv", ".git", "demo", "real", "data", "results", "logs", "benchmarks"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project without what git ignores, as a fresh clone has it."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {*IGNORED(folder, names), *(RUNS if Path(folder) == ROOT else ())}

    return Path(shutil.copytree(ROOT, tmp_path / "wellspring", ignore=ignored))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two wells of one site with three channels, as TIFF files."""
    folder = tmp_path / "plate1"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for well in ("A01", "A02"):
        for channel in ("DAPI", "CELL", "RNA"):
            tifffile.imwrite(folder / f"{well}_s1_{channel}.tif", rng.integers(90, 110, (64, 64), dtype=np.uint16))
    return folder


def _shell(script: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a block of shell commands, which stops at the first that fails, with the library of `folder`."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str((folder if (folder / "src").is_dir() else ROOT) / "src"),
    }
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.workflow
def test_the_quick_start_works_in_a_fresh_clone(clone: Path, images: Path) -> None:
    result = _shell(README.runnable("own data").replace("/data/plate1", str(images)), folder=clone)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    planned = result.stdout + result.stderr
    for rule in ("raw_describe", "segmentation_cells", "spots_detect", "spots_chapter", "report_page"):
        assert rule in planned, rule
    config = yaml.safe_load((clone / "config/config.yaml").read_text(encoding="utf-8"))
    assert config["spots"]["channels"] == ["RNA"]
    assert not (clone / "results").exists()


@pytest.mark.workflow
@pytest.mark.parametrize("start", ["--study profiling", "--format tiff"])
def test_other_starts_need_no_more_keys_than_they_list(start: str, clone: Path, images: Path) -> None:
    block = README.runnable("own data").replace("/data/plate1", str(images)).replace("--study smfish", start)
    given = {
        "--study profiling": "--set quality.channels='[DAPI, CELL]'",
        "--format tiff": "--set dataset.target_channel=RNA",
    }
    command = block.replace("--set segmentation.cells.channel=CELL --set spots.channels='[RNA]'", given[start])
    result = _shell(command, folder=clone)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]


@pytest.mark.workflow
def test_the_first_run_on_a_cluster_is_planned_as_the_page_says(clone: Path) -> None:
    result = _shell(Page(ROOT / "docs/cluster.md").runnable("first run"), folder=clone)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    assert "Asks for a GPU: training_fit" in result.stdout + result.stderr


@pytest.mark.workflow
def test_the_workflow_is_imported_as_the_page_says(images: Path, tmp_path: Path) -> None:
    sheet = "plate\twell\tpath\n" + "".join(f"p\t{well}\t{images}\n" for well in ("A01", "A02"))
    (tmp_path / "wells.tsv").write_text(sheet, encoding="utf-8")
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.2},
        "spots": {"channels": ["RNA"]},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"wellspring": config}), encoding="utf-8")
    block = Page(ROOT / "docs/architecture.md").runnable("module").replace("path/to/wellspring", str(ROOT))
    (tmp_path / "Snakefile").write_text(f'configfile: "config.yaml"\n{block}', encoding="utf-8")
    target = "results/wellspring/report/chapters/spots.json"
    result = _shell(f"snakemake --cores 1 --dry-run {target}", folder=tmp_path)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    assert "wellspring_spots_chapter" in result.stdout + result.stderr


def test_score_maps_are_read_as_the_page_says(tmp_path: Path) -> None:
    folder = tmp_path / "results/attribution/simple_cnn/structure/123"
    folder.mkdir(parents=True)
    score = np.stack([np.full((4, 4), 3.0), np.full((4, 4), 1.0)])[None].astype(np.float32)
    maps = Maps(
        image=score,
        mask=np.ones((1, 4, 4), dtype=bool),
        score=score,
        attribution=score,
        plate=np.array(["plate1"]),
        well=np.array(["B02"]),
        object_id=np.array([7]),
        target=np.array([1.0]),
        prediction=np.array([1.0]),
        level=np.array(["high"]),
        channels=np.array(["DAPI", "RNA"]),
    )
    write_maps(maps, folder / "maps.npz")
    printed = _python(TROUBLESHOOTING.runnable("maps"), folder=tmp_path)
    assert "plate1 B02 7" in printed
    assert "0.75" in printed
    assert "0.25" in printed


@pytest.mark.parametrize("example", ["crops", "crops without wellspring"])
def test_crops_are_read_as_the_page_says(example: str, tmp_path: Path) -> None:
    folder = tmp_path / "results/cells/crops/plate1"
    folder.mkdir(parents=True)
    # An L of three pixels in two channels.
    run_y, run_x, run_length = runs_of(np.array([0, 1, 1]), np.array([0, 0, 1]))
    pixels = np.array([[1, 10], [2, 20], [3, 30]], dtype=np.uint16)
    crop = Crop(5, 0, 0, 2, 2, run_y, run_x, run_length, pixels)
    header = ShardHeader("plate1", "B02", ("DAPI", "RNA"), np.zeros(2))
    write_shard(folder / "B02.arrow", [crop], header=header)
    show = "\nprint(np.asarray(image).ravel().tolist())\n"
    printed = _python("import numpy as np\n" + TROUBLESHOOTING.runnable(example) + show, folder=tmp_path)
    expected = [1, 0, 2, 3, 10, 0, 20, 30] if example == "crops" else [1, 10, 0, 0, 2, 20, 3, 30]
    assert printed.splitlines()[-1] == str(expected)


def test_float_images_are_converted_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "float_images").mkdir()
    values = np.array([[0.0, 0.5], [1.0, 1.5]], dtype=np.float32)
    tifffile.imwrite(tmp_path / "float_images/B02_s1_RNA.tif", values)
    _python(TROUBLESHOOTING.runnable("float"), folder=tmp_path)
    converted = tifffile.imread(tmp_path / "plate1/B02_s1_RNA.tif")
    assert converted.dtype == np.uint16
    assert converted.tolist() == [[0, 32768], [65535, 65535]]


def _python(code: str, *, folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout
