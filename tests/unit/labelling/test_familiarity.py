"""Whether a model knows light that is unlike its training fields, and says nothing where it cannot know."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from tests.unit.labelling.drawn import drawn_field
from wellspring.labelling import load_label_model, unfamiliarity
from wellspring.labelling.scaling import PlaneScale, StainScale
from wellspring.labelling.settings import ModelSettings

if TYPE_CHECKING:
    import keras

    from wellspring.labelling.familiarity import learn_familiarity
    from wellspring.labelling.network import build_label_model, record_of, save_label_model

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FIELDS = [drawn_field(seed, size=272, n_discs=40) for seed in range(6)]


def _model() -> "keras.Model":
    keras.utils.set_random_seed(0)
    return build_label_model(
        planes=[PlaneScale(4800, 500)],
        scale=StainScale("asinh", background=200, softness=40, sd=1.5),
        settings=ModelSettings(width=4, n_levels=2, window_px=0),
        record={"stain": "nucleus", "dtype": "uint16", "pixel_size_um": 0.5, "lowest": 1.0},
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> "keras.Model":
    path = tmp_path_factory.mktemp("familiar") / "m.keras"
    model = _model()
    learn_familiarity(model, training=FIELDS[:4], groups=list("aabc"), validation=FIELDS[4:5])
    save_label_model(model, path)
    return load_label_model(path)


def test_fields_of_the_same_kind_are_within_the_limit_and_others_beyond(model: "keras.Model") -> None:
    planes = FIELDS[5].planes
    own = unfamiliarity(model, planes)
    assert own is not None
    assert own < 1
    blurred = ndimage.gaussian_filter(planes.astype(float), (0, 1.5, 1.5)).astype(np.uint16)
    noisy = (planes + np.random.default_rng(1).normal(0, 300, planes.shape)).clip(0).astype(np.uint16)
    for other in (blurred, noisy):
        found = unfamiliarity(model, other)
        assert found is not None
        assert found > 1
    # Too small for a tile.
    assert unfamiliarity(model, planes[:, :100, :100]) is None


def test_too_few_fields_say_nothing() -> None:
    model = _model()
    learn_familiarity(model, training=FIELDS[:3], groups=list("aaa"), validation=FIELDS[3:])
    learn_familiarity(model, training=FIELDS[:2], groups=list("ab"))
    small = [replace(one, planes=one.planes[:, :64, :64]) for one in FIELDS]
    learn_familiarity(model, training=small[:3], groups=list("abc"))
    assert "familiar" not in record_of(model)
    assert unfamiliarity(model, FIELDS[0].planes) is None


def test_unlike_fields_are_named(model: "keras.Model", tmp_path: Path, capsys, monkeypatch) -> None:
    import tifffile

    from wellspring.labelling.pair_jobs import predict_pairs

    monkeypatch.setattr("wellspring.labelling.pair_jobs.prepared_device", lambda *, threads: None)
    save_label_model(model, tmp_path / "m.keras")
    same, other = FIELDS[5].planes[0], ndimage.gaussian_filter(FIELDS[5].planes[0], 2)
    tifffile.imwrite(tmp_path / "same.tif", same)
    tifffile.imwrite(tmp_path / "other.tif", other)
    (tmp_path / "p.csv").write_text("well,transmitted\nA,same.tif\nB,other.tif\n")
    predict_pairs(tmp_path / "p.csv", model=tmp_path / "m.keras", output=tmp_path / "o")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("ALARM")][-1].endswith("1 of 2 fields are unlike the training "
                                                                             "fields: other.tif")  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["other.ome.tif", "same.ome.tif"]
