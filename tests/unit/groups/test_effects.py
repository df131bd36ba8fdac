"""Differences by hand; intervals that cover; p-values that are uniform where groups do not differ."""

import math

import numpy as np
import pytest

from wellspring.groups.effects import MANY_UNITS, Effects, arrangements, compare_units, hedges_g


def _compared(values: np.ndarray, treated: list[int], blocks: list[int] | None = None, **changes: int) -> Effects:
    options = {"n_resamples": 400, "n_permutations": 2000} | changes
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    return compare_units(
        table,
        np.array(treated, dtype=bool),
        np.array(blocks or [0] * len(treated)),
        rng=np.random.default_rng(1),
        **options,
    )


def test_two_groups_by_hand() -> None:
    found = _compared([4, 6, 8, 1, 2, 3], [1, 1, 1, 0, 0, 0])
    assert (found.mean[0], found.mean_control[0], found.difference[0]) == (6, 2, 4)
    # Variances 4 and 1, so pooled 2.5; J of 4 degrees of freedom is √(2/π)·... = 0.79788.
    assert found.hedges_g[0] == pytest.approx(4 / math.sqrt(2.5) * 0.797885, rel=1e-5)
    # Welch: error √(4/3 + 1/3), freedom (5/3)² / ((4/3)² / 2 + (1/3)² / 2) = 2.941; t of it at 97.5 % is 3.2182.
    assert found.high[0] - 4 == pytest.approx(3.2182 * math.sqrt(5 / 3), rel=1e-3)
    assert found.low[0] + found.high[0] == pytest.approx(8)
    # Of 20 arrangements, the given one and its mirror image are the most extreme.
    assert found.p_value[0] == pytest.approx(2 / 20)
    assert (found.p_lowest, found.interval) == (pytest.approx(0.1), "t")
    # t = 4 / √(5/3) = 3.0984 with 2.941 degrees of freedom.
    assert found.p_t[0] == pytest.approx(0.0547, abs=2e-4)


def test_pairs_are_compared_within_their_block() -> None:
    # Differences 1, 2, 3: mean 2, t-interval 2 ± 4.3027 · 1/√3; 8 arrangements.
    found = _compared([101, 100, 12, 10, 53, 50], [1, 0, 1, 0, 1, 0], [0, 0, 1, 1, 2, 2])
    assert found.difference[0] == pytest.approx(2)
    assert found.high[0] - 2 == pytest.approx(4.3027 / math.sqrt(3), rel=1e-4)
    assert found.p_value[0] == pytest.approx(2 / 8)
    assert found.p_lowest == pytest.approx(2 / 8)


def test_blocks_of_several_units_are_weighted_as_by_least_squares() -> None:
    values = np.array([3.0, 5.0, 1.0, 10.0, 7.0, 8.0, 9.0])
    treated, blocks = [1, 1, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1]
    found = _compared(values, treated, blocks)
    # Weights 2·1/3 and 1·3/4 of the differences 3 and 2.
    assert found.difference[0] == pytest.approx((3 * 2 / 3 + 2 * 3 / 4) / (2 / 3 + 3 / 4))
    design = np.column_stack([treated, np.equal(blocks, 0), np.equal(blocks, 1)]).astype(float)
    solution, squares, *_ = np.linalg.lstsq(design, values, rcond=None)
    error = math.sqrt(squares[0] / 4 * np.linalg.inv(design.T @ design)[0, 0])
    assert found.difference[0] == pytest.approx(solution[0])
    assert found.high[0] - found.difference[0] == pytest.approx(2.7764 * error, rel=1e-4)


def test_what_too_few_units_do_not_say_is_missing() -> None:
    one = _compared([5, 1], [1, 0])
    assert one.difference[0] == 4
    assert np.isnan([one.low[0], one.high[0], one.hedges_g[0], one.p_value[0], one.p_lowest]).all()
    assert one.interval == "none"
    none = _compared([5, 1], [1, 1])
    assert (none.mean[0], none.n_units_control) == (3, 0)
    assert np.isnan([none.mean_control[0], none.difference[0], none.p_value[0]]).all()


def test_units_that_do_not_differ_have_no_standardised_size() -> None:
    found = _compared([2, 2, 1, 1], [1, 1, 0, 0])
    assert np.isnan(found.hedges_g[0])
    assert (found.difference[0], found.low[0], found.high[0]) == (1, 1, 1)
    equal = _compared([1, 1, 1, 1], [1, 1, 0, 0])
    assert (equal.difference[0], equal.p_value[0]) == (0, 1)


