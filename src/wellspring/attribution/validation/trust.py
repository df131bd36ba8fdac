"""What the tests say of each map method, over runs; and how far independent models agree."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from wellspring.attribution.tables import CONSISTENCY, ROAR_SUMMARY, TRUST
from wellspring.statistics import interval_of_mean, rank_correlation

__all__ = ["SURVIVES", "consistency_table", "roar_summary", "trust_table"]

# A method whose maps still correlate so much with those of a random model is marked.
SURVIVES = 0.5
_CONFIDENCE = 0.95
_WAY = ["model", "regime", "method", "copies", "baseline"]

# Least and largest value of the measures that have one.
_POSSIBLE = {"channel_auc": (0.0, 1.0), "pixel_auc": (0.0, 1.0), "randomised": (-1.0, 1.0)}


def trust_table(measures: pd.DataFrame, randomised: pd.DataFrame) -> pd.DataFrame:
    """Mean of every measure over the runs of a model and regime, with 95 % intervals (table `TRUST`).

    Parameters
    ----------
    measures
        Table `MEASURES` of all runs.
    randomised
        Table `RANDOMISED` of all runs. Its correlation with all layers random becomes the measure
        ``randomised``; above `SURVIVES` it is marked: such maps show the image rather than the model.

    Returns
    -------
    DataFrame
        In the order of the map methods and of the measures. The interval is mean ± t · s/√n over the runs, which
        differ in their seed, cut where the measure ends (areas under ROC curves, correlations); NaN for one run. Runs
        without a value are left out.
    """
    deepest = randomised[randomised["depth"] == randomised.groupby(_WAY)["depth"].transform("max")]
    last = deepest.rename(columns={"correlation": "value"}).assign(measure="randomised")
    names = [*_WAY, "measure", "n_cells", "value"]
    both = pd.concat([measures[names], last[names]], ignore_index=True)
    rows = []
    for key, part in both.groupby([*_WAY, "measure"], sort=False):
        values = part["value"].dropna().to_numpy(dtype=np.float64)
        mean, *ends = interval_of_mean(values, confidence=_CONFIDENCE)
        lower, upper = np.clip(ends, *_POSSIBLE.get(key[-1], (-np.inf, np.inf)))
        survives = key[-1] == "randomised" and mean > SURVIVES
        rows.append((*key, len(values), part["n_cells"].max(), mean, lower, upper, survives))
    table = pd.DataFrame(rows, columns=[*_WAY, "measure", "n_runs", "n_cells", "mean", "lower", "upper", "survives"])
    return table.astype({"n_runs": "int64", "n_cells": "int64", "survives": bool})[TRUST.names]


def consistency_table(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rank correlation of channel importance between independently initialised models.

    Parameters
    ----------
    tables
        Tables `IMPORTANCE`, one per run; runs of the same model and regime are compared, each pair once.

    Returns
    -------
    DataFrame
        Table `CONSISTENCY`. `rho` is Spearman's correlation of the mean importances of the channels; NaN where
        one run gives all channels the same. Runs without a partner have no row.
    """
    means = {}
    for table in tables:
        model, regime, seed = table[["model", "regime", "seed"]].iloc[0]
        means[str(model), str(regime), int(seed)] = table.groupby("channel")["importance"].mean()
    rows = []
    for one, other in combinations(sorted(means), 2):
        if one[:2] != other[:2]:
            continue
        joined = pd.concat([means[one], means[other]], axis=1, join="inner").dropna().to_numpy()
        rho = rank_correlation(joined[:, 0], joined[:, 1])
        rows.append((*one[:2], one[2], other[2], len(joined), rho))
    table = pd.DataFrame(rows, columns=["model", "regime", "seed", "other_seed", "n_channels", "rho"])
    return table.astype({c.name: c.dtype for c in CONSISTENCY.columns if c.dtype != "str"})[CONSISTENCY.names]


def roar_summary(roar: pd.DataFrame) -> pd.DataFrame:
    """Mean error over the retrainings of each point of the grid, with 95 % intervals (table `ROAR_SUMMARY`).

    Parameters
    ----------
    roar
        Table `ROAR` of all retrainings. That without anything removed is the point 0 of every form and ranking.
    """
    nothing = roar[roar["ranking"] == "none"]
    known = roar[roar["ranking"] != "none"]
    zeros = [
        nothing.assign(form=form, ranking=ranking)
        for form, ranking in known[["form", "ranking"]].drop_duplicates().itertuples(index=False)
    ]
    rows = []
    keys = ["model", "regime", "form", "ranking", "amount"]
    for key, part in pd.concat([*zeros, known]).groupby(keys, sort=False):
        mae, lower, upper = interval_of_mean(part["mae"].to_numpy(dtype=np.float64), confidence=_CONFIDENCE)
        # No error is below 0; NaN stays.
        rows.append((*key, len(part), mae, float(np.maximum(lower, 0.0)), upper, float(part["r2"].mean())))
    table = pd.DataFrame(rows, columns=[*keys, "n_retrained", "mae", "mae_lower", "mae_upper", "r2"])
    table = table.sort_values(keys, ignore_index=True)
    return table.astype({c.name: c.dtype for c in ROAR_SUMMARY.columns if c.dtype != "str"})[ROAR_SUMMARY.names]
