"""From explanations to tables and maps, with numbers that can be followed."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.maps.integrated import PathIntegral
from wellspring.attribution.tables import COMPLETENESS, IMPORTANCE, SANITY, SIMILARITY
from wellspring.attribution.tables_of_run import (
    CellSummary,
    Explanation,
    Run,
    completeness_table,
    importance_table,
    panel_maps,
    sanity_table,
    similarity_table,
    summary,
)
from wellspring.tables import read_table, write_table

RUN = Run(model="simple_cnn", regime="structure", seed=123)
CELLS = pd.DataFrame(
    {
        "plate": ["p", "p"],
        "well": ["A01", "A02"],
        "object_id": [4, 9],
        "target": [10.0, 30.0],
        "level": ["low", "high"],
        "row": [0, 1],
    },
    index=[17, 3],
)


def make_explanation():
    """One 2 × 2 image of channels a, b, c and the mask: a and c are inputs."""
    score, attribution = np.zeros((2, 2, 4), dtype=np.float32), np.zeros((2, 2, 4), dtype=np.float32)
    score[0, 0] = [3, 100, 1, 0]
    attribution[0, 0] = [-1, 0, 4, 0]
    integral = PathIntegral(
        attribution=attribution,
        alpha=np.array([0.0, 0.5, 1.0]),
        values=np.array([5.0, 6.0, 8.0]),
        cumulative=np.array([0.0, 1.5, 3.0]),
        steps=2,
    )
    return Explanation(integral=integral, score=score)


def make_summary(shares=(), similar=(), prediction=0.0, baseline_prediction=0.0, attribution_sum=0.0):
    numbers = (prediction, baseline_prediction, attribution_sum)
    return CellSummary(np.array(shares), np.array(similar, dtype=np.int64), *numbers, steps=70, is_complete=True)


def make_image():
    """2 × 2: channel a is bright where both maps are, channel c where they are not; all pixels are measured."""
    image = np.zeros((2, 2, 4), dtype=np.float32)
    image[0, 0] = [9, 0, -9, 0]
    image[..., 3] = 1
    return image


def test_summary_counts_input_channels_only():
    found = summary(make_explanation(), image=make_image(), inputs=np.array([0, 2]), tolerance=0.01)
    assert found.shares.tolist() == [0.75, 0.25]
    assert found.similar.tolist() == [0, 0]
    assert (found.prediction, found.baseline_prediction, found.attribution_sum) == (8.0, 5.0, 3.0)
    assert (found.steps, found.is_complete) == (2, True)


def test_similarity_names_the_image_channels(tmp_path):
    summaries = [make_summary(similar=[1, 0]), make_summary(similar=[-1, 1])]
    write_table(similarity_table(CELLS, summaries, channels=["a", "c"], run=RUN), tmp_path / "s.parquet", SIMILARITY)
    found = read_table(tmp_path / "s.parquet", SIMILARITY)
    assert found[["object_id", "level", "channel", "image_channel"]].to_numpy().tolist() == [
        [4, "low", "a", "c"],
        [4, "low", "c", "a"],
        [9, "high", "a", ""],
        [9, "high", "c", "c"],
    ]


def test_importance_has_one_row_per_cell_and_channel(tmp_path):
    summaries = [make_summary([0.75, 0.25]), make_summary([0.5, 0.5])]
    found = importance_table(CELLS, summaries, channels=["a", "c"], run=RUN)
    write_table(found, tmp_path / "importance.parquet", IMPORTANCE)
    found = read_table(tmp_path / "importance.parquet", IMPORTANCE)
    assert found[["well", "object_id", "channel", "importance", "level"]].to_numpy().tolist() == [
        ["A01", 4, "a", 0.75, "low"],
        ["A01", 4, "c", 0.25, "low"],
        ["A02", 9, "a", 0.5, "high"],
        ["A02", 9, "c", 0.5, "high"],
    ]
    assert found[["model", "regime", "seed"]].drop_duplicates().to_numpy().tolist() == [
        ["simple_cnn", "structure", 123]
    ]


def test_completeness_compares_sum_and_difference(tmp_path):
    summaries = [make_summary((), (), 8.0, 4.0, 5.0), make_summary((), (), 2.0, 2.0, 0.5)]
    write_table(completeness_table(CELLS, summaries, run=RUN), tmp_path / "completeness.parquet", COMPLETENESS)
    found = read_table(tmp_path / "completeness.parquet", COMPLETENESS)
    assert found["target"].tolist() == [10.0, 30.0]
    assert found["error"].tolist() == [1.0, 0.5]
    assert found["relative_error"].iloc[0] == 0.25
    assert np.isnan(found["relative_error"].iloc[1])


def test_sanity_has_one_row_per_cell_and_point(tmp_path):
    integrals = [make_explanation().integral] * 2
    write_table(sanity_table(CELLS, integrals, run=RUN), tmp_path / "sanity.parquet", SANITY)
    found = read_table(tmp_path / "sanity.parquet", SANITY)
    assert found["object_id"].tolist() == [4, 4, 4, 9, 9, 9]
    assert found["alpha"].tolist() == [0.0, 0.5, 1.0] * 2
    assert found["cumulative"].tolist() == [0.0, 1.5, 3.0] * 2
    assert found["difference"].tolist() == [3.0] * 6


def test_maps_hold_the_input_channels_first():
    image = np.arange(16, dtype=np.float32).reshape(2, 2, 4)
    image[..., 3] = [[1, 1], [0, 1]]
    both = [make_explanation()] * 2
    maps = panel_maps(CELLS, [image, image], both, inputs=np.array([0, 2]), channels=["a", "c"])
    assert maps.image[0].tolist() == [[[0, 4], [8, 12]], [[2, 6], [10, 14]]]
    assert maps.mask[1].tolist() == [[True, True], [False, True]]
    assert maps.score[0].tolist() == [[[3, 0], [0, 0]], [[1, 0], [0, 0]]]
    assert maps.attribution[0, :, 0, 0].tolist() == [-1, 4]
    assert maps.well.tolist() == ["A01", "A02"]
    assert maps.prediction.tolist() == [8.0, 8.0]
    assert maps.channels.tolist() == ["a", "c"]
    assert maps.plate.dtype.kind == maps.level.dtype.kind == "U"


def test_a_signed_map_is_refused():
    explanation = make_explanation()
    explanation.score[0, 0, 0] = -1
    with pytest.raises(ValueError, match="expected finite values of 0 or more"):
        summary(explanation, image=make_image(), inputs=np.array([0, 2]), tolerance=0.01)