def test_all_arrangements_are_tried_where_they_are_few() -> None:
    treated, blocks = np.array([1, 0, 0, 1, 0], bool), np.array([0, 0, 0, 1, 1])
    found, are_all = arrangements(treated, blocks, n_permutations=6, rng=np.random.default_rng(0))
    assert are_all
    assert len(np.unique(found, axis=0)) == 6
    drawn, are_all = arrangements(treated, blocks, n_permutations=5, rng=np.random.default_rng(0))
    assert not are_all
    assert (drawn[:, :3].sum(axis=1) == 1).all()
    assert (drawn[:, 3:].sum(axis=1) == 1).all()


def test_hedges_g_is_without_bias_for_few_units() -> None:
    rng = np.random.default_rng(3)
    treated = np.repeat([True, False], 4)
    values = rng.normal(size=(8, 40_000)) + 1.5 * treated[:, None]
    difference = values[:4].mean(axis=0) - values[4:].mean(axis=0)
    assert hedges_g(values, treated, difference).mean() == pytest.approx(1.5, abs=0.03)


# Units and blocks: 3 + 3 and 4 + 5 wells; 6 pairs; 2 plates of 3 + 3 wells with a shift of their own; 12 + 12 wells.
_DESIGNS = {
    "3 + 3": ([1] * 3 + [0] * 3, [0] * 6),
    "4 + 5": ([1] * 4 + [0] * 5, [0] * 9),
    "6 pairs": ([1, 0] * 6, [n // 2 for n in range(12)]),
    "2 plates": ([1, 1, 1, 0, 0, 0] * 2, [0] * 6 + [1] * 6),
    "12 + 12": ([1] * 12 + [0] * 12, [0] * 24),
    "12 pairs": ([1, 0] * 12, [n // 2 for n in range(24)]),
}


def _wells(treated: list[int], blocks: list[int], *, effect: float, n: int, skewed: bool = False) -> np.ndarray:
    """(units, n) means of wells of 40 cells; wells vary more than their cells would make them, blocks even more."""
    rng = np.random.default_rng(11)
    shape = (len(treated), n)
    shifts = 5 * rng.normal(size=(max(blocks) + 1, n))[blocks]
    wells = rng.lognormal(sigma=0.4, size=shape) if skewed else rng.normal(size=shape)
    return shifts + wells + rng.normal(size=shape) / math.sqrt(40) + effect * np.array(treated)[:, None]


@pytest.mark.parametrize("name", _DESIGNS)
def test_p_values_are_uniform_without_an_effect_where_wells_vary(name: str) -> None:
    treated, blocks = _DESIGNS[name]
    n = 3000
    found = _compared(_wells(treated, blocks, effect=0, n=n), treated, blocks, n_permutations=999)
    lowest = found.p_lowest
    # An exact test has the levels that it can have: multiples of the lowest p-value.
    for level in (lowest, 0.1, 0.25, 0.5):
        reached = math.floor(level / lowest + 1e-9) * lowest
        if reached < level - 0.02:
            continue
        share = (found.p_value <= level + 1e-9).mean()
        assert share == pytest.approx(reached, abs=4 * math.sqrt(reached * (1 - reached) / n) + 0.003)
    # Welch's is somewhat too careful with three units.
    for level in (0.05, 0.2, 0.5):
        assert (found.p_t <= level).mean() == pytest.approx(level, abs=0.02 + 4 * math.sqrt(level * (1 - level) / n))


@pytest.mark.parametrize("name", _DESIGNS)
@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_cover_the_difference_of_the_populations(name: str, skewed: bool) -> None:
    treated, blocks = _DESIGNS[name]
    n = 2000
    found = _compared(_wells(treated, blocks, effect=1.0, n=n, skewed=skewed), treated, blocks)
    covered = ((found.low <= 1.0) & (found.high >= 1.0)).mean()
    assert 0.93 <= covered <= 0.985
    per_group = min(sum(treated), len(treated) - sum(treated))
    assert found.interval == ("bootstrap" if per_group >= MANY_UNITS else "t")


def test_cells_as_units_would_find_effects_everywhere() -> None:
    """What the units are for: the same wells, their cells taken one by one."""
    rng = np.random.default_rng(5)
    wells = rng.normal(size=(6, 300))
    cells = np.repeat(wells, 40, axis=0) + rng.normal(size=(240, 300))
    treated = [1] * 3 + [0] * 3
    of_cells = _compared(cells, np.repeat(treated, 40).tolist(), n_permutations=99)
    of_wells = _compared(cells.reshape(6, 40, 300).mean(axis=1), treated)
    assert (of_cells.p_value <= 0.05).mean() > 0.5
    assert (of_wells.p_value <= 0.05).mean() == 0
