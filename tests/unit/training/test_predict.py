"""A trained model used on new wells."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from wellspring.__main__ import main
from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.dataset.tables import NORMALIZATION
from wellspring.models import build_regressor
from wellspring.tables import read_table, write_table
from wellspring.training.tables import NEW_PREDICTIONS

if TYPE_CHECKING:
    import keras

    from wellspring.models.devices import CPU

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIZE = 6


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch):
    # Other tests of this process have made tensors already, after which the threads are fixed.
    monkeypatch.setattr("wellspring.models.devices.prepared_device", lambda *, threads: CPU)


def write_well(folder, well, channels, *, side=4):
    """Three cells of side x side px; channel n of cell i holds 10 n + i above a background of 5."""
    y, x = (index.ravel() for index in np.indices((side, side)))
    runs = dict(zip(("run_y", "run_x", "run_length"), runs_of(y, x), strict=True))
    numbers = {"a": 10, "b": 20, "EU": 990}
    crops = [
        Crop(
            object_id=40 + i,
            y_min=0,
            x_min=0,
            height=side,
            width=side,
            pixels=np.tile([5 + numbers[name] + i for name in channels], (side * side, 1)).astype(np.uint16),
            **runs,
        )
        for i in range(3)
    ]
    header = ShardHeader(plate="new", well=well, channels=tuple(channels), background=np.full(len(channels), 5.0))
    write_shard(folder / "new" / f"{well}.arrow", crops, header=header)


@pytest.fixture
def results(tmp_path):
    """A run's results: a linear model that adds up the means of a and b, and the normalization, by 10."""
    numbers = {"n_px": 9, "percentile": 98.0, "upper": 1e3, "mean": 0.0, "std": 1.0, "clip": np.inf, "shift": 0.0}
    table = pd.DataFrame({"channel": ["a", "EU", "b"], **numbers, "scale": 10.0})
    write_table(table, tmp_path / "results" / "dataset" / "normalization.parquet", NORMALIZATION)
    model = build_regressor("linear", image_size=SIZE, n_channels=3, input_channels=[0, 1])
    model.set_weights([np.array([[1.0], [1.0]], np.float32), np.array([0.0], np.float32)])
    file = tmp_path / "results" / "training" / "linear" / "structure" / "1" / "model.keras"
    file.parent.mkdir(parents=True)
    model.save(file)
    return tmp_path / "results"


def predict(results, crops, *more):
    model = results / "training" / "linear" / "structure" / "1" / "model.keras"
    output = results.parent / "predictions.parquet"
    return main(["predict", str(model), "--crops", *map(str, crops), "--output", str(output), *more]), output


# Mean over the image: 16 of 36 px measured; (10 + i + 20 + i) / 10.
EXPECTED = [16 / 36 * (30 + 2 * i) / 10 for i in range(3)]


@pytest.mark.parametrize(
    ("channels", "more"),
    [(["a", "EU", "b"], ["--target-channel", "EU"]), (["a", "b"], []), (["a", "b"], ["--target-channel", "EU"])],
)
def test_new_wells_are_predicted_whether_or_not_they_have_the_target(results, tmp_path, capsys, channels, more):
    for well in ("B02", "B03"):
        write_well(tmp_path / "crops", well, channels)
    code, output = predict(results, [tmp_path / "crops"], *more)
    assert code == 0, capsys.readouterr().err
    table = read_table(output, NEW_PREDICTIONS)
    assert table["plate"].unique().tolist() == ["new"]
    assert table["well"].tolist() == ["B02"] * 3 + ["B03"] * 3
    assert table["object_id"].tolist() == [40, 41, 42] * 2
    np.testing.assert_allclose(table["prediction"], EXPECTED * 2, rtol=1e-6)
    assert not table["is_cropped"].any()
    assert capsys.readouterr().out.endswith("predictions.parquet: 6 cells of 2 wells\n")


def test_cells_larger_than_the_image_are_counted(results, tmp_path, capsys):
    write_well(tmp_path / "crops", "B02", ["a", "b"], side=8)
    code, output = predict(results, [tmp_path / "crops" / "new" / "B02.arrow"])
    assert code == 0
    assert read_table(output, NEW_PREDICTIONS)["is_cropped"].all()
    assert "3 cells of 1 well; 3 are larger than the model's image and were cut to it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("channels", "more", "words"),
    [
        (["a", "EU", "b"], [], "has all channels of the normalization, so --target-channel must name"),
        (["b", "a"], [], "expected the channels ['a', 'EU', 'b'] in this order, all or all but the target, found"),
        (["a"], [], "all or all but the target, found ['a']"),
        (["a", "EU"], ["--target-channel", "EU"], "all or all but the target 'EU', found ['a', 'EU']"),
        (["a", "b"], ["--target-channel", "GFP"], "--target-channel: expected a channel of the normalization"),
        (["a", "b"], ["--batch-size", "0"], "--batch-size, --threads: expected 1 or more, got 0"),
    ],
)
def test_wells_that_do_not_fit_are_refused_with_one_message(results, tmp_path, capsys, channels, more, words):
    write_well(tmp_path / "crops", "B02", channels)
    code, output = predict(results, [tmp_path / "crops"], *more)
    error = capsys.readouterr().err
    assert code == 1
    assert words in error
    assert error.startswith("wellspring predict: ")
    assert len(error.splitlines()) == 1
    assert not output.exists()


def test_a_model_of_other_channels_or_of_another_kind_is_refused(results, tmp_path, capsys):
    write_well(tmp_path / "crops", "B02", ["a", "b"])
    file = results / "training" / "linear" / "structure" / "1" / "model.keras"
    build_regressor("linear", image_size=SIZE, n_channels=5, input_channels=[0]).save(file)
    assert predict(results, [tmp_path / "crops"])[0] == 1
    assert "takes images of 4 channels and the target, but the normalization has 3" in capsys.readouterr().err
    images = keras.Input((SIZE, SIZE, 3))
    keras.Model(images, keras.layers.GlobalAveragePooling2D()(images)).save(file)
    assert predict(results, [tmp_path / "crops"])[0] == 1
    assert "expected a model of the rule training_fit, found one without the layers" in capsys.readouterr().err


def test_files_that_are_not_there_are_named(results, tmp_path, capsys):
    assert predict(results, [tmp_path / "none"])[0] == 1
    assert "--crops: expected crop shards PLATE/WELL.arrow at" in capsys.readouterr().err
    write_well(tmp_path / "crops", "B02", ["a", "b"])
    write_well(tmp_path / "others", "B02", ["a", "b"])
    assert predict(results, [tmp_path / "crops", tmp_path / "others"])[0] == 1
    assert "of one folder, got those of" in capsys.readouterr().err
    write_well(tmp_path / "crops", "B03", ["a", "EU", "b"])
    assert predict(results, [tmp_path / "crops"], "--target-channel", "EU")[0] == 1
    assert "some wells have the target channel and others lack it" in capsys.readouterr().err
    (results / "dataset" / "normalization.parquet").unlink()
    assert predict(results, [tmp_path / "crops"])[0] == 1
    assert "--normalization: expected the normalization of the model's run at" in capsys.readouterr().err
