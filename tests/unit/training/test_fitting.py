"""Training: what is kept, when it stops, and how it resumes after an interruption."""

import errno
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from wellspring.models import build_regressor
from wellspring.tables import check_table
from wellspring.training.checkpoints import Checkpoint, State, fingerprint
from wellspring.training.progress import Progress
from wellspring.training.sources import Cells
from wellspring.training.tables import HISTORY

if TYPE_CHECKING:
    import keras

    from wellspring.training.augmentation import Augmentation, SizeRatios, augmentation_layers
    from wellspring.training.batches import TrainingBatches, ValidationBatches
    from wellspring.training.fitting import Schedule, target_scale, train

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MEAN, STD = 380.0, 60.0


class Source:
    """20 cells of 8 px; the target grows with the mean of channel 0."""

    def __init__(self):
        rng = np.random.default_rng(0)
        level = rng.uniform(-1, 1, 20).astype(np.float32)
        self.images = rng.normal(0, 0.1, (20, 8, 8, 3)).astype(np.float32)
        self.images[..., 0] += level[:, None, None]
        self.images[..., -1] = 0
        self.images[:, 1:7, 1:7, -1] = 1
        self.images[..., :-1] *= self.images[..., -1:]
        self.targets = MEAN + STD * level
        self.n_read = 0

    def batch(self, indices, *, out=None):
        self.n_read += len(indices)
        return self.images[indices], self.targets[indices]


def fitted(folder, *, name="linear", augmentation=None, source=None, report=str, mark="a", **changes):
    """Train on 15 of the cells; give the history and the model."""
    source = source or Source()
    everything = Augmentation(shift=1.0, noise_sd=0.1, zoom=SizeRatios(0.7, 0.1, 0.5), flip=True, rotate=True)
    keras.utils.set_random_seed(1)
    model = build_regressor(name, image_size=8, n_channels=3, input_channels=[0, 1], target_mean=MEAN, target_std=STD)
    schedule = Schedule(**{"epochs": 6, "patience": 6, "batch_size": 4, "learning_rate": 0.05, **changes})
    history = train(
        model,
        augmentation_layers(augmentation or everything, seed=1),
        training=TrainingBatches(Cells(source, np.arange(15)), batch_size=4, seed=1),
        validation=ValidationBatches(Cells(source, np.arange(15, 20)), batch_size=16),
        schedule=schedule,
        checkpoint=Checkpoint(folder / "state.npz", mark),
        report=report,
        label="run",
    )
    return history, model


def interrupted(folder, *, after, **changes):
    """Train until `after` epochs are done."""

    def report(line):
        if f"{after}/6" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(folder, report=report, **changes)


def validation_error(model):
    """Mean over the views of the mean absolute error."""
    batches = ValidationBatches(Cells(Source(), np.arange(15, 20)), batch_size=64)
    images, targets = batches[0]
    return np.abs(np.asarray(model(images, training=False))[:, 0] - targets).mean()


