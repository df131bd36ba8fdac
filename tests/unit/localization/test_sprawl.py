"""SPRAWL's scores: published values, exact variance, signs."""

import itertools

import numpy as np
import pytest

from wellspring.localization.sprawl import (
    _compact,
    _distinct,
    median_rank_variance,
    pair_scores,
    pair_variance,
    rank_scores,
)

# Spots of the cell, of Timp3, score and variance in the published table of mouse cortex (salzman-lab/SPRAWL, MIT).
PUBLISHED = [
    (349, 2, 0.5517241379310345, 0.16714284141454205),
    (961, 3, -0.7041666666666667, 0.19999913194444455),
]


@pytest.mark.parametrize(("n", "m", "score", "variance"), PUBLISHED)
def test_published_scores_of_timp3(n: int, m: int, score: float, variance: float) -> None:
    assert median_rank_variance(n, m) == pytest.approx(variance, rel=1e-9)
    # The ranks that give the score: their median is E - score (E - 1), the gene's spots lie around it.
    expected = (n + 1) / 2
    median = expected - score * (expected - 1)
    assert median * 2 == pytest.approx(round(median * 2), abs=1e-9)
    distance = np.arange(1.0, n + 1)
    middle = round(median * 2)
    own = [middle // 2, middle - middle // 2] if m == 2 else [middle // 2 - 5, middle // 2, middle // 2 + 9]
    if m == 2 and own[0] == own[1]:
        own = [own[0] - 1, own[1] + 1]
    genes = np.where(np.isin(distance, own), "Timp3", "other")
    found = rank_scores(distance, genes)
    assert found.score[list(found.genes).index("Timp3")] == pytest.approx(score, abs=1e-12)
    assert found.variance[list(found.genes).index("Timp3")] == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize("m", range(1, 8))
def test_the_variance_is_that_of_all_labels(m: int) -> None:
    n = 7
    expected = (n + 1) / 2
    scores = [(expected - np.median(own)) / (expected - 1) for own in itertools.combinations(range(1, n + 1), m)]
    assert median_rank_variance(n, m) == pytest.approx(np.var(scores), abs=1e-12)


def test_the_nearest_spots_score_one() -> None:
    found = rank_scores(np.arange(9.0), np.array(["a"] + ["b"] * 7 + ["c"]))
    assert found.score.tolist() == [1.0, 0.0, -1.0]
    assert np.isnan(rank_scores(np.ones(1), np.array(["a"])).score).all()


def test_near_spots_are_punctate_and_in_one_direction_radial(rng: np.random.Generator) -> None:
    angle = np.concatenate([rng.normal(0, 0.02, 12), rng.uniform(0, 2 * np.pi, 100)])
    radius = np.concatenate([rng.uniform(1, 9, 12), rng.uniform(1, 9, 100)])
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    genes = np.array(["line"] * 12 + ["other"] * 99 + ["single"])
    radial = pair_scores(points, genes, kind="radial", rng=rng, centre=np.zeros(2), n_shuffles=200)
    assert radial.score[0] > 0.95
    assert abs(radial.score[1]) < 0.95
    assert np.isnan(radial.score[2])
    punctate = pair_scores(
        points[genes != "single"] * 0.1, genes[genes != "single"], kind="punctate", rng=rng, n_shuffles=200
    )
    assert punctate.score[0] > 0.3
    assert radial.variance[0] == pair_variance(200) == 202 / 600


def test_shuffled_labels_score_around_zero_with_the_stated_variance(rng: np.random.Generator) -> None:
    points = rng.normal(size=(60, 2))
    scores = []
    for _ in range(150):
        genes = rng.permutation(np.repeat(["a", "b", "c"], 20))
        scores.append(pair_scores(points, genes, kind="punctate", rng=rng, n_shuffles=60).score[0])
    assert np.mean(scores) == pytest.approx(0, abs=0.15)
    assert np.var(scores) == pytest.approx(pair_variance(60), rel=0.2)


def test_numbers_of_a_row_are_different_and_all_alike_often() -> None:
    rng = np.random.default_rng(1)
    for n, k in ((6, 4), (200, 8)):
        found = _distinct(n, k, n_rows=4000, rng=rng)
        assert all(len(set(row)) == k for row in found.tolist())
        counts = np.bincount(found.ravel(), minlength=n)
        assert abs(counts / counts.mean() - 1).max() < 0.35
        assert found[:, 0].mean() == pytest.approx((n - 1) / 2, rel=0.05)
    pairs = np.array([[[7, 3], [3, 9]], [[1, 1], [0, 1]]])
    assert _compact(pairs).tolist() == [[[1, 0], [0, 2]], [[1, 1], [0, 1]]]
