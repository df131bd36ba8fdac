"""Trends over the level: known correlations, honest p-values."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.attribution.tables import TREND
from wellspring.attribution.trend import trend_table
from wellspring.tables import check_table

LEVELS = ["low"] * 5 + ["medium"] * 10 + ["high"] * 5


def make_importance(*, levels=LEVELS, wells=None, **channels):
    """One row per cell and channel, cells in the order of the levels; all in one well unless `wells` names another."""
    rows = [
        ("p", well, cell, "m", "structure", 1, name, float(value), level)
        for cell, (level, well) in enumerate(zip(levels, wells or ["A01"] * len(levels), strict=True))
        for name, value in ((name, values[cell]) for name, values in channels.items())
    ]
    names = ["plate", "well", "object_id", "model", "regime", "seed", "channel", "importance", "level"]
    return pd.DataFrame(rows, columns=names)


def trend(importance, *, n=999, seed=0):
    found = trend_table(importance, n_permutations=n, rng=np.random.default_rng(seed))
    return check_table(found, TREND, source="test").set_index("channel")


def test_rising_falling_and_flat_channels():
    index = np.arange(20.0)
    found = trend(make_importance(b=index, a=-index, flat=np.ones(20)))
    assert found.index.tolist() == ["b", "a", "flat"]
    expected = stats.spearmanr(index, [0] * 5 + [1] * 10 + [2] * 5).statistic
    assert found["rho"].tolist()[:2] == pytest.approx([expected, -expected])
    assert found["p_value"].tolist()[:2] == [0.001, 0.001]
    assert found["q_value"].tolist()[:2] == [0.001, 0.001]
    assert found.loc["flat"].isna().sum() == 3
    assert set(found["n_cells"]) == {20}
    assert set(found["n_wells"]) == {1}


def test_p_values_of_random_importance_are_evenly_spread():
    """200 channels of noise: the share of p-values below 0.25 is 0.25 within four standard errors; no discovery."""
    noise = np.random.default_rng(3).random((200, 20))
    found = trend(make_importance(**{f"c{n}": values for n, values in enumerate(noise)}))
    assert abs((found["p_value"] < 0.25).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 200)
    assert (found["q_value"] > 0.05).all()


def test_cells_without_importance_are_left_out():
    values = np.arange(20.0)
    values[3] = np.nan
    assert set(trend(make_importance(a=values), n=9)["n_cells"]) == {19}


def test_one_level_has_no_trend():
    importance = make_importance(a=np.arange(20.0)).assign(level="low")
    found = trend(importance, n=9)
    assert found[["rho", "p_value", "q_value"]].isna().all(axis=None)


def make_wells(rng, *, between, within, n_wells=8, n_cells=12):
    """Wells of cells, with all three levels each in another mix, since the well's effect moves them.

    Importance follows that effect by `between`, and the cell's own level by `within`.
    """
    effect = np.repeat(np.linspace(-1, 1, n_wells), n_cells)
    drawn = np.digitize(1.5 * effect + rng.normal(size=effect.size), [-0.7, 0.7])
    drawn[::n_cells], drawn[1::n_cells], drawn[2::n_cells] = 0, 1, 2
    values = between * effect + within * drawn + rng.normal(size=effect.size)
    wells = [f"A{1 + index // n_cells:02d}" for index in range(effect.size)]
    return make_importance(levels=[("low", "medium", "high")[one] for one in drawn], wells=wells, a=values)


def plain_p_values(tables):
    """Of Spearman's correlation over all cells, whatever their well."""
    ranks = {"low": 0, "medium": 1, "high": 2}
    return np.array([stats.spearmanr(one["importance"], one["level"].map(ranks)).pvalue for one in tables])


@pytest.mark.slow
def test_what_differs_between_wells_makes_no_p_value_small():
    """In each well importance has nothing to do with the level; over all wells both follow the well."""
    rng = np.random.default_rng(11)
    tables = [make_wells(rng, between=2.0, within=0.0) for _ in range(200)]
    assert (plain_p_values(tables) < 0.05).mean() > 0.9
    found = np.array([trend(one, n=199, seed=seed).loc["a", "p_value"] for seed, one in enumerate(tables)])
    assert (found < 0.05).mean() <= 0.1
    # Evenly spread: the shares below are right within four standard errors.
    for bound in (0.25, 0.5, 0.75):
        assert abs((found < bound).mean() - bound) < 4 * np.sqrt(bound * (1 - bound) / 200)


def test_a_trend_within_wells_is_found_though_wells_differ_the_other_way():
    rng = np.random.default_rng(12)
    tables = [make_wells(rng, between=-2.0, within=0.6) for _ in range(40)]
    found = pd.concat([trend(one, n=199, seed=seed) for seed, one in enumerate(tables)])
    assert (found["p_value"] < 0.05).mean() > 0.9
    assert (found["rho"] > 0).all()
    assert set(found["n_wells"]) == {8}


def test_ranks_are_compared_within_wells_by_hand():
    """Ranks 1, 2 | 4, 3 and levels that rise in both wells: the second well undoes the first.

    Where both rise the correlation is 1, and two of the four arrangements of the levels are as far from 0.
    """
    pairs = {"levels": ["low", "high", "low", "high"], "wells": ["A01", "A01", "A02", "A02"]}
    found = trend(make_importance(**pairs, rises=[1.0, 2.0, 3.0, 4.0], both=[1.0, 2.0, 4.0, 3.0]), n=9999)
    assert found["rho"].tolist() == pytest.approx([1.0, 0.0])
    assert found["p_value"].tolist() == [pytest.approx(0.5, abs=0.02), 1.0]


def test_wells_with_one_cell_or_one_level_contribute_nothing():
    rng = np.random.default_rng(13)
    base = make_importance(levels=["low", "high"] * 5, wells=["A01"] * 4 + ["A02"] * 6, a=rng.random(10))
    more = make_importance(levels=["high", "low", "low"], wells=["A03", "A00", "A00"], a=[9.0, -5.0, 0.5])
    found, expected = trend(pd.concat([more, base], ignore_index=True)), trend(base)
    pd.testing.assert_frame_equal(found, expected)
    assert found.loc["a", ["n_cells", "n_wells"]].tolist() == [10, 2]


def test_without_two_cells_in_a_well_there_is_no_trend():
    alone = make_importance(levels=["low", "medium", "high"], wells=["A01", "A02", "A03"], a=[1.0, 2.0, 3.0])
    found = trend(alone, n=9)
    assert found[["rho", "p_value", "q_value"]].isna().all(axis=None)
    assert found[["n_cells", "n_wells"]].to_numpy().tolist() == [[0, 0]]


def test_wells_of_one_name_on_two_plates_are_two():
    one = make_importance(levels=["low", "high"], a=[1.0, 2.0])
    both = pd.concat([one, one.assign(plate="q", importance=one["importance"] + 9)], ignore_index=True)
    found = trend(both)
    assert found.loc["a", "n_wells"] == 2
    assert found.loc["a", "rho"] == pytest.approx(1.0)


def test_no_shuffles_are_refused():
    with pytest.raises(ValueError, match="n_permutations: expected 1 or more, got 0"):
        trend(make_importance(a=np.arange(20.0)), n=0)