def test_history_is_declared_and_the_best_weights_are_kept(tmp_path):
    history, model = fitted(tmp_path, augmentation=Augmentation(), epochs=8, learning_rate=0.5)
    history = check_table(history, HISTORY, source="here")
    assert history["epoch"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert (history["seconds"] > 0).all()
    lowest = history["val_mae"].min()
    assert lowest < 0.7 * history["val_mae"].iloc[0]
    # Steps this large overshoot, so the last weights are not the best.
    assert history["val_mae"].iloc[-1] > lowest
    assert validation_error(model) == pytest.approx(lowest, rel=1e-5)


def test_loss_is_huber_in_the_unit_of_the_target(tmp_path):
    history, _ = fitted(tmp_path, augmentation=Augmentation(), epochs=1, learning_rate=0.0, huber_delta=1.0)
    # Errors are far above 1, where the Huber loss is the absolute error less a half.
    assert history["val_mae"][0] > 10
    assert history["val_loss"][0] == pytest.approx(history["val_mae"][0] - 0.5, abs=0.1)


def test_a_step_moves_the_output_by_the_learning_rate_in_standard_deviations(tmp_path):
    source = Source()
    source.images[..., :-1] = 0
    source.targets[:] = MEAN + 1000
    _, model = fitted(tmp_path, source=source, augmentation=Augmentation(), epochs=1, learning_rate=0.01)
    value = np.asarray(model(source.images[:1]))[0, 0]
    # Four steps, of Adam's full length each since the gradient's sign stays: 4 * 0.01 * 60.
    assert value == pytest.approx(MEAN + 2.4, abs=0.01)


@pytest.mark.parametrize("name", ["linear", "simple_cnn"])
def test_an_interrupted_training_goes_on_as_if_it_had_not_been(name, tmp_path):
    rate = {"learning_rate": 0.005}
    whole, model = fitted(tmp_path / "whole", name=name, **rate)
    interrupted(tmp_path / "parts", after=2, name=name, **rate)
    interrupted(tmp_path / "parts", after=5, name=name, **rate)
    lines = []
    history, again = fitted(tmp_path / "parts", name=name, report=lines.append, **rate)
    assert lines[0] == "run  resumes after epoch 5"
    assert [line.split()[2] for line in lines[1:]] == ["6/6"]
    columns = ["epoch", "loss", "mae", "val_loss", "val_mae"]
    pd.testing.assert_frame_equal(history[columns], whole[columns], rtol=1e-5)
    for one, two in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_a_finished_training_is_not_repeated(tmp_path):
    history, model = fitted(tmp_path)
    source = Source()
    again, loaded = fitted(tmp_path, source=source)
    assert source.n_read == 0
    pd.testing.assert_frame_equal(again, history)
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


def test_the_state_of_another_training_is_ignored(tmp_path):
    interrupted(tmp_path, after=3, mark="a")
    source = Source()
    history, _ = fitted(tmp_path, source=source, mark="b", epochs=2)
    assert len(history) == 2
    assert source.n_read > 0


def test_training_stops_when_patience_runs_out(tmp_path):
    lines = []
    history, _ = fitted(tmp_path, learning_rate=0.0, epochs=50, patience=3, report=lines.append)
    # Nothing changes, so the first epoch stays the best.
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert lines[-1].split()[2] == "4/50"


def test_a_validation_error_that_is_never_a_number_is_refused(tmp_path):
    source = Source()
    source.targets[:] = np.nan
    with pytest.raises(ValueError, match="run: the validation error was not a number after any of 2 epochs"):
        fitted(tmp_path, source=source, epochs=2)


def state(n=1):
    history = pd.DataFrame({name: np.arange(1.0, n + 1) for name in HISTORY.names}).astype({"epoch": "int64"})
    arrays = [np.arange(3, dtype=np.float32), np.array(7, np.int64), np.ones((2, 2), np.uint32)]
    return State(history=history, waited=2, variables=arrays, best=arrays[:1])


def test_a_state_comes_back_as_it_was(tmp_path):
    checkpoint = Checkpoint(tmp_path / "folder" / "state.npz", "mark")
    assert checkpoint.load() is None
    checkpoint.save(state(n=2))
    found = checkpoint.load()
    assert found.waited == 2
    pd.testing.assert_frame_equal(found.history, state(n=2).history)
    for values, expected in ((found.variables, state().variables), (found.best, state().best)):
        assert [v.dtype for v in values] == [v.dtype for v in expected]
        for one, two in zip(values, expected, strict=True):
            np.testing.assert_array_equal(one, two)


def test_an_interrupted_save_leaves_the_state_before(tmp_path, monkeypatch):
    checkpoint = Checkpoint(tmp_path / "state.npz", "mark")
    checkpoint.save(state(n=1))

    def savez(path, **arrays):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", savez)
    with pytest.raises(OSError, match=r"state\.npz: could not be written"):
        checkpoint.save(state(n=2))
    assert len(checkpoint.load().history) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]


def test_a_damaged_state_is_ignored(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state.npz", "mark")
    checkpoint.save(state())
    data = (tmp_path / "state.npz").read_bytes()
    for damaged in (b"", b"no zip file", data[: len(data) // 2]):
        (tmp_path / "state.npz").write_bytes(damaged)
        assert checkpoint.load() is None


def test_fingerprints_tell_settings_and_tables_apart():
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    mark = fingerprint([{"epochs": 3}], tables=[table])
    assert mark == fingerprint([{"epochs": 3}], tables=[table.copy()])
    others = [
        fingerprint([{"epochs": 4}], tables=[table]),
        fingerprint([{"epochs": 3}], tables=[table.assign(a=[1, 3])]),
        fingerprint([{"epochs": 3}], tables=[table.iloc[::-1]]),
        fingerprint([{"epochs": 3}], tables=[table.rename(columns={"a": "c"})]),
        fingerprint([{"epochs": 3}], tables=[]),
    ]
    assert len({mark, *others}) == 6
    mixed = ([None, 1], [np.nan, 1], [None, "1"], [None, 2])
    assert len({fingerprint([], tables=[pd.DataFrame({"a": pd.Series(one, dtype=object)})]) for one in mixed}) == 4


def test_target_scale_of_equal_targets_is_one():
    assert target_scale(np.array([1.0, 3.0])) == (2.0, 1.0)
    assert target_scale(np.array([1.0, 5.0])) == (3.0, 2.0)
    assert target_scale(np.array([4.0, 4.0])) == (4.0, 1.0)
    # Rounding of the mean makes a standard deviation of 1e-13 of these.
    assert target_scale(np.full(1000, 380.7))[1] == 1.0
    assert target_scale(np.array([380.7, 380.7 + 1e-9]))[1] == 1.0
    assert target_scale(np.array([380.7, 380.7 + 2e-6]))[1] == pytest.approx(1e-6, rel=1e-3)


def test_progress_is_told_about_every_tenth():
    progress = Progress("simple_cnn structure 123", 40)
    assert [epoch for epoch in range(1, 41) if progress.is_due(epoch)] == [1, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
    assert [epoch for epoch in range(1, 4) if Progress("run", 3).is_due(epoch)] == [1, 2, 3]
    line = progress.line(20, val_mae=31.24, best=30.81, seconds=3.14)
    assert line == "simple_cnn structure 123  [#####.....]  20/40  val MAE 31.24  best 30.81  3.1 s/epoch"
    assert progress.line(4, val_mae=1, best=1, seconds=123.4).endswith(
        "[#.........]  4/40  val MAE 1  best 1  123 s/epoch"
    )
