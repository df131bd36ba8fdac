"""What others expect of a workflow: the catalogue's file, a test study, a Dockerfile that is that of the lock, pins."""

import hashlib
import re
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import tifffile
import yaml
from skimage.filters import threshold_otsu
from skimage.measure import label

from tests.docs.pages import Page
from tests.preloaded import preloaded_python
from tests.workflow.studies import ROOT, planned
from wellspring.plan.workflow import plan_jobs

pytestmark = pytest.mark.workflow

FOLDER = "/conda-envs"
# The environments that the rules name.
ENVIRONMENTS = sorted(
    {
        name
        for path in (ROOT / "workflow/rules").glob("*.smk")
        for name in re.findall(r'"\.\./\.\./envs/([\w-]+)\.yaml"', path.read_text(encoding="utf-8"))
    }
)


def dockerfile() -> str:
    """What ``snakemake --containerize`` prints, which needs conda; the repository's file is held to this."""
    texts = {name: (ROOT / f"envs/{name}.yaml").read_bytes() for name in ENVIRONMENTS}
    digest = hashlib.sha256(b"".join(texts.values())).hexdigest()
    lines = [
        "FROM condaforge/miniforge3:latest",
        'LABEL io.github.snakemake.containerized="true"',
        f'LABEL io.github.snakemake.conda_env_hash="{digest}"',
    ]
    commands = []
    for name, text in texts.items():
        prefix = f"{FOLDER}/{hashlib.md5(text).hexdigest()}"
        lines += ["# Conda environment:", f"#   source: envs/{name}.yaml", f"#   prefix: {prefix}"]
        lines += [f"#   {line}" for line in text.decode().strip().split("\n")]
        lines += [f"RUN mkdir -p {prefix}", f"COPY envs/{name}.yaml {prefix}/environment.yaml"]
        commands.append(f"conda env create --prefix {prefix} --file {prefix}/environment.yaml &&")
    return "\n".join([*lines, "", "RUN " + " \\\n    ".join([*commands, "conda clean --all -y"])]) + "\n"


def test_the_dockerfile_has_the_environments_of_the_lock() -> None:
    # Their pins are those of the lock: test_layout.py. Renew the file: python -m tests.workflow.test_catalogue
    assert (ROOT / "Dockerfile").read_text(encoding="utf-8") == dockerfile()


def test_the_catalogue_finds_the_workflow() -> None:
    said = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    assert set(said) == {"mandatory-flags", "software-stack-deployment"}
    assert said["software-stack-deployment"] == {
        "conda": True,
        "apptainer": True,
        "apptainer+conda": True,
        "report": True,
    }
    for name in ("workflow/Snakefile", "config/README.md", "config/config.yaml", "LICENSE", "README.md"):
        assert (ROOT / name).is_file(), name


def test_the_test_study_is_planned_and_small(tmp_path: Path) -> None:
    study = Path(shutil.copytree(ROOT / ".test", tmp_path / "study"))
    assert sum(path.stat().st_size for path in study.rglob("*") if path.is_file()) < 200_000
    counts = planned(study, configfile=study / "config/config.yaml")
    assert counts["segmentation_cells"] == counts["browser_well"] == counts["export_well"] == 2
    assert counts["report_page"] == 1
    # The catalogue's path to the workflow makes the same by default.
    config = study / "config/config.yaml"
    plan = plan_jobs(snakefile=ROOT / "workflow/Snakefile", folder=study, configfile=config, targets=(), forceall=False)
    assert Counter(job.task.rule for job in plan.jobs) == counts


def test_snakemake_and_its_plugins_are_pinned_where_they_break() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "snakemake>=9.13,<10" in project["dependencies"]
    # Older ones do not know the options that the executor gives them.
    assert "snakemake-executor-plugin-slurm-jobstep>=0.6" in project["optional-dependencies"]["slurm"]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("segmentation alone", {"raw_describe", "segmentation_nuclei", "segmentation_cells"}),
        ("spots on other labels", {"segmentation_nuclei", "segmentation_cells", "spots_detect"}),
        ("export of other results", {"cells_measure", "cells_tables", "export_anndata", "export_well", "export_plate"}),
    ],
)
def test_stages_are_imported_as_the_page_says_and_run(name: str, rules: set[str], tmp_path: Path) -> None:
    for path in (ROOT / ".test/plate").glob("A01_*.tif"):
        shutil.copy2(path, tmp_path)
    stain = tifffile.imread(tmp_path / "A01_CELL.tif")
    labels = label(stain > threshold_otsu(stain)).astype("uint16")
    (tmp_path / "masks").mkdir()
    tifffile.imwrite(tmp_path / "masks/A01_mask.tif", labels)
    (tmp_path / "wells.tsv").write_text("plate\twell\tpath\np\tA01\t.\n", encoding="utf-8")
    block = Page(ROOT / "docs/modules.md").runnable(name).replace("path/to/wellspring", str(ROOT))
    (tmp_path / "Snakefile").write_text(block, encoding="utf-8")
    command = [preloaded_python(), "-m", "snakemake", "--cores", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    found = set(re.findall(r"^(\w+) +\d+$", result.stdout + result.stderr, flags=re.M))
    assert rules <= found
    assert "report_page" not in found


if __name__ == "__main__":
    (ROOT / "Dockerfile").write_text(dockerfile(), encoding="utf-8")
