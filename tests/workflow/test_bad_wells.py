"""One bad well: the run stops with its reason, or leaves it out and has a report; and what a run prints."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, change_config, planned, said

pytestmark = pytest.mark.workflow

PATTERN = "{well}_s{site}_{channel}.tif"
WELLS = [f"A{number:02d}" for number in range(1, 5)]


def _draw_well(folder: Path, well: str, *, rng: np.random.Generator) -> None:
    """Two sites of 100 x 100 px with four nuclei and two spots each."""
    y, x = np.mgrid[:100, :100]
    for site in (1, 2):
        dapi, rna = rng.poisson(100, (2, 100, 100)).astype(np.float64)
        for centre in ((25, 25), (25, 75), (75, 25), (75, 75)):
            dapi += 1500 * (np.hypot(y - centre[0], x - centre[1]) < 10)
        for centre in ((30, 30), (70, 70)):
            rna += 900 * np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / 3)
        for name, image in (("DAPI", dapi), ("RNA", rna)):
            file = folder / PATTERN.format(well=well, site=site, channel=name)
            tifffile.imwrite(file, image.astype(np.uint16), photometric="minisblack")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Four wells: A02 has a truncated file, A03 a site without a channel, A04 a site of another size."""
    rng = np.random.default_rng(5)
    for well in WELLS:
        _draw_well(tmp_path, well, rng=rng)
    truncated = tmp_path / "A02_s2_RNA.tif"
    truncated.write_bytes(truncated.read_bytes()[:900])
    (tmp_path / "A03_s1_RNA.tif").unlink()
    for channel in ("DAPI", "RNA"):
        image = tifffile.imread(tmp_path / f"A04_s2_{channel}.tif")
        tifffile.imwrite(tmp_path / f"A04_s2_{channel}.tif", image[:80], photometric="minisblack")
    sheet = pd.DataFrame({"plate": "P", "well": WELLS, "path": "."})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": PATTERN, "pixel_size_um": 0.2},
        "quality": {"channels": ["DAPI"]},
        "segmentation": {"cells": {"method": "expansion", "distance_px": 5}},
        "spots": {"channels": ["RNA"], "sigma_px": 1.2},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


def test_a_run_stops_at_a_bad_well_and_says_at_its_end_which_and_why(study: Path, run: Snakemake) -> None:
    result = run(study, "results/raw/channels.csv")
    assert result.returncode != 0
    end = said(result)[said(result).index("3 wells failed:") :].splitlines()
    assert end[1].startswith("  P/A02: A02_s2_RNA.tif: ")
    assert end[1].endswith("(logs/raw_describe/P/A02.log)")
    assert "site 1 was expected to have the channels" in end[2]
    assert end[3].startswith("  P/A04: ")
    assert "raw.image_sizes" in end[3]
    assert end[4] == "Report: results/report/report.html (not written, since jobs failed)"
    assert end[5].endswith("raw.bad_wells: leave_out in the config.")
    for noise in (
        "Building DAG",
        "Select jobs",
        "Provided cores",
        "rule raw_describe",
        "Shutting down",
        "Finished jobid",
    ):
        assert noise not in said(result)
    log = next((study / ".snakemake/log").iterdir()).read_text(encoding="utf-8")
    assert "Finished jobid" in log
    assert "Reading the headers of well P/A01" in log


def test_bad_wells_are_left_out_and_the_report_names_them(study: Path, run: Snakemake) -> None:
    change_config(study, raw={"bad_wells": "leave_out"})
    result = run(study)
    assert result.returncode == 0, said(result)
    end = said(result)[said(result).index("3 wells were left out:") :].splitlines()
    assert [line.split(":")[0].strip() for line in end[1:4]] == ["P/A02", "P/A03", "P/A04"]
    assert end[4] == "Report: results/report/report.html"
    page = (study / "results/report/report.html").read_text(encoding="utf-8")
    assert "Well P/A02 was left out: A02_s2_RNA.tif: " in page
    assert "expected 100 x 100 px, as other images are, found 80 x 100" in page
    wells = pd.read_csv(study / "results/report/wells.csv", keep_default_na=False)
    assert wells.loc[wells["left_out"] == "", "well"].tolist() == ["A01"]
    whole, empty = (pd.read_parquet(study / f"results/spots/cells/P/{well}.parquet") for well in ("A01", "A02"))
    assert len(whole) == 8
    assert len(empty) == 0
    assert list(empty.columns) == list(whole.columns)
    # Once mended, the well runs, and no pixels of the others.
    shutil.copy(study / "A02_s1_RNA.tif", study / "A02_s2_RNA.tif")
    again = planned(study, "results/spots/P/A01.parquet", "results/spots/P/A02.parquet")
    assert again["raw_describe"] == 1
    assert again["segmentation_cells"] >= 1


def test_a_run_says_what_changed_since_the_report(study: Path, run: Snakemake) -> None:
    sheet = study / "wells.tsv"
    sheet.write_text("plate\twell\tpath\nP\tA01\t.\n", encoding="utf-8")
    change_config(study, quality={"channels": []}, spots={"channels": []})
    assert run(study).returncode == 0
    change_config(study, segmentation={"cells": {"method": "expansion", "distance_px": 7}})
    sheet.write_text("plate\twell\tpath\tnote\nP\tA01\t.\tx\n", encoding="utf-8")
    words = said(run(study, "--dry-run"))
    assert "Changed since the report was made:\n  segmentation.cells.distance_px: 5 -> 7\n" in words
    assert "  sheet: column note of 1 wells: P/A01\n" in words
    assert "segmentation_cells" in words
    change_config(study, segmentation={"cells": {"method": "expansion", "distance_px": 5}})
    sheet.write_text("plate\twell\tpath\nP\tA01\t.\n", encoding="utf-8")
    words = said(run(study, "--dry-run"))
    assert "Changed" not in words
    assert "Nothing to be done" in words
