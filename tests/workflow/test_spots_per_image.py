"""Images without any stain of nuclei or cells: spots per image, and no invented nuclei."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.workflow.studies import Snakemake, said
from wellspring.simulation.smfish_plate import SmfishSettings, SmfishWell, simulate_smfish_plate

pytestmark = pytest.mark.workflow

PLATE = SmfishSettings(wells=(SmfishWell("A01", 2, 20.0),), shape=(5, 120, 120), nucleus_px=30.0)


def test_spots_are_counted_per_image_and_nothing_is_segmented(tmp_path: Path, run: Snakemake) -> None:
    simulate_smfish_plate(tmp_path / "plate", settings=PLATE, seed=5)
    config = {
        "wells": "plate/wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.16},
        "segmentation": {"nucleus_channel": None},
        "spots": {"channels": ["RNA"], "sigma_px": [1.2, 1.5, 1.5], "spacing_um": [0.3, 0.16, 0.16]},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(tmp_path)
    assert result.returncode == 0, said(result)
    results = tmp_path / "results"
    assert not (results / "segmentation").exists()
    assert not (results / "cells").exists()
    spots = pd.read_parquet(results / "spots/smfish01/A01.parquet")
    assert len(spots) > 10
    assert set(spots["object_id"]) == {0}
    page = (results / "report/report.html").read_text(encoding="utf-8")
    assert "Spots per image" in page
    assert "no cells" not in page.lower()
