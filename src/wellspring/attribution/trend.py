"""Whether a channel's importance rises or falls from low to high targets within a well."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.tables import TREND
from wellspring.dataset.levels import LEVELS
from wellspring.errors import InputError
from wellspring.statistics import benjamini_hochberg, permutation_p_value, ranks

__all__ = ["trend_table"]

_RUN = ["model", "regime", "seed"]


def trend_table(importance: pd.DataFrame, *, n_permutations: int, rng: np.random.Generator) -> pd.DataFrame:
    """Trend of each channel's importance over the level within wells, with permutation p-values.

    Parameters
    ----------
    importance
        Table `IMPORTANCE` of one run.
    n_permutations
        Shuffles of the levels of the cells of each well, 1 or more; the same shuffles for all channels.
    rng
        Source of the shuffles.

    Returns
    -------
    DataFrame
        Table `TREND`, in the order of the channels. `rho` is Spearman's correlation of importance and level (low,
        medium, high; ties share their mean rank) within wells: the ranks are those among the cells of all wells, each
        less the mean of its well, as in a partial correlation; with one well it is the plain one. `p_value` is the
        share of shuffles, the data itself counted as one, whose correlation is as far from 0. Levels change places
        within a well only, so what differs between wells, and the wells' mix of levels, makes no p-value small: the
        null is that within a well importance does not follow the level. Cells of a well count as exchangeable.
        `q_value` is the p-value after the procedure of Benjamini and Hochberg (1995) over the channels.
        Cells without importance are left out, and so are wells whose cells have one level, a single cell among them:
        they carry no information about a trend. NaN for a channel that has one importance in each well, and for all if
        no well is left.

    Raises
    ------
    ValueError
        When `n_permutations` is below 1.
    """
    if n_permutations < 1:
        raise InputError(f"n_permutations: expected 1 or more, got {n_permutations}. Correct the config.")
    known = importance.dropna(subset=["importance"])
    channels = importance["channel"].drop_duplicates().tolist()
    wide = known.pivot(index=["plate", "well", "object_id", "level"], columns="channel", values="importance")
    wide = wide.reindex(columns=channels)
    level, wells = wide.index.to_frame(index=False)["level"], wide.groupby(["plate", "well"]).ngroup().to_numpy()
    telling = level.groupby(wells).transform("nunique").to_numpy() > 1
    level = level[telling].map({name: n for n, name in enumerate(LEVELS)})
    rho, p_value = _correlations(
        wide.to_numpy(dtype=np.float64)[telling],
        level.to_numpy(dtype=np.float64),
        wells=wells[telling],
        n_permutations=n_permutations,
        rng=rng,
    )
    run = {name: importance[name].iloc[0] for name in _RUN} if len(importance) else dict.fromkeys(_RUN, "")
    table = pd.DataFrame({"channel": channels, "rho": rho, "p_value": p_value, "q_value": benjamini_hochberg(p_value)})
    n_wells = len(np.unique(wells[telling]))
    return table.assign(**run, n_cells=int(telling.sum()), n_wells=n_wells)[TREND.names]


def _correlations(
    values: NDArray[np.float64],
    level: NDArray[np.float64],
    *,
    wells: NDArray[np.int64],
    n_permutations: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spearman's correlation of each column of `values` (n, C) with `level` (n,) within `wells` (n,), and its p-value.

    Each well has two levels or more.
    """
    if len(level) == 0:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    of_values = _unit(ranks(values), wells=wells)
    of_level = _unit(ranks(level)[:, None], wells=wells)[:, 0]
    rho = of_level @ of_values
    shuffled = np.zeros((n_permutations, values.shape[1]))
    for inside in pd.Series(wells).groupby(wells).indices.values():
        shuffled += rng.permuted(np.tile(of_level[inside], (n_permutations, 1)), axis=1) @ of_values[inside]
    # A hair of slack: shuffles that change nothing must count as equal, whatever the rounding.
    as_far = (np.abs(shuffled) >= np.abs(rho) - 1e-12).sum(axis=0)
    p_value = permutation_p_value(as_far, n_permutations=n_permutations)
    flat = ~of_values.any(axis=0)
    return np.where(flat, np.nan, rho), np.where(flat, np.nan, p_value)


def _unit(ranks: NDArray[np.float64], *, wells: NDArray[np.int64]) -> NDArray[np.float64]:
    """Columns centred in each well and of length 1; a column that is constant in each well is 0."""
    table = pd.DataFrame(ranks)
    # Ranks are halves, so the mean of equal ones is exact.
    centred = (table - table.groupby(wells).transform("mean")).to_numpy()
    length = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(length > 0, length, 1.0))
