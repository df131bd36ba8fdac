"""Shares, levels and intervals by hand."""

import numpy as np
import pandas as pd
import pytest

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
    """0.1, 0.2, 0.3: mean 0.2, s 0.1; t(0.995, 2) = 9.92484, so half the interval is 9.92484 * 0.1 / sqrt(3)."""
    rows = [(number, "low", "a", share) for number, share in enumerate((0.1, 0.2, 0.3))]
    found = mean_importance(make_importance(rows))
    low = found[found["level"] == "low"].iloc[0]
    assert (low["channel"], low["n_cells"]) == ("a", 3)
    assert low["mean"] == pytest.approx(0.2)
    assert low["lower"] == pytest.approx(0.2 - 0.573011, abs=1e-6)
    assert low["upper"] == pytest.approx(0.2 + 0.573011, abs=1e-6)


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
    assert found.columns.tolist()[-4:] == ["n_cells", "mean", "lower", "upper"]


@pytest.mark.parametrize("confidence", [0.0, 1.0, 99.0])
def test_confidence_out_of_range_is_refused(confidence):
    with pytest.raises(ValueError, match=f"got {confidence}"):
        mean_importance(make_importance([(1, "low", "a", 0.2)]), confidence=confidence)
