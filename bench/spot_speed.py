"""Spots of stacks of 1024 x 1024 uint16 with some 3,000 spots, compared with Big-FISH and with plain streaming.

One thread each, processor time, best of the rounds. Two pieces of work: detection alone, and all that a well's job does
with a stack by default: detection, decomposition of clumps, assignment to cells, foci, curves and doubts. Big-FISH
(extra ``bench``) does both on the same stack, when this environment has it, or when ``WELLSPRING_BIGFISH_PYTHON`` names
the interpreter of one that has; else it is skipped. The floor reads the stack once and streams a float32 stack of its
size through memory for each pass of the filter: two kernels, each along two axes in the plane and along z, their
difference, and one look at the result.
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
from wellspring.spots.images import SpotTables, spots_of_image

N_PLANES, PLANE, SIGMA_PX, SNR = (32, 20), (1024, 1024), (1.2, 1.5, 1.5), 10.0
N_SPOTS = {32: 3000, 20: 2920}
PASSES, ROUNDS = 8, 3
AXES = ["z_px", "y_px", "x_px"]
VOXEL_UM = (0.3, 0.1, 0.1)
# Discs for cells and nuclei, on a square lattice.
LATTICE_PX, CELL_PX, NUCLEUS_PX = 200, 85, 40
PEER = """
import json, sys, time
import numpy as np
from bigfish import detection, multistack
image, (cells, nuclei) = np.load(sys.argv[1]), np.load(sys.argv[2])
optics = dict(voxel_size=(1.0, 1.0, 1.0), spot_radius=tuple(json.loads(sys.argv[3])))
start = time.process_time()
spots = detection.detect_spots(image, **optics)
detected = time.process_time() - start
split, _, _ = detection.decompose_dense(image, spots, **optics)
clustered, foci = detection.detect_clusters(split, voxel_size=(300, 100, 100), radius=350, nb_min_spots=4)
multistack.extract_cell(cells, ndim=3, nuc_label=nuclei, rna_coord=clustered, others_coord={"foci": foci})
print(json.dumps([detected, time.process_time() - start, len(split)]))
np.save(sys.argv[4], spots)
"""


def run() -> list[Row]:
    """Simulate the stacks, then time every contestant on each."""
    rows = []
    for n_planes in N_PLANES:
        settings = FieldSettings((n_planes, *PLANE), SIGMA_PX, N_SPOTS[n_planes], snr=SNR)
        rows += _rows_of_stack(simulate_smfish(settings, rng=np.random.default_rng(0)), n_planes=n_planes)
    return rows


def _rows_of_stack(field: SmfishField, *, n_planes: int) -> list[Row]:
    cells, nuclei = (discs(radius) for radius in (CELL_PX, NUCLEUS_PX))
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        _whole(field.image[:8, :256, :256], nuclei[:256, :256], cells[:256, :256])
        memory = _peak_bytes(lambda: _whole(field.image, nuclei, cells))
        ours = _best(lambda: detect_spots(field.image, sigma_px=SIGMA_PX))
        whole = _best(lambda: _whole(field.image, nuclei, cells))
        floor = _floor_seconds(field.image)
    finally:
        cv2.setNumThreads(threads)
    f1 = f1_score(detect_spots(field.image, sigma_px=SIGMA_PX)[AXES].to_numpy(), field.places)
    n_spots = len(_whole(field.image, nuclei, cells).spots)
    name = f"{n_planes} x 1024 x 1024, {N_SPOTS[n_planes]:,} spots"
    rows = [
        _row(f"{name}: detect_spots", ours, "s"),
        _row(f"{name}: detect_spots, F1@3px", f1, ""),
        _row(f"{name}: whole path", whole, "s", "detect_spots", whole / ours, "at most 1.6", whole <= 1.6 * ours),
        _row(f"{name}: whole path, spots", n_spots, "spots", "true", n_spots / N_SPOTS[n_planes]),
        _row(f"{name}: floor, read once, stream for 8 passes", floor, "s", "floor / detect_spots", floor / ours),
    ]
    if memory is not None:
        size = memory / (4 * field.image.size)
        rows.append(
            _row(f"{name}: peak memory", memory / 2**20, "MiB", "the stack as float32", size, "below 4", size < 4)
        )
    return [*rows, *_peer_rows(field, cells, nuclei, name=name, seconds=(ours, whole), f1=f1)]


def discs(radius_px: int) -> NDArray[np.uint32]:
    """(Y, X) labels of discs on a lattice."""
    y, x = np.indices(PLANE)
    n_across = PLANE[1] // LATTICE_PX
    row, column = y // LATTICE_PX, x // LATTICE_PX
    middle = LATTICE_PX // 2
    is_inside = np.hypot(y - row * LATTICE_PX - middle, x - column * LATTICE_PX - middle) < radius_px
    is_inside &= (row < PLANE[0] // LATTICE_PX) & (column < n_across)
    return np.where(is_inside, 1 + row * n_across + column, 0).astype(np.uint32)


def _whole(image: NDArray[np.generic], nuclei: NDArray[np.uint32], cells: NDArray[np.uint32]) -> SpotTables:
    """What a job does with a stack, with the settings of the config's defaults."""
    return spots_of_image(
        image,
        nuclei,
        cells,
        sigma_px=SIGMA_PX,
        spacing_um=VOXEL_UM,
        threshold={"method": "noise"},
        max_instability=0.5,
        max_per_neighborhood=1,
        decompose=True,
        focus_radius_um=0.35,
        focus_min_spots=4,
    )


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
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
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


def _peer_rows(
    field: SmfishField,
    cells: NDArray[np.uint32],
    nuclei: NDArray[np.uint32],
    *,
    name: str,
    seconds: tuple[float, float],
    f1: float,
) -> list[Row]:
    """Big-FISH on the same stack; `seconds` are ours, of detection and of the whole path."""
    python = os.environ.get("WELLSPRING_BIGFISH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import bigfish"], capture_output=True, check=False).returncode:
        print(
            f"spot_speed: Big-FISH skipped, {python} cannot import it: pip install -e '.[bench]'.",
            file=sys.stderr,
        )
        return []
    with tempfile.TemporaryDirectory() as folder:
        image, labels, found = (Path(folder) / f"{part}.npy" for part in ("image", "labels", "spots"))
        np.save(image, field.image)
        np.save(labels, np.stack([cells, nuclei]).astype(np.int64))
        command = [python, "-c", PEER, str(image), str(labels), json.dumps(SIGMA_PX), str(found)]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        detected, whole, n_split = json.loads(result.stdout.splitlines()[-1])
        peer_f1 = f1_score(np.load(found).astype(np.float64), field.places)
    rows = [
        _row(f"{name}: Big-FISH, {what}", peer, "s", f"our {what}", peer / ours, "at least 8", peer / ours >= 8)
        for what, peer, ours in zip(("detect_spots", "whole path"), (detected, whole), seconds, strict=True)
    ]
    n_true = len(field.spots)
    return [
        *rows,
        _row(f"{name}: Big-FISH, whole path, spots", n_split, "spots", "true", n_split / n_true),
        _row(f"{name}: Big-FISH detect_spots, F1@3px", peer_f1, "", "", None, "not above ours", peer_f1 <= f1),
    ]
