"""Landscapes, patterns and errors of the simulator."""

import numpy as np
import pytest

from tests.unit.localization.drawn import ellipse, round_cell
from wellspring.errors import InputError
from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import ring_area
from wellspring.localization.simulated.drawing import draw_molecules
from wellspring.localization.simulated.errors import DetectionErrors, detected, outlined
from wellspring.localization.simulated.landscapes import Landscape, Thickness, drawn_shape, landscape_of
from wellspring.localization.simulated.patterns import (
    PATTERNS,
    STRENGTHS,
    Degree,
    Variant,
    degree_of,
    pattern_names,
)


@pytest.fixture(scope="module")
def cell() -> Landscape:
    """A disc of radius 10 with a nucleus of 4, which is a column."""
    return landscape_of(round_cell(), thickness=Thickness(flatness=1.0, bump=0.0, is_column=True, highest_um=5.0))


def _radius(points: np.ndarray) -> np.ndarray:
    return np.hypot(points[:, 0], points[:, 1])


def _draw(cell: Landscape, pattern: str, rng: np.random.Generator, **options: object) -> np.ndarray:
    degree = options.pop("degree", Degree())
    return draw_molecules(cell, pattern=pattern, n=2000, degree=degree, rng=rng, variant=Variant(**options))  # type: ignore[arg-type]


def test_a_slab_has_the_volume_of_its_area(cell: Landscape) -> None:
    volume = len(cell.places) * np.prod(cell.voxel)
    assert volume == pytest.approx(np.pi * 100 * 5, rel=0.02)
    assert cell.in_nucleus.mean() == pytest.approx(0.16, abs=0.01)


def test_where_the_patterns_are(cell: Landscape, rng: np.random.Generator) -> None:
    edge = cell.voxel[0]
    assert (_radius(_draw(cell, "random", rng)) < 4).mean() == pytest.approx(0.16, abs=0.03)
    assert _radius(_draw(cell, "intranuclear", rng)).max() < 4 + edge
    assert _radius(_draw(cell, "extranuclear", rng)).min() > 4 - edge
    around = _radius(_draw(cell, "nuclear_edge", rng, is_one_sided=False))
    assert 3.2 - edge < around.min() < around.max() < 4.8 + edge
    assert _radius(_draw(cell, "cell_edge", rng)).min() > 9.2 - edge
    inner, outer = (_radius(_draw(cell, name, rng)).mean() for name in ("perinuclear", "pericellular"))
    assert 5 < inner < 6.2 < 8 < outer < 9.2
    sector = _draw(cell, "polarized", rng, degree=Degree(angle_sd=0.1))
    angle = np.arctan2(sector[:, 1], sector[:, 0])
    assert np.hypot(np.cos(angle).mean(), np.sin(angle).mean()) > 0.97


def test_the_envelope_and_the_surface_are_in_space(cell: Landscape, rng: np.random.Generator) -> None:
    """Seen from above, a membrane pattern in space covers the whole area."""
    shell = _draw(cell, "cell_membrane", rng)
    assert (_radius(shell) < 5).mean() > 0.15
    from_surface = np.minimum(np.minimum(10 - _radius(shell), shell[:, 2]), 5 - shell[:, 2])
    assert from_surface.max() < 0.8 + 2 * cell.voxel.max()
    envelope = _radius(_draw(cell, "nuclear_membrane", rng))
    assert abs(envelope - 4).max() < 0.8 + 2 * cell.voxel.max()


def test_the_nuclear_edge_of_the_thesis_is_one_half(cell: Landscape, rng: np.random.Generator) -> None:
    points = _draw(cell, "nuclear_edge", rng)
    angle = np.arctan2(points[:, 1], points[:, 0])
    middle = np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())
    away = np.abs((angle - middle + np.pi) % (2 * np.pi) - np.pi)
    assert (away < np.pi / 2).mean() == pytest.approx(0.95, abs=0.02)


def test_a_smaller_angle_is_a_stronger_polarization() -> None:
    spreads = [degree_of("polarized", name).angle_sd for name in STRENGTHS]
    assert spreads == pytest.approx([np.pi / 2, 0.3 * np.pi, np.pi / 10])


def test_degrees_of_the_thesis() -> None:
    assert [degree_of("cell_edge", name).share for name in STRENGTHS] == [0.4, 0.5, 0.6]
    assert [degree_of("cell_membrane", name).share for name in STRENGTHS] == [0.7, 0.8, 0.9]
    assert [degree_of("nuclear_membrane", name).share for name in STRENGTHS] == [0.6, 0.75, 0.9]
    assert [degree_of("cell_extension", name).density_ratio for name in STRENGTHS] == [10, 15, 20]
    assert [degree_of("foci", name).foci_scale for name in STRENGTHS] == [0.5, 0.75, 1]


