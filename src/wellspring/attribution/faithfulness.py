"""Whether a score map points at what counts: areas under ROC curves, and rank correlations of maps."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["channel_auc", "map_correlation", "pixel_auc", "roc_auc"]


def roc_auc(scores: NDArray[np.floating], is_true: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: the chance that a true one has the higher score than one that is not.

    Parameters
    ----------
    scores : (n,) float
    is_true : (n,) bool

    Returns
    -------
    float
        0 to 1; ties count one half, so scores without information give 0.5. NaN where all or none are true.
    """
    n_true = int(is_true.sum())
    n_false = len(is_true) - n_true
    if n_true == 0 or n_false == 0:
        return float("nan")
    ranks = stats.rankdata(scores)
    return float((ranks[is_true].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def channel_auc(shares: NDArray[np.float64], *, channels: Sequence[str], causal: Collection[str]) -> float:
    """`roc_auc` of the causal channels among all by their mean importance.

    Parameters
    ----------
    shares : (n_cells, C) float64
        Importance per cell; cells with NaN are left out. NaN without any.
    channels, causal
        Names of the C channels, and of those that the target depends on.
    """
    known = shares[~np.isnan(shares).any(axis=1)]
    if len(known) == 0:
        return float("nan")
    return roc_auc(known.mean(axis=0), np.array([channel in causal for channel in channels]))


def pixel_auc(
    score: NDArray[np.float32], *, mask: NDArray[np.bool_], structures: Mapping[int, NDArray[np.bool_]]
) -> float:
    """Mean `roc_auc` of the pixels of the causal structures, within each causal channel's own map.

    Parameters
    ----------
    score : (S, S, C) float32
    mask : (S, S) bool
        Measured pixels.
    structures
        By place of the channel: (n_px,) bool, the measured pixels, in raster order, that show the structure.

    Returns
    -------
    float
        NaN where no channel has pixels both in and out of its structure.
    """
    found = [roc_auc(score[..., place][mask], inside) for place, inside in structures.items()]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def map_correlation(first: NDArray[np.float32], second: NDArray[np.float32], *, mask: NDArray[np.bool_]) -> float:
    """Spearman's correlation of two score maps (S, S, C) over measured pixels and channels.

    NaN where one is flat, or nothing was measured.
    """
    one, other = (stats.rankdata(values[mask]) for values in (first, second))
    if len(one) == 0 or one.std() == 0 or other.std() == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
