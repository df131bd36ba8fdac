"""Which cells are explained and shown."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.selection import (
    cells_of_split,
    chosen_cells,
    explained_cells,
    panel_cells,
    places_in_manifest,
    shown_cells,
)
from wellspring.attribution.tables import EXPLAINED_CELLS
from wellspring.tables import check_table

LEVELS = np.array(["low"] * 10 + ["medium"] * 70 + ["high"] * 20)


def counts(chosen):
    return [int((LEVELS[chosen] == level).sum()) for level in ("low", "medium", "high")]


@pytest.mark.parametrize("max_cells", [None, 100, 500])
def test_all_cells_without_a_limit(max_cells):
    chosen = chosen_cells(LEVELS, max_cells=max_cells, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(chosen, np.arange(100))


@pytest.mark.parametrize(
    ("max_cells", "expected"),
    [(50, [5, 35, 10]), (10, [2, 6, 2]), (6, [2, 2, 2]), (4, [0, 3, 1]), (1, [0, 1, 0]), (99, [10, 69, 20])],
)
def test_levels_keep_their_shares(max_cells, expected):
    chosen = chosen_cells(LEVELS, max_cells=max_cells, rng=np.random.default_rng(0))
    assert counts(chosen) == expected
    assert len(set(chosen.tolist())) == max_cells
    assert (np.diff(chosen) > 0).all()


def test_same_seed_same_cells():
    draws = [chosen_cells(LEVELS, max_cells=20, rng=np.random.default_rng(seed)).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_a_level_without_cells_gets_none():
    chosen = chosen_cells(np.array(["low", "high", "high", "high"]), max_cells=3, rng=np.random.default_rng(0))
    assert chosen[0] == 0
    assert len(chosen) == 3


def make_manifest():
    """Targets 2 to 9 with mean 5 and standard deviation 2: low is 3 or less, high 7 or more."""
    return pd.DataFrame(
        {
            "plate": "p",
            "well": "A01",
            "object_id": [1, 2, 3, 4, 5, 6, 7, 8],
            "split": ["test", "train", "test", "train", "test", "train", "train", "test"],
            "target": [2.0, 4, 4, 4, 5, 5, 7, 9],
        }
    )


def test_levels_come_from_all_cells_and_rows_from_the_split():
    cells = cells_of_split(make_manifest(), split="test", max_cells=None, rng=np.random.default_rng(0))
    assert cells["object_id"].tolist() == [1, 3, 5, 8]
    assert cells["level"].tolist() == ["low", "medium", "medium", "high"]
    assert cells["place"].tolist() == [0, 2, 4, 7]
    assert cells.index.tolist() == [0, 1, 2, 3]


def test_the_limit_holds_for_the_split():
    cells = cells_of_split(make_manifest(), split="test", max_cells=3, rng=np.random.default_rng(0))
    assert cells["level"].tolist() == ["low", "medium", "high"]


def test_a_split_without_cells_is_refused():
    with pytest.raises(ValueError, match=r"'validation' in the manifest, found only \['test', 'train'\]"):
        cells_of_split(make_manifest(), split="validation", max_cells=None, rng=np.random.default_rng(0))


def test_a_limit_below_one_is_refused():
    with pytest.raises(ValueError, match=r"attribution\.max_cells: expected 1 or more, or null for all, got 0"):
        chosen_cells(LEVELS, max_cells=0, rng=np.random.default_rng(0))


def test_panels_show_the_median_cell_of_each_level():
    levels = np.array(["high", "low", "low", "low", "high", "high", "high"])
    target = np.array([80.0, 3.0, 1.0, 2.0, 90.0, 70.0, 60.0])
    shown = panel_cells(levels, target)
    assert list(shown.items()) == [("low", 3), ("high", 5)]


def make_split(targets):
    n = len(targets)
    return pd.DataFrame(
        {"plate": "p", "well": "A01", "object_id": np.arange(n), "split": "test", "target": np.asarray(targets, float)}
    )


def test_named_cells_are_explained_and_shown_beyond_the_limit():
    manifest = make_split(np.linspace(1, 9, 30))
    settings = {"split": "test", "max_cells": 6, "rng": np.random.default_rng(0)}
    named = ["p/A01/14", "p/A01/3"]
    cells = cells_of_split(manifest, named=named, **settings)
    assert {3, 14} <= set(cells["object_id"])
    assert len(cells) <= 8
    shown = cells["object_id"].iloc[shown_cells(cells, named)].tolist()
    assert {3, 14} <= set(shown)
    assert len(shown) == len(set(shown))


def test_an_unknown_named_cell_is_refused():
    with pytest.raises(ValueError, match=r"attribution.map_cells: .* got \['p/A01/99'\]"):
        cells_of_split(
            make_split([1.0, 2.0]), split="test", max_cells=None, rng=np.random.default_rng(0), named=["p/A01/99"]
        )


def test_the_cells_that_are_explained_are_found_in_the_manifest_again():
    manifest = make_split(np.linspace(1, 9, 30)).assign(row=range(30))
    named = ["p/A01/14", "p/A01/3"]
    table = explained_cells(manifest, split="test", max_cells=6, named=named)
    check_table(table, EXPLAINED_CELLS, source="test")
    cells, shown = places_in_manifest(table, manifest)
    expected = cells_of_split(manifest, split="test", max_cells=6, rng=np.random.default_rng(0), named=named)
    pd.testing.assert_frame_equal(cells[expected.columns], expected)
    assert shown == shown_cells(expected, named)
    assert cells["object_id"].iloc[shown[-2:]].tolist() == [14, 3]


def test_a_manifest_without_an_explained_cell_is_refused():
    table = explained_cells(make_split([1.0, 2.0, 3.0]), split="test", max_cells=None)
    with pytest.raises(ValueError, match=r"expected each of the 3 explained cells once in the manifest, got 2"):
        places_in_manifest(table, make_split([1.0, 2.0]))
