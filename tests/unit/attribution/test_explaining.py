"""A whole run explained, with a model whose importance is known."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.explaining import Settings, explained_run
from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.scores import Scoring
from wellspring.attribution.resume import ResumeFiles
from wellspring.attribution.selection import shown_cells
from wellspring.attribution.tables import COMPLETENESS, IMPORTANCE, SANITY, SIMILARITY
from wellspring.tables import check_table
from wellspring.training.runs import Run

SCORING = Scoring(MapMethod("integrated_gradients", "vargrad_sd"), "trapezoid", points=4, samples=200, noise_sd=1.0)
SETTINGS = Settings(scoring=SCORING, rule="trapezoid", steps=4, tolerance=0.01, max_steps=16, batch_size=64)
RUN = Run(model="linear", regime="structure", seed=3)
WEIGHT = np.array([1.0, 100.0, -3.0, 7.0], dtype=np.float32)


class Images:
    """In place of a CropLoader: image i is i + 1 on the measured pixels of channels a, b, c."""

    channels = ("a", "b", "c")

    def batch(self, indices):
        images = np.zeros((len(indices), 6, 6, 4), dtype=np.float32)
        images[:, 1:5, 1:5, :3] = np.asarray(indices)[:, None, None, None] + 1.0
        images[:, 1:5, 1:5, 3] = 1
        return images, np.zeros(len(indices), dtype=np.float32)


def linear(batch):
    """The model sees channels a and c: 1 * a - 3 * c + 10."""
    weight = WEIGHT * [1, 0, 1, 0]
    return (batch * weight).sum(axis=(1, 2, 3)) + 10, np.broadcast_to(weight, batch.shape)


def make_cells():
    """Three cells of a manifest of ten: low (place 4), medium (0), medium (7)."""
    return pd.DataFrame(
        {
            "plate": "p",
            "well": ["A01", "A01", "A02"],
            "object_id": [11, 12, 5],
            "target": [1.0, 5.0, 4.0],
            "level": ["low", "medium", "medium"],
            "place": [4, 0, 7],
        }
    )


def explained(
    gradients=linear, *, seed=3, settings=SETTINGS, lines=None, folder=None, baseline="black", named=(), mark="a"
):
    cells = make_cells()
    with TemporaryDirectory() as temporary:
        return explained_run(
            cells,
            Images(),
            shown=shown_cells(cells, named),
            baselines=Baselines(baseline, np.empty((0, 6, 6, 4), dtype=np.float32)),
            gradients=gradients,
            inputs=[0, 2],
            settings=settings,
            run=replace(RUN, seed=seed),
            resume=ResumeFiles(folder or Path(temporary), mark, n_items=2),
            report=(lines if lines is not None else []).append,
        )


def test_importance_is_the_known_share_of_each_input_channel():
    """Score is |w| times the noise's spread: 1 and 3, so shares of 1/4 and 3/4."""
    found = check_table(explained().importance, IMPORTANCE, source="test")
    assert found["channel"].tolist() == ["a", "c"] * 3
    assert found["object_id"].tolist() == [11, 11, 12, 12, 5, 5]
    np.testing.assert_allclose(found["importance"], [0.25, 0.75] * 3, atol=0.01)
    np.testing.assert_allclose(found["importance"].to_numpy().reshape(3, 2).sum(axis=1), 1)


def test_completeness_and_curve_of_the_images_without_noise():
    """16 measured pixels of value i + 1: f = 10 + 16 * (i + 1) * (1 - 3)."""
    findings = explained()
    found = check_table(findings.completeness, COMPLETENESS, source="test")
    assert found["prediction"].tolist() == [10 - 32 * 5, 10 - 32, 10 - 32 * 8]
    assert found["baseline_prediction"].tolist() == [10.0, 10.0, 10.0]
    assert found["attribution_sum"].tolist() == [-160.0, -32.0, -256.0]
    assert found["error"].tolist() == [0.0, 0.0, 0.0]
    curve = check_table(findings.sanity, SANITY, source="test")
    assert curve["object_id"].tolist() == [11] * 5 + [5] * 5
    assert curve["cumulative"].tolist() == [0.0, -40.0, -80.0, -120.0, -160.0, 0.0, -64.0, -128.0, -192.0, -256.0]


