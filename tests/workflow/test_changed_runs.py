"""A dozen changes one after the other on a tiny study: each is one call, and the tables are those of a fresh run."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

from tests.workflow.studies import Snakemake, change_config, planned, said

pytestmark = [
    pytest.mark.workflow,
    # Snakemake leaves files open that it reads.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

TABLES = ("results/report/spots.csv", "results/dataset/manifest.parquet", "results/dataset/normalization.parquet")
CONFIG = {
    "wells": "wells.tsv",
    "raw": {"format": "tiff", "pattern": "{well}_{channel}.tif", "pixel_size_um": 0.2},
    "segmentation": {"nucleus_channel": "DAPI", "method": "log_otsu"},
    "spots": {"channels": ["RNA"], "sigma_px": 1.3},
    "dataset": {"target_channel": "GFP", "select": {}, "filter": [], "split": {"stratify": []}},
    "cells": {"image_size": 24},
}


def _image(seed: int, *, is_spots: bool) -> Any:
    """Nine round nuclei, or 25 spots, of 90 px a side."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:90, :90]
    indices = rng.uniform(5, 85, (25, 2)) if is_spots else [(a, b) for a in (16, 45, 74) for b in (16, 45, 74)]
    width, height = (1.3, 300) if is_spots else (4.0, 900)
    light = sum(height * np.exp(-((y - a) ** 2 + (x - b) ** 2) / (2 * width**2)) for a, b in indices)
    return rng.poisson(100 + light).astype(np.uint16)


def _write_well(folder: Path, well: str, *, seed: int) -> None:
    for number, channel in enumerate(("DAPI", "GFP", "RNA")):
        image = _image(10 * seed + number, is_spots=channel == "RNA")
        tifffile.imwrite(folder / "raw" / f"{well}_{channel}.tif", image, photometric="minisblack")


def _write_sheet(folder: Path, *wells: str) -> None:
    rows = ["plate\twell\tpath", *(f"p\t{well}\traw" for well in wells)]
    (folder / "wells.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _block(**blocks: Any) -> Callable[[Path], None]:
    return lambda folder: change_config(folder, **blocks)


def _replace_by_an_older_file(folder: Path) -> None:
    import os

    _write_well(folder, "B02", seed=9)
    for path in (folder / "raw").glob("B02_*"):
        os.utime(path, (10**9, 10**9))


def _add_a_well_and_change_a_key(folder: Path) -> None:
    _write_well(folder, "B04", seed=4)
    _write_sheet(folder, "B01", "B02", "B04")
    change_config(folder, spots={"sigma_px": 1.1})


# From the pixels to what is made of the tables, so that what an earlier change left as it was stays in sight.
CHANGES: dict[str, Callable[[Path], None]] = {
    "raw.background": _block(raw={"background": {"GFP": 40}}),
    "segmentation.smoothing_sigma_px": _block(segmentation={"smoothing_sigma_px": 2.5}),
    "segmentation.nucleus_channel": _block(segmentation={"nucleus_channel": "GFP"}),
    "a replaced file": _replace_by_an_older_file,
    "a well less": lambda folder: _write_sheet(folder, "B01", "B02"),
    "spots.channels": _block(spots={"channels": ["DAPI", "RNA"]}),
    "spots.spacing_um": _block(spots={"spacing_um": [0.25, 0.25]}),
    "spots.sigma_px": _block(spots={"sigma_px": 1.6}),
    "a well more and spots.sigma_px": _add_a_well_and_change_a_key,
    "cells.image_size": _block(cells={"image_size": 28}),
    "dataset.target_channel": _block(dataset={"target_channel": "RNA"}),
    "dataset.input_channels": _block(dataset={"input_channels": ["DAPI", "GFP"]}),
    "dataset.normalization": _block(dataset={"normalization": {"percentile": 90}}),
}


def _tables(folder: Path) -> dict[str, pd.DataFrame]:
    files = [path for path in sorted((folder / "results").rglob("*")) if path.suffix in (".csv", ".parquet")]
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet}
    return {path.relative_to(folder).as_posix(): read[path.suffix](path) for path in files}


def test_after_a_dozen_changes_the_tables_are_those_of_a_fresh_run(tmp_path: Path, run: Snakemake) -> None:
    folder = tmp_path / "study"
    (folder / "raw").mkdir(parents=True)
    for seed, well in enumerate(("B01", "B02", "B03"), start=1):
        _write_well(folder, well, seed=seed)
    _write_sheet(folder, "B01", "B02", "B03")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    result = run(folder, *TABLES)
    assert result.returncode == 0, said(result)
    for name, change in CHANGES.items():
        change(folder)
        result = run(folder, *TABLES)
        assert result.returncode == 0, f"{name}: {said(result)}"
        assert not planned(folder, *TABLES), f"{name}: a second call has something to do"
    fresh = tmp_path / "fresh"
    shutil.copytree(folder, fresh, ignore=shutil.ignore_patterns("results", ".snakemake", "logs", "benchmarks"))
    result = run(fresh, *TABLES)
    assert result.returncode == 0, said(result)
    expected, found = _tables(fresh), _tables(folder)
    assert {"results/report/spots.csv", "results/dataset/manifest.parquet"} < set(expected)
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table, obj=name)
    assert sorted(expected["results/report/spots.csv"]["well"].unique()) == ["B01", "B02", "B04"]
