"""Areas, repairs and pixels of rings, by hand."""

import numpy as np
import pytest

from wellspring.localization.polygons import cleaned, filled, is_simple, mask_rings, repaired, ring_area

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
BOW = np.array([[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0]])


def test_the_area_has_the_sign_of_the_direction() -> None:
    assert ring_area(SQUARE) == 16
    assert ring_area(SQUARE[::-1]) == -16
    assert ring_area(SQUARE[:2]) == 0


def test_repeated_vertices_and_spurs_are_cleaned() -> None:
    spur = np.array([[0, 0], [4, 0], [4, 0], [6, 2], [4, 0], [4, 4], [0, 4], [0, 0]], dtype=float)
    assert ring_area(cleaned(spur)) == 16
    assert len(cleaned(spur)) == 4
    assert len(cleaned(np.zeros((5, 2)))) < 3


@pytest.mark.parametrize(
    ("ring", "expected"), [(SQUARE, True), (BOW, False), (SQUARE[:2], False), (SQUARE[[0, 1, 2, 0]], False)]
)
def test_crossing_rings_are_not_simple(ring: np.ndarray, expected: bool) -> None:
    assert is_simple(ring) is expected


def test_a_crossing_ring_becomes_its_two_triangles() -> None:
    parts = repaired(BOW)
    assert len(parts) == 2
    assert [abs(ring_area(one)) for one in parts] == pytest.approx([4, 4], rel=0.02)
    assert all(is_simple(one) for one in parts)


def test_what_encloses_nothing_is_left_out() -> None:
    assert repaired(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])) == []
    assert repaired(SQUARE[:2]) == []


def test_pixels_are_inside_by_their_centres() -> None:
    mask = filled([SQUARE], origin=np.array([0.5, 0.5]), spacing=1.0, shape=(5, 5))
    assert mask.sum() == 16
    assert mask[:4, :4].all()


def test_a_ring_in_a_ring_is_a_hole() -> None:
    hole = SQUARE / 2 + 1
    mask = filled([SQUARE, hole], origin=np.array([0.5, 0.5]), spacing=1.0, shape=(4, 4))
    assert mask.astype(int).tolist() == [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]


def test_a_ring_beyond_the_raster_is_cut() -> None:
    mask = filled([SQUARE - 2], origin=np.array([0.5, 0.5]), spacing=1.0, shape=(3, 3))
    assert mask.astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_outlines_of_a_mask_run_between_pixels() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1:4, 2:5] = True
    (ring,) = mask_rings(mask)
    # Nine pixels; each of four corners is cut by a triangle of 1/8.
    assert abs(ring_area(ring)) == pytest.approx(8.5)
    assert ring.min(axis=0).tolist() == [1.5, 0.5]
