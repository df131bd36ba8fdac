"""Molecules that were detected several times."""

import numpy as np
import pandas as pd
import pytest

from wellspring.localization.points import Points
from wellspring.localization.repeats import merged_points, repeat_note, repeated_genes


def _points(rng: np.random.Generator, *, n: int, times: dict[str, int]) -> Points:
    """A cell of 20 µm with `n` molecules of each gene, each found so many times 0.02 µm apart."""
    parts = []
    for gene, found in times.items():
        at = np.repeat(rng.uniform(0, 20, size=(n, 2)), found, axis=0)
        at += 0.02 * rng.normal(size=at.shape) * (found > 1)
        parts.append(pd.DataFrame({"cell": "c", "gene": gene, "x": at[:, 0], "y": at[:, 1]}))
    return Points(pd.concat(parts, ignore_index=True), 3, is_on_pixels=False, has_cells=True)


def test_repeated_molecules_are_reported_and_merged() -> None:
    points = _points(np.random.default_rng(1), n=60, times={"A": 4, "B": 3, "C": 4})
    (note,) = repeat_note(points)
    assert "in 3 of 3 genes: probably each was detected several times" in note
    merged, n_fewer = merged_points(points, merge_um=0.2)
    counts = merged.table.groupby("gene").size()
    # Two molecules may be that near by chance: 60 * 59 / 2 * pi 0.2² / 400 = 0.6 pairs a gene.
    assert all(counts.between(56, 60))
    assert n_fewer == len(points.table) - len(merged.table)
    assert merged.n_duplicates == 0
    assert repeat_note(merged) == []
    assert merged.table.dtypes.equals(points.table.dtypes)


def test_a_gene_in_foci_and_molecules_at_random_are_no_repeats() -> None:
    assert repeat_note(_points(np.random.default_rng(2), n=100, times={"A": 1, "B": 1})) == []
    assert repeat_note(_points(np.random.default_rng(3), n=60, times={"A": 4, "B": 1, "C": 1})) == []
    crowded = repeated_genes(_points(np.random.default_rng(4), n=4000, times={"A": 1})).iloc[0]
    # By chance alone: 1 - exp(-10 / µm² * pi 0.1²), and of an ellipse in this square 4 / pi times as dense.
    assert crowded["near"] == pytest.approx(0.27, abs=0.03)
    assert crowded["chance"] == pytest.approx(0.33, abs=0.01)


def test_genes_and_cells_are_kept_apart() -> None:
    table = pd.DataFrame(
        {
            "cell": ["c", "c", "d", "c"],
            "gene": ["A", "B", "A", "A"],
            "x": [1.0, 1.0, 1.0, 1.1],
            "y": 2.0,
            "z": [0, 0, 0, 1.0],
        }
    )
    merged, n_fewer = merged_points(Points(table, 0, is_on_pixels=False, has_cells=True), merge_um=0.2)
    assert n_fewer == 1
    assert merged.table.to_numpy().tolist() == [
        ["c", "A", 1.05, 2.0, 0.5],
        ["c", "B", 1.0, 2.0, 0.0],
        ["d", "A", 1.0, 2.0, 0.0],
    ]
    few = Points(table, 0, is_on_pixels=True, has_cells=True)
    assert repeat_note(few) == []
    assert merged_points(Points(table[:0], 0, is_on_pixels=False, has_cells=True), merge_um=1)[1] == 0
    with pytest.raises(ValueError, match="expected a number above 0, got 0"):
        merged_points(few, merge_um=0)
