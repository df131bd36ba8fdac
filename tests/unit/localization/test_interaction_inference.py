"""Statistics over wells: by hand, their uniformity under the null, and their coverage."""

import numpy as np
import pytest

from wellspring.localization.interaction.inference import (
    amount_of_wells,
    difference_of_wells,
    mean_of_wells,
    polarity_of_wells,
    rotation_p_value,
)
from wellspring.localization.interaction.quantities import NOISE_CELLS, volume_corrected_noise


def test_means_of_wells() -> None:
    found = mean_of_wells([1.0, 3.0, np.nan])
    assert (found.value, found.n_wells) == (2.0, 2)
    assert found.high - found.value == pytest.approx(12.706, abs=0.001)
    assert np.isnan(mean_of_wells([1.0]).low)
    assert np.isnan(mean_of_wells([]).value)


def test_amounts_of_wells_have_intervals_above_zero_that_cover() -> None:
    found = amount_of_wells([1.0, 3.0, np.nan])
    # Student's half width of 12.7 standard errors of 1, over the mean of 2.
    assert (found.value, found.n_wells) == (2.0, 2)
    assert found.low == pytest.approx(2 * np.exp(-12.7062 / 2), rel=1e-4)
    assert found.high == pytest.approx(2 * np.exp(12.7062 / 2), rel=1e-4)
    assert np.isnan(amount_of_wells([0.0, 0.0]).low)
    rng = np.random.default_rng(12)
    for n in (2, 4):
        drawn = [amount_of_wells(one) for one in np.exp(0.3 * rng.normal(size=(1000, n)))]
        covered = np.mean([one.low <= np.exp(0.3**2 / 2) <= one.high for one in drawn])
        # Three standard errors of a share of 1000.
        assert abs(covered - 0.95) < 3 * np.sqrt(0.05 * 0.95 / 1000)
        assert all(one.low > 0 for one in drawn)