def test_maps_show_the_median_cell_of_each_level():
    maps = explained().maps
    assert maps.level.tolist() == ["low", "medium"]
    assert maps.object_id.tolist() == [11, 5]
    assert maps.channels.tolist() == ["a", "c"]
    assert maps.image[:, :, 2, 2].tolist() == [[5.0, 5.0], [8.0, 8.0]]
    assert maps.attribution[:, :, 2, 2].tolist() == [[5.0, -15.0], [8.0, -24.0]]
    np.testing.assert_allclose(maps.score[0, :, 1:5, 1:5].mean(axis=(1, 2)), [1.0, 3.0], rtol=0.1)
    assert not maps.score[:, :, 0].any()
    assert maps.mask.sum(axis=(1, 2)).tolist() == [16, 16]
    assert maps.prediction.tolist() == [-150.0, -246.0]


def test_same_seed_same_scores_whatever_the_batch_size():
    first, other = explained(), explained(settings=replace(SETTINGS, batch_size=7))
    np.testing.assert_allclose(first.maps.score, other.maps.score, rtol=1e-4, atol=1e-6)
    assert np.abs(explained(seed=4).maps.score - first.maps.score).max() > 0.01


def test_noise_baseline_is_drawn_from_the_same_source():
    settings = replace(SETTINGS, scoring=replace(SCORING, samples=2))
    tables = [explained(settings=settings, seed=s, baseline="noise").completeness for s in (1, 1, 2)]
    values = [table["baseline_prediction"].tolist() for table in tables]
    assert values[0] == values[1]
    assert values[0] != values[2]
    assert len(set(values[0])) == 3


def test_progress_and_cells_without_importance_are_told():
    lines = []
    found = explained(lambda batch: (np.ones(len(batch)), np.zeros_like(batch)), lines=lines)
    assert lines[:2] == [
        "linear structure 3  [######....]  explained 2 of 3 cells",
        "linear structure 3  [##########]  explained 3 of 3 cells",
    ]
    assert lines[2:] == ["linear structure 3: the model ignores 3 cells' images; no importance for them"]
    assert found.importance["importance"].isna().all()
    assert found.completeness["relative_error"].isna().all()


def test_similarity_is_told_for_every_cell_and_channel():
    """All channels of these images are flat on the measured pixels, so the noisy maps look like none of them."""
    found = check_table(explained().similarity, SIMILARITY, source="test")
    assert found["channel"].tolist() == ["a", "c"] * 3
    assert set(found["image_channel"]) == {""}


def test_named_cells_are_shown_too():
    assert explained(named=["p/A01/12"]).maps.object_id.tolist() == [11, 5, 12]


def test_cells_that_miss_the_tolerance_get_more_steps_and_are_told():
    """f = a³ over the measured pixels: the trapezoid's relative error is 1 / (2 steps²)."""

    def cubic(batch):
        x = batch * [1, 0, 0, 0]
        return (x**3).sum(axis=(1, 2, 3)), (3 * x**2).astype(np.float32)

    lines = []
    found = explained(cubic, lines=lines).completeness
    assert found["steps"].tolist() == [8, 8, 8]
    assert found["is_complete"].all()
    np.testing.assert_allclose(found["relative_error"], 1 / 128, rtol=1e-3)
    strict = explained(cubic, settings=replace(SETTINGS, tolerance=1e-4), lines=lines).completeness
    assert strict["steps"].tolist() == [16, 16, 16]
    assert not strict["is_complete"].any()
    assert "integral of 3 cells misses the tolerance" in lines[-1]


