"""Wells of images to a dataset, as a user runs it: one well has no nuclei."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, said

pytestmark = pytest.mark.workflow


def _draw_field(path: Path, *, n_nuclei: int, rng: np.random.Generator) -> None:
    """Two images of a site, 150 x 150 px: nuclei of 20 px on a grid in DAPI, and another level for each in GFP."""
    y, x = np.mgrid[:150, :150]
    images = rng.poisson(100, (2, 150, 150)).astype(np.uint16)
    for number in range(n_nuclei):
        disc = np.hypot(y - 25 - 33 * (number // 4), x - 25 - 33 * (number % 4)) < 10
        images[0, disc] += 2000
        images[1, disc] += rng.integers(300, 3000, dtype=np.uint16)
    for image, channel in zip(images, ("DAPI", "GFP"), strict=True):
        tifffile.imwrite(path.with_name(f"{path.name}_{channel}.tif"), image)


def test_tiff_wells_become_cells_and_a_well_without_nuclei_flows_through(tmp_path: Path, run: Snakemake) -> None:
    rng = np.random.default_rng(0)
    for well, n_nuclei in (("A01", 16), ("A02", 15), ("A03", 0)):
        for site in (1, 2):
            _draw_field(tmp_path / f"{well}_s{site}", n_nuclei=n_nuclei, rng=rng)
    sheet = pd.DataFrame({"plate": "P", "well": ["A01", "A02", "A03"], "path": "."})
    sheet.to_csv(tmp_path / "wells.tsv", sep="\t", index=False)
    config = {
        "wells": "wells.tsv",
        "raw": {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif"},
        "cells": {"image_size": 32},
        "dataset": {"target_channel": "GFP", "filter": [], "select": {}, "split": {"stratify": []}},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = run(tmp_path, "results/dataset/manifest.parquet")
    assert result.returncode == 0, said(result)
    manifest = pd.read_parquet(tmp_path / "results/dataset/manifest.parquet")
    assert manifest.groupby("well").size().to_dict() == {"A01": 32, "A02": 30}
    assert set(manifest["split"]) == {"train", "validation", "test"}
    empty = pd.read_parquet(tmp_path / "results/cells/crops/P/A03.parquet")
    assert len(empty) == 0
    assert list(empty.columns) == list(pd.read_parquet(tmp_path / "results/cells/crops/P/A01.parquet").columns)
