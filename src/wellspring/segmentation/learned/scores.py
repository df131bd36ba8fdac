"""How well labels agree with annotated ones: Dice of the masks, F1 and average precision of the objects."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["METHODS", "Scores", "scores_of", "verdict_of"]

_IOU = 0.5
METHODS = ("classical", "shipped", "fine-tuned")
"""What is compared, the simplest first."""
# A method is preferred when its mean F1 over the held-out sites is larger by this; less is no difference to see.
_CLEAR = 0.01


@dataclass(frozen=True)
class Scores:
    """Of one image, 0 to 1: Dice = 2 |A and B| / (|A| + |B|) of the masks; F1 and AP = TP / (TP + FP + FN) of objects.

    Objects are matched one to one where their intersection over union reaches 0.5. Nothing annotated and nothing found
    scores 1.
    """

    dice: float
    f1: float
    ap: float


def scores_of(true: NDArray[np.integer], found: NDArray[np.integer]) -> Scores:
    """Scores of labels (Y, X), 0 = background.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    if true.shape != found.shape:
        raise ValueError(f"found: expected the shape of the annotation, {true.shape}, got {found.shape}.")
    names_true, true_at = np.unique(true, return_inverse=True)
    names_found, found_at = np.unique(found, return_inverse=True)
    shape = len(names_true), len(names_found)
    both = np.bincount(true_at.ravel() * shape[1] + found_at.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    ious = (both / np.maximum(union, 1))[names_true != 0][:, names_found != 0]
    worth = np.where(ious >= _IOU, ious + min(ious.shape, default=0) + 1, 0.0)
    n_matched = int((ious[linear_sum_assignment(worth, maximize=True)] >= _IOU).sum())
    n_true, n_found = ious.shape
    sizes = np.count_nonzero(true) + np.count_nonzero(found)
    dice = 2 * np.count_nonzero((true > 0) & (found > 0)) / sizes if sizes else 1.0
    n_all = n_true + n_found
    return Scores(dice, 2 * n_matched / n_all if n_all else 1.0, n_matched / (n_all - n_matched) if n_all else 1.0)


def verdict_of(scores: pd.DataFrame) -> str:
    """Which method to use, from the mean F1 over held-out sites; the simplest of those within 0.01 of the best."""
    means = scores.groupby("method")["f1"].mean()
    best = float(means.max())
    advised = next(name for name in METHODS if means[name] >= best - _CLEAR)
    advice = {
        "classical": "segmentation.method: log_otsu",
        "shipped": "segmentation.method: unet without weights of your own",
        "fine-tuned": "segmentation.method: unet with these weights",
    }
    n_sites, n_wells = scores["name"].nunique(), scores["well"].nunique()
    listed = ", ".join(f"{name} {means[name]:.3f}" for name in METHODS)
    return f"Use {advice[advised]}. Mean F1 on {n_sites} held-out sites of {n_wells} wells: {listed}."
