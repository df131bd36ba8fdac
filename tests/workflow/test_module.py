"""The workflow as a module of another one: all rules but the page, and one rule alone, in folders of their own."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from tests.preloaded import preloaded_python
from tests.workflow.studies import ROOT

pytestmark = pytest.mark.workflow

HEAD = f"""
configfile: "config.yaml"


module wells:
    snakefile: "{ROOT}/workflow/Snakefile"
    config: config
"""
# Chapters are collected by a rule of the other workflow, whose own results are in the folder `results`.
ALL_BUT_THE_PAGE = f"""{HEAD}
    prefix: "part"


use rule * from wells exclude all, report_page as wells_*


rule collect:
    default_target: True
    input:
        "part/results/report/chapters/raw.json",
        "part/results/report/chapters/quality.json",
    output:
        "results/collected.txt",
    shell:
        "cat {{input}} > {{output}}"
"""
ONE_ALONE = f"""{HEAD}
    pathvars:
        results="elsewhere",
        logs="elsewhere/log",
        benchmarks="elsewhere/measured",


use rule raw_describe from wells


rule collect:
    default_target: True
    input:
        "elsewhere/raw/p/A01.json",
    output:
        "results/collected.txt",
    shell:
        "cat {{input}} > {{output}}"
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Two wells of one image whose quality is asked for."""
    rng = np.random.default_rng(1)
    for well in ("A01", "A02"):
        image = rng.poisson(200, (64, 64)).astype(np.uint16)
        tifffile.imwrite(tmp_path / f"{well}_DAPI.tif", image, photometric="minisblack")
    (tmp_path / "wells.tsv").write_text("plate\twell\tpath\np\tA01\t.\np\tA02\t.\n", encoding="utf-8")
    raw = {"format": "tiff", "pattern": "{well}_{channel}.tif", "pixel_size_um": 0.3}
    config = {"wells": "wells.tsv", "raw": raw, "quality": {"channels": ["DAPI"]}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


def _run(folder: Path, snakefile: str) -> str:
    (folder / "Snakefile").write_text(snakefile, encoding="utf-8")
    command = [preloaded_python(), "-m", "snakemake", "--cores", "2"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_all_rules_but_the_page_run_under_a_prefix(study: Path) -> None:
    _run(study, ALL_BUT_THE_PAGE)
    collected = (study / "results/collected.txt").read_text(encoding="utf-8")
    assert '"stage": "raw"' in collected
    assert '"stage": "quality"' in collected
    assert {path.name for path in (study / "results").iterdir()} == {"collected.txt"}
    assert {path.name for path in (study / "part").iterdir()} == {"results", "logs", "benchmarks"}
    assert "Nothing to be done" in _run(study, ALL_BUT_THE_PAGE)


def test_one_rule_alone_runs_with_folders_of_its_own(study: Path) -> None:
    said = _run(study, ONE_ALONE)
    found = {str(path.relative_to(study)) for path in (study / "elsewhere").rglob("*") if path.is_file()}
    names = {"elsewhere/raw/p/A01.json", "elsewhere/log/raw_describe/p/A01.log"}
    assert found == {*names, "elsewhere/measured/raw_describe/p/A01.tsv"}
    assert {path.name for path in (study / "results").iterdir()} == {"collected.txt"}
    # What concerns a run as a whole is the importer's.
    assert "Asks for a GPU" not in said
