"""Memory that the cells of a 2048 x 2048 field with 400 nuclei take, beyond what the process held before.

Each method runs in a process of its own, on the same images, after a small field that loads what it imports.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.segmentation import SIDE, drawn_field
from bench.table import Row
from wellspring.segmentation import OwnEdge, Watershed, segment_cells, segment_nuclei
from wellspring.segmentation.cells import CellMethod

METHODS: dict[str, CellMethod] = {"own_edge": OwnEdge(), "watershed": Watershed()}
N_DRAWN, CORNER, MOST = 420, 256, 1.05


def _memory_mb(kind: str) -> float:
    """Of this process, MB: VmRSS now, VmHWM at most since it was reset (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return float(next(line for line in lines if line.startswith(kind)).split()[1]) / 1024


def measure(file: Path, *, method: str) -> float:
    """Find the cells of the field in `file`; return the peak of memory above that before, MB."""
    with np.load(file) as field:
        cells, nuclei = field["cells"], field["nuclei"]
    segment_cells(cells[:CORNER, :CORNER], nuclei[:CORNER, :CORNER], method=METHODS[method])
    before = _memory_mb("VmRSS")
    # 5 resets the peak.
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
    segment_cells(cells, nuclei, method=METHODS[method])
    return _memory_mb("VmHWM") - before


def memory_rows() -> list[Row]:
    """Draw the field, then measure each method in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "field.npz"
        nuclei_image, cells = drawn_field(np.random.default_rng(0), n_drawn=N_DRAWN)
        nuclei = segment_nuclei(nuclei_image)
        np.savez(file, cells=cells, nuclei=nuclei)
        peaks = {}
        for method in METHODS:
            command = [sys.executable, "-m", "bench.cell_memory", str(file), method]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            peaks[method] = float(done.stdout)
    rows = []
    for method, peak in peaks.items():
        ratio = peak / peaks["watershed"]
        target, met = (f"at most {MOST:g}", ratio <= MOST) if method == "own_edge" else ("", None)
        what = f"{method}, peak memory of a {SIDE} x {SIDE} field with {nuclei.max()} nuclei"
        rows.append(Row("cell_accuracy", what, peak, "MB", "the watershed's", ratio, target, met))
    return rows


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), method=sys.argv[2]))
