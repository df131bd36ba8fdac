"""How long a per-well job takes before its work begins, beside bare Python and beside importing TensorFlow."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from bench.table import Row

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 2.0
REPEATS = 5


def seconds(code: str, *, repeats: int = REPEATS) -> float:
    """Median wall time of a fresh Python process that runs `code`."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return median(times)


def run() -> list[Row]:
    """Time the imports of the per-well scripts, side by side with the two limits."""
    bare = seconds("pass")
    rows = [Row("startup", "bare python", bare, "s", "", None, "", None)]
    for script in ("cells_crop", "dataset_select", "segmentation_nuclei"):
        path = ROOT / "workflow" / "scripts" / f"{script}.py"
        taken = seconds(f"import runpy; runpy.run_path({str(path)!r}, run_name='job')")
        target = f"< {TARGET_S:g} s"
        rows.append(Row("startup", script, taken, "s", "bare python", taken / bare, target, taken < TARGET_S))
    heavy = seconds("import tensorflow", repeats=1)
    rows.append(Row("startup", "import tensorflow (not done)", heavy, "s", "bare python", heavy / bare, "", None))
    return rows
