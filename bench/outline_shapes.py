"""New cell outlines: principal components compared with a variational autoencoder of as many dimensions.

Real outlines (osteosarcoma cells of the folder ``WELLSPRING_DATA``, skipped without it; the side of a pixel is not
stated and taken as 0.2 µm), each with a nucleus that is drawn into it. A third is held out: reconstructions are those
of these cells, and what is drawn is compared with them.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.outline_models import OutlineAutoencoder
from bench.table import Row
from wellspring.localization.cells import CellShape
from wellspring.localization.classifier.model import fitted
from wellspring.localization.polygons import filled, repaired, ring_area
from wellspring.localization.simulated.examples import ExampleSettings, make_examples
from wellspring.localization.simulated.landscapes import drawn_nucleus
from wellspring.localization.simulated.outline_components import (
    N_COMPONENTS,
    OutlineComponents,
    is_valid_shape,
    shape_of_vector,
    vector_of_shape,
)

_Array = NDArray[np.float64]
SEED, SIDE_PX, PIXEL_UM = 1, 128, 0.2
_N_DRAWN, _N_PERMUTATIONS, _N_LANDSCAPES = 400, 199, 80
PATTERNS = (
    "random",
    "intranuclear",
    "extranuclear",
    "nuclear_edge",
    "cell_edge",
    "foci",
    "cell_extension",
    "polarized",
)


def run() -> list[Row]:
    """Measure both, and held-out cells against training cells as what can be reached."""
    folder = os.environ.get("WELLSPRING_DATA")
    if not folder or not (Path(folder) / "geomstats_osteosarcoma_shapes").is_dir():
        print("outline_shapes: no WELLSPRING_DATA with outlines of cells, skipped", file=sys.stderr)
        return []
    rng = np.random.default_rng(SEED)
    shapes = real_outlines(Path(folder), rng=rng)
    vectors = np.array([vector_of_shape(one) for one in shapes])
    order = rng.permutation(len(vectors))
    held, seen = vectors[order[: len(order) // 3]], vectors[order[len(order) // 3 :]]
    models: dict[str, Any] = {
        "components": OutlineComponents.fitted(seen, n=N_COMPONENTS),
        "autoencoder": OutlineAutoencoder(seen, n=N_COMPONENTS, seed=SEED),
    }
    rows = [Row("outline_shapes", f"{len(seen)} cells for training, held out", len(held), "cells", "", None, "", None)]
    found = {name: _measured(model, held, seen, rng=rng) for name, model in models.items()}
    found["half of the training cells"] = _of_drawn(seen[::2], held, seen[1::2], rng=rng)
    for name, figures in found.items():
        rows += [_row(f"{name}: {what}", value) for what, value in figures.items()]
    drawn = {name: model.drawn(4 * _N_LANDSCAPES, rng=rng) for name, model in models.items()}
    f1 = _downstream({**drawn, "training cells": seen}, held)
    return [*rows, *(_row(f"{name}: macro-F1 on held-out cells of a classifier of its cells", f1[name]) for name in f1)]


def _row(what: str, value: float) -> Row:
    return Row("outline_shapes", what, value, "", "", None, "", None)


def real_outlines(data: Path, *, rng: np.random.Generator) -> list[CellShape]:
    """The outlines that enclose 50 µm² or more, repaired, with a nucleus drawn into each."""
    text = (data / "geomstats_osteosarcoma_shapes/cells.txt").read_text(encoding="utf-8")
    found = []
    for number, block in enumerate(text.strip().split("\n\n")):
        ring = np.array([line.split()[:2] for line in block.splitlines()], dtype=np.float64) * PIXEL_UM
        parts = repaired(ring)
        if parts and abs(ring_area(max(parts, key=_area))) >= 50:
            cell = max(parts, key=_area)
            found.append(CellShape(str(number), (cell,), ((_nucleus_in(cell, rng=rng),),)))
    return found


def _area(ring: _Array) -> float:
    return abs(ring_area(ring))


def _raster(rings: Sequence[_Array], box: tuple[_Array, float]) -> NDArray[np.bool_]:
    return filled(rings, origin=box[0], spacing=box[1], shape=(SIDE_PX, SIDE_PX))


def _box(*rings: _Array) -> tuple[_Array, float]:
    points = np.concatenate(rings)
    low, high = points.min(axis=0), points.max(axis=0)
    spacing = float((high - low).max()) / (SIDE_PX - 5)
    return low - 2 * spacing, spacing


def _nucleus_in(cell: _Array, *, rng: np.random.Generator) -> _Array:
    box = _box(cell)
    return np.asarray(box[0] + drawn_nucleus(rng, _raster([cell], box)) * box[1])


def _measured(model: Any, held: _Array, seen: _Array, *, rng: np.random.Generator) -> dict[str, float]:
    again = model.reconstructed(held)
    pairs = [(shape_of_vector(one), shape_of_vector(other)) for one, other in zip(held, again, strict=True)]
    overlaps = [_overlap(one.rings[0], other.rings[0]) for one, other in pairs]
    nuclei = [_overlap(one.nuclei[0][0], other.nuclei[0][0]) for one, other in pairs]
    gaps = [_hausdorff(one.rings[0], other.rings[0]) / np.sqrt(_area(one.rings[0]) / np.pi) for one, other in pairs]
    return {
        "reconstruction of held-out cells, IoU of the cell": float(np.mean(overlaps)),
        "reconstruction of held-out cells, IoU of the nucleus": float(np.mean(nuclei)),
        "reconstruction of held-out cells, Hausdorff distance in radii": float(np.mean(gaps)),
        **_of_drawn(model.drawn(_N_DRAWN, rng=rng), held, seen, rng=rng),
    }


def _overlap(one: _Array, other: _Array) -> float:
    box = _box(one, other)
    a, b = _raster([one], box), _raster([other], box)
    return float((a & b).sum() / max((a | b).sum(), 1))


def _hausdorff(one: _Array, other: _Array) -> float:
    from scipy.spatial.distance import cdist

    distances = cdist(one, other)
    return float(max(distances.min(axis=0).max(), distances.min(axis=1).max()))


def _of_drawn(drawn: _Array, held: _Array, seen: _Array, *, rng: np.random.Generator) -> dict[str, float]:
    """How drawn vectors differ from those of held-out cells."""
    from scipy.spatial.distance import cdist
    from scipy.stats import ks_2samp

    shapes = [shape_of_vector(one) for one in drawn]
    own, true = (np.array([_descriptors(one) for one in of]) for of in (shapes, [shape_of_vector(v) for v in held]))
    distances = [float(ks_2samp(own[:, k], true[:, k]).statistic) for k in range(own.shape[1])]
    center, spread = true.mean(axis=0), true.std(axis=0)
    near_held, near_drawn = (cdist(one, seen).min(axis=1) for one in (held, drawn))
    statistic, p_value = _discrepancy((own - center) / spread, (true - center) / spread, rng=rng)
    return {
        "drawn cells that are valid, share": float(np.mean([is_valid_shape(one) for one in shapes])),
        **{f"drawn cells, KS distance of {name}": value for name, value in zip(_NAMES, distances, strict=True)},
        "drawn cells, maximum mean discrepancy of the descriptors": statistic,
        "drawn cells, p of this discrepancy": p_value,
        "drawn cells, accuracy of a classifier of drawn and held-out": _distinguished(
            (own - center) / spread, (true - center) / spread
        ),
        "held-out cells with a drawn one as near as their nearest of the training, share": float(
            (cdist(held, drawn).min(axis=1) <= near_held).mean()
        ),
        "drawn cells, median distance to the training over that of held-out": float(
            np.median(near_drawn) / np.median(near_held)
        ),
    }


_NAMES = ("area", "elongation", "circularity", "solidity", "area of the nucleus", "distance of the nucleus")


def _descriptors(shape: CellShape) -> _Array:
    from scipy.spatial import ConvexHull

    cell, nucleus = shape.rings[0], shape.nuclei[0][0]
    area, size = _area(cell), np.linalg.svd(cell - cell.mean(axis=0), compute_uv=False)
    length = float(np.hypot(*(np.roll(cell, -1, axis=0) - cell).T).sum())
    away = float(np.hypot(*(nucleus.mean(axis=0) - cell.mean(axis=0)))) / np.sqrt(area / np.pi)
    solid = area / float(ConvexHull(cell).volume)
    return np.array(
        [np.log2(area), size[0] / size[1], 4 * np.pi * area / length**2, solid, _area(nucleus) / area, away]
    )


def _discrepancy(own: _Array, true: _Array, *, rng: np.random.Generator) -> tuple[float, float]:
    """Maximum mean discrepancy with a Gaussian kernel as wide as the median distance, and its p by permutation."""
    from scipy.spatial.distance import cdist

    both = np.concatenate([own, true])
    squares = cdist(both, both) ** 2
    kernel = np.exp(-squares / np.median(squares[squares > 0]))

    def value(signs: _Array) -> float:
        return float(signs @ kernel @ signs)

    signs = np.concatenate([np.full(len(own), 1 / len(own)), np.full(len(true), -1 / len(true))])
    observed = value(signs)
    larger = sum(value(rng.permutation(signs)) >= observed for _ in range(_N_PERMUTATIONS))
    return float(np.sqrt(observed)), (1 + larger) / (1 + _N_PERMUTATIONS)


def _distinguished(own: _Array, true: _Array) -> float:
    """Balanced accuracy of trees that never saw the cells they judge: 0.5 if nothing distinguishes the two."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import cross_val_score

    table, truth = np.concatenate([own, true]), np.repeat([0, 1], [len(own), len(true)])
    trees = ExtraTreesClassifier(200, min_samples_leaf=3, class_weight="balanced", random_state=SEED)
    return float(cross_val_score(trees, table, truth, cv=5, scoring="balanced_accuracy").mean())


