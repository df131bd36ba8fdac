"""Shares, levels and intervals by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.attribution.importance import channel_shares, mean_importance


def make_importance(rows):
    """Rows of (object_id, level, channel, importance) as the table of one run."""
    frame = pd.DataFrame(rows, columns=["object_id", "level", "channel", "importance"])
    return frame.assign(plate="p", well="A01", model="m", regime="structure", seed=1)


def test_shares_are_each_channels_part_of_the_sum():
    score = np.zeros((2, 2, 3), dtype=np.float32)
    score[0, 0] = [1, 2, 0]
    score[1, 1] = [3, 2, 0]
    np.testing.assert_allclose(channel_shares(score), [0.5, 0.5, 0.0])


def test_shares_sum_to_one():
    score = np.random.default_rng(0).random((30, 30, 7), dtype=np.float32)
    assert channel_shares(score).sum() == pytest.approx(1, abs=1e-12)


def test_a_map_of_zeros_has_no_shares():
    assert np.isnan(channel_shares(np.zeros((2, 2, 3), dtype=np.float32))).all()


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_signed_or_broken_map_is_refused(bad):
    score = np.ones((2, 2, 3), dtype=np.float32)
    score[1, 0, 2] = bad
    with pytest.raises(ValueError, match="expected finite values of 0 or more"):
        channel_shares(score)


def test_mean_and_interval_by_hand():
    """0.19, 0.2, 0.21: mean 0.2, s 0.01; t(0.995, 2) = 9.92484, so half the interval is 9.92484 * 0.01 / sqrt(3)."""
    rows = [(number, "low", "a", share) for number, share in enumerate((0.19, 0.2, 0.21))]
    found = mean_importance(make_importance(rows))
    low = found[found["level"] == "low"].iloc[0]
    assert (low["channel"], low["n_cells"]) == ("a", 3)
    assert low["mean"] == pytest.approx(0.2)
    assert low["lower"] == pytest.approx(0.2 - 0.0573011, abs=1e-6)
    assert low["upper"] == pytest.approx(0.2 + 0.0573011, abs=1e-6)


def test_no_interval_leaves_the_range_of_shares():
    """0.1, 0.9: half the interval is t(0.995, 1) = 63.66 times 0.4; of one well and of two."""
    table = make_importance([(1, "low", "a", 0.1), (2, "low", "a", 0.9)])
    for wells in (["A01", "A01"], ["A01", "A02"]):
        found = mean_importance(table.assign(well=wells))
        assert found[["lower", "upper"]].to_numpy().tolist() == [[0, 1], [0, 1]]


def test_another_confidence():
    """t(0.975, 2) = 4.302653."""
    rows = [(number, "low", "a", share) for number, share in enumerate((0.1, 0.2, 0.3))]
    found = mean_importance(make_importance(rows), confidence=0.95)
    assert found["upper"].iloc[0] == pytest.approx(0.2 + 4.302653 * 0.1 / np.sqrt(3), abs=1e-6)


def test_one_cell_has_no_interval():
    found = mean_importance(make_importance([(1, "high", "a", 0.4)]))
    assert found["mean"].tolist() == [0.4, 0.4]
    assert found[["lower", "upper"]].isna().all(axis=None)


def test_rows_go_by_level_then_by_channel_and_end_with_all():
    rows = [
        (1, "high", "b", 0.25),
        (1, "high", "a", 0.75),
        (2, "low", "b", 0.5),
        (2, "low", "a", 0.5),
        (3, "low", "b", 0.75),
        (3, "low", "a", 0.25),
    ]
    found = mean_importance(make_importance(rows))
    assert found[["level", "channel", "n_cells", "mean"]].to_numpy().tolist() == [
        ["low", "b", 2, 0.625],
        ["low", "a", 2, 0.375],
        ["high", "b", 1, 0.25],
        ["high", "a", 1, 0.75],
        ["all", "b", 3, 0.5],
        ["all", "a", 3, 0.5],
    ]


def test_runs_stay_apart():
    one = make_importance([(1, "low", "a", 0.2)])
    found = mean_importance(pd.concat([one, one.assign(seed=2, importance=0.6)]))
    assert found[found["level"] == "all"][["seed", "mean"]].to_numpy().tolist() == [[1, 0.2], [2, 0.6]]


def test_cells_without_shares_are_left_out():
    found = mean_importance(make_importance([(1, "low", "a", 0.2), (2, "low", "a", np.nan)]))
    assert found["n_cells"].tolist() == [1, 1]
    assert found["mean"].tolist() == [0.2, 0.2]


def test_no_cells_give_no_rows():
    found = mean_importance(make_importance([(1, "low", "a", np.nan)]))
    assert len(found) == 0
    keys = ["model", "regime", "seed", "level", "channel"]
    assert found.columns.tolist() == [*keys, "n_cells", "n_wells", "mean", "lower", "upper"]


@pytest.mark.parametrize("confidence", [0.0, 1.0, 99.0])
def test_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(ValueError, match=f"got {confidence}"):
        mean_importance(make_importance([(1, "low", "a", 0.2)]), confidence=confidence)


def test_the_interval_is_over_wells_where_there_are_several():
    """Wells of 2, 1 and 1 cells; means without each 0.32, 0.3 and 0.287, of all 0.3."""
    rows = [(1, "low", "a", 0.28), (2, "low", "a", 0.28), (3, "low", "a", 0.3), (4, "low", "a", 0.34)]
    table = make_importance(rows).assign(well=["A01", "A01", "A02", "A03"])
    found = mean_importance(table, confidence=0.95).iloc[0]
    spread = np.sqrt(2 / 3 * np.var([0.32, 0.3, 0.86 / 3]) * 3)
    # 1/4 + 1/16 + 1/16 of the cells: as many degrees of freedom as 8/3 wells of equal size.
    half = stats.t.ppf(0.975, 8 / 3 - 1) * spread
    assert (found["n_cells"], found["n_wells"], found["mean"]) == (4, 3, pytest.approx(0.3))
    assert [found["lower"], found["upper"]] == pytest.approx([0.3 - half, 0.3 + half])


def test_intervals_cover_the_mean_although_wells_differ():
    """400 studies of six wells of 10 to 60 cells, whose spread is half of the cells'."""
    rng, sizes, n_studies = np.random.default_rng(1), np.array([10, 20, 30, 40, 50, 60]), 400
    n_cells = sizes.sum()
    wells = np.repeat([f"A{number:02d}" for number in range(6)], sizes)
    effect = np.repeat(rng.normal(0, 0.05, (n_studies, 6)), sizes, axis=1)
    values = 0.5 + effect + rng.normal(0, 0.1, (n_studies, n_cells))
    rows = {"object_id": np.arange(n_cells), "level": "low", "channel": "a", "plate": "p", "well": wells, "model": "m"}
    study = np.repeat(np.arange(n_studies), n_cells)
    table = pd.DataFrame({name: np.tile(np.broadcast_to(one, n_cells), n_studies) for name, one in rows.items()})
    found = mean_importance(table.assign(regime="r", seed=study, importance=values.ravel()))
    found = found[found["level"] == "low"]
    n_covered = ((found["lower"] <= 0.5) & (found["upper"] >= 0.5)).sum()
    # Of 400 intervals of 99 %, 387 or fewer would cover with a chance of 0.01 %.
    assert n_covered >= stats.binom.ppf(1e-4, n_studies, 0.99)
