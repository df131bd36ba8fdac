"""An MPM well to crops and cell table, compared with the usual way (a mask per object) and with copying the same bytes.

Each way runs in a fresh process on the same files, in turn, and times its own work, imports left out. The best of
several runs counts: other work on the machine disturbs it least. Files are warm in the page cache and nobody waits for
the disk, the same for all.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from bench.table import Row

N_OBJECTS = 400
N_CHANNELS = 38
RADIUS_PX = 59.7
PITCH_PX = 130
PER_ROW = 20
REPEATS = 5
USUAL_REPEATS = 2
CHUNK_PX = 200_000


def make_well(folder: Path, *, seed: int = 0) -> None:
    """Write a well of round nuclei on a grid: pixels in raster order, ids in random order, texture and shot noise."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    y, x, object_id = _places(rng)
    np.save(folder / "y.npy", y)
    np.save(folder / "x.npy", x)
    np.save(folder / "mapobject_ids.npy", object_id)
    level = rng.lognormal(6.5, 0.6, N_CHANNELS).astype(np.float32)
    wave = rng.uniform(0.02, 0.4, (2, N_CHANNELS)).astype(np.float32)
    pixels = open_memmap(folder / "mpp.npy", mode="w+", dtype=np.uint16, shape=(len(y), N_CHANNELS))
    for first in range(0, len(y), CHUNK_PX):
        part = slice(first, first + CHUNK_PX)
        phase = y[part, None].astype(np.float32) * wave[0] + x[part, None].astype(np.float32) * wave[1]
        mean = level * (1 + 0.4 * np.sin(phase))
        noise = rng.standard_normal(mean.shape, dtype=np.float32)
        pixels[part] = np.clip(mean + 2 * np.sqrt(mean) * noise, 0, 65535)
    pixels.flush()
    rows = "".join(f"{number}\n" for number in range(1, N_OBJECTS + 1))
    (folder / "metadata.csv").write_text(f"mapobject_id\n{rows}", encoding="utf-8")
    channels = "".join(f"{number},channel{number}\n" for number in range(N_CHANNELS))
    (folder / "channels.csv").write_text(channels, encoding="utf-8")
    background = "".join(f"channel{number},{level[number] / 5}\n" for number in range(N_CHANNELS))
    (folder.parent / "background.csv").write_text(f"channel,mean_background\n{background}", encoding="utf-8")


def _places(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, column and object id of every measured pixel, in raster order."""
    side = np.arange(PITCH_PX) - PITCH_PX // 2
    disc = np.hypot(side[:, None], side) < RADIUS_PX
    ids = (rng.permutation(N_OBJECTS) + 1).reshape(-1, PER_ROW)
    labels = np.kron(ids, disc)
    y, x = np.nonzero(labels)
    return y, x, labels[y, x].astype(np.int64)


def ours(folder: Path, output: Path) -> None:
    """What the rule cells_crop does."""
    from wellspring.cells.crops import extract_cells
    from wellspring.cells.tables import CELLS
    from wellspring.raw.mpm import describe_mpm, read_mpm
    from wellspring.tables import write_table

    def work() -> None:
        index = describe_mpm(folder, plate="P", well="A1", tables={"background_table": "background.csv"})
        table = read_mpm(index, mosaic_shape_px=None, background_rows={})
        cells = extract_cells(table, output / "ours.arrow", plate="P", well="A1", image_size=224)
        write_table(cells, output / "ours.parquet", CELLS)

    _report(work)


def usual(folder: Path, output: Path) -> None:
    """Load everything, then mask the pixel table once per object: crop, mean above background, file."""
    import pandas as pd

    def work() -> None:
        pixels, y, x, object_id = (np.load(folder / f"{n}.npy") for n in ("mpp", "y", "x", "mapobject_ids"))
        background = pd.read_csv(folder.parent / "background.csv")["mean_background"].to_numpy()
        means = {}
        with (output / "usual.bin").open("wb") as file:
            for one in np.unique(object_id):
                mine = object_id == one
                values, row, column = pixels[mine], y[mine], x[mine]
                row, column = row - row.min(), column - column.min()
                image = np.zeros((row.max() + 1, column.max() + 1, pixels.shape[1]), dtype=np.uint16)
                image[row, column] = values
                means[one] = np.maximum(values - background, 0).mean(axis=0)
                np.save(file, image)
        pd.DataFrame(means).to_csv(output / "usual.csv")

    _report(work)


def floor(folder: Path, output: Path) -> None:
    """Read mpp.npy and write the same bytes."""

    def work() -> None:
        (output / "floor.bin").write_bytes((folder / "mpp.npy").read_bytes())

    _report(work)


def _report(work: Callable[[], None]) -> None:
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": _peak_bytes()}))


def _peak_bytes() -> int:
    """Most memory this process ever held. The kernel's own record: `getrusage` hands the parent's peak down."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _measure(way: str, folder: Path, output: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.mpm_crops", way, str(folder), str(output)]
    start = time.perf_counter()
    result = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return {**json.loads(result.stdout), "process": time.perf_counter() - start}


def run() -> list[Row]:
    """Measure the three ways on one well."""
    with tempfile.TemporaryDirectory() as name:
        well, output = Path(name) / "plate" / "A1", Path(name)
        make_well(well)
        found: dict[str, list[dict[str, float]]] = {"ours": [], "floor": [], "usual": []}
        for number in range(REPEATS):
            for way in found if number < USUAL_REPEATS else ("ours", "floor"):
                found[way].append(_measure(way, well, output))
        size = os.path.getsize(well / "mpp.npy")
        shard = os.path.getsize(output / "ours.arrow")
    return _rows(found, mpp_bytes=size, shard_bytes=shard)


def _rows(found: dict[str, list[dict[str, float]]], *, mpp_bytes: int, shard_bytes: int) -> list[Row]:
    taken = {way: min(one["seconds"] for one in measured) for way, measured in found.items()}
    peak = max(one["peak"] for one in found["ours"])
    process = min(one["process"] for one in found["ours"])
    faster, slower = taken["usual"] / taken["ours"], taken["ours"] / taken["floor"]
    memory, size = peak / mpp_bytes, shard_bytes / mpp_bytes
    what = f"{N_OBJECTS} nuclei x {N_CHANNELS} channels"
    return [
        Row("mpm_crops", f"pixel table, {what}", mpp_bytes / 1e6, "MB", "", None, "", None),
        Row("mpm_crops", "read and write its bytes", taken["floor"], "s", "", None, "", None),
        Row("mpm_crops", "a mask per object", taken["usual"], "s", "ours", faster, "at least 8 x ours", faster >= 8),
        Row("mpm_crops", "ours", taken["ours"], "s", "read and write", slower, "at most 3 x", slower <= 3),
        Row("mpm_crops", "ours, with start and imports", process, "s", "", None, "", None),
        Row("mpm_crops", "ours, peak memory", peak / 1e6, "MB", "mpp.npy", memory, "at most 1.5 x", memory <= 1.5),
        Row("mpm_crops", "crops on disk", shard_bytes / 1e6, "MB", "measured pixels", size, "at most 1 x", size <= 1),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=("ours", "usual", "floor"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    chosen = parser.parse_args()
    {"ours": ours, "usual": usual, "floor": floor}[chosen.way](chosen.folder, chosen.output)
