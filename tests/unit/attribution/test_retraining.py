"""A model retrained without part of its input, on images where one channel tells the target."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.roar.levels import Removal
from wellspring.attribution.settings import BlurBaseline, CellsBaseline, PlainBaseline, RetrainSettings
from wellspring.attribution.tables import IMPORTANCE, ROAR
from wellspring.settings import settings_of
from wellspring.tables import check_table
from wellspring.training.runs import Run
from wellspring.training.settings import TrainingSettings

# TensorFlow's and Keras' own conversions of arrays.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RUN = Run("linear", "structure", 1)


class Images:
    """Cell i has 4 x 4 measured pixels; channel a holds its target, b and c nothing but noise."""

    channels = ("a", "b", "c")
    n_channels = 4
    image_size = 6

    def __init__(self, targets):
        self.targets = np.asarray(targets, dtype=np.float32)

    def batch(self, indices, *, out=None):
        images = np.zeros((len(indices), 6, 6, 4), dtype=np.float32) if out is None else out
        images[:] = 0
        for image, index in zip(images, indices, strict=True):
            image[1:5, 1:5, :3] = np.random.default_rng(int(index)).normal(size=(4, 4, 3)) * 0.1
            image[1:5, 1:5, 0] += self.targets[index]
            image[1:5, 1:5, 3] = 1
        return images, self.targets[np.asarray(indices)]


@pytest.fixture
def data():
    from wellspring.training.job import Data

    targets = np.random.default_rng(0).normal(size=120)
    manifest = pd.DataFrame({"plate": "p", "well": "A01", "object_id": np.arange(120), "target": targets})
    split = np.repeat(["train", "validation", "test"], [80, 20, 20])
    manifest = manifest.assign(split=split, cell_size_ratio=0.5)
    scaling = pd.DataFrame({"channel": list("abc"), "mean": 0.0, "shift": 0.0, "scale": 1.0})
    return Data(manifest=manifest, normalization=scaling, loader=Images(targets), threads=1)


OFF = {"shift": 0.0, "noise_sd": 0.0, "zoom": False, "flip": False, "rotate": False}
TRAINING = settings_of(
    TrainingSettings, {"epochs": 99, "patience": 99, "batch_size": 20, "huber_delta": 1.0, "augmentation": OFF}
)
FEW_CELLS = CellsBaseline(method="mean", cells=3)


def test_baselines_are_made_of_training_cells(data):
    from wellspring.attribution.loading import baselines_of

    random = CellsBaseline(method="random", cells=3)
    found = baselines_of(random, loader=data.loader, manifest=data.manifest)
    indices = sorted(np.random.default_rng(0).permutation(80)[:3])
    np.testing.assert_array_equal(found.cells, data.loader.batch(indices)[0])
    black = PlainBaseline(method="black")
    assert baselines_of(black, loader=data.loader, manifest=data.manifest).cells.shape == (0, 6, 6, 4)
    blur = BlurBaseline(method="blur", sigma_px=2.5)
    assert baselines_of(blur, loader=data.loader, manifest=data.manifest).sigma_px == 2.5


def test_the_error_rises_when_what_tells_the_target_is_gone(data, tmp_path, monkeypatch, map_settings):
    from wellspring.attribution.roar import retrain
    from wellspring.models.devices import CPU

    # Other tests of this process have made tensors already, after which the threads are fixed.
    monkeypatch.setattr("wellspring.attribution.roar.retrain.prepared_device", lambda *, threads: CPU)

    # The new model is explained from the baseline that the config names, as the other runs are.
    baselines, asked = retrain.baselines_of, []
    monkeypatch.setattr(retrain, "baselines_of", lambda block, **of: asked.append(block) or baselines(block, **of))
    channels = {"channel": ["a", "b", "c"] * 2, "importance": [0.8, 0.1, 0.1] * 2}
    importance = pd.DataFrame({"object_id": [1, 1, 1, 2, 2, 2], **channels})
    found = {}
    for removal in (
        Removal("pixels", "none", amount=0, seed=7),
        Removal("pixels", "random", amount=100, seed=7),
        Removal("channels", "map", amount=1, seed=7),
    ):
        result = retrain.retrained(
            data,
            RUN,
            removal,
            importance=importance,
            levels=None,
            input_channels=None,
            training=TRAINING,
            learning_rate=0.2,
            maps=map_settings(baseline={"method": "mean", "cells": 3}),
            settings=RetrainSettings(epochs=8, samples=2, percents=()),
            n_cells=4,
            resume_folder=tmp_path / removal.form / removal.ranking / "resume",
            code="a",
            threads=1,
            report=lambda _: None,
        )
        row = check_table(result.errors, ROAR, source="test").iloc[0]
        found[removal.form, removal.ranking] = row
        table = check_table(result.importance, IMPORTANCE, source="test")
        assert table["object_id"].nunique() == 4
        if removal.form == "channels":
            assert sorted(set(table["channel"])) == ["b", "c"]
        elif removal.ranking == "none":
            assert table.groupby("channel")["importance"].mean().idxmax() == "a"
    assert asked == [FEW_CELLS] * 3
    assert found["pixels", "none"]["r2"] > 0.8
    assert found["pixels", "random"]["r2"] < 0.3
    assert found["channels", "map"]["r2"] < 0.3
    assert (row["model"], row["seed"], row["retrained_seed"], row["n_cells"]) == ("linear", 1, 7, 20)