def test_noise_is_within_a_factor_of_2_from_so_many_cells_on() -> None:
    rng = np.random.default_rng(13)
    spread = {}
    for n in (NOISE_CELLS // 2, NOISE_CELLS):
        volume = rng.normal(100, 10, size=(2000, n))
        counts = volume + rng.normal(0, 10, size=volume.shape)
        # Variance of 100 over a squared mean of 100.
        found = [volume_corrected_noise(*one) * n / (n - 2) for one in zip(counts, volume, strict=True)]
        spread[n] = np.mean((np.array(found) > 0.005) & (np.array(found) < 0.02))
    assert spread[NOISE_CELLS] > 0.95
    assert spread[NOISE_CELLS // 2] < 0.93


def test_differences_by_hand() -> None:
    found = difference_of_wells([[4.0, 6.0]], [[1.0, 3.0]], n_permutations=9, seed=1)
    assert found.value == 3.0
    # Of six arrangements the data and its mirror image are as far.
    assert found.p_value == pytest.approx(2 / 6)
    # Variances of 2 over 2 wells each: standard error sqrt(2), two degrees of freedom.
    assert found.high - found.value == pytest.approx(4.3027 * np.sqrt(2), abs=0.001)
    two = difference_of_wells([[4.0, 6.0], [5.0], []], [[1.0, 3.0], [4.0], [1.0]], n_permutations=9, seed=1)
    assert (two.value, two.n_wells) == (2.0, 3)
    assert np.isnan(two.low)
    assert two.p_value == pytest.approx(2 / 12)
    alone = difference_of_wells([[4.0]], [[]], n_permutations=9, seed=1)
    assert np.isnan([alone.value, alone.p_value]).all()


def test_rotations_by_hand() -> None:
    # Two wells with all molecules at the MTOC: one of 4 ** 2 turns is as high.
    table = np.array([[4.0, 0, 0, 0], [4.0, 0, 0, 0], [np.nan] * 4])
    assert rotation_p_value([table, table], n_permutations=9, seed=1) == pytest.approx(1 / 16)
    assert rotation_p_value([np.ones((3, 4))], n_permutations=9, seed=1) == 1.0
    assert np.isnan(rotation_p_value([np.full((2, 4), np.nan)], n_permutations=9, seed=1))
    many = rotation_p_value([table] * 9, n_permutations=99, seed=1)
    assert many == pytest.approx(1 / 100)


def test_polarity_by_hand() -> None:
    # One well of two cells: both exceed the others' median, 0, at the MTOC; turned, none does.
    alone = polarity_of_wells([np.array([[4.0, 0, 0, 0], [2.0, 0, 0, 0], [np.nan] * 4])], n_permutations=9, seed=1)
    assert (alone.value, alone.p_value, alone.n_wells) == (1.0, 1 / 4, 1)
    assert np.isnan(alone.low)
    # The second well has one cell above and one below: 1 and 0 on average.
    mixed = [np.array([[4.0, 1, 2, 3], [4.0, 1, 2, 3]]), np.array([[4.0, 1, 2, 3], [1.0, 4, 2, 3]])]
    found = polarity_of_wells(mixed, n_permutations=9, seed=1)
    assert (found.value, found.high) == (0.5, 1.0)
    # Mean of 1 and 0 with half a -1 and half a 1: 1/3, sum of squares 5/3, two degrees of freedom.
    assert found.low == pytest.approx(max(-1, 1 / 3 - 4.3027 * np.sqrt(5 / 3 / 2 / 3)))
    assert np.isnan(polarity_of_wells([], n_permutations=9, seed=1).value)
    many = polarity_of_wells([np.array([[4.0, 0, 0, 0]])] * 9, n_permutations=99, seed=1)
    assert many.p_value == pytest.approx(1 / 100)


def _uniform(p_values: list[float], *, levels: tuple[float, ...]) -> None:
    found = np.array(p_values)
    for level in levels:
        error = np.sqrt(level * (1 - level) / len(found))
        assert abs((found <= level + 1e-9).mean() - level) < 3 * error


def _wells(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Wells that differ more than their cells do, with 20 cells each: medians of the wells, and all cells."""
    cells = rng.normal(size=(n, 1)) + 0.5 * rng.normal(size=(n, 20))
    return np.median(cells, axis=1), cells.ravel()


@pytest.mark.slow
def test_differences_are_uniform_over_wells_and_not_over_cells() -> None:
    rng = np.random.default_rng(8)
    by_well, by_cell = [], []
    for number in range(400):
        draws = [[_wells(rng, 3) for _ in range(3)] for _ in range(2)]
        medians, cells = ([[one[kind] for one in side] for side in draws] for kind in (0, 1))
        by_well.append(difference_of_wells(*medians, n_permutations=199, seed=number).p_value)
        if number < 60:
            by_cell.append(difference_of_wells(*cells, n_permutations=199, seed=number).p_value)
    _uniform(by_well, levels=(0.05, 0.25, 0.5, 0.75))
    assert np.mean(np.array(by_cell) < 0.05) > 0.3


@pytest.mark.slow
def test_rotations_are_uniform_when_wells_have_a_direction_of_their_own() -> None:
    """All cells of a well are dense on one side, at random to the MTOC. Cells alone would be certain of it."""
    rng = np.random.default_rng(9)
    found, indices = [], []
    for number in range(400):
        tables = []
        for _ in range(4):
            side = np.roll([0.8, 0.2, 0.0, -0.3], rng.integers(4))
            tables.append(1 + side + 0.3 * rng.normal(size=(15, 4)))
        found.append(rotation_p_value(tables, n_permutations=99, seed=number))
        indices.append(polarity_of_wells(tables, n_permutations=99, seed=number))
    _uniform(found, levels=(0.05, 0.25, 0.5, 0.75))
    _uniform([one.p_value for one in indices], levels=(0.05, 0.25, 0.5))
    # Without polarity the index is 0; a well of four has a side of its own. 95 % less three standard errors of 400.
    assert np.mean([one.low <= 0 <= one.high for one in indices]) > 0.917


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 6])
def test_intervals_of_differences_cover(n: int) -> None:
    rng = np.random.default_rng(10 + n)
    n_covered = 0
    for number in range(600):
        one, other = ([_wells(rng, n)[0] for _ in range(2)] for _ in range(2))
        found = difference_of_wells([w + 1 for w in one], other, n_permutations=1, seed=number)
        n_covered += found.low <= 1.0 <= found.high
    # Four standard errors below 95 %, and no wider than needed: Welch's interval is a little wide with few wells.
    assert 0.95 - 4 * np.sqrt(0.05 * 0.95 / 600) < n_covered / 600 < 0.985
