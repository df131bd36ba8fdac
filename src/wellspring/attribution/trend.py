"""Whether a channel's importance rises or falls from low to high targets."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from wellspring.attribution.importance import LEVELS
from wellspring.tables.attribution import TREND

__all__ = ["trend_table"]

_RUN = ["model", "regime", "seed"]


def trend_table(importance: pd.DataFrame, *, n_permutations: int, rng: np.random.Generator) -> pd.DataFrame:
    """Trend of each channel's importance over the level, with permutation p-values and false-discovery control.

    Parameters
    ----------
    importance
        Table `IMPORTANCE` of one run.
    n_permutations
        Shuffles of the cells' levels, 1 or more; the same shuffles for all channels.
    rng
        Source of the shuffles.

    Returns
    -------
    DataFrame
        Table `TREND`, in the order of the channels. `rho` is Spearman's correlation of importance and level
        (low, medium, high; ties share their mean rank). `p_value` is the share of shuffles, the data itself counted
        as one, whose correlation is as far from 0. `q_value` is the p-value after the procedure of Benjamini and
        Hochberg (1995) over the channels. Cells without importance are left out. NaN for a channel where all cells
        have one importance, or one level.

    Raises
    ------
    ValueError
        When `n_permutations` is below 1.
    """
    if n_permutations < 1:
        raise ValueError(f"n_permutations: expected 1 or more, got {n_permutations}. Correct the config.")
    known = importance.dropna(subset=["importance"])
    channels = importance["channel"].drop_duplicates().tolist()
    wide = known.pivot(index=["plate", "well", "object_id", "level"], columns="channel", values="importance")
    wide = wide.reindex(columns=channels)
    level = pd.Series(wide.index.get_level_values("level")).map({name: n for n, name in enumerate(LEVELS)})
    rho, p_value = _correlations(
        wide.to_numpy(dtype=np.float64), level.to_numpy(dtype=np.float64), n_permutations=n_permutations, rng=rng
    )
    q_value = np.full(len(channels), np.nan)
    tested = np.isfinite(p_value)
    if tested.any():
        q_value[tested] = stats.false_discovery_control(p_value[tested])
    run = {name: importance[name].iloc[0] for name in _RUN} if len(importance) else dict.fromkeys(_RUN, "")
    table = pd.DataFrame({"channel": channels, "rho": rho, "p_value": p_value, "q_value": q_value})
    return table.assign(**run, n_cells=len(wide))[TREND.names]


def _correlations(
    values: NDArray[np.float64], level: NDArray[np.float64], *, n_permutations: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spearman's correlation of each column of `values` (n, C) with `level` (n,), and its permutation p-value."""
    ranks, of_level = _unit(stats.rankdata(values, axis=0)), _unit(stats.rankdata(level)[:, None])[:, 0]
    if len(level) < 2 or not of_level.any():
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    rho = of_level @ ranks
    shuffled = np.stack([rng.permutation(of_level) for _ in range(n_permutations)])
    # A hair of slack: shuffles that change nothing must count as equal, whatever the rounding.
    as_far = (np.abs(shuffled @ ranks) >= np.abs(rho) - 1e-12).sum(axis=0)
    p_value = (1 + as_far) / (1 + n_permutations)
    flat = ~ranks.any(axis=0)
    return np.where(flat, np.nan, rho), np.where(flat, np.nan, p_value)


def _unit(ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns centred and of length 1; a constant column is 0."""
    if len(ranks) == 0:
        return ranks
    centred = ranks - ranks.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(length > 0, length, 1.0))
