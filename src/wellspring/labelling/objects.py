"""Nuclei of a predicted stain against those of the measured one: found, missed, invented, merged, split."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.optimize import linear_sum_assignment

from wellspring.errors import InputError

__all__ = ["ObjectAgreement", "agreement_of_objects", "field_numbers"]

# Of an object, to count as covered by another.
_COVERED = 0.5


@dataclass(frozen=True)
class ObjectAgreement:
    """Of one field.

    Attributes
    ----------
    n_true, n_found, n_matched : int
        Objects, and pairs at the intersection over union that was asked for.
    n_merged : int
        Found objects that cover two or more true ones, each by half or more.
    n_split : int
        True objects that cover two or more found ones, each by half or more.
    n_missed : int
        True objects of which no found one covers a pixel.
    n_invented : int
        Found objects that cover no pixel of a true one.
    empty_px : int
        Pixels farther from any true object than the typical diameter: empty field.
    n_invented_in_empty : int
        Invented objects whose centre lies there.
    """

    n_true: int
    n_found: int
    n_matched: int
    n_merged: int
    n_split: int
    n_missed: int
    n_invented: int
    empty_px: int
    n_invented_in_empty: int

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN); NaN where both have no object: nothing was asked."""
        total = self.n_true + self.n_found
        return 2 * self.n_matched / total if total else float("nan")

    @property
    def average_precision(self) -> float:
        """TP / (TP + FP + FN), as Cellpose defines it; NaN where both have no object."""
        total = self.n_true + self.n_found - self.n_matched
        return self.n_matched / total if total else float("nan")


def agreement_of_objects(
    found: NDArray[np.integer], true: NDArray[np.integer], *, min_iou: float = 0.5
) -> ObjectAgreement:
    """Match objects one to one, as many pairs as can be, at an intersection over union of `min_iou` or more.

    Parameters
    ----------
    found, true : (Y, X) int
        Labels, 0 is background.

    Raises
    ------
    ValueError
        When sizes differ, or `min_iou` is not in (0, 1].
    """
    if found.shape != true.shape or found.ndim != 2 or not 0 < min_iou <= 1:
        raise InputError(
            f"expected two label images (Y, X) of one size and 0 < min_iou <= 1, got {found.shape}, {true.shape}, "
            f"{min_iou}."
        )
    shared, sizes_found, sizes_true = _shared(found, true)
    union = sizes_found[:, None] + sizes_true[None, :] - shared
    iou = np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
    n_matched = int((iou[linear_sum_assignment(iou >= min_iou, maximize=True)] >= min_iou).sum())
    of_true, of_found = shared / np.maximum(sizes_true, 1)[None, :], shared / np.maximum(sizes_found, 1)[:, None]
    is_invented = shared.sum(axis=1) == 0
    empty, in_empty = _empty(found, true, is_invented=is_invented)
    return ObjectAgreement(
        n_true=len(sizes_true),
        n_found=len(sizes_found),
        n_matched=n_matched,
        n_merged=int(((of_true >= _COVERED).sum(axis=1) > 1).sum()),
        n_split=int(((of_found >= _COVERED).sum(axis=0) > 1).sum()),
        n_missed=int((shared.sum(axis=0) == 0).sum()),
        n_invented=int(is_invented.sum()),
        empty_px=empty,
        n_invented_in_empty=in_empty,
    )


def _shared(
    found: NDArray[np.integer], true: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Shared pixels of each found and each true object, and their sizes; labels that do not occur are left out."""
    names_found, first = np.unique(found, return_inverse=True)
    names_true, second = np.unique(true, return_inverse=True)
    ones = np.ones(found.size)
    shape = (len(names_found), len(names_true))
    table = sparse.coo_matrix((ones, (first.ravel(), second.ravel())), shape=shape).toarray()
    rows, columns = names_found > 0, names_true > 0
    return table[rows][:, columns], table.sum(axis=1)[rows], table.sum(axis=0)[columns]


def _empty(found: NDArray[np.integer], true: NDArray[np.integer], *, is_invented: NDArray[np.bool_]) -> tuple[int, int]:
    """Pixels of empty field, and the invented objects whose centre lies there."""
    is_true = true > 0
    if is_true.any():
        diameter = 2 * np.sqrt(np.median(np.unique(true[is_true], return_counts=True)[1]) / np.pi)
        empty = ndimage.distance_transform_edt(~is_true) > diameter
    else:
        empty = np.ones(true.shape, dtype=bool)
    names = np.unique(found[found > 0])[is_invented]
    centres = ndimage.center_of_mass(found > 0, found, names) if len(names) else []
    inside = [bool(empty[round(y), round(x)]) for y, x in centres]
    return int(empty.sum()), sum(inside)


def field_numbers(labels: NDArray[np.integer], image: NDArray[np.number], *, background: float) -> dict[str, float]:
    """The numbers that a user takes from a field.

    Parameters
    ----------
    labels : (Y, X) int
    image : (Y, X)
        The stain, camera counts.
    background
        Of the plate, camera counts.

    Returns
    -------
    dict
        ``count``; ``area`` (px, mean over nuclei), ``total`` and ``mean`` (camera counts above background, of a
        nucleus, mean over nuclei), which are NaN without nuclei.
    """
    names = np.unique(labels[labels > 0])
    if not len(names):
        return {"count": 0.0, "area": float("nan"), "total": float("nan"), "mean": float("nan")}
    above = image.astype(np.float64) - background
    areas, totals = ndimage.sum_labels(np.ones_like(above), labels, names), ndimage.sum_labels(above, labels, names)
    return {
        "count": float(len(names)),
        "area": float(areas.mean()),
        "total": float(totals.mean()),
        "mean": float((totals / areas).mean()),
    }
