"""Paths of the propagation, by hand: on an even image a side costs 1 and a corner the root of 2."""

import numpy as np
import pytest

from wellspring.segmentation.propagation import propagated

EVEN = np.zeros((9, 12), dtype=np.float32)


def _owner(first: tuple[int, int], second: tuple[int, int], *, at: tuple[int, int]) -> int:
    nuclei = np.zeros(EVEN.shape, dtype=np.int32)
    nuclei[first], nuclei[second] = 1, 2
    return int(propagated(EVEN, nuclei, mask=np.ones(EVEN.shape, dtype=bool), regularisation=0.3)[at])


@pytest.mark.parametrize(
    ("sides", "owner"),
    # Three corners cost 4.24 sides.
    [(4, 2), (5, 1)],
)
def test_a_corner_costs_the_root_of_two_sides(sides: int, owner: int) -> None:
    assert _owner((1, 1), (4, 4 + sides), at=(4, 4)) == owner
    # The other diagonal.
    assert _owner((7, 1), (4, 4 + sides), at=(4, 4)) == owner


@pytest.mark.parametrize(("height", "owner"), [(0.2, 1), (0.277, 1), (0.31, 2), (0.6, 2)])
def test_a_step_of_intensity_costs_what_it_is_high_over_three_pixels(height: float, owner: int) -> None:
    """A step of `height` in a row of 3 neighbourhoods costs the root of its square, 3 times over, and lambda's."""
    image = np.zeros((9, 20), dtype=np.float32)
    image[:, 6:] = height
    image[0, 19] = 1
    nuclei = np.zeros(image.shape, dtype=np.int32)
    nuclei[4, 2], nuclei[4, 15] = 1, 2
    # From the left to (4, 8): 6 sides, of which three see the step in 3 rows of differences; from the right 7.
    cost = 3 * 1.0 + 3 * np.hypot(3 * height, 1.0)
    assert (cost < 7) == (owner == 1)
    mask = np.ones(image.shape, dtype=bool)
    assert propagated(image, nuclei, mask=mask, regularisation=1.0)[4, 8] == owner
