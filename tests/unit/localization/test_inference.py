"""Statistics over wells: exact p, coverage, mixes of patterns."""

import numpy as np
import pandas as pd
import pytest

from wellspring.localization.inference import (
    corrected_mix,
    gene_effects,
    mix_intervals,
    sign_flip_p_value,
    swap_p_value,
)


def test_signs_by_hand() -> None:
    # Of eight signs of three positive values two give the largest sum.
    assert sign_flip_p_value(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / 8)
    assert sign_flip_p_value(np.array([1.0, -1.0])) == 1
    assert sign_flip_p_value(np.array([5.0])) == 1
    assert sign_flip_p_value(np.array([1.0, 2.0, np.nan, 3.0])) == pytest.approx(2 / 8)
    assert sign_flip_p_value(np.full(20, 1.0)) == pytest.approx(1 / 10_000, abs=1e-3)


def test_a_least_effect_must_be_exceeded() -> None:
    values = np.array([0.4, 0.5, 0.6, 0.5, 0.45, 0.55])
    assert sign_flip_p_value(values, least=0.1) == pytest.approx(2 / 64)
    assert sign_flip_p_value(values, least=0.5) == 1
    assert sign_flip_p_value(-values, least=0.1) == pytest.approx(2 / 64)


def test_p_values_over_wells_are_uniform(rng: np.random.Generator) -> None:
    """Wells differ, cells in them more: the well is the unit."""
    found = np.array([sign_flip_p_value(rng.normal(size=8)) for _ in range(1500)])
    assert (found < 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert (found < 0.5).mean() == pytest.approx(0.5, abs=0.05)
    swapped = np.array([swap_p_value(rng.normal(size=4), rng.normal(size=5), n_swaps=99, seed=k) for k in range(600)])
    assert (swapped <= 0.05).mean() == pytest.approx(0.05, abs=0.03)


def _cells(rng: np.random.Generator, *, effect: float, n_wells: int = 6) -> pd.DataFrame:
    rows = []
    for well in range(n_wells):
        shift = rng.normal(effect, 0.1)
        for gene in ("A", "B"):
            rows += [("p", f"w{well}", gene, value) for value in rng.normal(shift, 0.3, 10)]
    return pd.DataFrame(rows, columns=["plate", "well", "gene", "rank"])


def test_effects_of_genes(rng: np.random.Generator) -> None:
    table = gene_effects(_cells(rng, effect=1.0), statistics=["rank"])
    assert table["gene"].tolist() == ["A", "B"]
    assert table["n_units"].tolist() == [6, 6]
    assert table["n_cells"].tolist() == [60, 60]
    assert table["effect"].to_numpy() == pytest.approx([1, 1], abs=0.2)
    assert table["p_value"].tolist() == [2 / 64] * 2
    assert table["q_value"].tolist() == [2 / 64] * 2


@pytest.mark.slow
def test_the_interval_of_an_effect_covers_it(rng: np.random.Generator) -> None:
    covered = []
    for _ in range(120):
        table = gene_effects(_cells(rng, effect=0.5), statistics=["rank"])
        covered += ((table["low"] <= 0.5) & (table["high"] >= 0.5)).tolist()
    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)


def test_one_well_has_an_effect_and_no_p(rng: np.random.Generator) -> None:
    table = gene_effects(_cells(rng, effect=0.5, n_wells=1), statistics=["rank"])
    assert table[["low", "high", "p_value", "q_value"]].isna().all().all()
    assert table["effect"].notna().all()


def test_a_mix_is_corrected_for_confusion() -> None:
    confusion = np.array([[0.8, 0.2], [0.1, 0.9]])
    truth = np.array([0.3, 0.7])
    assert corrected_mix(truth @ confusion, confusion) == pytest.approx(truth, abs=1e-6)
    # More calls of the second than any mix gives.
    assert corrected_mix(np.array([0.0, 1.0]), confusion) == pytest.approx([0, 1], abs=1e-6)


def test_the_interval_of_a_mix_covers_it(rng: np.random.Generator) -> None:
    confusion = np.array([[0.8, 0.2], [0.1, 0.9]])
    covered = []
    for _ in range(60):
        true = (rng.random(240) < 0.4).astype(int)
        calls = (rng.random(240) < confusion[true, 1]).astype(int)
        _, low, high = mix_intervals(calls, np.repeat(np.arange(8), 30), confusion, rng=rng, n_resamples=60)
        covered.append(low[1] <= 0.4 <= high[1])
    assert np.mean(covered) == pytest.approx(0.93, abs=0.07)
    mix, low, high = mix_intervals(np.zeros(0, int), np.zeros(0), confusion, rng=rng)
    assert np.isnan([mix, low, high]).all()


def test_without_wells_there_is_no_contrast() -> None:
    assert np.isnan(swap_p_value(np.zeros(0), np.ones(3)))
    assert swap_p_value(np.zeros(3), np.ones(3)) == pytest.approx(0.1, abs=0.02)


def test_cells_that_are_all_undecided_have_no_mix() -> None:
    confusion = np.array([[0.8, 0.0, 0.2], [0.1, 0.6, 0.3]])
    units = np.array([0, 0, 1, 1])
    for calls in (np.array([2, 2, 2, 2]), np.zeros(0, np.int64)):
        found = mix_intervals(calls, units[: len(calls)], confusion, rng=np.random.default_rng(1))
        assert np.isnan(found).all()
    mix, low, high = mix_intervals(np.array([0, 2, 2, 2]), units, confusion, rng=np.random.default_rng(1))
    assert mix.sum() == pytest.approx(1)
    assert ((low <= mix + 1e-9) & (mix <= high + 1e-9)).all()
