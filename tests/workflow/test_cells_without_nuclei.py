"""A whole run of stacks whose cells have no stain of nuclei: seeds, cells slice by slice, spots in them, the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow.studies import Snakemake, said
from wellspring.segmentation.labels import read_labels
from wellspring.simulation.smfish_plate import SmfishSettings, SmfishWell, simulate_smfish_plate

pytestmark = pytest.mark.workflow

PLATE = SmfishSettings(wells=(SmfishWell("A01", 3, 20.0),), shape=(6, 150, 150), nucleus_px=30.0)


def test_cells_of_stacks_without_a_stain_of_nuclei(tmp_path: Path, run: Snakemake) -> None:
    simulate_smfish_plate(tmp_path / "plate", settings=PLATE, seed=6)
    config = {
        "wells": "plate/wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.16},
        "segmentation": {"nucleus_channel": None, "cells": {"channel": "CELL"}, "z_step_um": 0.3},
        "spots": {"channels": ["RNA"], "sigma_px": [1.2, 1.5, 1.5], "spacing_um": [0.3, 0.16, 0.16]},
        "cells": {"features": None},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(tmp_path)
    assert result.returncode == 0, said(result)
    results = tmp_path / "results"
    volume = read_labels(results / "segmentation/volumes/smfish01/A01.ome.tif")["1"]
    assert volume.shape == (6, 150, 150)
    assert np.unique(volume).tolist() == [0, 1, 2, 3]
    true = pd.read_parquet(tmp_path / "plate/truth/cells.parquet")
    counts = pd.read_parquet(results / "spots/cells/smfish01/A01.parquet")
    assert sorted(counts["object_id"]) == [1, 2, 3]
    assert sorted(counts["n_spots"]) == pytest.approx(sorted(true["n_spots"]), abs=3)
    assert "Segmentation" in (results / "report/report.html").read_text(encoding="utf-8")
