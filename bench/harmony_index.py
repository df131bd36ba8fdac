"""The index of a large Harmony plate: 384 wells x 9 fields x 4 channels x 10 planes, from XML to Parquet.

The XML is simulated, 138,240 images with what Harmony writes of each. Parsing is compared with reading the same file
element by element without keeping anything, the least that a parser of the standard library can take.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from bench.table import Row
from wellspring.simulation.layouts.harmony import harmony_lines
from wellspring.simulation.layouts.plates import DrawnPlate

N_SITES, N_PLANES = 9, 10
CHANNELS = ("HOECHST 33342", "Alexa 488", "Alexa 568", "Alexa 647")
TARGET_S, TARGET_MB = 20.0, 500.0
_CODE = """
import sys
from pathlib import Path
from wellspring.raw.formats.harmony import READER
from wellspring.raw.plate_index import write_plate_index
from wellspring.raw.plate_readers import index_of_plate
write_plate_index(index_of_plate(READER, Path(sys.argv[1])), Path(sys.argv[2]))
"""


def run() -> list[Row]:
    """Write the index, then parse it in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_large_index(folder)
        start = time.process_time()
        for _, element in ElementTree.iterparse(folder / "Index.idx.xml", events=("end",)):
            element.clear()
        least_s = time.process_time() - start
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", _CODE, str(folder), str(folder / "index.parquet")], check=True)
        wall_s = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        memory_mb = after.ru_maxrss * 1024 / 1e6
        size_mb = (folder / "Index.idx.xml").stat().st_size / 1e6
        parquet_mb = (folder / "index.parquet").stat().st_size / 1e6
    n_images = 384 * N_SITES * N_PLANES * len(CHANNELS)
    return [
        _row("images in the index", n_images, "images"),
        _row("size of the XML", size_mb, "MB"),
        _row("size of the Parquet file", parquet_mb, "MB"),
        _row("XML to Parquet, wall time", wall_s, "s", f"< {TARGET_S:g} s", wall_s < TARGET_S),
        Row(
            *("harmony_index", "XML to Parquet, processor time", cpu_s, "s"),
            *("iterating over the XML alone", cpu_s / least_s, "", None),
        ),
        _row("largest memory", memory_mb, "MB", f"< {TARGET_MB:g} MB", memory_mb < TARGET_MB),
    ]


def write_large_index(folder: Path) -> None:
    """Write the index alone; the images are not needed to read it."""
    wells = [f"{chr(65 + row)}{column:02d}" for row in range(16) for column in range(1, 25)]
    stack = np.zeros((N_PLANES, 1, 1), dtype=np.uint16)
    stacks = {(well, site): dict.fromkeys(CHANNELS, stack) for well in wells for site in range(1, N_SITES + 1)}
    positions = {site: (300.0 * ((site - 1) // 3), 300.0 * ((site - 1) % 3)) for site in range(1, N_SITES + 1)}
    plate = DrawnPlate("large", stacks, positions, n_rows=16, n_columns=24)
    with (folder / "Index.idx.xml").open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in harmony_lines(plate, plate.images(), version=5))


def _row(what: str, value: float, unit: str, target: str = "", met: bool | None = None) -> Row:
    return Row("harmony_index", what, value, unit, "", None, target, met)
