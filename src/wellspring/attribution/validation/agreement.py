"""How far score maps agree with a known truth (areas under ROC curves) and with each other (rank correlation)."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from wellspring.statistics import rank_correlation, roc_area

__all__ = ["channel_auc", "map_correlation", "pixel_auc"]


def channel_auc(shares: NDArray[np.float64], *, channels: Sequence[str], causal: Collection[str]) -> float:
    """`roc_area` of the causal channels among all by their mean importance.

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
    return roc_area(known.mean(axis=0), np.array([channel in causal for channel in channels]))


def pixel_auc(
    score: NDArray[np.float32], *, mask: NDArray[np.bool_], structures: Mapping[int, NDArray[np.bool_]]
) -> float:
    """Mean `roc_area` of the pixels of the causal structures, within each causal channel's own map.

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
    found = [roc_area(score[..., index][mask], inside) for index, inside in structures.items()]
    known = [value for value in found if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def map_correlation(first: NDArray[np.float32], second: NDArray[np.float32], *, mask: NDArray[np.bool_]) -> float:
    """Spearman's correlation of two score maps (S, S, C) over measured pixels and channels.

    NaN where one is flat, or nothing was measured.
    """
    return rank_correlation(first[mask].reshape(-1), second[mask].reshape(-1))
