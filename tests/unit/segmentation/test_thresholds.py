"""The median of weighted values, by hand."""

import numpy as np
import pytest

from wellspring.segmentation.thresholds import _weighted_median


@pytest.mark.parametrize(
    ("values", "weights", "median"),
    [
        ([1, 2, 3], [1, 1, 1], 2),
        ([3, 1, 2], [3, 1, 1], 3),
        ([3, 1, 2], [1, 3, 1], 1),
        # The least value that has half of the weight.
        ([10, 1, 2], [1, 2, 1], 1),
        ([10, 1, 2], [1, 1, 1.5], 2),
        ([4], [0.5], 4),
    ],
)
def test_half_of_the_weight_is_at_or_below_the_median(values: list[float], weights: list[float], median: float) -> None:
    assert _weighted_median(np.array(values, dtype=float), np.array(weights, dtype=float)) == median
