"""The network of one stain: blocks, what the file holds, prediction of fields, what is refused."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.labelling import load_label_model, predict_image
from wellspring.labelling.light import relative_light
from wellspring.labelling.scaling import PlaneScale, StainScale
from wellspring.labelling.settings import ModelSettings

if TYPE_CHECKING:
    import keras

    from wellspring.labelling.network import (
        FromBlocks,
        RelativeLight,
        ToBlocks,
        build_label_model,
        margin_px,
        record_of,
        save_label_model,
        stain_scale_of,
        step_px,
    )

# Keras 3 asks TensorFlow variables for arrays in NumPy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SCALE = StainScale("asinh", background=100, softness=20, sd=1.5)
RECORD = {"stain": "nucleus", "dtype": "uint16", "pixel_size_um": 0.65, "lowest": 300.0}


def _model(*, scale: StainScale = SCALE) -> "keras.Model":
    keras.utils.set_random_seed(0)
    settings = ModelSettings(width=4, n_levels=2, window_px=15)
    planes = [PlaneScale(0, 0.2)]
    return build_label_model(planes=planes, scale=scale, settings=settings, record=RECORD)


@pytest.fixture(scope="module")
def model() -> "keras.Model":
    return _model()


@pytest.fixture(scope="module")
def light() -> np.ndarray:
    return np.random.default_rng(2).normal(1000, 200, (90, 110)).clip(301).astype(np.uint16)


def test_blocks_are_channels_and_come_back() -> None:
    image = np.arange(24, dtype=np.float32).reshape(1, 4, 6, 1)
    blocks = np.asarray(ToBlocks(2)(image))
    assert blocks[0, 0, 1].tolist() == [2, 3, 8, 9]
    np.testing.assert_array_equal(np.asarray(FromBlocks(2)(blocks)), image)
    assert ToBlocks(2).compute_output_shape((None, None, 6, 3)) == (None, None, 3, 12)
    assert FromBlocks(2).compute_output_shape((None, None, 3, 4)) == (None, None, 6, 1)


def test_light_is_taken_relative_to_its_surroundings(light: np.ndarray) -> None:
    found = np.asarray(RelativeLight(15)(np.moveaxis(light[None], 0, -1)[None].astype(np.float32)))[0, ..., 0]
    expected = relative_light(light[None], window_px=15)[0]
    # Beyond the border the function reflects and the layer, whose tiles have margins, leaves out.
    np.testing.assert_allclose(found[7:-7, 7:-7], expected[7:-7, 7:-7], atol=1e-5)
    assert np.asarray(RelativeLight(3)(np.zeros((1, 4, 4, 1), np.float32))).tolist() == np.zeros((1, 4, 4, 1)).tolist()


def test_the_lamp_does_not_count(model: "keras.Model", light: np.ndarray) -> None:
    found, brighter = predict_image(model, light), predict_image(model, light * 1.5)
    np.testing.assert_allclose(brighter, found, rtol=1e-3)


def test_blocks_of_one_pixel_and_four_levels_are_the_published_network() -> None:
    settings = ModelSettings(width=16, n_levels=4, block_px=1, window_px=0)
    model = build_label_model(planes=[PlaneScale(0, 1)], scale=SCALE, settings=settings, record=RECORD)
    assert model.count_params() == 1_938_625
    assert (step_px(model), margin_px(model)) == (16, 112)


def test_the_file_alone_predicts_what_the_model_predicts(
    model: "keras.Model", light: np.ndarray, tmp_path: Path
) -> None:
    save_label_model(model, tmp_path / "nucleus.keras")
    found = predict_image(tmp_path / "nucleus.keras", light)
    assert found.dtype == np.float32
    assert found.shape == light.shape
    np.testing.assert_allclose(found, predict_image(model, light[None]), rtol=1e-5)
    loaded = load_label_model(tmp_path / "nucleus.keras")
    assert record_of(loaded) == {**RECORD, "n_planes": 1, **asdict(ModelSettings(width=4, n_levels=2, window_px=15))}
    assert stain_scale_of(loaded) == SCALE


@pytest.mark.parametrize(("tile_px", "batch_size", "origin_px"), [(24, 2, (0, 0)), (40, 1, (16, 8)), (500, 4, (0, 0))])
def test_the_result_does_not_depend_on_the_tiles(
    model: "keras.Model", light: np.ndarray, tile_px: int, batch_size: int, origin_px: tuple[int, int]
) -> None:
    whole = predict_image(model, light)
    tiled = predict_image(model, light, tile_px=tile_px, batch_size=batch_size, origin_px=origin_px)
    np.testing.assert_allclose(tiled, whole, atol=1e-5 * np.ptp(whole))


def test_a_binary_stain_is_a_probability(light: np.ndarray) -> None:
    found = predict_image(_model(scale=StainScale("mask")), light)
    assert 0 <= found.min() < found.max() <= 1


def test_floats_are_camera_counts(model: "keras.Model", light: np.ndarray) -> None:
    np.testing.assert_array_equal(predict_image(model, light.astype(np.float64)), predict_image(model, light))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda light: np.stack([light, light]), "1 plane.s. of transmitted light, this field has 2"),
        (lambda light: (light // 256).astype(np.uint8) + (light % 7).astype(np.uint8), "another bit depth"),
        (lambda light: light // 10, "another bit depth"),
        (lambda light: light / 65_535, "another bit depth"),
        (lambda light: np.where(light > 1100, np.nan, light), "holds NaN"),
        (lambda light: light - 1000.0, "negative values"),
        (lambda light: np.full_like(light, 500), "the value 500 in every pixel"),
        (lambda light: light[0], "expected numbers with the axes"),
        (lambda light: np.repeat(light[None], 14, axis=0), "1 to 13 planes"),
        (lambda light: light > 1000, "expected numbers"),
    ],
)
def test_a_field_of_another_kind_is_refused(model: "keras.Model", light: np.ndarray, change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        predict_image(model, change(light))


def test_another_pixel_size_is_refused_and_an_unknown_one_is_not(model: "keras.Model", light: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"field\.tif: .* pixels of 0.65 µm, this field has 0.325 µm"):
        predict_image(model, light, pixel_size_um=0.325, source="field.tif")
    predict_image(model, light, pixel_size_um=0.6501)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a model of a stain"):
        load_label_model(tmp_path / "none.keras")
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(InputError, match=r"text\.keras"):
        load_label_model(tmp_path / "text.keras")
    inputs = keras.Input((2,))
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "other.keras")
    with pytest.raises(InputError, match="another Keras model"):
        load_label_model(tmp_path / "other.keras")


def test_views_are_turned_back_and_averaged_for_any_tile(model: "keras.Model", light: np.ndarray) -> None:
    scale = stain_scale_of(model)
    size = 88  # on the network's grid, so that a turned field is pooled alike
    field = light[:size, :size]

    def value(image: np.ndarray) -> np.ndarray:
        return scale.value(predict_image(model, np.ascontiguousarray(image)))

    turned = np.rot90(field)
    views = [
        value(field),
        value(field[:, ::-1])[:, ::-1],
        np.rot90(value(turned), -1),
        np.rot90(value(turned[:, ::-1])[:, ::-1], -1),
    ]
    expected = scale.intensity(np.mean(views, axis=0))
    found = predict_image(model, field, views=4)
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    tiled = predict_image(model, light, views=4, tile_px=48, batch_size=2, origin_px=(8, 16))
    np.testing.assert_allclose(tiled, predict_image(model, light, views=4), rtol=1e-4)
    with pytest.raises(InputError, match="views: expected 1 to 8, got 9"):
        predict_image(model, light, views=9)
