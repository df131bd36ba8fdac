"""Features of genes in cells, compared with Big-FISH on the same cells: processor time of one thread.

Cells are drawn, each with 20 genes of 50 molecules. Big-FISH (extra ``bench``) runs in this environment, or in that of
the interpreter that ``WELLSPRING_BIGFISH_PYTHON`` names; else it is skipped. Of a gene in a cell it finds foci and
computes its features of distance, nucleus, topography and foci from masks of 0.1 µm per pixel. Left out are those of
dispersion, which need the image, and of protrusions, which Big-FISH 0.6.2 does not compute with scikit-image of today.
wellspring computes all of its features, its grid of the cell included.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.table import Row
from wellspring.localization.cells import CellShape
from wellspring.localization.features import grouped, measure
from wellspring.localization.grids import cell_grid
from wellspring.localization.polygons import filled
from wellspring.localization.reference import reference_of
from wellspring.localization.simulated.landscapes import drawn_shape

__all__ = ["peer_rows"]

_N_CELLS, _N_GENES, _N_MOLECULES, _ROUNDS, _PIXEL_UM = 4, 20, 50, 3, 0.1
_PEER = """
import json, sys, time
import numpy as np
from bigfish import classification, detection
cells = np.load(sys.argv[1])
names = ("distance", "intranuclear", "topography", "foci")
asked = {f"compute_{name}": True for name in names}
n = 0
start = time.process_time()
for number in range(len([name for name in cells if name.startswith("cell")])):
    cell, nucleus, genes = (cells[f"{name}{number}"] for name in ("cell", "nucleus", "genes"))
    for points in genes:
        rna, foci = detection.detect_clusters(points, voxel_size=(100, 100), radius=500, nb_min_spots=5)
        found = classification.compute_features(
            cell, nucleus, ndim=2, rna_coord=rna, foci_coord=foci, voxel_size_yx=100, **asked
        )
        n += 1
print(json.dumps([(time.process_time() - start) / n, len(found)]))
"""


def peer_rows() -> list[Row]:
    """Time of both for a gene in a cell."""
    python = os.environ.get("WELLSPRING_BIGFISH_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import bigfish"], capture_output=True, check=False).returncode:
        print(f"localization: Big-FISH skipped, {python} cannot import it: pip install -e '.[bench]'.", file=sys.stderr)
        return []
    rng = np.random.default_rng(5)
    cells = [_cell(rng, number=number) for number in range(_N_CELLS)]
    ours = min(_seconds_of_a_gene(cells) for _ in range(_ROUNDS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.npz"
        arrays: dict[str, Any] = {}
        for _, masks in cells:
            arrays |= masks
        np.savez(path, **arrays)
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [python, "-W", "ignore", "-c", _PEER, str(path)]
        result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    peer, n_features = json.loads(result.stdout.splitlines()[-1])
    what = f"Big-FISH, {n_features} features of a gene in a cell, {_N_MOLECULES} molecules"
    row = Row("localization", what, 1000 * peer, "ms", "ours", peer / ours, "20", peer / ours >= 20)
    return [Row("localization", "all features of a gene in a cell", 1000 * ours, "ms", "", None, "", None), row]


def _cell(rng: np.random.Generator, *, number: int) -> tuple[CellShape, dict[str, NDArray[np.generic]]]:
    """A shape, and its masks and the genes' molecules (gene, molecule, y and x in px) by name."""
    shape = drawn_shape(rng, area_um2=600.0)
    low = shape.rings[0].min(axis=0) - 2
    size = np.ceil((np.ptp(shape.rings[0], axis=0) + 4) / _PIXEL_UM).astype(int)[::-1]
    cell, nucleus = (
        filled(rings, origin=low, spacing=_PIXEL_UM, shape=(int(size[0]), int(size[1])))
        for rings in (shape.rings, shape.nuclei[0])
    )
    inside = np.argwhere(cell)
    genes = inside[rng.integers(0, len(inside), (_N_GENES, _N_MOLECULES))]
    placed = CellShape(shape.name, tuple(ring - low for ring in shape.rings), ((shape.nuclei[0][0] - low,),))
    return placed, {f"cell{number}": cell, f"nucleus{number}": nucleus & cell, f"genes{number}": genes}


def _seconds_of_a_gene(cells: list[tuple[CellShape, dict[str, NDArray[np.generic]]]]) -> float:
    begin = time.process_time()
    for number, (shape, masks) in enumerate(cells):
        grid = cell_grid(shape)
        points = masks[f"genes{number}"].reshape(-1, 2)[:, ::-1].astype(np.float64) * _PIXEL_UM
        measure(grid, reference_of(grid), points, grouped(np.repeat(np.arange(_N_GENES), _N_MOLECULES)))
    return (time.process_time() - begin) / (_N_CELLS * _N_GENES)
