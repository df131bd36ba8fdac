"""Areas under ROC curves and rank correlations, by hand and by chance; a model that learned nothing fails."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.scores import Scoring
from wellspring.attribution.tables import CURVES, MEASURES, RANDOMISED
from wellspring.attribution.validation.agreement import channel_auc, map_correlation, pixel_auc
from wellspring.attribution.validation.insertion import Subject
from wellspring.attribution.validation.measuring import Known, Subjects, candidates, known_truth, validated_run
from wellspring.attribution.validation.validation_cache import ValidationCache
from wellspring.statistics import roc_area
from wellspring.tables import check_table
from wellspring.training.runs import Run


def test_auc_by_hand():
    """Of the 2 x 2 pairs of a true and a false one, three are in order."""
    assert roc_area(np.array([0.9, 0.2, 0.5, 0.1]), np.array([True, True, False, False])) == 0.75
    assert roc_area(np.array([1.0, 2.0]), np.array([False, True])) == 1.0
    assert roc_area(np.array([1.0, 1.0, 1.0]), np.array([False, True, True])) == 0.5
    assert np.isnan(roc_area(np.array([1.0]), np.array([True])))


def test_a_random_ranking_scores_one_half():
    rng = np.random.default_rng(0)
    found = [roc_area(rng.random(60), np.arange(60) < 20) for _ in range(400)]
    # Standard deviation of one: sqrt(61 / (12 * 20 * 40)) = 0.08; of the mean: 0.004.
    assert abs(np.mean(found) - 0.5) < 0.016


def test_channels_are_ranked_by_their_mean_importance():
    shares = np.array([[0.1, 0.6, 0.3], [0.3, 0.2, 0.5], [np.nan] * 3])
    assert channel_auc(shares, channels=["a", "b", "c"], causal={"b", "c"}) == 1.0
    assert channel_auc(shares, channels=["a", "b", "c"], causal={"a"}) == 0.0
    assert np.isnan(channel_auc(shares[2:], channels=["a", "b", "c"], causal={"a"}))


def test_pixels_are_ranked_within_each_causal_channel():
    score = np.zeros((2, 2, 2), dtype=np.float32)
    score[..., 0] = [[9, 4], [3, 2]]
    score[..., 1] = [[9, 1], [3, 2]]
    mask = np.array([[False, True], [True, True]])
    structures = {0: np.array([True, False, False]), 1: np.array([True, False, False])}
    assert pixel_auc(score, mask=mask, structures=structures) == 0.5
    assert pixel_auc(score, mask=mask, structures={0: structures[0]}) == 1.0
    assert np.isnan(pixel_auc(score, mask=mask, structures={0: np.ones(3, dtype=bool)}))
    assert np.isnan(pixel_auc(score, mask=mask, structures={}))


def test_correlation_of_maps_is_over_measured_pixels():
    first = np.arange(8, dtype=np.float32).reshape(2, 2, 2)
    mask = np.array([[False, True], [True, True]])
    second = np.exp(first)
    second[0, 0] = -99
    assert map_correlation(first, second, mask=mask) == pytest.approx(1)
    assert map_correlation(first, -first, mask=mask) == pytest.approx(-1)
    assert np.isnan(map_correlation(first, np.ones_like(first), mask=mask))
    assert np.isnan(map_correlation(first, first, mask=np.zeros_like(mask)))


SIZE, CHANNELS = 8, 6


def make_cells(n, *, rng):
    """Images of noise with bright pixels in every channel; the target counts those of channels 0 and 1."""
    images = np.zeros((n, SIZE, SIZE, CHANNELS + 1), dtype=np.float32)
    bright = rng.random((n, 6, 6, CHANNELS)) < rng.uniform(0.05, 0.5, size=(n, 1, 1, CHANNELS))
    images[:, 1:7, 1:7, :-1] = 0.3 * rng.standard_normal(bright.shape) + 2.0 * bright
    images[:, 1:7, 1:7, -1] = 1
    target = bright[..., :2].sum(axis=(1, 2, 3)).astype(np.float32)
    return images, bright.reshape(n, 36, CHANNELS), (target - target.mean()) / target.std()


def trained(images, target, *, seed):
    import keras

    from wellspring.models import build_regressor

    keras.utils.set_random_seed(seed)
    model = build_regressor("simple_cnn", image_size=SIZE, n_channels=CHANNELS + 1, input_channels=range(CHANNELS))
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    model.fit(images, target, epochs=8, batch_size=32, verbose=0)
    return model


def validated(model, images, bright, *, n_randomised=0):
    from functools import partial

    from wellspring.models.gradients import input_gradients
    from wellspring.models.randomising import randomised_from_top

    inputs = np.arange(CHANNELS)
    cells = [Subject(image, blurred=0 * image + image[..., -1:], inputs=inputs, fill=np.zeros(6)) for image in images]
    channels = [f"c{n}" for n in range(CHANNELS)]
    subjects = Subjects(cells, channels, list(range(len(cells))))
    masks = [{name: one[:, n] for n, name in enumerate(channels)} for one in bright]
    scoring = Scoring(MapMethod("integrated_gradients", "vargrad_sd"), "offset", points=4, samples=10, noise_sd=0.5)
    with TemporaryDirectory() as folder:
        return validated_run(
            subjects,
            candidates([scoring], [Baselines("black", images[:0])]),
            gradients=input_gradients(model),
            randomised=partial(randomised_from_top, model, seed=1),
            n_randomised=n_randomised,
            n_steps=4,
            batch_size=64,
            known=known_truth({"c0", "c1"}, masks, subjects=subjects),
            run=Run("simple_cnn", "structure", 1),
            cache=ValidationCache(Path(folder), "a"),
            report=lambda _: None,
        )


def test_a_trained_model_s_maps_pass_the_test_of_truth():
    images, bright, target = make_cells(600, rng=np.random.default_rng(5))
    result = validated(trained(images, target, seed=3), images[:8], bright[:8], n_randomised=2)
    table = check_table(result.measures, MEASURES, source="test")
    check_table(result.curves, CURVES, source="test")
    value = table.set_index(["measure", "method"])["value"]
    assert value["channel_auc", "integrated_gradients"] == 1.0
    assert value["pixel_auc", "integrated_gradients"] > 0.8
    # The bright pixels are the structures, whatever a model makes of them; random numbers find none of them.
    assert value["pixel_auc", "intensity"] > 0.99
    assert value["pixel_auc", "random"] == pytest.approx(0.5, abs=0.1)
    assert value["deletion_area", "integrated_gradients"] < value["deletion_area", "random"]
    changes = check_table(result.randomised, RANDOMISED, source="test")
    assert changes["layer"].tolist()[0] == "standardized_target"
    assert changes["layer"].tolist()[-1] == "block_1_convolution"
    assert changes["correlation"].iloc[-1] < 0.9
    assert set(changes["n_cells"]) == {2}


def test_models_of_shuffled_labels_fail_the_test_of_truth():
    rng = np.random.default_rng(5)
    images, bright, target = make_cells(400, rng=rng)
    found = []
    for seed in range(5):
        result = validated(trained(images, rng.permutation(target), seed=seed), images[:8], bright[:8])
        table = result.measures.loc[result.measures["method"] == "integrated_gradients"]
        found.append(table.set_index("measure")["value"])
    # Two of six channels found by chance: 0.5 with a standard deviation of 0.27, of the mean of five models 0.12.
    assert np.mean([one["channel_auc"] for one in found]) < 0.75
    # Within a channel such a model's maps follow the bright pixels all the same, as brightness alone does.
    assert min(one["pixel_auc"] for one in found) > 0.5


def test_a_cell_that_the_image_cuts_has_no_structures():
    rng = np.random.default_rng(5)
    images, bright, _ = make_cells(2, rng=rng)
    inputs = np.arange(CHANNELS)
    cells = [Subject(image, blurred=image, inputs=inputs, fill=np.zeros(6)) for image in images]
    subjects = Subjects(cells, [f"c{n}" for n in range(CHANNELS)], [0, 1])
    masks = [{"c0": bright[0, :, 0], "c3": bright[0, :, 3]}, {"c0": np.ones(40, dtype=bool)}]
    found = known_truth({"c0", "c1"}, masks, subjects=subjects)
    assert isinstance(found, Known)
    assert [list(one) for one in found.structures] == [[0], []]