def _downstream(drawn: Mapping[str, _Array], held: _Array) -> dict[str, float]:
    """Macro-F1 of pattern classifiers that were trained in cells of each kind, on patterns in held-out cells."""
    from sklearn.metrics import f1_score

    from wellspring.localization.classifier.model import TrainingSettings

    settings = ExampleSettings(
        n_landscapes=_N_LANDSCAPES, n_variants=1, n_draws=2, fewest=20, most=200, least_share=0.6
    )
    test_cells = [shape_of_vector(one) for one in held]
    test = make_examples(PATTERNS, settings=settings, rng=np.random.default_rng(SEED + 1), shapes=test_cells)
    columns, counts = (
        {name: test.effects[name].to_numpy() for name in test.effects},
        test.truth["n_molecules"].to_numpy(),
    )
    scores = {}
    for name, vectors in drawn.items():
        cells = [one for one in map(shape_of_vector, vectors) if is_valid_shape(one)]
        examples = make_examples(PATTERNS, settings=settings, rng=np.random.default_rng(SEED + 2), shapes=cells)
        classifier = fitted(PATTERNS, examples, settings=TrainingSettings(examples=settings, n_rounds=100))
        called = np.array(PATTERNS)[classifier.probabilities(columns, counts).argmax(axis=1)]
        scores[name] = float(f1_score(test.truth["pattern"], called, average="macro"))
    return scores
