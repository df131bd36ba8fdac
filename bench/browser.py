"""The plate browser of 384 wells: the time to write it, its size, and the time until chromium shows the plate."""

import tempfile
import time
from pathlib import Path

from bench.table import Row
from tests.unit.browser.chromium import CHROMIUM, opened_page
from tests.unit.browser.drawn_plate import write_browser

N_WELLS, N_MEASURED = 384, 24
N_SITES, CELLS_ACROSS = 4, 16
REPEATS = 3
WRITING_S, OPENING_S = 180.0, 1.0


def _names() -> list[str]:
    return [f"{row}{column:02d}" for row in "ABCDEFGHIJKLMNOP" for column in range(1, 25)]


def run() -> list[Row]:
    """Wells of 4 sites of 256 cells and 2 channels; of 24 of them the time is taken, and multiplied to 384."""
    with tempfile.TemporaryDirectory() as name:
        start = time.perf_counter()
        write_browser(Path(name) / "wells", _names()[:N_MEASURED], n_sites=N_SITES, across=CELLS_ACROSS)
        taken = (time.perf_counter() - start) * N_WELLS / N_MEASURED
        size = sum(one.stat().st_size for one in (Path(name) / "wells").rglob("*") if one.is_file()) / N_MEASURED
        target = (f"< {WRITING_S:g} s", taken < WRITING_S)
        rows = [
            Row("browser", "384 wells of 4 sites, written by one process", taken, "s", "", None, *target),
            Row("browser", "size of a well of 4 sites, 2 channels of 640 px", size / 1e3, "kB", "", None, "", None),
        ]
        if CHROMIUM is None:
            return rows
        page = write_browser(Path(name) / "plate", _names(), n_sites=1, across=2)
        with opened_page(Path(name) / "profile") as opened:
            shown = min(opened.go(page) for _ in range(REPEATS))
        target = (f"< {OPENING_S:g} s", shown < OPENING_S)
        return [*rows, Row("browser", "opening a plate of 384 wells", shown, "s", "", None, *target)]
