"""How well found objects agree with annotated ones: one-to-one by intersection over union, F1 and average precision.

Conventions, which differ between tools and are therefore stated. Pairs are matched one to one by the Hungarian method,
which here maximises first the number of pairs whose intersection over union (IoU) reaches the threshold, then their
summed IoU. F1 = 2 TP / (2 TP + FP + FN); precision at an IoU = TP / (TP + FP + FN), the "average precision" of the
Data Science Bowl 2018 and of StarDist; its mean runs over the IoUs 0.50, 0.55, ..., 0.95. Nothing annotated and nothing
found scores 1; one of the two empty scores 0. The value of a data set is the mean over its images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["IOUS", "Agreement", "agreement", "f1", "matched_ious", "mean_average_precision"]

IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True)
class Agreement:
    """Counts of one image at one IoU threshold: true positives, false positives, false negatives."""

    tp: int
    fp: int
    fn: int

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); 1 where there is nothing to find and nothing found."""
        total = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / total if total else 1.0

    @property
    def precision(self) -> float:
        """TP / (TP + FP + FN); 1 where there is nothing to find and nothing found."""
        total = self.tp + self.fp + self.fn
        return self.tp / total if total else 1.0


def _ious(true: NDArray[np.integer], found: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n true, n found): intersection over union of every pair of objects."""
    if true.shape != found.shape:
        raise ValueError(f"found: expected the shape of the annotation, {true.shape}, got {found.shape}.")
    names_true, true = np.unique(true, return_inverse=True)
    names_found, found = np.unique(found, return_inverse=True)
    shape = len(names_true), len(names_found)
    both = np.bincount(true.ravel() * shape[1] + found.ravel(), minlength=shape[0] * shape[1]).reshape(shape)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    ratio = both / np.maximum(union, 1)
    return np.asarray(ratio[names_true != 0][:, names_found != 0])


def matched_ious(
    true: NDArray[np.integer], found: NDArray[np.integer], *, iou: float
) -> tuple[NDArray[np.float64], int, int]:
    """IoU of each matched pair that reaches `iou`, and the numbers of objects in both images (0 = background)."""
    ious = _ious(true, found)
    # A pair that reaches the threshold is worth more than any sum of overlaps.
    worth = np.where(ious >= iou, ious + min(ious.shape, default=0) + 1, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    values = ious[rows, columns]
    return values[values >= iou], ious.shape[0], ious.shape[1]


def agreement(true: NDArray[np.integer], found: NDArray[np.integer], *, iou: float) -> Agreement:
    """Counts at one IoU threshold; both images of labels, 2D or 3D, 0 = background.

    Raises
    ------
    ValueError
        When the shapes differ.
    """
    values, n_true, n_found = matched_ious(true, found, iou=iou)
    return Agreement(tp=len(values), fp=n_found - len(values), fn=n_true - len(values))


def f1(true: NDArray[np.integer], found: NDArray[np.integer], *, iou: float = 0.5) -> float:
    """F1 at one IoU threshold."""
    return agreement(true, found, iou=iou).f1


def mean_average_precision(true: NDArray[np.integer], found: NDArray[np.integer]) -> float:
    """Mean of TP / (TP + FP + FN) over the IoUs 0.50 to 0.95."""
    return float(np.mean([agreement(true, found, iou=iou).precision for iou in IOUS]))
