"""Temporal interaction scores: by hand, on published densities, and under the null."""

import os
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.localization.interaction import temporal_interaction
from wellspring.localization.interaction.colocalization import correlate_categories
from wellspring.localization.interaction.order import Correlate, OrderTest, change_of_order, order_of_wells
from wellspring.localization.interaction.temporal import correlate_profiles, pair_correlations

DATA = Path(os.environ.get("WELLSPRING_DATA", "../shared/data")) / "dypfish_segments/dev"
FILES = "analysis_analysis_temporal_interactions_dataframe_{gene}_{time}h_{molecule}{form}.csv"

FIRST, SECOND, THIRD = np.eye(6)[:3]


def _tested(mrna: dict, protein: dict, *, n_permutations: int, seed: int) -> OrderTest:
    return order_of_wells(mrna, protein, correlate=correlate_profiles, n_permutations=n_permutations, seed=seed)


def _course(rng: np.random.Generator, n_wells: int, noise: float) -> list[dict[int, np.ndarray]]:
    """mRNA and protein of wells, of a pattern that moves on, with the protein two steps behind."""
    steps = np.random.default_rng(4).normal(size=(6, 24)).cumsum(axis=0)
    return [{t: steps[t + ahead] + noise * rng.normal(size=(n_wells, 24)) for t in range(4)} for ahead in (2, 0)]


def test_a_protein_that_follows_its_mrna_scores_1_and_one_that_leads_it_0() -> None:
    mrna = {0: FIRST, 1: SECOND}
    assert temporal_interaction(mrna, {1: FIRST, 2: FIRST + SECOND}) == pytest.approx(1.0)
    assert temporal_interaction({1: FIRST, 2: FIRST + SECOND}, {0: FIRST, 1: SECOND, 2: THIRD}) < 0.5


def test_two_times_by_hand() -> None:
    """Correlations .8 (forward), and -.2, .4, .6 of the others: their ranks sum to 6 of 6 to 9, so the score is 1."""
    basis = np.linalg.qr(np.column_stack([np.ones(4), [1, -1, 0, 0], [1, 1, -2, 0]]))[0]
    one, other = basis[:, 1], basis[:, 2]

    def at(correlation: float) -> np.ndarray:
        return correlation * one + np.sqrt(1 - correlation**2) * other

    # Against `one`: the correlation asked for; the second mRNA is `other`.
    mrna, protein = {2: one, 3: other}, {2: at(0.6), 3: at(0.9)}
    correlations, is_forward = pair_correlations(mrna, protein)
    np.testing.assert_allclose(correlations, [[0.6, 0.9], [0.8, np.sqrt(1 - 0.81)]])
    assert is_forward.tolist() == [[False, True], [False, False]]
    # Ranks of .6, .8, .436: 2, 3, 1; (9 - 6) / (9 - 6).
    assert temporal_interaction(mrna, protein) == pytest.approx(1.0)
    # The forward pair has the third of four ranks: (9 - 7) / 3.
    assert temporal_interaction(mrna, {2: at(0.9), 3: at(0.6)}) == pytest.approx(1 / 3)


def test_equal_correlations_share_their_ranks() -> None:
    mrna = {1: FIRST, 2: FIRST, 3: FIRST}
    assert temporal_interaction(mrna, {1: FIRST, 2: FIRST, 3: FIRST}) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("mrna", "protein"),
    [
        ({2: FIRST}, {2: SECOND}),  # No pair is forward.
        ({2: FIRST}, {3: SECOND}),  # Every pair is.
        ({2: np.full(6, 0.1), 3: FIRST}, {2: FIRST, 3: SECOND}),  # A profile without differences.
        ({2: np.full(6, np.nan), 3: FIRST}, {2: FIRST, 3: SECOND}),
        ({}, {}),
    ],
)
def test_where_the_score_is_not_defined(mrna: dict, protein: dict) -> None:
    assert np.isnan(temporal_interaction(mrna, protein))


