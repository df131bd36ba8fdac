"""Normalization from merged histograms, compared with numpy on all pixels: the same numbers, in constant memory."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from bench.table import Row
from wellspring.cells.shards import Crop, ShardHeader, runs_of
from wellspring.dataset.histograms import (
    Histogram,
    channel_histograms,
    load_histogram,
    merged_intensities,
    save_histogram,
)
from wellspring.dataset.merging import normalization_table

ROOT = Path(__file__).resolve().parents[1]
N_CHANNELS, NUCLEUS_PX, CELLS_PER_WELL, PERCENTILE = 38, 11_000, 10, 98.0
CHANNELS = tuple(f"channel_{number}" for number in range(N_CHANNELS))
SWITCHES = {"clip": True, "mean_extraction": False, "linear_scaling": False, "z_score": True}

Wells = Iterable[tuple[ShardHeader, Iterable[Crop]]]


def drawn_wells(n_wells: int) -> Iterator[tuple[ShardHeader, Iterator[Crop]]]:
    """Wells of random nuclei, made one cell at a time, of two plates whose backgrounds differ and are no integers."""
    for well in range(n_wells):
        plate = well % 2
        background = np.linspace(90.1, 200.7, N_CHANNELS) + 13.37 * plate
        yield ShardHeader(f"P{plate}", f"W{well}", CHANNELS, background), _drawn_crops(well)


def _drawn_crops(seed: int) -> Iterator[Crop]:
    rng = np.random.default_rng(seed)
    run_y, run_x, run_length = runs_of(np.zeros(NUCLEUS_PX, dtype=int), np.arange(NUCLEUS_PX))
    for number in range(CELLS_PER_WELL):
        brightest = 2 ** rng.integers(8, 14, N_CHANNELS)
        pixels = 100 + rng.integers(0, brightest, (NUCLEUS_PX, N_CHANNELS), dtype=np.uint16)
        yield Crop(number, 0, 0, 1, NUCLEUS_PX, run_y, run_x, run_length, pixels)


def from_histograms(wells: Wells) -> pd.DataFrame:
    """What the workflow does: a histogram file per well, then all of them merged."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for header, crops in wells:
            paths.append(Path(folder) / f"{header.well}.npz")
            save_histogram(paths[-1], Histogram(header, channel_histograms(crops, n_channels=N_CHANNELS)))
        merged = merged_intensities(load_histogram(path) for path in paths)
    return normalization_table(merged, percentile=PERCENTILE, **SWITCHES)


def from_all_pixels(wells: Wells) -> pd.DataFrame:
    """The usual way: all pixels in memory, background subtracted, then numpy channel by channel."""
    pixels = [np.maximum(crop.pixels - header.background, 0) for header, crops in wells for crop in crops]
    every = np.concatenate(pixels)
    rows = []
    for column in every.T:
        channel = np.ascontiguousarray(column)
        upper = np.percentile(channel, PERCENTILE)
        clipped = np.minimum(channel, upper)
        rows.append({"upper": upper, "mean": clipped.mean(), "std": clipped.std()})
    return pd.DataFrame(rows)


WAYS = {"histograms": from_histograms, "pixels": from_all_pixels}


def peak_mb(way: str, *, n_wells: int) -> float:
    """Peak memory of a fresh process that normalises `n_wells` wells in this `way`."""
    command = [sys.executable, "-m", "bench.normalization", way, str(n_wells)]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout) / 1024


def run() -> list[Row]:
    """Compare numbers and time on 4 wells, memory on 8 and 32."""
    wells = [(header, list(crops)) for header, crops in drawn_wells(4)]
    start = time.perf_counter()
    table = from_histograms(wells)
    middle = time.perf_counter()
    usual = from_all_pixels(wells)
    ours, numpys = middle - start, time.perf_counter() - middle
    moments = ["mean", "std"]
    n_same = int((table["upper"] == usual["upper"]).sum())
    difference = float(np.abs(table[moments].to_numpy() / usual[moments].to_numpy() - 1).max())
    few, many = (peak_mb("histograms", n_wells=n) for n in (8, 32))
    pixels = peak_mb("pixels", n_wells=8)
    return [
        _row("percentiles equal to numpy's to the last bit", n_same, "of 38", target="38", met=n_same == N_CHANNELS),
        _row(
            "mean, std: largest relative difference from numpy", difference, "", target="1e-12", met=difference <= 1e-12
        ),
        _row("numpy on all pixels, 4 wells", numpys, "s"),
        _row("histograms, 4 wells", ours, "s", than=numpys, of="numpy's time"),
        _row("histograms, peak memory, 8 wells", few, "MB"),
        _row(
            "histograms, peak memory, 32 wells",
            many,
            "MB",
            than=few,
            of="8 wells",
            target="1.05",
            met=many <= 1.05 * few,
        ),
        _row("numpy on all pixels, peak memory, 8 wells", pixels, "MB", than=few, of="the histograms'"),
    ]


def _row(
    what: str,
    value: float,
    unit: str,
    *,
    than: float | None = None,
    of: str = "",
    target: str = "",
    met: bool | None = None,
) -> Row:
    return Row("normalization", what, value, unit, of, None if than is None else value / than, target, met)


def peak_kb() -> int:
    """This process' own peak so far. (`getrusage` would count the peak of the process that started it, too.)"""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    WAYS[sys.argv[1]](drawn_wells(int(sys.argv[2])))
    print(peak_kb())
