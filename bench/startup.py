"""Processor time of a per-well job before its work begins, compared with bare Python and with importing TensorFlow.

A plate of 384 small wells starts thousands of such jobs, so what a script imports and does not use is paid as often.
"""

import re
import resource
import subprocess
import sys
from pathlib import Path

from bench.table import Row

ROOT = Path(__file__).resolve().parents[1]
TARGET_S = 1.0
REPEATS = 3


def processor_seconds(code: str, *, repeats: int = REPEATS) -> float:
    """Least processor time (user and system, all threads) of a fresh Python process that runs `code`."""
    return min(_once(code) for _ in range(repeats))


def _once(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def per_well_scripts() -> list[Path]:
    """Scripts of the rules that have a log for each well."""
    found = []
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for rule in re.split(r"^(?:rule|checkpoint) ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
            if "/{plate}/{well}.log" in rule:
                found.append(ROOT / "workflow" / "scripts" / f"{rule.split(':')[0]}.py")
    return found


def run() -> list[Row]:
    """Measure the imports of every per-well script, between the two limits."""
    bare = processor_seconds("pass")
    rows = [Row("startup", "bare python", bare, "s", "", None, "", None)]
    for script in per_well_scripts():
        taken = processor_seconds(f"import runpy; runpy.run_path({str(script)!r}, run_name='imported')")
        target = f"< {TARGET_S:g} s"
        rows.append(Row("startup", script.stem, taken, "s", "bare python", taken / bare, target, taken < TARGET_S))
    heavy = processor_seconds("import tensorflow", repeats=1)
    rows.append(Row("startup", "import tensorflow (not done)", heavy, "s", "bare python", heavy / bare, "", None))
    return rows
