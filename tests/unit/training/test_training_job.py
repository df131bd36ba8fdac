"""Whole runs on a few cells from real crop shards."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.settings_schema import assert_settings_match_schema, block_schema
from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.models import build_regressor, load_regressor
from wellspring.settings import settings_of
from wellspring.tables import check_table
from wellspring.training.prediction import input_places, predicted, predictions_table
from wellspring.training.runs import Run, run_of
from wellspring.training.settings import AugmentationSettings, ImageSettings, TrainingSettings
from wellspring.training.sources import Cells, crops_folder
from wellspring.training.tables import HISTORY, PREDICTIONS

if TYPE_CHECKING:
    from wellspring.models.devices import CPU, Device, computing_in
    from wellspring.training import job
    from wellspring.training.augmentation import Augmentation, SizeRatios
    from wellspring.training.fitting import Schedule, trainer_for
    from wellspring.training.job import augmentation_for

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

OF_ONE_RUN = ("models", "regimes", "seeds", "learning_rate")
SPLITS = ["train", "test", "train", "validation", "train", "test", "train", "validation", "train", "train"]


def write_cells(folder):
    """Ten square cells of 4 px in one well: channel a is 10 times their number, EU what is predicted."""
    y, x = (index.ravel() for index in np.indices((4, 4)))
    crops = []
    for i in range(len(SPLITS)):
        pixels = np.column_stack([np.full(16, 10 * i), np.full(16, 7), np.full(16, 100 + i)]).astype(np.uint16)
        runs = dict(zip(("run_y", "run_x", "run_length"), runs_of(y, x), strict=True))
        crops.append(Crop(object_id=i, y_min=0, x_min=0, height=4, width=4, pixels=pixels, **runs))
    header = ShardHeader(plate="P", well="A1", channels=("a", "b", "EU"), background=np.zeros(3))
    write_shard(folder / "P" / "A1.arrow", crops, header=header)


def manifest(splits=tuple(SPLITS)):
    n = len(splits)
    return pd.DataFrame(
        {
            "plate": "P",
            "well": "A1",
            "object_id": np.arange(n),
            "row": np.arange(n),
            "split": splits,
            "target": 100.0 + np.arange(n),
            "cell_size_ratio": np.linspace(0.5, 0.7, n),
            "is_cropped": False,
        }
    )


def normalization():
    numbers = {"n_px": 160, "percentile": 98.0, "upper": 1e3, "mean": 0.0, "std": 1.0}
    return pd.DataFrame({"channel": ["a", "b", "EU"], **numbers, "clip": np.inf, "shift": 0.0, "scale": 100.0})


@pytest.fixture
def data(tmp_path):
    write_cells(tmp_path)
    return data_of(manifest(), tmp_path)


IMAGES = ImageSettings(target_channel="EU", input_channels=None, image_size=6)


def data_of(table, folder):
    return job.data_of(table, normalization(), crops_folder=folder, images=IMAGES, threads=2)


def fit(data, folder, *, input_channels=None, regime="structure", code="c", epochs=2, model="linear", device=None):
    augmentation = {"shift": 0.01, "noise_sd": 0.0, "zoom": True, "flip": True, "rotate": True}
    steps = {"epochs": epochs, "patience": 9, "batch_size": 4, "huber_delta": 1.0}
    return job.run(
        data,
        Run(model=model, regime=regime, seed=5),
        input_channels=input_channels,
        settings=settings_of(TrainingSettings, {**steps, "augmentation": augmentation}),
        learning_rate=0.1,
        device=device or CPU,
        resume_folder=folder / "resume",
        code=code,
        report=str,
    )


def test_a_run_gives_a_model_a_history_and_a_prediction_for_every_cell(data, tmp_path):
    found = fit(data, tmp_path)
    check_table(found.history, HISTORY, source="here")
    assert len(found.history) == 2
    table = check_table(found.predictions, PREDICTIONS, source="here")
    assert table["object_id"].tolist() == list(range(10))
    assert table["split"].tolist() == SPLITS
    assert set(table["model"]) == {"linear"}
    assert set(table["regime"]) == {"structure"}
    assert set(table["seed"]) == {5}
    images, targets = data.loader.batch(np.arange(10))
    np.testing.assert_array_equal(table["target"], targets)
    np.testing.assert_allclose(table["prediction"], np.asarray(found.model(images))[:, 0], rtol=1e-6)
    found.model.save(tmp_path / "model.keras")
    again = predicted(load_regressor(tmp_path / "model.keras"), Cells(data.loader, np.arange(10)), batch_size=3)
    np.testing.assert_allclose(again, table["prediction"], rtol=1e-6)


def test_a_model_trained_in_mixed_precision_is_handed_on_in_float32(data, tmp_path):
    device = Device(dtype_policy="mixed_float16", jit_compile=False)
    found = fit(data, tmp_path, model="simple_cnn", device=device or CPU, epochs=1)
    assert {layer.compute_dtype for layer in found.model.layers} == {"float32"}
    images, _ = data.loader.batch(np.arange(10))
    np.testing.assert_allclose(found.predictions["prediction"], np.asarray(found.model(images))[:, 0], rtol=1e-5)
    # Going on takes up the loss scale too: the optimizer has more variables than in float32.
    again = fit(data, tmp_path, model="simple_cnn", device=device or CPU, epochs=1)
    pd.testing.assert_frame_equal(again.history, found.history)


@pytest.mark.parametrize("target_std", [0.02, 1.0, 60.0, 5000.0])
def test_no_step_is_lost_in_float16_whatever_the_target_s_spread(target_std):
    schedule = Schedule(
        epochs=1, patience=1, batch_size=4, huber_delta=1.0, learning_rate=1e-3, device=Device("mixed_float16", False)
    )
    with computing_in("mixed_float16"):
        model = build_regressor("simple_cnn", image_size=8, n_channels=3, input_channels=[0, 1], target_std=target_std)
        trainer = trainer_for(model, [], schedule=schedule)
    rng = np.random.default_rng(0)
    images, targets = rng.normal(size=(12, 8, 8, 3)), target_std * rng.normal(size=12)
    trainer.fit(images, targets, batch_size=4, epochs=2, verbose=0)
    assert int(trainer.optimizer.inner_optimizer.iterations) == 6


def test_the_target_and_the_mask_are_no_inputs(data, tmp_path):
    model = fit(data, tmp_path).model
    assert data.loader.channels == ("a", "b")
    assert model.get_layer("channel_filter").input_channels == [0, 1]
    assert model.get_layer("target").offset == pytest.approx(np.mean([100, 102, 104, 106, 108, 109]))


def test_named_channels_are_found_in_the_batch(data, tmp_path):
    assert fit(data, tmp_path, input_channels=["b"]).model.get_layer("channel_filter").input_channels == [1]


def test_a_training_does_not_resume_from_a_state_of_other_settings_or_code(data, tmp_path):
    first = fit(data, tmp_path)
    same = fit(data, tmp_path)
    pd.testing.assert_frame_equal(same.history, first.history)  # seconds too: nothing was computed again
    for changes in ({"code": "d"}, {"epochs": 1}, {"input_channels": ["a"]}, {"regime": "color-structure"}):
        assert fit(data, tmp_path, **changes).history["seconds"][0] != first.history["seconds"][0]


def test_channels_are_shifted_in_the_structure_regime_alone(data):
    settings = {"shift": 3.0, "noise_sd": 0.0, "zoom": True, "flip": True, "rotate": False}
    ratios = manifest().loc[manifest()["split"] == "train", "cell_size_ratio"]
    zoom = SizeRatios(ratios.mean(), pytest.approx(ratios.std(ddof=0)), 0.5)
    structure = augmentation_for(data, regime="structure", settings=AugmentationSettings(**settings))
    assert structure == Augmentation(shift=3.0, zoom=zoom, flip=True)
    color = augmentation_for(data, regime="color-structure", settings=AugmentationSettings(**settings))
    assert color == Augmentation(zoom=zoom, flip=True)
    fixed = AugmentationSettings(**{**settings, "zoom": False})
    assert augmentation_for(data, regime="structure", settings=fixed).zoom is None


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_dataset_without_training_or_validation_cells_is_refused(split, tmp_path):
    write_cells(tmp_path)
    table = manifest(tuple("test" if s == split else s for s in SPLITS))
    data = data_of(table, tmp_path)
    with pytest.raises(ValueError, match=f"expected cells in the split {split!r}, found none"):
        fit(data, tmp_path)


def test_places_of_input_channels():
    assert input_places(["c", "a"], channels=("a", "b", "c")) == (2, 0)
    assert input_places(None, channels=("a", "b", "c")) == (0, 1, 2)
    with pytest.raises(ValueError, match=r"dataset\.input_channels: \['d', 'EU'\] are not among .*\['a', 'b'\]"):
        input_places(["a", "d", "EU"], channels=("a", "b"))


def test_no_cells_have_no_predictions(data):
    none = Cells(data.loader, np.arange(0))
    model = build_regressor("linear", image_size=6, n_channels=3, input_channels=[0])
    values = predicted(model, none, batch_size=4)
    assert values.shape == (0,)
    table = predictions_table(manifest(()), values, run=Run("linear", "structure", 1))
    assert len(check_table(table, PREDICTIONS, source="here")) == 0


def test_a_file_s_folders_say_which_run_it_belongs_to():
    run = run_of(Path("elsewhere/training/simple_cnn/structure/12/history.csv"))
    assert run == Run("simple_cnn", "structure", 12)
    assert (run.name, run.label) == ("simple_cnn, structure, seed 12", "simple_cnn structure 12")
    for path in ("a/b/c.csv", "models/simple_cnn/structure/first/history.csv"):
        with pytest.raises(ValueError, match="expected a file in a folder model/regime/seed"):
            run_of(Path(path))


def test_the_folder_of_the_crops_is_that_above_the_plates():
    assert crops_folder(["r/cells/p1/A01.arrow", "r/cells/p2/A01.arrow"]) == Path("r/cells")
    with pytest.raises(ValueError, match="of one folder, got"):
        crops_folder(["r/cells/p1/A01.arrow", "q/cells/p1/A02.arrow"])


def test_the_settings_are_those_of_the_schema():
    schema = block_schema("training")
    common = {name: part for name, part in schema["properties"].items() if name not in OF_ONE_RUN}
    assert_settings_match_schema(TrainingSettings, {**schema, "properties": common})
    seen = {**block_schema("dataset")["properties"], **block_schema("cells")["properties"]}
    of_images = {name: seen[name] for name in ("target_channel", "input_channels", "image_size")}
    # A training has a target; the config of a run without any has none.
    of_images["target_channel"] = {"type": "string"}
    assert_settings_match_schema(ImageSettings, {"properties": of_images})
