"""Which measures say something, and something that no other one says."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.groups.tables import FEATURES
from wellspring.statistics import robust_sd

__all__ = ["choose_features", "share_of_groups"]

_MOST_MISSING = 0.1
# Differences of this share of the values are rounding.
_ROUNDING = 1e-9


def choose_features(table: pd.DataFrame, *, max_correlation: float, min_replicate_share: float) -> pd.DataFrame:
    """Table `FEATURES`, a row per measure: whether to keep it, for clusters and distances of wells, and why not.

    Values are taken less the median of their plate. Left out, in this order, are measures

    1. that a tenth of the wells or more do not have;
    2. that are constant;
    3. whose wells of one group differ as much as wells of different groups (`share_of_groups` below
       `min_replicate_share`), where groups have replicates;
    4. that correlate with a measure that is kept by `max_correlation` or more (absolute value of Pearson's r). The one
       with the larger share of the groups is kept.

    Tests of groups do not use this choice: it favours measures in which groups differ, so tests after it are biased.

    Parameters
    ----------
    table
        Table `MEASURED_WELLS`. Wells in doubt are left out.
    """
    measures = list(dict.fromkeys(table["measure"]))
    known = table.assign(value=table["value"].where(~table["is_doubtful"]))
    values = known.pivot(index=["plate", "well", "group"], columns="measure", values="value")[measures]
    off = values - values.groupby("plate").transform("median")
    numbers = off.to_numpy(dtype=np.float64)
    groups = pd.factorize(values.index.get_level_values("group"))[0]
    size = np.nan_to_num(np.abs(values.to_numpy(dtype=np.float64))).max(axis=0, initial=0.0)
    rows = []
    for place, name in enumerate(measures):
        own = numbers[:, place]
        known_here = own[np.isfinite(own)]
        share = share_of_groups(own, groups)
        reason = ""
        if len(known_here) <= (1 - _MOST_MISSING) * len(own):
            reason = "missing in many wells"
        elif np.ptp(known_here) <= _ROUNDING * size[place]:
            reason = "constant"
        elif share < min_replicate_share:
            reason = "replicates differ as much as groups"
        spread = float(robust_sd(known_here)) if len(known_here) else float("nan")
        row = {"measure": name, "n_wells": len(known_here), "spread": spread, "replicate_share": share}
        rows.append({**row, "reason": reason})
    found = pd.DataFrame(rows)
    return _without_copies(found, numbers, max_correlation=max_correlation)[FEATURES.names]


def share_of_groups(values: NDArray[np.float64], groups: NDArray[np.integer]) -> float:
    """The groups' share of the variance, the intraclass correlation of one-way analysis of variance.

    ICC(1) of Shrout and Fleiss (1979) for groups of unequal size (Fisher 1925): 1 where wells of a group agree, 0 where
    they differ as much as wells of any groups, below 0 where more, and never below -1.

    Parameters
    ----------
    values : (n,) float64
        NaN: left out.
    groups : (n,) int

    Returns
    -------
    float
        NaN with fewer than 2 groups, no group of 2 or more, or no variance.
    """
    known = np.isfinite(values)
    own, names = values[known], np.unique(groups[known], return_inverse=True)[1]
    n, k = len(own), int(names.max(initial=-1)) + 1
    if k < 2 or n <= k:
        return float("nan")
    sizes = np.bincount(names).astype(np.float64)
    means = np.bincount(names, weights=own) / sizes
    between = float((sizes * (means - own.mean()) ** 2).sum()) / (k - 1)
    within = float(((own - means[names]) ** 2).sum()) / (n - k)
    usual = (n - float((sizes**2).sum()) / n) / (k - 1)
    total = between + (usual - 1) * within
    # With few wells in unequal groups the estimate has no lower bound.
    return max(-1.0, (between - within) / total) if total > 0 else float("nan")


def _without_copies(found: pd.DataFrame, numbers: NDArray[np.float64], *, max_correlation: float) -> pd.DataFrame:
    candidates = np.flatnonzero(found["reason"].to_numpy() == "")
    shares = found["replicate_share"].fillna(0.0).to_numpy()
    order = candidates[np.argsort(-shares[candidates], kind="stable")]
    # A missing value is taken for that of the plate's median.
    filled = np.nan_to_num(numbers)
    centred = filled - filled.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(lengths > 0, lengths, 1.0)
    kept: list[int] = []
    closest, correlation = ["none"] * len(found), np.full(len(found), np.nan)
    reasons = found["reason"].tolist()
    for place in order:
        if kept:
            r = unit[:, place] @ unit[:, kept]
            most = int(np.argmax(np.abs(r)))
            closest[place], correlation[place] = found["measure"][kept[most]], float(np.clip(r[most], -1, 1))
            if abs(r[most]) >= max_correlation:
                reasons[place] = "correlates with a measure that is kept"
                continue
        kept.append(int(place))
    is_chosen = np.isin(np.arange(len(found)), kept)
    reasons = [one or "none" for one in reasons]
    return found.assign(most_correlated=closest, correlation=correlation, is_chosen=is_chosen, reason=reasons)
