"""Memory of a plate's illumination functions, from 24 wells of 4 sites and from 384: the peaks must be alike.

Each plate runs in a process of its own, over files of small images as the workflow writes them.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.table import Row
from wellspring.quality.illumination import small_image
from wellspring.quality.images import SmallSite, illumination_of_plate, read_small_sites, write_small_sites

CHANNELS = ("actin", "borders", "nuclei")
N_WELLS, N_SITES = (24, 384), 4


def _peak_mb() -> float:
    """The most memory that this process has held, MB (Linux counts KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def estimate(folder: Path, *, n_wells: int) -> float:
    """Estimate the functions of a plate whose wells repeat the files in `folder`; return the peak of memory, MB."""
    paths = sorted(folder.glob("*.npz"))
    wells = (read_small_sites(paths[number % len(paths)]) for number in range(n_wells))
    illumination_of_plate(wells, channels=CHANNELS, smoothing_share=0.25, min_images=1)
    return _peak_mb()


def run() -> list[Row]:
    """Write eight wells, then estimate from few and from many, each in a fresh process."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        for well in range(8):
            sites = []
            for site in range(N_SITES):
                images = [rng.poisson(400, (512, 512)).astype(np.uint16) for _ in CHANNELS]
                small = tuple(small_image(image, background=100, bright_sd=3.0) for image in images)
                sites.append(SmallSite(str(site + 1), small))
            write_small_sites(Path(name) / f"{well}.npz", sites, channels=CHANNELS)
        peaks = []
        for n_wells in N_WELLS:
            command = [sys.executable, "-m", "bench.illumination_memory", name, str(n_wells)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks.append(float(done.stdout))
    few, many = peaks
    ratio = many / few
    target = f"at most 1.05 of {N_WELLS[0]} wells"
    what = f"peak memory, {N_WELLS[1]} wells x {N_SITES} sites, 3 channels"
    return [
        Row("illumination_memory", what, many, "MB", f"{N_WELLS[0]} wells", ratio, target, ratio <= 1.05),
    ]


if __name__ == "__main__":
    print(estimate(Path(sys.argv[1]), n_wells=int(sys.argv[2])))
