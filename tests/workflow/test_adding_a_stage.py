"""A stage is added by its own files alone: those of toy_stage/, put into a copy of the project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from tests.workflow.studies import ROOT

TOY = Path(__file__).with_name("toy_stage")
# What a checkout needs to run, to be checked and to test itself.
PARTS = (
    "Snakefile",
    "workflow",
    "src",
    "profiles",
    "envs",
    "resources",
    "tests",
    "pyproject.toml",
    "requirements.lock",
)

CHECK = """
import sys
from pathlib import Path
import yaml
from wellspring.config import config_schema, validated_config

config = yaml.safe_load(Path("wrong.yaml").read_text())
validated_config(config, schema=config_schema(Path(sys.argv[1])), source="config")
"""

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the toy stage."""
    folder = tmp_path_factory.mktemp("project")
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", ".snakemake")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy2(ROOT / name, folder / name)
    for file in TOY.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            target = folder / file.relative_to(TOY)
            assert not target.exists(), f"{target}: a stage's files are its own"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wells of one image; the second is brighter."""
    folder = tmp_path_factory.mktemp("study")
    for well, level in (("A01", 100), ("A02", 300)):
        tifffile.imwrite(folder / f"{well}_DAPI.tif", np.full((16, 16), level, np.uint16), photometric="minisblack")
    (folder / "wells.tsv").write_text("plate\twell\tpath\np\tA01\t.\np\tA02\t.\n", encoding="utf-8")
    raw = {"format": "tiff", "pattern": "{well}_{channel}.tif"}
    config = {"wells": "wells.tsv", "raw": raw, "brightness": {"channels": ["DAPI"]}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def _run(project: Path, folder: Path, *arguments: str) -> str:
    """What a program says that finds the library of `project`."""
    environment = {"PYTHONPATH": f"{project / 'src'}:{project}", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    command = [sys.executable, "-m", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_its_results_and_its_chapter_are_made_and_checked(project: Path, study: Path) -> None:
    snakemake = ["snakemake", "--snakefile", str(project / "Snakefile"), "--cores", "2"]
    _run(project, study, *snakemake, "--configfile", "config.yaml")
    chapter = json.loads((study / "results/report/chapters/brightness.json").read_text(encoding="utf-8"))
    assert chapter["findings"] == ["The brightest well is A02, in DAPI."]
    page = (study / "results/report/report.html").read_text(encoding="utf-8")
    for words in ("Are some wells brighter than others?", *chapter["findings"], "Mean intensity of each channel over"):
        assert words in page
    assert "300" in (study / "results/report/brightness.csv").read_text(encoding="utf-8")


def test_its_keys_are_checked_by_its_schema_and_its_stage(project: Path, study: Path) -> None:
    config = yaml.safe_load((study / "config.yaml").read_text(encoding="utf-8"))
    config["brightness"]["chanels"] = ["DAPI"]
    (study / "wrong.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    command = [sys.executable, "-c", CHECK, str(project / "workflow/schemas")]
    environment = {"PYTHONPATH": str(project / "src")}
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=study, env=environment)
    assert "InputError" in result.stderr
    assert "brightness" in result.stderr
    assert "chanels" in result.stderr


def test_the_project_s_own_tests_of_its_layout_hold_for_it(project: Path) -> None:
    files = ["tests/workflow/test_layout.py", "tests/unit/brightness"]
    chosen = "brightness or belongs_to_a_stage or plan_can_count or imports_no_stage"
    said = _run(project, project, "pytest", "-p", "no:cacheprovider", "-k", chosen, *files)
    assert "failed" not in said
