"""Localization patterns: macro-F1 on cells of our simulator and of another's rules, and speed.

The classifier is that of the package (eight patterns), the cells are new ones. Of another simulator's rules see
`bench.other_simulator`; it takes real outlines from the folder ``WELLSPRING_DATA`` and is skipped without it. Speed:
CPU
time of one thread, a cell of 20 genes with 50 or 2,500 molecules each; the floor is computing and sorting one distance
per molecule; features of a gene in a cell are compared with Big-FISH (`bench.localization_peer`).
"""

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.localization_peer import peer_rows
from bench.other_simulator import other_examples, real_shapes
from bench.table import Row
from wellspring.localization.classifier.model import Classifier, TrainingSettings, kept_classifier
from wellspring.localization.command import DEFAULT_PATTERNS
from wellspring.localization.features import grouped, measure
from wellspring.localization.grids import cell_grid
from wellspring.localization.neighbors import RADII, foci, nearest, neighbor_counts
from wellspring.localization.reference import reference_of
from wellspring.localization.simulated.examples import ExampleSettings, make_examples
from wellspring.localization.simulated.landscapes import drawn_shape

PATTERNS = DEFAULT_PATTERNS.split(",")
_COUNTS = ((2, 10), (10, 30), (30, 100), (100, 500))
_SHARES = ((0.35, 0.6), (0.6, 0.8), (0.8, 1.01))
_N_GENES, _N_MOLECULES = 20, 50


def run() -> list[Row]:
    """Measure."""
    classifier, _ = kept_classifier(PATTERNS, settings=TrainingSettings())
    return [*_own_rows(classifier), *_other_rows(classifier), *_speed_rows(), *peer_rows()]


def _macro_f1(truth: Iterable[str], called: Iterable[str]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(list(truth), list(called), average="macro"))


def _called(classifier: Classifier, effects: pd.DataFrame, counts: NDArray[np.int64]) -> NDArray[np.str_]:
    columns = {name: effects[name].to_numpy() for name in effects}
    best = classifier.probabilities(columns, counts).argmax(axis=1)
    return np.asarray(np.array(classifier.patterns)[best])


def _own_rows(classifier: Classifier) -> list[Row]:
    settings = ExampleSettings(n_landscapes=40)
    found = make_examples(PATTERNS, settings=settings, rng=np.random.default_rng(2027))
    truth = found.truth.assign(
        called=_called(classifier, found.effects, found.truth["n_molecules"].to_numpy(dtype=np.int64))
    )
    _print_table(truth)
    bright = ExampleSettings(n_landscapes=20, n_variants=1, n_draws=2, fewest=50, most=900, least_share=0.6)
    many = make_examples(PATTERNS, settings=bright, rng=np.random.default_rng(2028))
    called = _called(classifier, many.effects, many.truth["n_molecules"].to_numpy(dtype=np.int64))
    strong, every = _macro_f1(many.truth["pattern"], called), _macro_f1(truth["pattern"], truth["called"])
    name = "localization"
    return [
        Row(name, "macro-F1, 50 to 900 molecules, share 0.6 to 1", strong, "", "", None, "0.95", strong >= 0.95),
        Row(name, "macro-F1, 2 to 500 molecules, share 0.35 to 1", every, "", "", None, "0.82", every >= 0.82),
    ]


def _print_table(truth: pd.DataFrame) -> None:
    """Share of right calls by pattern, molecules and share of molecules in the pattern, on standard error."""
    print("right calls by pattern; columns: molecules x share in the pattern", file=sys.stderr)
    for pattern, own in truth.groupby("pattern"):
        cells = []
        for low, high in _COUNTS:
            for least, most in _SHARES:
                n, share = own["n_molecules"], own["share"]
                part = own[(n >= low) & (n < high) & (share >= least) & (share < most)]
                cells.append(f"{(part['called'] == pattern).mean():.2f}" if len(part) else "  – ")
        print(f"{pattern:<16}" + " ".join(cells), file=sys.stderr)


def _other_rows(classifier: Classifier) -> list[Row]:
    folder = os.environ.get("WELLSPRING_DATA")
    if folder is None:
        print("localization: the other simulator is skipped, set WELLSPRING_DATA.", file=sys.stderr)
        return []
    shapes = real_shapes(Path(folder))
    rows = []
    for molecules, target in (((50, 900), 0.9), ((3, 50), None)):
        effects, truth = other_examples(PATTERNS, shapes, molecules=molecules, n_draws=4, seed=3)
        called = _called(classifier, effects, truth["n_molecules"].to_numpy(dtype=np.int64))
        value = _macro_f1(truth["pattern"], called)
        what = f"macro-F1, rules of another simulator, {molecules[0]} to {molecules[1]} molecules"
        met = None if target is None else value >= target
        rows.append(Row("localization", what, value, "", "", None, "" if target is None else f"{target:g}", met))
    return rows


def _best(function: Callable[[], object], *, rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        function()
        times.append(time.process_time() - begin)
    return min(times)


def _speed_rows() -> list[Row]:
    rng = np.random.default_rng(1)
    grid = cell_grid(drawn_shape(rng))
    reference = reference_of(grid)
    rows = []
    for n_molecules in (_N_MOLECULES, 50 * _N_MOLECULES):
        pixels = grid.pixels_um()
        points = pixels[rng.integers(0, len(pixels), _N_GENES * n_molecules)]
        groups = grouped(np.repeat(np.arange(_N_GENES), n_molecules))

        def distances(points: NDArray[np.float64] = points, groups: object = groups) -> None:
            measure(grid, reference, points, groups, has_pairs=False)  # type: ignore[arg-type]

        rate = len(points) / _best(distances)
        floor = len(points) / _best(lambda points=points: np.sort(np.hypot(*points.T)))  # type: ignore[misc]
        what = f"distance features, {n_molecules} molecules of a gene in a cell"
        rows.append(Row("localization", what, rate, "molecules/s", "floor", rate / floor, "1,000,000", rate >= 1e6))
    points, number = _many_cells(grid.pixels_um(), rng=rng)

    def pairs() -> None:
        nearest(points, number)
        neighbor_counts(points, number, np.array(RADII) * grid.radius_um)
        foci(points, number)

    rate = len(points) / _best(pairs)
    rows.append(Row("localization", "pair features", rate, "molecules/s", "", None, "100,000", rate >= 1e5))
    return rows


def _many_cells(
    pixels: NDArray[np.float64], *, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    n = 20 * _N_GENES * _N_MOLECULES
    return pixels[rng.integers(0, len(pixels), n)], np.repeat(np.arange(n // _N_MOLECULES), _N_MOLECULES)
