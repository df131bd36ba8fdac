"""Features: values on drawn cells, signs, invariance, and what is missing for few molecules."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.localization.drawn import ellipse, round_cell
from wellspring.localization.cells import CellShape
from wellspring.localization.definitions import FEATURES, docs_table, with_gaps
from wellspring.localization.features import Groups, grouped, measure
from wellspring.localization.grids import cell_grid
from wellspring.localization.neighbors import RADII, foci, nearest, neighbor_counts, pair_shares
from wellspring.localization.positions import compartments, positions_in, ranks_among
from wellspring.localization.reference import reference_of

DOCS = Path(__file__).parents[3] / "docs" / "localization.md"
_Points = NDArray[np.float64]


def _one(cell: CellShape, points: _Points) -> dict[str, float]:
    grid = cell_grid(cell)
    groups = grouped(np.zeros(len(points), int))
    return {name: float(v[0]) for name, v in measure(grid, reference_of(grid), points, groups).columns.items()}


def _disc(rng: np.random.Generator, n: int, *, low: float = 0.0, high: float = 10.0) -> _Points:
    """Uniform between two circles."""
    radius = np.sqrt(rng.uniform(low**2, high**2, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def test_maps_of_a_disc() -> None:
    grid = cell_grid(round_cell())
    assert grid.area_um2 == pytest.approx(np.pi * 100, rel=0.005)
    assert grid.nucleus_area_um2 == pytest.approx(np.pi * 16, rel=0.01)
    assert grid.nucleus is not None
    points = np.array([[0.0, 2.0], [7.0, 0.0], [0.0, -9.5]])
    assert grid.between(grid.membrane, points) == pytest.approx([8, 3, 0.5], abs=0.03)
    assert grid.between(grid.nucleus, points) == pytest.approx([-2, 3, 5.5], abs=0.03)
    assert grid.centroid == pytest.approx([0, 0], abs=0.05)
    assert np.trace(grid.covariance) == pytest.approx(50, rel=0.01)


def test_compartments_of_a_disc() -> None:
    grid = cell_grid(round_cell())
    points = np.array([[0.0, 0.0], [4.2, 0.0], [6.0, 0.0], [0.0, 9.8]])
    found = compartments(grid, positions_in(grid, points))
    assert found.tolist() == ["nucleus", "nuclear edge", "cytoplasm", "membrane"]
    bare = cell_grid(round_cell(nucleus=0))
    assert compartments(bare, positions_in(bare, points)).tolist() == ["cytoplasm"] * 3 + ["membrane"]


def test_an_arm_is_an_extension() -> None:
    body = ellipse(8, 8)
    arm = np.array([[7.0, 1.0], [16.0, 1.0], [16.0, -1.0], [7.0, -1.0]])
    angle = np.arctan2(body[:, 1], body[:, 0]) % (2 * np.pi)
    ring = np.concatenate([body[(angle > 0.13) & (angle < 2 * np.pi - 0.13)], arm[::-1]])
    grid = cell_grid(CellShape("1", (ring,)))
    points = np.array([[14.0, 0.0], [0.0, 0.0]])
    assert compartments(grid, positions_in(grid, points)).tolist() == ["extension", "cytoplasm"]
    found = _one(CellShape("1", (ring,)), points)
    assert found["opening_40_share"] == 0.5
    assert found["proportion_rna_protrusion"] == 0.5
    assert found["opening_40_index"] > 3


def test_indices_by_hand() -> None:
    """Four molecules on a circle of radius 5 in a disc of 10: a second moment of 25 to 50, no offset."""
    points = 5 * np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    found = _one(round_cell(), points)
    assert found["polarization_index"] == pytest.approx(0, abs=0.01)
    assert found["dispersion_index"] == pytest.approx(0.5, rel=0.01)
    # The cytoplasm is a ring from 4 to 10: (10⁴ - 4⁴) / (2 (10² - 4²)) = 58.
    assert found["peripheral_distribution_index"] == pytest.approx(25 / 58, rel=0.01)
    assert found["membrane_distance_mean"] == pytest.approx(0.5, abs=0.01)
    assert found["nucleus_distance_mean"] == pytest.approx(0.1, abs=0.01)
    # A quarter of the disc is nearer to the centroid.
    assert found["centroid_rank_mean"] == pytest.approx(0.25, abs=0.01)
    assert found["angular_resultant"] == pytest.approx(0, abs=0.01)
    # Mean distance to the outline is a third of the radius.
    assert found["index_mean_distance_cell"] == pytest.approx(1.5, rel=0.01)
    moved = _one(round_cell(), points + np.array([3.0, 0.0]))
    assert moved["polarization_index"] == pytest.approx(3 / np.sqrt(50), rel=0.01)
    assert moved["dispersion_index"] == pytest.approx(25 / 59, rel=0.01)


def test_signs(rng: np.random.Generator) -> None:
    inner, outer = (_one(round_cell(), _disc(rng, 400, low=a, high=b)) for a, b in ((0, 4), (9.5, 10)))
    assert inner["proportion_rna_in_nuc"] > 0.97
    assert outer["proportion_rna_in_nuc"] == 0
    assert inner["peripheral_distribution_index"] < 0.3 < 1.4 < outer["peripheral_distribution_index"]
    assert inner["membrane_rank_mean"] > 0.85
    assert outer["membrane_rank_mean"] < 0.1
    assert outer["index_rna_cell_radius_0_500"] > 8
    assert inner["index_rna_cell_radius_0_500"] == 0
    assert outer["radial_density_5"] > 3 > 0.01 > outer["radial_density_1"]
    half = _disc(rng, 400)
    half[:, 0] = np.abs(half[:, 0])
    found = _one(round_cell(), half)
    assert found["angular_density_45"] == pytest.approx(2, rel=0.15)
    assert found["angular_density_180"] == pytest.approx(0, abs=0.1)
    assert found["polarization_index"] == pytest.approx(4 * 10 / (3 * np.pi) / np.sqrt(50), rel=0.1)


def test_uniform_molecules_have_the_values_of_chance(rng: np.random.Generator) -> None:
    cell = round_cell()
    grid = cell_grid(cell)
    groups = grouped(np.repeat(np.arange(300), 30))
    reference = reference_of(grid)
    found = measure(grid, reference, _disc(rng, 9000, high=9.99), groups)
    mean = {name: float(values.mean()) for name, values in found.columns.items()}
    for name in FEATURES:
        if "rank_mean" in name:
            assert mean[name] == pytest.approx(0.5, abs=0.012), name
    pairs = 300 * 30 * 29 / 2
    for number, radius in enumerate(RADII):
        usual = 1 / np.sqrt(pairs * reference.pair_share[number])
        # Pairs in one group share molecules, which matters at large radii.
        assert mean[f"ripley_k_{round(100 * radius):02d}"] == pytest.approx(1, abs=3 * usual + 0.02), radius
    assert mean["index_rna_nuc_edge"] == pytest.approx(1, abs=0.08)
    assert mean["radial_density_3"] == pytest.approx(1, abs=0.06)
    # Near the edge there are fewer neighbours, so the ratio is a little above 1.
    assert 1 < mean["nearest_neighbor_ratio"] < 1.1
    assert np.nanstd(found.effects["in_nucleus_z"]) == pytest.approx(1, abs=0.13)
    assert np.nanstd(found.effects["membrane_rank_z"]) == pytest.approx(1, abs=0.13)


def _turned(points: _Points, angle: float) -> _Points:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return points @ turn


def _lobed(n: int) -> CellShape:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    radius = 12 + 3 * np.cos(2 * angle) + 2 * np.sin(3 * angle)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return CellShape("1", (ring,), ((ellipse(4, 3, x=1.0, n=n),),))


@pytest.mark.parametrize("change", ["turn", "shift", "mirror", "scale", "density"])
def test_features_depend_on_the_cell_alone(change: str, rng: np.random.Generator) -> None:
    """Not on where it lies, how it is turned, in which pixels it is given, how many vertices its outline has."""
    cell = _lobed(240)
    points = _disc(rng, 60, high=8.5)

    def moved(ring: _Points) -> _Points:
        changed = {
            "turn": _turned(ring, 0.7),
            "shift": ring + np.array([310.0, -45.0]),
            "mirror": ring * np.array([-1.0, 1.0]),
        }
        return changed.get(change, ring)

    nuclei = tuple(tuple(moved(ring) for ring in rings) for rings in cell.nuclei)
    other = CellShape("1", tuple(moved(ring) for ring in cell.rings), nuclei)
    if change == "density":
        other = _lobed(1000)
    if change == "scale":
        # As the same file read with its pixel size: here twice in pixels of a half.
        other = CellShape("1", tuple(ring * 2 * 0.5 for ring in cell.rings), cell.nuclei)
    before, after = _one(cell, points), _one(other, moved(points))
    for name, one in FEATURES.items():
        tolerance = 0.06 if one.maximum == 1 or "distance" in name else 0.2
        if not name.startswith(
            ("index_rna", "opening", "proportion_rna_protrusion", "radial_density", "proportion_rna_nuc_edge")
        ):
            assert after[name] == pytest.approx(before[name], abs=tolerance, nan_ok=True), name


def test_a_larger_cell_has_the_same_relative_features(rng: np.random.Generator) -> None:
    points = _disc(rng, 60, high=8.5)
    before = _one(_lobed(240), points)
    cell = _lobed(240)
    large = CellShape("1", tuple(3 * r for r in cell.rings), tuple(tuple(3 * r for r in one) for one in cell.nuclei))
    after = _one(large, 3 * points)
    for name in FEATURES:
        is_in_um = name.startswith(
            ("index_rna", "proportion_rna_nuc", "proportion_rna_pro", "proportion_rna_in_foci", "foci")
        )
        if not is_in_um:
            assert after[name] == pytest.approx(before[name], rel=1e-3, abs=1e-3, nan_ok=True), name


def test_few_molecules_give_gaps_with_a_reason(rng: np.random.Generator) -> None:
    grid = cell_grid(round_cell())
    groups = Groups(np.array([0, 1, 3]), np.array([1, 2, 5]))
    found = measure(grid, reference_of(grid), _disc(rng, 8, high=9), groups)
    columns, reasons = with_gaps(found.columns, groups.counts, has_nucleus=True)
    assert reasons.tolist() == ["few molecules", "few molecules", "none"]
    assert np.isnan(columns["ripley_k_10"]).tolist() == [True, False, False]
    assert np.isnan(columns["membrane_distance_q10"]).tolist() == [True, True, False]
    assert not np.isnan(columns["membrane_distance_mean"]).any()
    bare = cell_grid(round_cell(nucleus=0))
    found = measure(bare, reference_of(bare), _disc(rng, 8, high=9), groups)
    columns, reasons = with_gaps(found.columns, groups.counts, has_nucleus=False)
    assert reasons.tolist() == ["few molecules, no nucleus"] * 2 + ["no nucleus"]
    assert np.isnan(columns["proportion_rna_in_nuc"]).all()
    _, reasons = with_gaps(found.columns, np.array([0, 0, 0]), has_nucleus=True)
    assert set(reasons) == {"no molecules"}


def test_quantiles_are_those_of_numpy(rng: np.random.Generator) -> None:
    values = rng.random(11).astype(np.float32)
    groups = Groups(np.array([0, 1, 5]), np.array([1, 4, 6]))
    ordered = groups.ordered(values)
    assert ordered.tolist() == np.concatenate([np.sort(part) for part in np.split(values, [1, 5])]).tolist()
    assert np.isnan(groups.ordered(np.full(11, np.nan, np.float32))).all()
    assert groups.ordered(np.full(11, 3.0)).tolist() == [3.0] * 11
    found = groups.quantiles(ordered)
    for row, part in zip(found, np.split(values, [1, 5]), strict=True):
        assert row == pytest.approx(np.quantile(part, [0.1, 0.25, 0.5, 0.75, 0.9]))


def test_neighbours_are_of_the_same_gene() -> None:
    points = np.array([[0.0, 0], [3, 0], [0.1, 0], [0, 1], [5, 5]])
    group = np.array([0, 0, 1, 0, 2])
    assert nearest(points, group)[[0, 1, 3]] == pytest.approx([1, 3, 1])
    assert np.isnan(nearest(points, group)[[2, 4]]).all()
    assert neighbor_counts(points, group, (1.0, 3.0)).tolist() == [[1, 2], [0, 1], [0, 0], [1, 1], [0, 0]]


def test_pairs_in_a_disc_are_as_the_formula_says() -> None:
    """Of two points in a disc of radius 1, P(d ≤ r) is known (Hammersley 1950)."""
    grid = cell_grid(round_cell(radius=10))
    radii = np.array([0.3, 0.6, 1.0, 2.0, 4.0])
    s = radii / 10
    exact = 1 + (2 / np.pi) * (s**2 - 1) * np.arccos(s / 2) - (s / np.pi) * (1 + s**2 / 2) * np.sqrt(1 - s**2 / 4)
    assert pair_shares(grid, radii) == pytest.approx(exact, rel=0.02)


def test_foci_are_dense_groups_of_one_gene() -> None:
    dense = np.array([[0.0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1], [0.05, 0.05]])
    points = np.concatenate([dense, dense + 5, [[2.0, 2.0]]])
    found = foci(points, np.zeros(11, int)).focus
    assert len(set(found[:5])) == 1
    assert set(found[:5]) != set(found[5:10])
    assert found[10] == -1
    assert (foci(points, np.arange(11)).focus == -1).all()


def test_the_docs_have_the_table_of_the_features() -> None:
    assert docs_table() in DOCS.read_text(encoding="utf-8")


def test_ranks_from_a_table_are_those_of_a_search(rng: np.random.Generator) -> None:
    sorted_px = np.sort(rng.gamma(2.0, size=5000)).astype(np.float32)
    values = rng.gamma(2.0, size=20_000).astype(np.float32)
    exact = np.searchsorted(sorted_px, values) / 5000
    assert ranks_among(sorted_px, values) == pytest.approx(exact, abs=2e-3)
    assert ranks_among(sorted_px, values[:50]).tolist() == exact[:50].tolist()
    assert np.isnan(ranks_among(np.full(5, np.nan, np.float32), np.full(3, np.nan, np.float32))).all()


def test_the_share_of_a_cell_within_an_angle(rng: np.random.Generator) -> None:
    reference = reference_of(cell_grid(round_cell()))
    directions = np.array([-180.0, -170.0, 0.0, 90.0, 175.0])
    for degrees in (45, 90, 135):
        assert reference.share_within(directions, degrees) == pytest.approx(degrees / 180, abs=0.01)
    assert reference.share_within(directions, 180).tolist() == [1.0] * 5
