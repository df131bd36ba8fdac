"""Channel importance: each channel's share of a score map, by transcription level, with intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.dataset.levels import LEVELS
from wellspring.errors import InputError
from wellspring.statistics import half_width_of_mean, jackknife_interval

__all__ = ["ALL", "channel_shares", "mean_importance"]

ALL = "all"
_GROUP = ["model", "regime", "seed", "level", "channel"]
_WELL = ["plate", "well"]


def channel_shares(score: NDArray[np.float32]) -> NDArray[np.float64]:
    """Each channel's share of the sum of a score map.

    Parameters
    ----------
    score : (S, S, C) float32
        0 or more. Input channels only: neither the mask nor a channel that the model does not see.

    Returns
    -------
    (C,) float64
        From 0 to 1, sum 1. All NaN where the map is 0 everywhere: the model's output does not depend on the image, so
        there is nothing to share out. `mean_importance` leaves such cells out, and says how many cells it took.

    Raises
    ------
    ValueError
        When a score is negative or not finite.

    Notes
    -----
    Becker (2021), section 5.2.2. Sums are float64.
    """
    if not np.isfinite(score).all() or (score < 0).any():
        raise InputError(
            "score: expected finite values of 0 or more, got others. Give the map of VarGrad, not signed IG."
        )
    sums = score.sum(axis=(0, 1), dtype=np.float64)
    total = float(sums.sum())
    return sums / total if total > 0 else np.full(sums.shape, np.nan)


def mean_importance(importance: pd.DataFrame, *, confidence: float = 0.99) -> pd.DataFrame:
    """Mean importance per run, level and channel, with the confidence interval of the mean.

    Parameters
    ----------
    importance
        Table `IMPORTANCE`.
    confidence
        Of the interval, above 0 and below 1.

    Returns
    -------
    DataFrame
        model, regime, seed, level (low, medium, high, then ``all``: every cell), channel (in the table's order),
        n_cells (those with a value), n_wells (theirs), mean, lower, upper. The interval is that of `jackknife_interval`
        over the wells: the cells of a well share its staining and position, so many cells of few wells do not make it
        narrow. With one well it is mean ± t · s/√n over its cells (Student's t with n - 1 degrees of freedom, s with
        ddof 1; NaN for one cell), and does not cover how wells differ. It ends at 0 and 1, as shares do. A level
        without cells has no rows.

    Raises
    ------
    ValueError
        When `confidence` is out of range.

    Notes
    -----
    Becker (2021), figure 5.7, where the interval's formula is not given.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence: expected above 0 and below 1, got {confidence}.")
    known = importance.dropna(subset=["importance"])
    both = pd.concat([known, known.assign(level=ALL)])
    means = both.groupby(_GROUP, sort=False)["importance"].agg(["count", "mean", "std"]).reset_index()
    sd = means["std"].to_numpy(dtype=np.float64)
    half = half_width_of_mean(means["count"].to_numpy(), sd, confidence=confidence)
    means = means.assign(lower=means["mean"] - half, upper=means["mean"] + half).drop(columns="std")
    over_wells = _over_wells(both, confidence=confidence)
    means = means.merge(over_wells, on=_GROUP, how="left", validate="1:1").rename(columns={"count": "n_cells"})
    for end in ("lower", "upper"):
        means[end] = means[f"{end}_of_wells"].where(means["n_wells"] > 1, means[end]).clip(0, 1)
    means = means[[*_GROUP, "n_cells", "n_wells", "mean", "lower", "upper"]]
    return _sorted(means, channels=importance["channel"].drop_duplicates().tolist())


def _over_wells(importance: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """Columns of `_GROUP`, n_wells, lower_of_wells and upper_of_wells."""
    wells = importance.groupby([*_GROUP, *_WELL], sort=False)["importance"].agg(["sum", "count"]).reset_index()
    rows = []
    for key, own in wells.groupby(_GROUP, sort=False):
        total, n_cells = own["sum"].sum(), own["count"].sum()
        lower = upper = np.array(np.nan)
        if len(own) > 1:
            without = (total - own["sum"]) / (n_cells - own["count"])
            lower, upper = jackknife_interval(total / n_cells, without, own["count"], confidence=confidence)
        rows.append((*key, len(own), float(lower), float(upper)))
    return pd.DataFrame(rows, columns=[*_GROUP, "n_wells", "lower_of_wells", "upper_of_wells"])


def _sorted(means: pd.DataFrame, *, channels: list[str]) -> pd.DataFrame:
    indices = {name: index for index, name in enumerate((*LEVELS, ALL))}, {c: index for index, c in enumerate(channels)}
    keys = means.assign(level=means["level"].map(indices[0]), channel=means["channel"].map(indices[1]))
    return means.loc[keys.sort_values(_GROUP).index].reset_index(drop=True)
