"""Densities, polarity, colocalization and quantities by hand."""

import numpy as np
import pytest

from wellspring.localization.interaction.colocalization import categories, colocalization_score, matched_neighbors
from wellspring.localization.interaction.densities import cumulative_share, point_weights, relative_densities
from wellspring.localization.interaction.geometry import cell_geometry
from wellspring.localization.interaction.polarity import best_quadrants, polarity_index, quadrant_densities
from wellspring.localization.interaction.quantities import (
    cytoplasmic_centrality,
    cytoplasmic_spread,
    stability,
    volume_corrected_noise,
)


def test_points_are_counted_in_their_pixels() -> None:
    points = np.array([[0.4, 1.6], [0.0, 2.0], [5.0, 0.0], [-0.6, 0.0]])
    assert point_weights(points, shape=(2, 3)).tolist() == [[0, 0, 2], [0, 0, 0]]


def test_densities_are_relative_to_the_area_or_the_volume() -> None:
    weights, parts = np.array([[3.0, 1.0, 9.0]]), np.array([[1, 2, 0]])
    assert relative_densities(weights, parts, n_parts=2).tolist() == [1.5, 0.5]
    # Three quarters of the molecules in three quarters of the volume.
    volume = np.array([[3.0, 1.0, 1.0]])
    assert relative_densities(weights, parts, n_parts=3, volume=volume)[:2].tolist() == [1, 1]
    assert np.isnan(relative_densities(weights, parts, n_parts=3)[2])
    assert np.isnan(relative_densities(0 * weights, parts, n_parts=2)).all()
    with pytest.raises(ValueError, match="expected maps of shape"):
        relative_densities(weights, parts.T, n_parts=2)
    with pytest.raises(ValueError, match="weights of 0 or more"):
        relative_densities(-weights, parts, n_parts=2)


def test_cumulative_shares_end_at_one() -> None:
    isoline = np.array([[10.0, 30, 60, 90, np.nan]])
    molecules, volume = cumulative_share(np.array([[4.0, 0, 2, 2, 99]]), isoline, n=4)
    assert molecules.tolist() == [0.5, 0.5, 0.75, 1.0]
    assert volume.tolist() == [0.25, 0.5, 0.75, 1.0]
    nothing, _ = cumulative_share(np.zeros((1, 5)), isoline, n=4)
    assert np.isnan(nothing).all()


def test_molecules_at_the_mtoc_are_in_its_quadrant() -> None:
    y, x = np.mgrid[:101, :101] - 50
    geometry = cell_geometry((np.hypot(y, x) <= 48).astype(int), np.hypot(y, x) <= 12)
    weights = point_weights(np.array([[80.0, 50.0]] * 6 + [[20.0, 50.0]] * 2), shape=(101, 101))
    found = quadrant_densities(weights, geometry, cell=1, mtoc=(95, 50))
    np.testing.assert_allclose(found, [3, 0, 1, 0], rtol=0.02)
    assert np.isnan(quadrant_densities(weights, geometry, cell=1, mtoc=(np.nan, 50))).all()
    assert np.isnan(quadrant_densities(weights, geometry, cell=2, mtoc=(95, 50))).all()


def test_the_best_orientation_is_above_one_even_without_polarity() -> None:
    area = np.full(36, 1 / 36)
    # One narrow sector next to the MTOC's direction has it all: some orientation holds it in the first quadrant.
    alone = np.eye(36)[35]
    np.testing.assert_allclose(best_quadrants(alone, area), [4, 0, 0, 0])
    np.testing.assert_allclose(best_quadrants(area, area), np.ones(4))
    rng = np.random.default_rng(3)
    drawn = [best_quadrants(rng.multinomial(60, area), area)[0] for _ in range(200)]
    assert np.mean(drawn) > 1.1
    assert np.isnan(best_quadrants(0 * area, area)).all()


