"""Isolines, sectors and segments of drawn cells."""

import numpy as np
import pytest

from wellspring.localization.interaction.geometry import cell_geometry, ray_isolines, sectors, segments

SIZE = 201
Y, X = np.mgrid[:SIZE, :SIZE] - 100


def _disc(radius: float, *, y: float = 0, x: float = 0) -> np.ndarray:
    return (Y - y) ** 2 + (X - x) ** 2 <= radius**2


def test_isolines_of_a_round_cell_are_shares_of_the_way_to_its_nucleus() -> None:
    geometry = cell_geometry(_disc(90).astype(int), _disc(30))
    radius = np.hypot(Y, X)
    expected = 100 * (90 - radius) / 60
    known = np.isfinite(geometry.isoline)
    assert known.sum() == _disc(90).sum() - _disc(30).sum()
    # A pixel is 1.7 isolines wide; outlines on a raster are off by up to half a pixel.
    assert np.abs(geometry.isoline - expected)[known].max() < 2.0
    assert abs((geometry.isoline - expected)[known].mean()) < 0.3


@pytest.mark.parametrize(("a", "b", "offset"), [(90, 90, 0), (95, 60, 0), (90, 90, 25), (95, 45, 20)])
def test_isolines_along_rays_are_those_of_rays_that_are_cast(a: int, b: int, offset: int) -> None:
    """Against the ray's exact crossings of both outlines: within 1 % of the way on average, half a pixel anywhere."""
    cell, nucleus = (X / a) ** 2 + (Y / b) ** 2 <= 1, _disc(22, x=offset)
    found = ray_isolines(cell.astype(int), nucleus)
    known = np.isfinite(found)
    assert (known == (cell & ~nucleus)).all()
    radius = np.hypot(Y, X - offset)[known]
    y, x = Y[known] / radius, (X[known] - offset) / radius
    # (offset + t x)² / a² + (t y)² / b² = 1
    p, q, c = (x / a) ** 2 + (y / b) ** 2, offset * x / a**2, (offset / a) ** 2 - 1
    last = (np.sqrt(q**2 - p * c) - q) / p
    error = found[known] - 100 * np.clip((last - radius) / (last - 22), 0, 1)
    assert np.abs(error).mean() < 1.0
    assert np.abs(error * (last - 22) / 100).max() < 1.0


def test_a_concave_cell_has_isolines_that_follow_its_own_membrane() -> None:
    """A cell with a deep notch: beside the notch the membrane is near, though rays from the nucleus leave it later."""
    cell = _disc(90) & ~((np.abs(X) < 8) & (Y < -35))
    isoline = cell_geometry(cell.astype(int), _disc(20)).isoline
    beside_notch, far_from_it = isoline[100 - 60, 100 + 10], isoline[100 + 60, 100 + 10]
    assert beside_notch < 10
    assert far_from_it == pytest.approx(100 * 29.7 / (29.7 + 40.3), abs=2)


def test_touching_cells_have_membranes_of_their_own_and_their_own_nuclei() -> None:
    cells = np.where(X < 0, 1, 2) * (np.abs(Y) <= 50) * (np.abs(X) <= 90)
    nuclei = _disc(15, x=-20) | _disc(15, x=60)
    geometry = cell_geometry(cells, nuclei)
    # At the common border, of the left cell (its nucleus 4 px away) as of the right one (44 px away).
    assert geometry.isoline[100, 99] == pytest.approx(100 * 0.5 / (0.5 + 3.5), abs=3)
    assert geometry.isoline[100, 100] == pytest.approx(100 * 0.5 / (0.5 + 44.5), abs=1)
    np.testing.assert_allclose(geometry.nucleus_centroids[2], [100, 160])


def test_cells_without_a_nucleus_and_nuclei_without_a_cell() -> None:
    cells = _disc(40, x=-50).astype(int) + 2 * _disc(40, x=50)
    geometry = cell_geometry(cells, _disc(10, x=-50) | _disc(5, y=90))
    assert list(geometry.nucleus_centroids) == [1]
    assert np.isnan(geometry.isoline[cells == 2]).all()
    assert (sectors(geometry, n=4)[cells == 2] == 0).all()
    empty = cell_geometry(np.zeros((5, 5), int), np.zeros((5, 5), bool))
    assert np.isnan(empty.isoline).all()
    assert np.isnan(ray_isolines(np.zeros((5, 5), int), np.zeros((5, 5), bool))).all()
    with pytest.raises(ValueError, match="expected one shape"):
        cell_geometry(np.zeros((5, 5), int), np.zeros((5, 6), bool))


@pytest.mark.parametrize(("y", "x"), [(-50, 50), (50, 50), (50, -50), (-50, -50), (0, -60)])
def test_the_first_sector_holds_the_mtoc_in_every_quarter(y: int, x: int) -> None:
    geometry = cell_geometry(_disc(90).astype(int), _disc(20))
    found = sectors(geometry, n=4, towards={1: (100 + y, 100 + x)})
    assert found[100 + y, 100 + x] == 1
    assert found[100 - y, 100 - x] == 3
    # Sector 2 follows from x towards y.
    assert found[100 + x, 100 - y] == 2
    sizes = np.bincount(found.ravel(), minlength=5)[1:]
    assert sizes.max() - sizes.min() < 0.02 * sizes.sum()
    with pytest.raises(ValueError, match="sectors: expected 1 or more"):
        sectors(geometry, n=0)


def test_segments_are_numbered_stripe_by_stripe_from_the_membrane() -> None:
    geometry = cell_geometry(_disc(90).astype(int), _disc(30))
    found = segments(geometry.isoline, sectors(geometry, n=8), n_sectors=8, n_stripes=3)
    assert found[100, 100 + 85] == 1
    assert found[100, 100 + 60] == 9
    assert found[100, 100 + 35] == 17
    assert found[100, 100 - 85] == 5
    assert found[100, 100] == 0
    assert set(np.unique(found)) == set(range(25))
