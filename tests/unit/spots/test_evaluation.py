"""Matching and F1 against hand arithmetic."""

import numpy as np
import pytest

from wellspring.spots.evaluation import f1_score, integral_f1, match_spots

NONE = np.zeros((0, 2))


def test_as_many_pairs_as_possible_then_the_nearest() -> None:
    # The nearest pair (found 0, true 0) would leave found 1 alone; two pairs are possible.
    found = np.array([[0.0, 0.0], [0.0, -2.0]])
    true = np.array([[0.0, 0.0], [0.0, 2.5]])
    matches = match_spots(found, true, max_distance=3.0)
    assert sorted(zip(matches.found.tolist(), matches.true.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert sorted(matches.distances.tolist()) == [2.0, 2.5]
    assert matches.f1 == 1.0


def test_of_equally_many_pairs_the_least_sum() -> None:
    found = np.array([[0.0, 0.0], [0.0, 1.0]])
    true = np.array([[0.0, 0.9], [0.0, 0.1]])
    matches = match_spots(found, true, max_distance=3.0)
    assert matches.true[np.argsort(matches.found)].tolist() == [1, 0]


def test_f1_by_hand() -> None:
    found = np.array([[0.0, 0.0], [10.0, 10.0], [50.0, 50.0]])
    true = np.array([[0.0, 3.0], [10.0, 13.1]])
    # One pair at exactly 3 px; the other is too far: 2 * 1 / (3 + 2).
    assert f1_score(found, true) == pytest.approx(0.4)
    # One found spot for two true ones makes one pair: 2 * 1 / (1 + 2).
    assert f1_score(np.zeros((1, 2)), np.array([[0.0, 1.0], [0.0, -1.0]])) == pytest.approx(2 / 3)


def test_three_dimensions() -> None:
    assert f1_score(np.array([[0.0, 0.0, 0.0]]), np.array([[2.0, 2.0, 1.0]])) == 1.0
    assert f1_score(np.array([[0.0, 0.0, 0.0]]), np.array([[2.0, 2.0, 1.1]])) == 0.0


def test_integral_f1_by_hand() -> None:
    # F1 is 0 below a cutoff of 1.5 and 1 from there on: half of the range, but for one step of 3 / 49.
    found, true = np.array([[0.0, 0.0]]), np.array([[0.0, 1.5]])
    assert integral_f1(found, true) == pytest.approx(0.5, abs=1 / 49)
    assert integral_f1(found, found) == 1.0


def test_empty_lists() -> None:
    some = np.array([[1.0, 2.0]])
    assert f1_score(NONE, NONE) == 1.0
    assert f1_score(some, NONE) == 0.0
    assert f1_score(NONE, some) == 0.0
    assert integral_f1(NONE, NONE) == 1.0
    assert integral_f1(NONE, some) == 0.0
    assert match_spots(NONE, some, max_distance=1.0).distances.shape == (0,)


def test_axes_that_differ() -> None:
    with pytest.raises(ValueError, match=r"expected \(n, axes\) and \(m, axes\), got \(0, 2\) and \(1, 3\)"):
        match_spots(NONE, np.zeros((1, 3)), max_distance=3.0)
