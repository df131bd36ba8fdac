"""A validation that is killed resumes after the last map method that it tested, and ends as it would have."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.methods import MapMethod
from wellspring.attribution.maps.scores import Scoring
from wellspring.attribution.tables import CURVES, MEASURES, RANDOMISED
from wellspring.attribution.validation.insertion import Subject
from wellspring.attribution.validation.measuring import Subjects, candidates, known_truth, validated_run
from wellspring.attribution.validation.validation_cache import ValidationCache
from wellspring.tables import check_table
from wellspring.training.runs import Run

SIZE, CHANNELS = 6, ["a", "b", "c"]
LAYERS = ["top", "middle", "bottom"]
TABLES = {"measures": MEASURES, "curves": CURVES, "randomised": RANDOMISED}


class Model:
    """tanh of a weighted sum of the squared channels; its weights shuffle when a layer is made random."""

    def __init__(self):
        self.weight = np.array([1.0, -2.0, 0.2, 0.0], dtype=np.float32) / 20
        self.n_images = 0

    def gradients(self, batch):
        self.n_images += len(batch)
        value = np.tanh((batch**2 * self.weight).sum(axis=(1, 2, 3)))
        return value, (1 - value**2)[:, None, None, None] * 2 * batch * self.weight

    def randomised(self):
        rng, original = np.random.default_rng(4), self.weight
        for layer in LAYERS:
            self.weight = np.append(rng.permutation(self.weight[:3]), np.float32(0))
            yield layer
        self.weight = original


def make_subjects():
    """Four cells of 16 measured pixels, of noise."""
    images = np.zeros((4, SIZE, SIZE, 4), dtype=np.float32)
    images[:, 1:5, 1:5, :3] = np.random.default_rng(0).normal(size=(4, 4, 4, 3))
    images[:, 1:5, 1:5, 3] = 1
    inputs = np.arange(3)
    cells = [Subject(image, blurred=0.5 * image, inputs=inputs, fill=np.zeros(3)) for image in images]
    return Subjects(cells, CHANNELS, [5, 0, 9, 2])


def make_grid():
    """Three methods, of which the plain gradient takes no baseline, and two baselines: five ways."""
    black, noise = (Baselines(name, np.empty((0, SIZE, SIZE, 4), dtype=np.float32)) for name in ("black", "noise"))
    methods = [("gradient", "smoothgrad"), ("integrated_gradients", "none"), ("integrated_gradients", "vargrad_sd")]
    scorings = [Scoring(MapMethod(*names), "trapezoid", points=3, samples=4, noise_sd=0.5) for names in methods]
    return candidates(scorings, [black, noise])


def validated(folder, *, model=None, fingerprint="a", report=lambda _: None):
    subjects, model = make_subjects(), model or Model()
    masks = [{name: one.values[:, n] > 0.5 for n, name in enumerate(CHANNELS)} for one in subjects.cells]
    return validated_run(
        subjects,
        make_grid(),
        gradients=model.gradients,
        randomised=model.randomised,
        n_randomised=2,
        n_steps=3,
        batch_size=7,
        known=known_truth({"a"}, masks, subjects=subjects),
        run=Run("tanh", "structure", 3),
        cache=ValidationCache(folder, fingerprint),
        report=report,
    )


def assert_equal(found, expected):
    for name, table in TABLES.items():
        one = check_table(getattr(found, name), table, source="test")
        pd.testing.assert_frame_equal(one, getattr(expected, name), check_exact=True)


def killed_in(folder, *, images):
    """Validate until the model has seen `images`, then be killed."""

    class Mortal(Model):
        def gradients(self, batch):
            if self.n_images >= images:
                raise KeyboardInterrupt
            return super().gradients(batch)

    with pytest.raises(KeyboardInterrupt):
        validated(folder, model=Mortal())


def images_until(tmp_path):
    """How many images the model has seen after each of the seven ways, and what a run that is not disturbed finds."""
    model, counts = Model(), [0]
    whole = validated(tmp_path / "whole", model=model, report=lambda _: counts.append(model.n_images))
    return counts, whole


def test_a_killed_validation_goes_on_and_ends_as_it_would_have(tmp_path):
    counts, whole = images_until(tmp_path)
    assert len(counts) == 8
    assert all(one < other for one, other in pairwise(counts))
    assert whole.measures.groupby("method", sort=False).size().to_dict() == {
        "gradient": 4,
        "integrated_gradients": 16,
        "random": 3,
        "intensity": 3,
    }
    assert whole.randomised["layer"].tolist() == LAYERS * 5
    assert whole.randomised["correlation"].nunique() > 5
    # Killed in the randomised layers of the third way, in the first way, between two ways, in the last order.
    for index, stop, n_kept in ((0, counts[3] - 5, 2), (1, 30, 0), (2, counts[4], 4), (3, counts[6] + 1, 6)):
        folder = tmp_path / f"killed_{index}"
        killed_in(folder, images=stop)
        assert len(list(folder.glob("*.npz"))) == n_kept
        again, lines = Model(), []
        assert_equal(validated(folder, model=again, report=lines.append), whole)
        # What was kept was not measured again.
        assert again.n_images == counts[-1] - counts[n_kept]
        assert lines[-1] == "tanh structure 3: tested 7 of 7 rankings of values"
    model = Model()
    assert_equal(validated(folder, model=model), whole)
    assert model.n_images == 0


def test_what_methods_were_tested_before_changes_no_other(tmp_path):
    """Any of the kept parts may be missing: what is measured in its place is the same."""
    counts, whole = images_until(tmp_path)
    for index, path in enumerate(sorted((tmp_path / "whole").iterdir())):
        path.unlink()
        model = Model()
        assert_equal(validated(tmp_path / "whole", model=model), whole)
        assert model.n_images == counts[index + 1] - counts[index]


def test_parts_of_other_settings_or_damaged_ones_are_not_taken(tmp_path):
    counts, whole = images_until(tmp_path)
    other = Model()
    other.weight = 2 * other.weight
    found = validated(tmp_path / "whole", model=other, fingerprint="b")
    assert other.n_images == counts[-1]
    assert not found.curves["value"].equals(whole.curves["value"])
    for n, path in enumerate((tmp_path / "whole").iterdir()):
        if n % 2:
            path.write_bytes(b"no archive")
        else:
            np.savez(path, fingerprint=np.asarray("a"), share=np.zeros(2))
    model = Model()
    assert_equal(validated(tmp_path / "whole", model=model), whole)
    assert model.n_images == counts[-1]
