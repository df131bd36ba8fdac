"""Groups of channels: by correlation, by marker, and their importance."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.groups import (
    correlation_groups,
    correlation_table,
    group_importance,
    marker_groups,
    pixel_correlation,
)
from wellspring.attribution.tables import CORRELATION, GROUP_IMPORTANCE, GROUPS
from wellspring.tables import check_table


def test_correlation_is_that_of_pixels_within_cells():
    """Channel b follows a, c is its opposite, d is flat; means that differ between cells do not count."""
    rng = np.random.default_rng(0)
    cells = []
    for shift in (0.0, 100.0, -50.0):
        a = rng.normal(size=400)
        cells.append(np.column_stack([a, a + 0.5 * rng.normal(size=400) + shift, -a + shift, np.full(400, shift)]))
    found = pixel_correlation(cells, n_channels=4)
    assert found[0, 1] == pytest.approx(1 / np.sqrt(1.25), abs=0.03)
    assert found[0, 2] == pytest.approx(-1)
    assert found[0, 3] == 0
    assert np.diag(found).tolist() == [1, 1, 1, 1]
    one = pixel_correlation(cells[:1], n_channels=4)
    np.testing.assert_allclose(one[:3, :3], np.corrcoef(cells[0][:, :3].T), atol=1e-12)


def test_no_cells_correlate_with_nothing():
    assert pixel_correlation([], n_channels=2).tolist() == [[1, 0], [0, 1]]


def test_the_table_has_a_row_per_pair():
    found = check_table(correlation_table(np.array([[1, 0.5], [0.5, 1]]), channels=["a", "b"]), CORRELATION, source="t")
    assert found.to_numpy().tolist() == [["a", "a", 1.0], ["a", "b", 0.5], ["b", "a", 0.5], ["b", "b", 1.0]]


def test_correlated_channels_share_a_group_and_opposite_ones_do_not():
    correlation = np.eye(4)
    correlation[0, 2] = correlation[2, 0] = 0.8
    correlation[1, 3] = correlation[3, 1] = -0.9
    channels = ["SON", "PML", "SRRM2", "DAPI"]
    found = check_table(correlation_groups(correlation, channels=channels, min_correlation=0.5), GROUPS, source="test")
    assert dict(zip(found["channel"], found["group"], strict=True)) == {
        "SON": "SON and 1 more",
        "SRRM2": "SON and 1 more",
        "PML": "PML",
        "DAPI": "DAPI",
    }
    strict = correlation_groups(correlation, channels=channels, min_correlation=0.9)
    assert strict["group"].tolist() == channels


@pytest.mark.parametrize("channels", [[], ["a"]])
def test_few_channels_are_fine(channels):
    found = correlation_groups(np.eye(len(channels)), channels=channels, min_correlation=0.5)
    assert found["group"].tolist() == channels


def test_markers_name_the_groups():
    markers = pd.DataFrame({"channel": ["09_SRRM2", "15_SON", "00_DAPI"], "kind": ["speckle", "speckle", "dna"]})
    found = marker_groups(markers, channels=["15_SON", "00_DAPI", "new"])
    assert found["group"].tolist() == ["speckle", "dna", "other"]
    with pytest.raises(ValueError, match=r"columns channel .* and kind"):
        marker_groups(markers.drop(columns="kind"), channels=["a"])
    with pytest.raises(ValueError, match="each once"):
        marker_groups(pd.concat([markers, markers]), channels=["a"])


def make_importance():
    cells = ((1, "low", (0.299, 0.3, 0.401)), (2, "low", (0.301, 0.3, 0.399)), (3, "high", (0.1, 0.1, 0.8)))
    rows = [
        ("p", "A01", cell, "m", "structure", 1, channel, value, level)
        for cell, level, values in cells
        for channel, value in zip("abc", values, strict=True)
    ]
    names = ["plate", "well", "object_id", "model", "regime", "seed", "channel", "importance", "level"]
    return pd.DataFrame(rows, columns=names)


def test_importance_is_added_up_within_groups():
    groups = pd.DataFrame({"grouping": "marker", "group": ["x", "x", "y"], "channel": ["a", "b", "c"]})
    found = check_table(group_importance(make_importance(), groups), GROUP_IMPORTANCE, source="test")
    at = {(row.group, row.level): row for row in found.itertuples()}
    assert at["x", "low"].mean == pytest.approx(0.6)
    assert at["x", "high"].mean == pytest.approx(0.2)
    assert at["y", "all"].mean == pytest.approx(1.6 / 3)
    # The interval is that of the sums 0.599 and 0.601: t (1 df, 99 %) = 63.66 times 0.001.
    assert at["x", "low"].upper - at["x", "low"].mean == pytest.approx(0.063657, rel=1e-4)
    assert (at["x", "all"].n_channels, at["x", "all"].n_cells) == (2, 3)


def test_a_channel_without_a_group_is_refused():
    groups = pd.DataFrame({"grouping": "marker", "group": ["x"], "channel": ["a"]})
    with pytest.raises(ValueError, match=r"none for \['b', 'c'\]"):
        group_importance(make_importance(), groups)
