"""Equation 5.2 on maps that can be followed."""

import numpy as np
import pandas as pd

from wellspring.attribution.similarity import similar_channels, similar_counts, standardized
from wellspring.attribution.tables import SIMILAR
from wellspring.tables import check_table


def test_a_map_channel_is_like_the_image_channel_of_the_same_pattern():
    rng = np.random.default_rng(0)
    image = rng.normal(size=(8, 8, 3)).astype(np.float32)
    mask = np.ones((8, 8), dtype=bool)
    mask[:2] = False
    # Brightness, contrast and what is not measured play no part; noise hardly does.
    score = 7 + 0.1 * image[..., [2, 0, 0]] + 0.01 * rng.normal(size=(8, 8, 3)).astype(np.float32)
    score[:2] = 100
    assert similar_channels(score, image, mask=mask).tolist() == [2, 0, 0]


def test_the_least_mean_difference_wins_by_hand():
    """Standardised, the map is (1, -1, 1, -1); channel 0 differs by 2 everywhere, channel 1 by 1 on average."""
    score = np.array([1, 0, 1, 0], dtype=np.float32).reshape(2, 2, 1).repeat(2, axis=2)
    image = np.array([[0, 5, 0, 5], [1, 1, 0, 0]], dtype=np.float32).T.reshape(2, 2, 2)
    assert similar_channels(score, image, mask=np.ones((2, 2), bool)).tolist() == [1, 1]


def test_flat_channels_look_like_none():
    image = np.random.default_rng(0).normal(size=(3, 3, 2)).astype(np.float32)
    score = np.full((3, 3, 2), 0.1, dtype=np.float32)
    assert similar_channels(score, image, mask=np.ones((3, 3), bool)).tolist() == [-1, -1]
    assert similar_channels(score, image, mask=np.zeros((3, 3), bool)).tolist() == [-1, -1]


def test_no_map_looks_like_a_flat_image_channel():
    """A dead channel is 0 once standardised: nearer to a map than channels that have nothing to do with it."""
    rng = np.random.default_rng(0)
    image, score = rng.normal(size=(2, 20, 20, 3)).astype(np.float32)
    image[..., 0] = 7
    mask = np.ones((20, 20), dtype=bool)
    differences = np.abs(standardized(score[mask])[:, :1] - standardized(image[mask])).mean(axis=0)
    assert differences.argmin() == 0
    assert 0 not in similar_channels(score, image, mask=mask)


def test_columns_have_mean_zero_and_unit_spread():
    found = standardized(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert found.tolist() == [[-1.0, 0.0], [1.0, 0.0]]


def test_counts_are_shares_of_the_maps_of_a_level():
    rows = [("low", "a", "x"), ("low", "b", "x"), ("low", "a", "y"), ("high", "a", "x"), ("high", "b", "")]
    table = pd.DataFrame(rows, columns=["level", "channel", "image_channel"])
    found = similar_counts(table.assign(plate="p", well="A", object_id=1, model="m", regime="r", seed=1))
    check_table(found, SIMILAR, source="test")
    low = found[(found["level"] == "low") & (found["channel"] == "all")]
    assert low[["image_channel", "n_maps"]].to_numpy().tolist() == [["x", 2], ["y", 1]]
    np.testing.assert_allclose(low["percent"], [200 / 3, 100 / 3])
    np.testing.assert_allclose(low["cumulative"], [200 / 3, 100])
    one = found[(found["level"] == "low") & (found["channel"] == "a")]
    assert one["percent"].tolist() == [50.0, 50.0]
    overall = found[(found["level"] == "all") & (found["channel"] == "all")]
    assert overall["n_maps"].tolist() == [3, 1]
    assert "" not in set(found["image_channel"])
