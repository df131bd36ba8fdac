"""Processor time of whole jobs on spots, files to tables, compared with decoding the same files.

A well of two sites of 20 x 1024 x 1024 uint16, uncompressed TIFF, with labels of cells. The job is the script of the
rule ``spots_detect``: it opens images and labels, does all the work, and writes the tables. Decoding opens the same
images and labels through the same readers and does nothing with them.
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import tifffile

from bench.spot_speed import CELL_PX, N_SPOTS, NUCLEUS_PX, PLANE, SIGMA_PX, SNR, VOXEL_UM, discs
from bench.table import Row
from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_stacks
from wellspring.raw.index import read_index, write_index
from wellspring.segmentation.labels import read_labels, write_labels
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots.images import TABLES

ROOT = Path(__file__).resolve().parents[1]
N_PLANES, SITES, ROUNDS = 20, ("1", "2"), 3
RAW = {"format": "tiff", "pattern": "{well}_{site}_{channel}.tif", "channels": None, "pixel_size_um": VOXEL_UM[-1]}
SPOTS: dict[str, Any] = {
    "channels": ["RNA"],
    "sigma_px": list(SIGMA_PX),
    "spacing_um": list(VOXEL_UM),
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}


def run() -> list[Row]:
    """Write the well, then time the job and its decoding."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = _written_well(folder)
        script = _script("spots_detect")
        output = {table: folder / f"{table}.parquet" for table in TABLES}
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            decoding = _best(lambda: _decoded(given))
            job = _best(lambda: script.main(**given, background={}, spots=SPOTS, output=output))
        finally:
            cv2.setNumThreads(threads)
    what = f"well of {len(SITES)} x {N_PLANES} x 1024 x 1024, {len(SITES) * N_SPOTS[N_PLANES]:,} spots"
    return [
        Row("spot_job", f"{what}: decoding images and labels", decoding, "s", "", None, "", None),
        Row("spot_job", f"{what}: job, files to tables", job, "s", "decoding", job / decoding, "", None),
    ]


def _written_well(folder: Path) -> dict[str, Any]:
    for seed, site in enumerate(SITES):
        settings = FieldSettings((N_PLANES, *PLANE), SIGMA_PX, N_SPOTS[N_PLANES], snr=SNR)
        image = simulate_smfish(settings, rng=np.random.default_rng(seed)).image
        tifffile.imwrite(folder / f"A1_{site}_RNA.tif", image, imagej=True, metadata={"axes": "ZYX"})
    write_index(describe_well(folder, plate="P", well="A1", raw=RAW), folder / "A1.json")
    labels = {"nuclei": folder / "nuclei.ome.tif", "cells": folder / "cells.ome.tif"}
    for path, radius in zip(labels.values(), (NUCLEUS_PX, CELL_PX), strict=True):
        write_labels(path, dict.fromkeys(SITES, discs(radius)), pixel_size_um=VOXEL_UM[-1])
    return {"index": folder / "A1.json", "illumination": None, "sites": None, "borders": None, **labels}


def _decoded(given: dict[str, Any]) -> None:
    for name in ("nuclei", "cells"):
        labels = read_labels(given[name])
        for site in labels:
            labels[site].max()
    for found in read_stacks(read_index(given["index"]), wanted=SPOTS["channels"]):
        for image in found.stacks.values():
            image.max()


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "workflow" / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)