def test_segments_and_times_are_checked() -> None:
    with pytest.raises(ValueError, match="same number of segments, got shapes"):
        temporal_interaction({2: FIRST}, {3: np.ones(5)})
    with pytest.raises(ValueError, match="mrna: expected numbers as times"):
        temporal_interaction({"2 h": FIRST}, {3: FIRST})
    with pytest.raises(ValueError, match="protein: expected one well or more"):
        _tested({2: [FIRST]}, {3: np.empty((0, 6))}, n_permutations=9, seed=1)


def _published(gene: str, molecule: str, times: tuple[int, ...], *, aggregate: str, form: str) -> dict:
    paths = {t: DATA / FILES.format(gene=gene, time=t, molecule=molecule, form=form) for t in times}
    return {t: getattr(pd.read_csv(path, index_col=0), aggregate)().to_numpy() for t, path in paths.items()}


@pytest.mark.skipif(not DATA.is_dir(), reason="needs dypfish_segments in the folder WELLSPRING_DATA")
@pytest.mark.parametrize(
    ("aggregate", "form", "expected"),
    [
        ("median", "", (0.797, 0.406, 0.250, 0.391)),
        ("mean", "", (0.516, 0.375, 0.219, 0.469)),
        ("median", "_periph", (0.578, 0.625, 0.594, 0.391)),
    ],
)
def test_published_densities(aggregate: str, form: str, expected: tuple[float, ...]) -> None:
    """Recomputed from the published tables of densities; the published figure was drawn from others and differs."""
    found = [
        temporal_interaction(
            _published(gene, "mrna", (2, 3, 4, 5), aggregate=aggregate, form=form),
            _published(gene, "protein", (2, 3, 5, 7), aggregate=aggregate, form=form),
        )
        for gene in ("beta_actin", "arhgdia", "gapdh", "pard3")
    ]
    assert found == pytest.approx(expected, abs=0.0005)


def test_few_wells_are_arranged_in_all_ways() -> None:
    mrna = {1: [FIRST], 2: [SECOND]}
    found = _tested(mrna, {1: [THIRD], 2: [FIRST]}, n_permutations=10, seed=1)
    # Of 2! * 2! arrangements the data alone has its one high correlation in the forward pair.
    assert (found.score, found.n_arrangements, found.is_exact) == (pytest.approx(1.0), 4, True)
    assert found.p_value == pytest.approx(1 / 4)
    alone = _tested({1: [FIRST]}, {2: [FIRST], 0: [SECOND]}, n_permutations=10, seed=1)
    assert (alone.n_arrangements, alone.p_value) == (2, pytest.approx(0.5))


def test_a_delay_is_found() -> None:
    found = _tested(*_course(np.random.default_rng(5), 3, 0.3), n_permutations=199, seed=2)
    assert not found.is_exact
    assert found.p_value < 0.02
    assert found.low > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.5, 2.0, 5.0])
def test_intervals_cover_the_mean_score_of_such_studies(noise: float) -> None:
    rng = np.random.default_rng(6)
    mean = np.mean([temporal_interaction(*_means(_course(rng, 2, noise))) for _ in range(400)])
    found = [_tested(*_course(rng, 2, noise), n_permutations=199, seed=number) for number in range(150)]
    # 95 % less three standard errors of a share of 150.
    assert np.mean([one.low <= mean <= one.high for one in found]) > 0.89
    assert all(0 <= one.low <= one.score <= one.high <= 1 for one in found)


def _means(sides: list[dict[int, np.ndarray]]) -> list[dict[int, np.ndarray]]:
    return [{time: wells.mean(axis=0) for time, wells in side.items()} for side in sides]


def test_a_change_is_found_and_bounded_and_one_well_has_no_interval() -> None:
    rng = np.random.default_rng(7)
    follows, leads = _course(rng, 3, 0.3), _course(rng, 3, 0.3)[::-1]
    options = {"correlate": correlate_profiles, "n_permutations": 199, "seed": 1}
    found = change_of_order(follows, leads, **options)
    alone = [_tested(*sides, n_permutations=9, seed=1).score for sides in (follows, leads)]
    assert found.score == pytest.approx(alone[1] - alone[0])
    assert -1 <= found.low <= found.score <= found.high < 0
    assert found.p_value == pytest.approx(1 / 200)
    one = [{time: wells[:1] for time, wells in side.items()} for side in follows]
    assert np.isnan(_tested(*one, n_permutations=9, seed=1).low)
    assert np.isnan(change_of_order(follows, one, **options).high)
    missing = change_of_order(follows, [leads[0], {0: leads[1][0]}], **options)
    assert np.isnan([missing.score, missing.p_value, missing.low]).all()


