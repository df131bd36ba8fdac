"""Spot detection in a stack of 32 x 1024 x 1024 uint16, 3,000 spots, compared with Big-FISH and with plain streaming.

One thread each, wall time, best of the rounds. Big-FISH (extra ``bench``) is measured when this environment has it, or
when ``WELLSPRING_BIGFISH_PYTHON`` names the interpreter of one that has; else it is skipped. The floor reads the stack
once and streams a float32 stack of its size through memory for each pass of the filter: two kernels, each along two
axes in the plane and along z, their difference, and one look at the result.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.table import Row
from wellspring.simulation.smfish import FieldSettings, SmfishField, simulate_smfish
from wellspring.spots import detect_spots
from wellspring.spots.evaluation import f1_score

SHAPE, SIGMA_PX, N_SPOTS, SNR = (32, 1024, 1024), (1.2, 1.5, 1.5), 3000, 10.0
PASSES, ROUNDS = 8, 3
AXES = ["z_px", "y_px", "x_px"]
PEER = """
import json, sys, time
import numpy as np
from bigfish import detection
image = np.load(sys.argv[1])
start = time.perf_counter()
spots = detection.detect_spots(image, voxel_size=(1.0, 1.0, 1.0), spot_radius=tuple(json.loads(sys.argv[2])))
seconds = time.perf_counter() - start
np.save(sys.argv[3], spots)
print(json.dumps(seconds))
"""


def run() -> list[Row]:
    """Simulate the stack, then time every contestant on it."""
    field = simulate_smfish(FieldSettings(SHAPE, SIGMA_PX, N_SPOTS, snr=SNR), rng=np.random.default_rng(0))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        detect_spots(field.image[:, :128, :128], sigma_px=SIGMA_PX)
        memory = _peak_bytes(lambda: detect_spots(field.image, sigma_px=SIGMA_PX))
        ours = _best(lambda: detect_spots(field.image, sigma_px=SIGMA_PX))
        floor = _floor_seconds(field.image)
    finally:
        cv2.setNumThreads(threads)
    spots = detect_spots(field.image, sigma_px=SIGMA_PX)[AXES].to_numpy()
    f1 = f1_score(spots, field.places)
    rows = [
        _row("detect_spots, 32 x 1024 x 1024, 3,000 spots", ours, "s"),
        _row("detect_spots, F1@3px", f1, ""),
        _row("floor: read once, stream for 8 passes", floor, "s", "floor / detect_spots", floor / ours),
    ]
    if memory is not None:
        ratio = memory / (4 * field.image.size)
        rows.append(
            _row(
                "peak memory of detect_spots",
                memory / 2**20,
                "MiB",
                "the stack as float32",
                ratio,
                "below 4",
                ratio < 4,
            )
        )
    return [*rows, *_peer_rows(field, ours=ours, f1=f1)]


def _row(
    what: str,
    value: float,
    unit: str,
    of: str = "",
    ratio: float | None = None,
    target: str = "",
    met: bool | None = None,
) -> Row:
    return Row("spot_speed", what, value, unit, of, ratio, target, met)


def _best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _floor_seconds(image: NDArray[np.uint16]) -> float:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "stack.npy"
        np.save(path, image)
        source = image.astype(np.float32)
        target = np.ones_like(source)

        def work() -> None:
            np.load(path)
            for _ in range(PASSES):
                np.copyto(target, source)

        return _best(work)


def _peak_bytes(work: Callable[[], object]) -> int | None:
    """Memory of the process at its peak during `work`, over that before; None where the system does not report it."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    reset.write_text("5")
    before = _status_bytes(status, "VmRSS")
    work()
    return _status_bytes(status, "VmHWM") - before


def _status_bytes(path: Path, name: str) -> int:
    line = next(line for line in path.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


def _peer_rows(field: SmfishField, *, ours: float, f1: float) -> list[Row]:
    python = os.environ.get("WELLSPRING_BIGFISH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import bigfish"], capture_output=True, check=False).returncode:
        print(
            f"spot_speed: Big-FISH skipped, {python} cannot import it: pip install -e '.[bench]'.",
            file=sys.stderr,
        )
        return []
    with tempfile.TemporaryDirectory() as name:
        image, found = Path(name) / "image.npy", Path(name) / "spots.npy"
        np.save(image, field.image)
        command = [python, "-c", PEER, str(image), json.dumps(SIGMA_PX), str(found)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        peer = float(json.loads(result.stdout.splitlines()[-1]))
        peer_f1 = f1_score(np.load(found).astype(np.float64), field.places)
    return [
        _row("Big-FISH detect_spots", peer, "s", "detect_spots' time", peer / ours, "at least 8", peer / ours >= 8),
        _row("Big-FISH detect_spots, F1@3px", peer_f1, "", "", None, "not above ours", peer_f1 <= f1),
    ]
