"""Clustering of molecules: by hand, on drawn cells, and under the null."""

import numpy as np
import pytest

from wellspring.localization.interaction.clustering import (
    clustering_of_intensity,
    clustering_of_points,
    normalized_h,
    pairs_within,
    ripley_h,
)

Y, X = np.mgrid[:61, :61] - 30
DISC = np.hypot(Y, X) <= 28
PIXELS = np.argwhere(DISC).astype(float)


def test_h_of_even_spread_is_zero_in_both_dimensions() -> None:
    radii = np.arange(1, 6)
    # So many ordered pairs as 100 molecules in an area (a volume) of 1,000 have without edges.
    plane, solid = 100 * 100 / 1000 * np.pi * radii**2, 100 * 100 / 1000 * 4 / 3 * np.pi * radii**3
    np.testing.assert_allclose(ripley_h(plane, n=100, size=1000, n_axes=2), 0, atol=1e-12)
    np.testing.assert_allclose(ripley_h(solid, n=100, size=1000, n_axes=3), 0, atol=1e-12)
    np.testing.assert_allclose(ripley_h(4 * plane, n=100, size=1000, n_axes=2), radii)


def test_pairs_are_counted_in_both_orders_and_a_whole_distance_is_within_itself() -> None:
    points = np.array([[0.0, 0], [0, 3], [4, 0], [4, 0]])
    # Distances 3, 4, 4, 5, 5 and 0.
    assert pairs_within(points, 6).tolist() == [2, 2, 4, 8, 12, 12]
    assert pairs_within(points[:1], 3).tolist() == [0, 0, 0]


def test_the_envelope_is_taken_at_each_radius() -> None:
    simulated = np.column_stack([np.arange(101.0), 100 - np.arange(101.0)])
    found = normalized_h(np.array([140.0, 5.0]), simulated)
    np.testing.assert_allclose(found, [(140 - 50) / 45, -1.0])
    assert normalized_h(np.array([3.0]), np.full((20, 1), 3.0)).tolist() == [0.0]


def _even(rng: np.random.Generator, *, n: int) -> np.ndarray:
    return PIXELS[rng.integers(len(PIXELS), size=n)] + rng.random((n, 2)) - 0.5


def _clumps(rng: np.random.Generator, *, n: int) -> np.ndarray:
    centres = rng.uniform(-15, 15, size=(4, 2)) + 30
    return centres[rng.integers(4, size=n)] + rng.normal(0, 1.5, size=(n, 2))


def test_clumps_are_clustered_and_even_molecules_are_not() -> None:
    rng = np.random.default_rng(2)
    options = {"n_radii": 15, "n_simulations": 20, "rng": rng}
    clumped = clustering_of_points(_clumps(rng, n=80), PIXELS, **options)
    even = [clustering_of_points(_even(rng, n=80), PIXELS, **options).degree for _ in range(10)]
    assert clumped.degree > 20 > 5 > np.mean(even)
    assert clumped.p_value == pytest.approx(1 / 21)
    assert clumped.h_star.shape == (15,)


def test_the_same_formula_holds_in_three_dimensions() -> None:
    rng = np.random.default_rng(3)
    voxels = np.argwhere(np.ones((12, 30, 30))).astype(float)
    clump = rng.normal([6, 15, 15], 1.2, size=(50, 3))
    options = {"n_radii": 8, "n_simulations": 20, "rng": rng}
    assert clustering_of_points(clump, voxels, **options).degree > 20
    assert clustering_of_points(voxels[rng.integers(len(voxels), size=50)], voxels, **options).degree < 5


def test_molecules_drawn_with_a_height_follow_it() -> None:
    """Half of the cell is high: molecules spread by volume are not clustered when the height is known."""
    rng = np.random.default_rng(4)
    height = np.where(PIXELS[:, 1] < 30, 9.0, 1.0)
    points = PIXELS[rng.choice(len(PIXELS), size=200, p=height / height.sum())]
    options = {"n_radii": 20, "n_simulations": 39}
    blind = clustering_of_points(points, PIXELS, rng=np.random.default_rng(1), **options)
    known = clustering_of_points(points, PIXELS, weights=height, rng=np.random.default_rng(1), **options)
    assert blind.degree > 5 * max(known.degree, 1)


def test_intensity_in_clumps_is_clustered() -> None:
    rng = np.random.default_rng(5)
    image = rng.gamma(2.0, 5.0, size=DISC.shape)
    options = {"n_radii": 10, "n_simulations": 20}
    even = clustering_of_intensity(image, DISC, rng=np.random.default_rng(1), **options)
    image[25:31, 25:31] += 60
    clumped = clustering_of_intensity(image, DISC, rng=np.random.default_rng(1), **options)
    assert clumped.degree > 20 > 8 > even.degree
    assert np.isnan(clustering_of_intensity(0 * image, DISC, rng=rng, **options).degree)


def test_few_molecules_and_wrong_input() -> None:
    rng = np.random.default_rng(1)
    assert np.isnan(clustering_of_points(PIXELS[:1], PIXELS, n_radii=5, n_simulations=5, rng=rng).degree)
    with pytest.raises(ValueError, match="2 simulations or more"):
        clustering_of_points(PIXELS[:5], PIXELS, n_radii=5, n_simulations=1, rng=rng)
    with pytest.raises(ValueError, match="2 or 3 coordinates"):
        clustering_of_points(PIXELS[:5], np.empty((0, 2)), n_radii=5, n_simulations=5, rng=rng)


@pytest.mark.slow
def test_p_values_of_even_molecules_are_uniform() -> None:
    rng = np.random.default_rng(6)
    found = np.array(
        [
            clustering_of_points(
                _even(rng, n=20),
                PIXELS,
                n_radii=8,
                n_simulations=19,
                rng=rng,
            ).p_value
            for _ in range(400)
        ]
    )
    for level in (0.05, 0.25, 0.5, 0.75):
        assert abs((found <= level + 1e-9).mean() - level) < 3 * np.sqrt(level * (1 - level) / 400)
