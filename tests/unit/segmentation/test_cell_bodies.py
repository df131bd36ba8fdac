"""Cells that may have swallowed a neighbour whose nucleus is not stained."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.cell_bodies import has_second_body
from wellspring.segmentation.flags import count_flags, describe_objects

ROWS, COLUMNS = np.mgrid[:90, :400]


def _disc(y: float, x: float, radius: float) -> NDArray[np.bool_]:
    return np.asarray((ROWS - y) ** 2 + (COLUMNS - x) ** 2 < radius**2)


def _drawn(shape: NDArray[np.bool_], nucleus: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Cells and nuclei: two round cells of 18 px, and a third one of this shape."""
    cells, nuclei = np.zeros((2, 90, 400), np.int32)
    for label, x in ((1, 30), (2, 80)):
        cells[_disc(45, x, 18)], nuclei[_disc(45, x, 8)] = label, label
    cells[shape], nuclei[nucleus] = 4, 4
    return cells, nuclei


PAIR = _disc(45, 200, 18) | _disc(45, 232, 18)


@pytest.mark.parametrize(
    ("shape", "nucleus", "is_of_two"),
    [
        (PAIR, _disc(45, 200, 8), True),
        (PAIR, _disc(45, 232, 8), True),
        # The second body has 0.61, and 0.55, of the usual depth.
        (_disc(45, 200, 18) | _disc(45, 225, 11.3), _disc(45, 200, 8), True),
        (_disc(45, 200, 18) | _disc(45, 225, 10.3), _disc(45, 200, 8), False),
        # No neck to speak of: one pixel less, or none.
        (_disc(45, 200, 18) | _disc(45, 206, 18), _disc(45, 194, 8), False),
        ((np.abs(ROWS - 45) < 18) & (COLUMNS > 180) & (COLUMNS < 290), _disc(45, 195, 8), False),
        # A nucleus at the rim of a large cell, and one with a thin arm.
        (_disc(45, 240, 40), _disc(45, 208, 6), False),
        (_disc(45, 200, 18) | ((np.abs(ROWS - 45) < 5) & (COLUMNS > 200) & (COLUMNS < 300)), _disc(45, 200, 8), False),
        # A nucleus in both bodies, and none at all.
        (PAIR, _disc(45, 200, 8) | _disc(45, 232, 8), False),
        (PAIR, np.zeros((90, 400), bool), False),
    ],
)
def test_a_second_body_is_deep_beyond_a_neck_and_without_nucleus(
    shape: NDArray[np.bool_], nucleus: NDArray[np.bool_], is_of_two: bool
) -> None:
    cells, nuclei = _drawn(shape, nucleus)
    assert has_second_body(cells, nuclei).tolist() == [False, False, False, False, is_of_two]
    objects = describe_objects(nuclei, cells)
    assert objects["is_of_two_bodies"].tolist() == [False, False, is_of_two]
    assert count_flags(objects)["n_of_two_bodies"][0] == is_of_two


def test_a_neck_is_a_pixel_thinner_and_no_cells_have_no_bodies() -> None:
    # 14 px wide, so 7 px deep; a notch from one side leaves 7, one from each side 6.
    cells = np.zeros((40, 80), np.int32)
    cells[12:26, 10:60], cells[12, 30:36] = 1, 0
    nuclei = np.zeros_like(cells)
    nuclei[17:22, 14:19] = 1
    assert has_second_body(cells, nuclei).tolist() == [False, False]
    cells[25, 30:36] = 0
    assert has_second_body(cells, nuclei).tolist() == [False, True]
    assert has_second_body(np.zeros((5, 5), np.int32), np.zeros((5, 5), np.int32)).tolist() == [False]
