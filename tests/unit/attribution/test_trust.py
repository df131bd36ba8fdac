"""Summaries over runs, by hand."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.tables import CONSISTENCY, ROAR_SUMMARY, TRUST
from wellspring.attribution.validation.trust import consistency_table, roar_summary, trust_table
from wellspring.tables import check_table

WAY = {"method": "integrated_gradients", "copies": "vargrad", "baseline": "black"}


def test_means_and_intervals_over_seeds():
    """0.80 and 0.81: mean 0.805, t (1 df, 95 %) = 12.706 times 0.005."""
    values = {"measure": "pixel_auc", "value": [0.80, 0.81]}
    runs = pd.DataFrame({"model": "m", "regime": "r", "seed": [1, 2], **WAY, **values, "n_cells": 8})
    layers = {"layer": ["top", "all"] * 2, "depth": [1, 2] * 2, "correlation": [0.9, 0.6, 0.9, np.nan], "n_cells": 3}
    randomised = pd.DataFrame({"model": "m", "regime": "r", "seed": [1, 1, 2, 2], **WAY, **layers})
    found = check_table(trust_table(runs, randomised), TRUST, source="test").set_index("measure")
    pixel, last = found.loc["pixel_auc"], found.loc["randomised"]
    assert pixel["mean"] == pytest.approx(0.805)
    assert pixel["upper"] - pixel["mean"] == pytest.approx(12.706 * 0.005, rel=1e-4)
    wide = trust_table(runs.assign(value=[0.8, 0.9]), randomised).set_index("measure").loc["pixel_auc"]
    assert (wide["lower"], wide["upper"]) == (pytest.approx(0.85 - 12.706 * 0.05, rel=1e-4), 1)
    area = trust_table(runs.assign(value=[0.8, 0.9], measure="insertion_area"), randomised).set_index("measure")
    assert area.loc["insertion_area", "upper"] == pytest.approx(0.85 + 12.706 * 0.05, rel=1e-4)
    assert (pixel["n_runs"], bool(pixel["survives"])) == (2, False)
    assert (last["mean"], last["n_runs"], bool(last["survives"])) == (0.6, 1, True)
    assert np.isnan(last["lower"])
    assert (pixel["n_cells"], last["n_cells"]) == (8, 3)


def test_without_randomised_models_nothing_survives():
    nothing = {"measure": "pixel_auc", "n_cells": 8, "value": [np.nan]}
    runs = pd.DataFrame({"model": "m", "regime": "r", "seed": [1], **WAY, **nothing})
    none = pd.DataFrame(columns=["model", "regime", "seed", *WAY, "layer", "depth", "n_cells", "correlation"])
    found = check_table(trust_table(runs, none), TRUST, source="test")
    assert found["n_runs"].tolist() == [0]
    assert not found["survives"].any()


def make_importance(seed, means, regime="r"):
    rows = {"channel": list("abc"), "importance": means}
    return pd.DataFrame({"model": "m", "regime": regime, "seed": seed, **rows})


def test_agreement_is_between_runs_of_one_model_and_regime():
    tables = [
        make_importance(1, [0.1, 0.2, 0.7]),
        make_importance(2, [0.2, 0.3, 0.5]),
        make_importance(9, [0.7, 0.2, 0.1]),
        make_importance(1, [0.1, 0.2, 0.7], regime="other"),
    ]
    found = check_table(consistency_table(tables), CONSISTENCY, source="test")
    assert found[["seed", "other_seed"]].to_numpy().tolist() == [[1, 2], [1, 9], [2, 9]]
    assert found["rho"].tolist() == pytest.approx([1, -1, -1])
    assert check_table(consistency_table(tables[:1]), CONSISTENCY, source="test").empty
    flat = consistency_table([tables[0], make_importance(2, [0.3, 0.3, 0.3])])
    assert np.isnan(flat["rho"].iloc[0])


def test_nothing_removed_is_the_zero_of_every_curve():
    rows = [
        ("pixels", "none", 0, 1, 10.0),
        ("pixels", "none", 0, 2, 12.0),
        ("pixels", "map", 50, 1, 20.0),
        ("pixels", "random", 50, 1, 14.0),
        ("channels", "map", 1, 1, 16.0),
    ]
    roar = pd.DataFrame(rows, columns=["form", "ranking", "amount", "retrained_seed", "mae"])
    roar = roar.assign(model="m", regime="r", seed=3, n_cells=5, r2=0.5)
    found = check_table(roar_summary(roar), ROAR_SUMMARY, source="test")
    at = {(row.form, row.ranking, row.amount): row for row in found.itertuples()}
    assert len(at) == 6
    for key in (("pixels", "map", 0), ("pixels", "random", 0), ("channels", "map", 0)):
        assert (at[key].mae, at[key].n_retrained) == (11.0, 2)
        assert at[key].mae_upper - 11.0 == pytest.approx(12.706, rel=1e-4)
        # Two starts would reach below 0; no error does.
        assert at[key].mae_lower == 0.0
    assert at["pixels", "map", 50].mae == 20.0
    assert np.isnan(at["pixels", "map", 50].mae_lower)
