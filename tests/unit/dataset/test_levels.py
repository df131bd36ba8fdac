"""Levels of the target."""

import numpy as np
import pytest

from wellspring.dataset.levels import LevelBounds, level_bounds


def test_bounds_are_mean_and_one_standard_deviation():
    """Mean 5, population standard deviation 2 (the sample one is 2.14)."""
    bounds = level_bounds(np.array([2.0, 4, 4, 4, 5, 5, 7, 9]))
    assert bounds == LevelBounds(low=3.0, high=7.0)


def test_bounds_belong_to_the_outer_levels():
    levels = LevelBounds(low=3.0, high=7.0).levels(np.array([2.0, 3.0, 3.001, 6.999, 7.0, 9.0]))
    assert levels.tolist() == ["low", "low", "medium", "medium", "high", "high"]


def test_equal_targets_are_medium():
    assert level_bounds(np.array([4.0, 4.0])).levels(np.array([4.0, 4.0])).tolist() == ["medium", "medium"]
    # Their standard deviation is 1e-13, not 0.
    equal = np.full(1000, 380.7)
    assert equal.std() > 0
    assert set(level_bounds(equal).levels(equal)) == {"medium"}
    assert set(level_bounds(np.zeros(3)).levels(np.zeros(3))) == {"medium"}


def test_targets_that_differ_a_little_more_than_rounding_have_levels():
    target = 380.7 + 1e-6 * np.array([-2.0, -1, 0, 0, 1, 2])
    assert level_bounds(target).levels(target).tolist() == ["low", "medium", "medium", "medium", "medium", "high"]


@pytest.mark.parametrize("target", [[], [1.0, np.nan]])
def test_bounds_of_no_or_broken_targets_are_refused(target):
    with pytest.raises(ValueError, match=f"got {len(target)} with"):
        level_bounds(np.array(target))
