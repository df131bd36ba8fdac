"""Features that are all but constant, and fields that have none."""

import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.features import embedded_features
from wellspring.profiling.profiles import Profiles, robust_standardized


@pytest.mark.parametrize(("level", "jitter"), [(0.7, 1e-9), (0.0, 1e-10), (300.0, 1e-4), (-2.0, 1e-7)])
def test_a_feature_that_only_jitters_is_constant(level: float, jitter: float) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(20, 6))
    values[:, 2] = level + jitter * rng.normal(size=20)
    values[4, 2] += 0.2
    wells = pd.DataFrame({"plate": ["P"] * 10 + ["Q"] * 10})
    found = robust_standardized(Profiles(wells, values)).values
    assert (found[:, 2] == 0).all()
    assert np.abs(np.delete(found, 2, axis=1)).max() > 1


def test_a_feature_of_another_unit_is_not_constant() -> None:
    values = np.random.default_rng(6).normal(size=(10, 3)) * [1e-5, 1.0, 1e3] + [0, 5, 1e5]
    found = robust_standardized(Profiles(pd.DataFrame({"plate": ["P"] * 10}), values)).values
    assert (np.abs(found).max(axis=0) > 1).all()


class _Folds:
    """Two folds' worth of `FieldFolds`: all fields are seen."""

    numbers = (0,)
    keys = pd.DataFrame({"plate": "P", "well": [f"A{k}" for k in range(50)], "site": "1"})

    @staticmethod
    def seen(number: int) -> np.ndarray:
        return np.ones(50, dtype=bool)


def test_fields_without_cells_do_not_change_the_spread_of_the_others() -> None:
    size = np.random.default_rng(7).normal(300, 10, 50)
    features = pd.DataFrame({"n_cells": 9.0, "median area": size, "no field has it": np.nan})
    features.loc[[3, 30], ["n_cells", "median area"]] = [0.0, np.nan]
    found = embedded_features(_Folds(), features)  # type: ignore[arg-type]
    area = found[[name for name in found if name.endswith("1")][-1]].to_numpy()
    has_cells = features["n_cells"] > 0
    assert area[has_cells].std() == pytest.approx(1, abs=1e-5)
    assert area[~has_cells].tolist() == [0, 0]
