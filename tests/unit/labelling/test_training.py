"""Training: it learns, resumes as if it had not stopped, keeps the best weights, and says how long it takes."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.unit.labelling.drawn import drawn_field
from wellspring.errors import InputError
from wellspring.labelling import load_label_model, predict_image
from wellspring.labelling.checkpoints import Checkpoint, fingerprint
from wellspring.labelling.progress import duration, line_of
from wellspring.labelling.scaling import PlaneScale, StainScale
from wellspring.labelling.settings import Augmentation, ModelSettings, TrainingSettings

if TYPE_CHECKING:
    import keras

    from wellspring.labelling.fitting import share_done, train
    from wellspring.labelling.learning import Learned, learn_stain
    from wellspring.labelling.network import build_label_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SMALL = ModelSettings(width=4, n_levels=2, window_px=0)
QUICK = TrainingSettings(
    crop_px=48, batch_size=2, steps=60, steps_per_epoch=20, learning_rate=5e-3, augmentation=Augmentation(max_scale=1.0)
)


def _learned(folder: Path, *, lines: list[str]) -> "Learned":
    return learn_stain(
        [drawn_field(seed, n_discs=20) for seed in range(3)],
        [None] * 3,
        stain="nucleus",
        model=SMALL,
        training=QUICK,
        output=folder / "nucleus.keras",
        source="pairs.csv",
        report=lines.append,
    )


def test_a_stain_that_the_light_determines_is_learned(tmp_path: Path) -> None:
    lines: list[str] = []
    learned = _learned(tmp_path, lines=lines)
    assert learned.splits == ("train", "validation", "train")
    assert learned.history["step"].tolist() == [20, 40, 60]
    assert learned.history["validation_loss"].iloc[-1] < learned.history["validation_loss"].iloc[0] / 2
    unseen = drawn_field(9, n_discs=20)
    found = predict_image(load_label_model(tmp_path / "nucleus.keras"), unseen.planes)
    assert np.corrcoef(np.log(found.ravel()), np.log(unseen.stain.ravel()))[0, 1] > 0.6
    assert 100 < np.median(found) < 300 < np.quantile(found, 0.99)
    assert [line.split("steps")[0].split("]")[1].strip() for line in lines] == ["20/60", "40/60", "60/60"]
    assert "left" in lines[0]
    assert "done in" in lines[-1]


def _network(seed: int = 0) -> "keras.Model":
    keras.utils.set_random_seed(seed)
    scale = StainScale("asinh", background=200, softness=40, sd=1.5)
    record = {"stain": "nucleus", "dtype": "uint16", "pixel_size_um": None, "lowest": 1.0}
    return build_label_model(planes=[PlaneScale(4800, 500)], scale=scale, settings=SMALL, record=record)


def _trained(path: Path, model: "keras.Model", settings: TrainingSettings, lines: list[str]) -> "keras.Model":
    train(
        model,
        training=[drawn_field(0)],
        validation=[drawn_field(1)],
        threshold=1.0,
        settings=settings,
        checkpoint=Checkpoint(path, "same"),
        report=lines.append,
        label="nucleus",
    )
    return model


def test_an_interrupted_training_ends_as_it_would_have(tmp_path: Path) -> None:
    settings = replace(QUICK, steps=6, steps_per_epoch=2, max_minutes=None, optimizer="adadelta")
    whole = _trained(tmp_path / "a.npz", _network(), settings, [])
    lines: list[str] = []

    def stop(line: str) -> None:
        lines.append(line)
        if "4/6" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            _network(),
            training=[drawn_field(0)],
            validation=[drawn_field(1)],
            threshold=1.0,
            settings=settings,
            checkpoint=Checkpoint(tmp_path / "b.npz", "same"),
            report=stop,
            label="nucleus",
        )
    resumed = _trained(tmp_path / "b.npz", _network(seed=5), settings, lines)
    assert "nucleus: resumes after step 4" in lines
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_patience_and_time_end_a_training() -> None:
    settings = TrainingSettings(steps=100, max_minutes=10)
    assert share_done(step=50, seconds=60, settings=settings) == 0.5
    assert share_done(step=50, seconds=540, settings=settings) == 0.9
    assert share_done(step=5, seconds=6000, settings=settings) == 1
    assert share_done(step=50, seconds=6000, settings=replace(settings, max_minutes=None)) == 0.5


def test_patience_ends_a_training_and_the_best_weights_stay(tmp_path: Path) -> None:
    # A rate this high makes the network worse after the first epoch.
    settings = replace(QUICK, steps=50, steps_per_epoch=1, patience=2, learning_rate=0.5)
    lines: list[str] = []
    model = _trained(tmp_path / "c.npz", _network(), settings, lines)
    state = Checkpoint(tmp_path / "c.npz", "same").load()
    assert state is not None
    losses = [row[2] for row in state.history]
    assert len(losses) == int(np.argmin(losses)) + 3 < 50
    assert "done in" in lines[-1]
    for one, other in zip(model.get_weights(), state.best, strict=False):
        np.testing.assert_array_equal(one, other)
    assert Checkpoint(tmp_path / "c.npz", "other").load() is None


def test_what_is_left_is_said_in_minutes() -> None:
    line = line_of(
        "nucleus",
        [(100, 1.0, 0.9, 60.0), (200, 0.5, 0.7, 120.0)],
        settings=TrainingSettings(steps=1000),
        is_finished=False,
    )
    assert line == (
        "nucleus  [####................]  200/1,000 steps  loss 0.5000  validation 0.7000  best 0.7000  8 min left"
    )
    assert [duration(seconds) for seconds in (40, 720, 3900)] == ["40 s", "12 min", "1 h 05 min"]


def test_a_loss_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the loss is not a number"):
        _trained(tmp_path / "d.npz", _network(), replace(QUICK, steps=4, steps_per_epoch=4, learning_rate=1e30), [])


def test_a_damaged_checkpoint_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "e.npz").write_bytes(b"PK damaged")
    assert Checkpoint(tmp_path / "e.npz", "same").load() is None
    assert "cannot be read" in capsys.readouterr().out
    assert Checkpoint(tmp_path / "none.npz", "same").load() is None


def test_a_fingerprint_sees_settings_and_pixels() -> None:
    field = drawn_field(0)
    first = fingerprint([1], [field])
    assert first == fingerprint([1], [drawn_field(0)])
    assert first != fingerprint([2], [field])
    changed = field.stain.copy()
    changed[3, 3] += 1
    assert first != fingerprint([1], [replace(field, stain=changed)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"planes": np.ones((2, 96, 96), np.uint16)}, "2 of uint16"),
        ({"planes": np.ones((1, 96, 96), np.uint8)}, "of uint8"),
        ({"pixel_size_um": 1.0}, "1.0 µm"),
    ],
)
def test_fields_of_other_kinds_are_not_trained_together(tmp_path: Path, change: dict, message: str) -> None:
    fields = [drawn_field(0), replace(drawn_field(1), **change)]
    with pytest.raises(InputError, match=message):
        learn_stain(
            fields,
            [None, None],
            stain="nucleus",
            model=SMALL,
            training=QUICK,
            output=tmp_path / "m.keras",
            source="pairs.csv",
            report=print,
        )
