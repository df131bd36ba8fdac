"""A well written as OME-Zarr, compared with copying the bytes of its files."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from bench.table import Row
from wellspring.export.plate_zarr import write_well
from wellspring.export.pyramids import Version
from wellspring.raw.describe import describe_well
from wellspring.raw.images import read_sites

TARGET = 0.5
N_SITES, CHANNELS, SIDE_PX = 6, ("DAPI", "GFP", "RFP", "Cy5"), 1536
REPEATS = 3
VERSIONS: tuple[Version, ...] = ("0.5", "0.4")


def write_files(folder: Path) -> int:
    """Images of photons over a background with cells, as a microscope writes them; their bytes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    light = 150 + 400 * (np.sin(y / 40) * np.sin(x / 40) > 0.5)
    for site in range(N_SITES):
        for channel in CHANNELS:
            image = rng.poisson(light).astype(np.uint16)
            tifffile.imwrite(folder / f"B02_s{site}_{channel}.tif", image, photometric="minisblack")
    return sum(path.stat().st_size for path in folder.iterdir())


def seconds(work: Callable[[], object]) -> float:
    """Least time of a few runs."""
    found = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def run() -> list[Row]:
    """Measure in one folder, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "plate"
        source.mkdir()
        n_bytes = write_files(source)
        raw = {"format": "tiff", "pattern": "{well}_s{site}_{channel}.tif", "pixel_size_um": 0.3, "channels": None}
        index = describe_well(source, plate="p", well="B02", raw=raw)

        def copied() -> None:
            shutil.rmtree(Path(name) / "copy", ignore_errors=True)
            shutil.copytree(source, Path(name) / "copy")

        taken = seconds(copied)
        rows = [Row("export", "copying the bytes", n_bytes / taken / 1e6, "MB/s", "", None, "", None)]
        for version in VERSIONS:

            def written(version: Version = version) -> None:
                sites = read_sites(index, projection="max")
                write_well(
                    Path(name) / f"p{version}.ome.zarr",
                    sites,
                    well="B02",
                    labels={},
                    cells=None,
                    nucleus_channel="DAPI",
                    n_columns=24,
                    version=version,
                )

            own = seconds(written)
            target = (f">= {TARGET:g}", taken / own >= TARGET) if version == "0.5" else ("", None)
            speed, peer = n_bytes / own / 1e6, "copying the bytes"
            rows.append(Row("export", f"OME-Zarr {version}", speed, "MB/s", peer, taken / own, *target))
    return rows
