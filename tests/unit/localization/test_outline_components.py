"""New cells from the outlines of a study's own."""

import numpy as np
import pytest

from tests.unit.localization.drawn import ellipse
from wellspring.errors import InputError
from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import ring_area
from wellspring.localization.simulated.outline_components import (
    OutlineComponents,
    is_valid_shape,
    new_shapes,
    shape_of_vector,
    vector_of_shape,
)


def _cell(*, a: float, b: float, turn: float = 0.0, at: tuple[float, float] = (0.0, 0.0)) -> CellShape:
    """An ellipse with half axes a and b, and a round nucleus off its middle, turned and moved."""
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    rings = (ellipse(a, b), ellipse(b / 3, b / 3, x=a / 4))
    cell, nucleus = (ring @ axes + np.array(at) for ring in rings)
    return CellShape("1", (cell,), ((nucleus,),))


def test_a_vector_is_the_cell_wherever_it_is_and_however_it_is_turned() -> None:
    cell = _cell(a=12, b=6)
    shape = shape_of_vector(vector_of_shape(cell))
    areas = [abs(ring_area(one.rings[0])) for one in (cell, shape)]
    assert areas[1] == pytest.approx(areas[0], rel=0.01)
    assert abs(ring_area(shape.nuclei[0][0])) == pytest.approx(np.pi * 4, rel=0.02)
    assert np.ptp(shape.rings[0], axis=0) == pytest.approx([24, 12], rel=0.02)
    there = vector_of_shape(_cell(a=12, b=6, turn=1.0, at=(90.0, -40.0)))
    again = shape_of_vector(there)
    assert np.ptp(again.rings[0], axis=0) == pytest.approx([24, 12], rel=0.02)
    distances = [np.linalg.norm(one.nuclei[0][0].mean(axis=0) - one.rings[0].mean(axis=0)) for one in (shape, again)]
    assert distances == pytest.approx([3.0, 3.0], rel=0.05)


def test_new_vectors_have_the_mean_and_the_spread_of_the_cells() -> None:
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(7, 2)))[0].T
    vectors = 5.0 + rng.normal(size=(400, 2)) * [3.0, 1.0] @ axes
    model = OutlineComponents.fitted(vectors, n=2)
    np.testing.assert_allclose(model.reconstructed(vectors), vectors, atol=1e-9)
    drawn = model.drawn(4000, rng=rng)
    assert drawn.mean(axis=0) == pytest.approx(vectors.mean(axis=0), abs=0.2)
    assert np.cov(drawn, rowvar=False) == pytest.approx(np.cov(vectors, rowvar=False), abs=0.5)
    # Three cells have two components, however many are asked for.
    assert len(OutlineComponents.fitted(vectors[:3], n=16).spread) == 2


def test_crossed_outlines_and_nuclei_outside_are_not_valid() -> None:
    cell = _cell(a=12, b=6)
    assert is_valid_shape(cell)
    eight = np.array([[0.0, 0.0], [10.0, 10.0], [10.0, 0.0], [0.0, 10.0]])
    assert not is_valid_shape(CellShape("1", (eight,), cell.nuclei))
    assert not is_valid_shape(CellShape("1", cell.rings, ((ellipse(2, 2, x=12.0),),)))


def test_new_cells_are_like_the_studys_and_none_of_them() -> None:
    rng = np.random.default_rng(1)
    own = [_cell(a=rng.uniform(9, 12), b=rng.uniform(5, 7), turn=rng.uniform(0, 6)) for _ in range(30)]
    found = new_shapes(own, n=25, rng=np.random.default_rng(2))
    assert len(found) == 25
    assert all(is_valid_shape(one) for one in found)
    areas = [np.array([abs(ring_area(one.rings[0])) for one in of]) for of in (own, found)]
    assert areas[1].mean() == pytest.approx(areas[0].mean(), rel=0.1)
    assert areas[1].std() == pytest.approx(areas[0].std(), rel=0.5)
    assert np.abs(areas[1][:, None] - areas[0]).min() > 0
    again = new_shapes(own, n=25, rng=np.random.default_rng(2))
    assert all(np.array_equal(one.rings[0], other.rings[0]) for one, other in zip(found, again, strict=True))


def test_components_that_draw_no_valid_cell_are_refused() -> None:
    outside = [CellShape("1", (ellipse(10 + k, 6),), ((ellipse(40, 40),),)) for k in range(10)]
    with pytest.raises(InputError, match=r"of 5 % of new cells or more, got 0 from components of 10 cells"):
        new_shapes(outside, n=3, rng=np.random.default_rng(0))