def test_a_score_without_copies_is_the_integral_with_all_its_steps():
    """f = a³: the integral is refined from 4 to 8 steps, and no gradient is spent on a map of its own."""
    calls = []

    def cubic(batch):
        calls.append(len(batch))
        x = batch * [1, 0, 0, 0]
        return (x**3).sum(axis=(1, 2, 3)), (3 * x**2).astype(np.float32)

    scoring = replace(SCORING, method=MapMethod("integrated_gradients", "none"))
    found = explained(cubic, settings=replace(SETTINGS, scoring=scoring))
    np.testing.assert_array_equal(found.maps.score, np.abs(found.maps.attribution))
    np.testing.assert_allclose(found.maps.score[0, 0, 2, 2], 5**3 * (1 + 1 / 128), rtol=1e-5)
    assert sum(calls) == 3 * (5 + 9)


def test_a_killed_run_goes_on_and_ends_as_it_would_have(tmp_path):
    calls = []

    def failing(batch):
        calls.append(len(batch))
        if len(calls) > 40:
            raise KeyboardInterrupt
        return linear(batch)

    whole = explained()
    with pytest.raises(KeyboardInterrupt):
        explained(failing, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    calls.clear()
    found = explained(failing, folder=tmp_path)
    assert len(calls) < 20
    pd.testing.assert_frame_equal(found.importance, whole.importance)
    np.testing.assert_array_equal(found.maps.score, whole.maps.score)
    # All is there now: no call, unless the settings are others or a file is damaged.
    calls.clear()
    pd.testing.assert_frame_equal(explained(failing, folder=tmp_path).completeness, whole.completeness)
    assert not calls
    explained(failing, folder=tmp_path, mark="b", settings=replace(SETTINGS, scoring=replace(SCORING, samples=2)))
    assert calls
    for path in tmp_path.iterdir():
        path.write_bytes(b"no archive")
    pd.testing.assert_frame_equal(explained(folder=tmp_path).importance, whole.importance)


def test_a_keras_model_is_complete():
    """The real callback on a small network: the sum of the attribution is the rise of the prediction.

    A fresh network without biases is linear on each ray from black, but its gradient at black itself is 0 (every
    ReLU at its kink), so the trapezoid rule misses half a step: 1 / 200.
    """
    import keras

    from wellspring.models import build_regressor
    from wellspring.models.gradients import input_gradients

    keras.utils.set_random_seed(1)
    model = build_regressor(
        "simple_cnn", image_size=6, n_channels=4, input_channels=[0, 2], target_mean=380.0, target_std=60.0
    )
    settings = replace(SETTINGS, scoring=replace(SCORING, samples=2), steps=100, max_steps=100, batch_size=101)
    found = explained(input_gradients(model), settings=settings)
    images, _ = Images().batch([4, 0, 7])
    np.testing.assert_allclose(found.completeness["prediction"], np.asarray(model(images))[:, 0], rtol=1e-5)
    np.testing.assert_allclose(found.completeness["relative_error"], 1 / 200, rtol=0.05)
    np.testing.assert_allclose(found.importance["importance"].to_numpy().reshape(3, 2).sum(axis=1), 1)


def test_cells_whose_estimate_is_too_uncertain_have_the_map_of_the_definition():
    def oscillating(batch):
        x = batch * [8, 0, 8, 0]
        return np.sin(x).sum(axis=(1, 2, 3)), (8 * np.cos(x) * [1, 0, 1, 0]).astype(np.float32)

    scoring = replace(SETTINGS.scoring, estimator="offset", points=2, samples=32)
    lines = []
    found = explained(
        oscillating, settings=replace(SETTINGS, scoring=scoring, max_steps=2 * SETTINGS.steps), lines=lines
    )
    assert found.completeness["is_rescored"].all()
    assert any("too uncertain for 3 cells" in line for line in lines)
    assert not explained(settings=replace(SETTINGS, scoring=scoring)).completeness["is_rescored"].any()