def test_polarity_index_by_hand() -> None:
    others = np.array([[1.0, 1.0, 1.0]] * 4)
    assert polarity_index([2, 2, 2, 2], others) == 1.0
    assert polarity_index([0, 0, 2, 1], others) == pytest.approx(2 * 1.5 / 4 - 1)
    assert np.isnan(polarity_index([], np.empty((0, 3))))


def test_categories_and_neighbours_by_hand() -> None:
    assert categories([0, 0, 0, 0, 10]).tolist() == [0, 0, 0, 0, 1]
    assert categories([5, 5, 5]).tolist() == [0, 0, 0]
    # A ring of four sectors and two stripes: the enriched segment 3 has its match next to it, across the ring's end.
    mrna = np.array([0, 0, 0, 1, 0, 0, 0, 0])
    protein = np.array([1, 0, 0, -1, 0, 0, 0, 0])
    assert matched_neighbors(mrna, protein, n_stripes=2).tolist() == [0, 0, 0, 1, 0, 0, 0, 0]
    # Stripes are no ring: the inner stripe of three does not see the outer one.
    three = np.array([1, 1, 0, 0, 0, 0])
    assert matched_neighbors(np.array([0, 0, 0, 0, 1, 1]), three, n_stripes=3).tolist()[-2:] == [0, 0]
    with pytest.raises(ValueError, match="multiple of 5 stripes"):
        matched_neighbors(mrna, protein, n_stripes=5)


def test_a_protein_that_follows_its_mrna_is_colocalized_with_it() -> None:
    """Enriched segments move three sectors an hour: forward in time they meet, else they do not."""
    at = [np.roll(np.eye(12)[0] * 5 + 1, 3 * step) for step in range(4)]
    forward = colocalization_score({0: at[0], 1: at[1]}, {1: at[0], 2: at[1]}, n_stripes=1)
    assert forward > 0.5
    assert np.isnan(colocalization_score({0: at[0]}, {0: at[0]}, n_stripes=1))


def test_centrality_and_spread_by_hand() -> None:
    isoline = np.array([[0.0, 50.0, 100.0, np.nan]])
    assert cytoplasmic_centrality(np.array([[0.0, 1.0, 1.0, 5.0]]), isoline) == 0.75
    assert np.isnan(cytoplasmic_centrality(np.zeros((1, 4)), isoline))
    mask = np.array([[False, True, True, True]])
    # Distances 1, 2, 3 from the centre: even spread has 2.
    assert cytoplasmic_spread(np.array([[9.0, 1, 0, 0]]), mask, (0, 0)) == 0.5
    assert cytoplasmic_spread(np.array([[0.0, 1, 1, 1]]), mask, (0, 0)) == 1.0
    assert cytoplasmic_spread(np.ones((1, 4)), mask, (0, 0), volume=np.array([[1.0, 0, 0, 1]])) == pytest.approx(2 / 3)
    assert np.isnan(cytoplasmic_spread(np.zeros((1, 4)), mask, (0, 0)))


def test_noise_that_volume_explains_is_none() -> None:
    volumes = np.array([1.0, 2.0, 3.0, 4.0])
    assert volume_corrected_noise(5 + 10 * volumes, volumes) == pytest.approx(0)
    # Of cells of one size all variance is left: 4 / 25.
    assert volume_corrected_noise([3, 7, 3, 7, np.nan], [1, 1, 1, 1, 1]) == pytest.approx(4 / 25)
    assert np.isnan(volume_corrected_noise([1, 2], [1, 2]))
    with pytest.raises(ValueError, match="a volume for each count"):
        volume_corrected_noise([1, 2], [1])


def test_more_cells_are_more_stable() -> None:
    rng = np.random.default_rng(4)
    found = stability(rng.normal(size=(12, 30)), n_draws=200, rng=rng)
    assert len(found) == 11
    # E|N(0, 1 + 1/k)|: from sqrt(2) to nearly 1, times sqrt(2 / pi).
    np.testing.assert_allclose(found[[0, 10]], np.sqrt(2 / np.pi) * np.sqrt([2, 1 + 1 / 11]), rtol=0.06)
    assert len(stability(np.ones((1, 3)), n_draws=5, rng=rng)) == 0
