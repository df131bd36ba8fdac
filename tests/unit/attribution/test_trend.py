"""Trends over the level: known correlations, honest p-values."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.attribution.trend import trend_table
from wellspring.tables import check_table
from wellspring.tables.attribution import TREND

LEVELS = ["low"] * 5 + ["medium"] * 10 + ["high"] * 5


def make_importance(**channels):
    """One row per cell and channel, cells in the order of LEVELS."""
    rows = [
        ("p", "A01", cell, "m", "structure", 1, name, float(value), level)
        for cell, level in enumerate(LEVELS)
        for name, value in ((name, values[cell]) for name, values in channels.items())
    ]
    names = ["plate", "well", "object_id", "model", "regime", "seed", "channel", "importance", "level"]
    return pd.DataFrame(rows, columns=names)


def trend(importance, *, n=999, seed=0):
    found = trend_table(importance, n_permutations=n, rng=np.random.default_rng(seed))
    return check_table(found, TREND, source="test").set_index("channel")


def test_rising_falling_and_flat_channels():
    place = np.arange(20.0)
    found = trend(make_importance(b=place, a=-place, flat=np.ones(20)))
    assert found.index.tolist() == ["b", "a", "flat"]
    expected = stats.spearmanr(place, [0] * 5 + [1] * 10 + [2] * 5).statistic
    assert found["rho"].tolist()[:2] == pytest.approx([expected, -expected])
    assert found["p_value"].tolist()[:2] == [0.001, 0.001]
    assert found["q_value"].tolist()[:2] == [0.001, 0.001]
    assert found.loc["flat"].isna().sum() == 3
    assert set(found["n_cells"]) == {20}


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


def test_no_shuffles_are_refused():
    with pytest.raises(ValueError, match="n_permutations: expected 1 or more, got 0"):
        trend(make_importance(a=np.arange(20.0)), n=0)
