"""Scores of objects by hand: one-to-one, thresholds, empty sets."""

import numpy as np
import pytest

from bench.matching import agreement, f1, mean_average_precision

TRUE = np.array([[1, 1, 1, 1, 0, 2, 2, 2, 2, 0, 3, 3]])


def test_counts_by_hand() -> None:
    # IoU 3/4 with object 1, 4/5 with object 2, object 3 missed, one object too many.
    found = np.array([[7, 7, 7, 0, 5, 5, 5, 5, 5, 9, 0, 0]])
    at_half = agreement(TRUE, found, iou=0.5)
    assert (at_half.tp, at_half.fp, at_half.fn) == (2, 1, 1)
    assert f1(TRUE, found) == pytest.approx(2 / 3)
    # Precision: 2 / 4 up to 0.75, 1 / 5 at 0.8, then 0.
    assert mean_average_precision(TRUE, found) == pytest.approx((6 * 0.5 + 0.2) / 10)


def test_one_to_one() -> None:
    # Both halves overlap object 1 by 1/2; only one may have it.
    found = np.array([[4, 4, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0]])
    counts = agreement(TRUE, found, iou=0.5)
    assert (counts.tp, counts.fp, counts.fn) == (1, 1, 2)


def test_empty_sets() -> None:
    none = np.zeros_like(TRUE)
    assert f1(none, none) == mean_average_precision(none, none) == 1.0
    assert f1(none, TRUE) == f1(TRUE, none) == mean_average_precision(TRUE, none) == 0.0


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="found: expected the shape of the annotation"):
        f1(TRUE, TRUE[:, 1:])
