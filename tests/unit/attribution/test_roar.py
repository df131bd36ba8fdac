"""Remove and retrain: which values go, what stands in their place, what is written down."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.scores import Scoring
from wellspring.attribution.resume import ResumeArrays
from wellspring.attribution.roar.levels import (
    Removal,
    RemovedValues,
    StoredLevels,
    kept_channels,
    ranked_levels,
    removal_levels,
    roar_row,
    score_maps,
    write_levels,
)
from wellspring.attribution.tables import ROAR
from wellspring.tables import check_table
from wellspring.training.runs import Run

VALUES = np.arange(20, dtype=np.float32).reshape(5, 4)


class Images:
    """Cell i has 4 x 5 measured pixels of random values in channels a, b, c; b is no input of the models here."""

    channels = ("a", "b", "c")
    n_channels = 4
    image_size = 6

    def batch(self, indices, *, out=None):
        images = np.zeros((len(indices), 6, 6, 4), dtype=np.float32) if out is None else out
        images[:] = 0
        for image, index in zip(images, indices, strict=True):
            image[1:5, :5, :3] = np.random.default_rng(int(index)).normal(size=(4, 5, 3)) + 5
            image[1:5, :5, 3] = 1
        return images, np.asarray(indices, dtype=np.float32)


def levels(ranking="map", *, percents=(10, 50, 90), score=VALUES, seed=0):
    rng = np.random.default_rng(seed)
    return removal_levels(VALUES, ranking=ranking, score=score, percents=percents, rng=rng)


def test_levels_say_which_percentage_removes_a_value_first():
    found = levels().reshape(-1)
    assert found.tolist() == [255, 255, *[2] * 8, *[1] * 8, 0, 0]
    assert [int((found <= level).sum()) for level in range(3)] == [2, 10, 18]


def test_random_levels_remove_as_many():
    found = levels("random")
    assert [int((found <= level).sum()) for level in range(3)] == [2, 10, 18]
    assert not np.array_equal(found, levels("random", seed=1))


def test_levels_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "levels.arrow"
    write_levels(((n, levels(seed=n)) for n in range(3)), path)
    stored = StoredLevels(path)
    assert len(stored) == 3
    np.testing.assert_array_equal(stored[2], levels(seed=2).reshape(-1))
    with pytest.raises(ValueError, match="expected the levels of cell 0, got those of cell 1"):
        write_levels([(1, levels())], path)
    (tmp_path / "text").write_text("no levels")
    with pytest.raises(ValueError, match="expected removal levels"):
        StoredLevels(tmp_path / "text")


@pytest.mark.parametrize("ranking", ["random", "intensity"])
def test_values_are_replaced_by_the_channel_s_mean_alike_in_every_batch(ranking):
    settings = {"inputs": (0, 2), "fill": np.array([-1.0, -2.0]), "ranking": ranking, "percent": 50, "seed": 3}
    source = RemovedValues(Images(), **settings)
    whole, targets = source.batch(np.array([4, 7]))
    before, _ = Images().batch([4, 7])
    assert targets.tolist() == [4, 7]
    np.testing.assert_array_equal(whole[..., [1, 3]], before[..., [1, 3]])
    changed = whole != before
    assert changed.sum(axis=(1, 2, 3)).tolist() == [20, 20]
    assert set(whole[..., 0][changed[..., 0]]) == {-1.0}
    assert set(whole[..., 2][changed[..., 2]]) == {-2.0}
    if ranking == "intensity":
        of_inputs = before[0, 1:5, :5][..., [0, 2]]
        assert of_inputs[changed[0, 1:5, :5][..., [0, 2]]].min() >= of_inputs[~changed[0, 1:5, :5][..., [0, 2]]].max()
    again, _ = source.batch(np.array([7]), out=np.empty((1, 6, 6, 4), dtype=np.float32))
    np.testing.assert_array_equal(again[0], whole[1])
    assert (source.channels, source.n_channels, source.image_size) == (("a", "b", "c"), 4, 6)


def test_values_ranked_by_the_map_are_those_of_the_stored_levels(tmp_path):
    path = tmp_path / "levels.arrow"
    first = np.full((20, 2), 255, dtype=np.uint8)
    first[:3, 0], first[:, 1] = 0, 1
    write_levels([(0, first)], path)
    settings = {"inputs": (0, 2), "fill": np.zeros(2), "ranking": "map", "seed": 3, "levels": StoredLevels(path)}
    for level, n_gone in ((0, 3), (1, 23)):
        image = RemovedValues(Images(), percent=10, level=level, **settings).batch(np.array([0]))[0][0]
        assert int((image[1:5, :5][..., [0, 2]] == 0).sum()) == n_gone


def test_scores_come_with_their_places_and_values():
    weight = np.array([1.0, 0.0, -3.0, 0.0], dtype=np.float32)

    def linear(batch):
        return (batch * weight).sum(axis=(1, 2, 3)), np.broadcast_to(weight, batch.shape)

    scoring = Scoring(MapMethod("integrated_gradients", "vargrad_sd"), "offset", points=2, samples=2, noise_sd=0.5)
    settings = {"scoring": scoring, "baselines": Baselines("black", np.empty((0, 6, 6, 4))), "gradients": linear}
    found = list(score_maps(Images(), [5, 2], inputs=np.array([0, 2]), batch_size=7, seed=0, **settings))
    assert [index for index, _, _ in found] == [5, 2]
    for index, values, score in found:
        np.testing.assert_array_equal(values, Images().batch([index])[0][0, 1:5, :5][..., [0, 2]].reshape(20, 2))
        np.testing.assert_allclose(score, np.broadcast_to([0.5, 1.5], (20, 2)), rtol=1e-3)


def test_the_most_important_channels_go_first():
    channels, means = ["a", "b", "c", "d"], [0.1, 0.4, 0.2, 0.3]

    def kept(ranking, n, seed=0):
        rng = np.random.default_rng(seed)
        return kept_channels(means, channels=channels, ranking=ranking, n_removed=n, rng=rng)

    assert kept("map", 2) == ["a", "c"]
    assert kept("map", 0) == channels
    assert len({tuple(kept("random", 2, seed)) for seed in range(30)}) == 6
    for ranking, n in (("map", 4), ("intensity", 1), ("map", -1)):
        with pytest.raises(ValueError, match="expected to remove fewer than the 4 channels"):
            kept(ranking, n)


def test_errors_are_those_of_the_test_cells():
    predictions = pd.DataFrame(
        {"split": ["train", "test", "test"], "target": [0.0, 1.0, 3.0], "prediction": [50.0, 2.0, 3.0]}
    )
    run, removal = Run("simple_cnn", "structure", 1), Removal("pixels", "map", amount=50, seed=7)
    row = check_table(roar_row(predictions, run=run, removal=removal), ROAR, source="test").iloc[0]
    assert (row["mae"], row["r2"], row["n_cells"], row["retrained_seed"]) == (0.5, 0.5, 2, 7)
    with pytest.raises(ValueError, match="expected test cells"):
        roar_row(predictions[:1], run=run, removal=removal)


def test_a_killed_ranking_resumes_where_it_was(tmp_path):
    asked, run = [], Run("m", "structure", 7)

    def maps(part):
        for index in part:
            asked.append(index)
            # Cells of different numbers of pixels.
            values = np.random.default_rng(index).normal(size=(3 + index, 2)).astype(np.float32)
            yield index, values, values**2

    def ranked(folder, *, fingerprint="a", told=lambda _: None):
        resume = ResumeArrays(folder, fingerprint, n_items=2)
        return ranked_levels(maps, n=5, percents=[10, 50], run=run, resume=resume, report=told)

    lines = []
    whole = dict(ranked(tmp_path / "whole", told=lines.append))
    assert [len(whole[index]) for index in range(5)] == [3, 4, 5, 6, 7]
    assert lines[-1] == "m structure 7: ranked 5 of 5 cells"
    killed = ranked(tmp_path / "killed")
    for _ in range(3):
        next(killed)
    asked.clear()
    again = dict(ranked(tmp_path / "killed"))
    assert asked == [4]
    for index, one in whole.items():
        np.testing.assert_array_equal(again[index], one)
    asked.clear()
    list(ranked(tmp_path / "killed", fingerprint="other settings"))
    assert asked == [0, 1, 2, 3, 4]