def _shared(rng: np.random.Generator, *, n_wells: int = 3) -> list[dict[int, np.ndarray]]:
    """Wells that show both molecules and differ; nothing depends on the time."""
    wells = {t: rng.normal(size=(n_wells, 24)) for t in range(4)}
    return [{t: own + 0.5 * rng.normal(size=own.shape) for t, own in wells.items()} for _ in range(2)]


SHARED = tuple({t: [(t, number) for number in range(3)] for t in range(4)} for _ in range(2))


@pytest.mark.slow
def test_p_values_are_uniform_where_mrna_and_protein_are_of_the_same_wells() -> None:
    """What is a well's own makes its molecules alike: at equal times, so that the score is below 0.5."""
    rng = np.random.default_rng(15)
    options = {"correlate": correlate_profiles, "n_permutations": 99}
    found = [order_of_wells(*_shared(rng), **options, seed=number, names=SHARED) for number in range(300)]
    changes = [
        change_of_order(_shared(rng), _shared(rng), **options, seed=number, names=(SHARED, SHARED)).p_value
        for number in range(300)
    ]
    for p_values in ([one.p_value for one in found], changes):
        for level in (0.05, 0.25, 0.5, 0.75):
            error = np.sqrt(level * (1 - level) / len(found))
            assert abs(np.mean(np.array(p_values) <= level) - level) < 3 * error
    mean = np.mean([one.score for one in found])
    assert mean < 0.4
    assert np.mean([one.expected for one in found]) == pytest.approx(mean, abs=0.02)
    assert np.mean([one.low <= mean <= one.high for one in found]) > 0.917
    # As if other wells showed the protein.
    wrong = [order_of_wells(*_shared(rng), **options, seed=number).p_value for number in range(60)]
    assert np.mean(np.array(wrong) <= 0.25) < 0.1


def test_few_wells_of_two_conditions_are_exchanged_in_all_ways() -> None:
    control, other = [{1: [FIRST], 2: [SECOND]}, {2: [FIRST]}], [{1: [SECOND], 2: [FIRST]}, {2: [THIRD]}]
    options = {"correlate": correlate_profiles, "n_permutations": 10, "seed": 1}
    found = change_of_order(control, other, **options)
    # A pair of wells for each molecule and time. Whichever condition has the protein in its first segment, one of four
    # arrangements of the mRNA has it follow, and one has it lead.
    assert (found.n_arrangements, found.is_exact) == (8, True)
    assert found.score == pytest.approx(-0.5)
    assert found.p_value == pytest.approx(4 / 8)
    names = ({1: ["a"], 2: ["b"]}, {2: ["b"]})
    assert change_of_order(control, other, **options, names=(names, names)).n_arrangements == 4
    with pytest.raises(ValueError, match="expected 1 wells of mrna at 1, got 2"):
        change_of_order(control, other, **options, names=(({1: ["a", "c"], 2: ["b"]}, {2: ["b"]}), names))


@pytest.mark.slow
@pytest.mark.parametrize("correlate", [correlate_profiles, partial(correlate_categories, n_stripes=3)])
def test_without_a_time_course_p_values_are_uniform(correlate: Correlate) -> None:
    """Wells differ and share one pattern; nothing depends on the time."""
    rng = np.random.default_rng(11)
    pattern = rng.normal(size=24)
    found = []
    for number in range(300):
        sides = [{t: pattern + rng.normal(size=(2, 24)) for t in range(4)} for _ in range(2)]
        found.append(order_of_wells(*sides, correlate=correlate, n_permutations=39, seed=number).p_value)
    shares = [np.mean(np.array(found) <= level) for level in (0.05, 0.25, 0.5, 0.75)]
    # Three standard errors of a share of 300.
    for share, level in zip(shares, (0.05, 0.25, 0.5, 0.75), strict=True):
        assert abs(share - level) < 3 * np.sqrt(level * (1 - level) / 300)
    assert all(lower < upper for lower, upper in pairwise(shares))