def test_the_density_at_a_tip_is_as_many_times_higher(rng: np.random.Generator) -> None:
    long = CellShape("1", (ellipse(20, 5),), ((ellipse(3, 3),),))
    cell = landscape_of(long, thickness=Thickness(flatness=1.0, bump=0.0))
    points = draw_molecules(cell, pattern="cell_extension", n=20_000, degree=Degree(density_ratio=10), rng=rng)
    # Around one tip, or around both.
    near, far = (np.hypot(cell.places[:, 0] - x, cell.places[:, 1]) <= 2 for x in (-20, 20))
    shares = [(np.hypot(points[:, 0] - x, points[:, 1]) <= 2).mean() for x in (-20, 20)]
    densities = sorted(s / part.mean() for s, part in zip(shares, (near, far), strict=True))
    usual = ((np.abs(points[:, 0]) < 15).mean()) / (np.abs(cell.places[:, 0]) < 15).mean()
    assert densities[1] / usual == pytest.approx(10, rel=0.25)


def test_foci_are_dense(cell: Landscape, rng: np.random.Generator) -> None:
    points = draw_molecules(cell, pattern="foci", n=200, degree=Degree(share=1.0), rng=rng)
    flat = points[:, :2]
    distance = np.hypot(*(flat[:, None] - flat[None]).T)
    assert (np.sort(distance, axis=1)[:, 4] < 1.2).mean() > 0.8
    weak, strong = (
        np.mean([_in_foci(cell, degree_of("foci", name), rng) for _ in range(20)]) for name in ("weak", "strong")
    )
    assert weak < 0.5 * strong


def _in_foci(cell: Landscape, degree: Degree, rng: np.random.Generator) -> float:
    flat = draw_molecules(cell, pattern="foci", n=200, degree=degree, rng=rng)[:, :2]
    distance = np.hypot(*(flat[:, None] - flat[None]).T)
    return float(((distance < 0.5).sum(axis=1) > 4).mean())


@pytest.mark.parametrize("pattern", pattern_names())
@pytest.mark.parametrize("nucleus", [0.0, 4.0])
def test_every_pattern_gives_as_many_molecules_as_asked_for(
    pattern: str, nucleus: float, rng: np.random.Generator
) -> None:
    cell = landscape_of(round_cell(nucleus=nucleus), thickness=Thickness())
    for n in (0, 1, 2, 30):
        points = draw_molecules(cell, pattern=pattern, n=n, degree=degree_of(pattern, "moderate"), rng=rng)
        assert points.shape == (n, 3)
        assert (_radius(points) < 10.5).all()
    assert PATTERNS[pattern].meaning


def test_drawn_cells_are_whole_and_hold_their_nucleus(rng: np.random.Generator) -> None:
    for _ in range(10):
        shape = drawn_shape(rng, area_um2=400.0)
        assert abs(ring_area(shape.rings[0])) == pytest.approx(400, rel=1e-6)
        nucleus = abs(ring_area(shape.nuclei[0][0]))
        assert 10 < nucleus < 250
        grid = landscape_of(shape, thickness=Thickness()).grid
        assert (grid.between(grid.membrane, shape.nuclei[0][0]) > 0).all()


def test_errors_of_detection(cell: Landscape, rng: np.random.Generator) -> None:
    points = _draw(cell, "random", rng)
    assert len(detected(points, cell, DetectionErrors(missed_share=0.3), rng=rng)) == pytest.approx(1400, abs=80)
    assert len(detected(points, cell, DetectionErrors(false_share=0.1), rng=rng)) == pytest.approx(2200, abs=60)
    line = np.column_stack([np.arange(5) * 0.1, np.zeros(5), np.zeros(5)])
    assert detected(line, cell, DetectionErrors(merged_um=0.15), rng=rng)[:, 0].tolist() == pytest.approx([0, 0.2, 0.4])
    assert detected(points, cell, DetectionErrors(), rng=rng).tolist() == points.tolist()
    moved = detected(points, cell, DetectionErrors(jitter_um=0.2), rng=rng) - points
    assert moved.std() == pytest.approx(0.2, rel=0.05)
    rounded = detected(points, cell, DetectionErrors(grid_um=0.5), rng=rng)[:, :2] * 2
    assert rounded == pytest.approx(np.rint(rounded))


def test_errors_of_segmentation(rng: np.random.Generator) -> None:
    areas = [ring_area(outlined(round_cell(), error=0.05, rng=rng).rings[0]) for _ in range(200)]
    assert np.std(np.sqrt(np.array(areas) / np.pi) / 10) == pytest.approx(0.05, rel=0.2)
    same = outlined(round_cell(), error=0.0, rng=rng)
    assert same.rings[0] == pytest.approx(round_cell().rings[0])


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="expected a pattern of random"):
        degree_of("rnadom", "weak")
    with pytest.raises(InputError, match="expected a strength of weak, moderate, strong"):
        degree_of("random", "faint")
