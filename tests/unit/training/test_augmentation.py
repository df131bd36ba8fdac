"""Augmentation layers on drawn nuclei, whose pixels' right values are known."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    import keras

    from wellspring.training.augmentation import (
        Augmentation,
        CentralZoom,
        ChannelShift,
        HorizontalFlip,
        MeasuredNoise,
        QuarterTurn,
        SizeRatios,
        augmentation_layers,
        scaled,
        size_ratio,
        size_ratios,
    )

# Keras' own reading of its variables, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(params=["ChannelShift", "MeasuredNoise", "CentralZoom", "HorizontalFlip", "QuarterTurn"])
def layer(request):
    """Each of the layers."""
    layers = (
        ChannelShift(3.0, seed=1),
        MeasuredNoise(0.5, seed=2),
        CentralZoom(0.6, 0.1, 0.4, seed=3),
        HorizontalFlip(seed=4),
        QuarterTurn(seed=5),
    )
    return {type(one).__name__: one for one in layers}[request.param]


def disc(size, radius):
    """(size, size) float32: 1 within `radius` of the centre."""
    y, x = np.indices((size, size)) - (size - 1) / 2
    return (y**2 + x**2 <= radius**2).astype(np.float32)


def nuclei(n=4, size=33, radius=10):
    """`n` discs with channels 2 and 5 inside, 0 outside, and the mask."""
    mask = np.broadcast_to(disc(size, radius), (n, size, size))
    return np.stack([2 * mask, 5 * mask, mask], axis=-1)


def changed(layer, images):
    return np.asarray(layer(images, training=True))


def test_nothing_changes_outside_training(layer):
    images = nuclei()
    np.testing.assert_array_equal(np.asarray(layer(images, training=False)), images)
    np.testing.assert_array_equal(np.asarray(layer(images)), images)


def test_a_layer_made_again_from_its_config_draws_the_same(layer):
    images = np.random.default_rng(0).normal(size=(6, 9, 9, 3)).astype(np.float32)
    images[..., -1] = disc(9, 3)
    images[..., :-1] *= images[..., -1:]
    first, second = (type(layer).from_config(layer.get_config()) for _ in range(2))
    one, two = changed(first, images), changed(second, images)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, images)
    assert not np.array_equal(changed(first, images), one), "a second call draws anew"


def test_layers_are_found_by_name_when_a_model_is_loaded(layer):
    config = keras.saving.serialize_keras_object(layer)
    assert isinstance(keras.saving.deserialize_keras_object(config), type(layer))
    assert layer.compute_output_shape((None, 8, 8, 3)) == (None, 8, 8, 3)


def test_shift_is_one_number_per_image_and_channel_on_measured_pixels():
    images = nuclei(n=200)
    result = changed(ChannelShift(3.0, seed=0), images)
    inside = images[0, ..., -1] == 1
    shift = result[:, inside][..., :2] - [2, 5]
    assert np.ptp(shift, axis=1).max() < 1e-6
    assert np.abs(result[:, ~inside]).max() == 0
    np.testing.assert_array_equal(result[..., -1], images[..., -1])
    drawn = shift[:, 0]
    # 400 draws from U(-3, 3): mean 0 +- 0.09, standard deviation 1.73.
    assert np.abs(drawn).max() < 3
    assert abs(drawn.mean()) < 0.3
    assert drawn.std() == pytest.approx(np.sqrt(3), abs=0.15)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.25


def test_noise_is_independent_on_measured_pixels():
    images = nuclei()
    result = changed(MeasuredNoise(0.5, seed=0), images)
    inside = images[0, ..., -1] == 1
    noise = result[:, inside][..., :2] - [2, 5]
    # 4 * 317 * 2 draws: the standard error of the deviation is 0.007.
    assert noise.std() == pytest.approx(0.5, abs=0.03)
    assert abs(np.corrcoef(noise[..., 0].ravel(), noise[..., 1].ravel())[0, 1]) < 0.1
    assert np.abs(result[:, ~inside]).max() == 0
    np.testing.assert_array_equal(result[..., -1], images[..., -1])


def test_size_ratio_is_that_of_the_smallest_margin():
    mask = np.zeros((4, 10, 10), np.float32)
    mask[0, 4:6, 3:7] = 1  # margins 4, 4, 3, 3
    mask[1, 2:6, 4:6] = 1  # margins 2, 4, 4, 4
    mask[2, :, 5] = 1  # margins 0, 0, 5, 4
    assert np.asarray(size_ratio(mask)).tolist() == pytest.approx([0.4, 0.6, 1.0, 1.0])


@pytest.mark.parametrize("target", [0.4, 0.8, 1.0])
def test_zoom_gives_the_drawn_size_and_never_cuts(target):
    size, radius = 65, 20
    images = nuclei(n=2, size=size, radius=radius)
    before = float(np.asarray(size_ratio(images[..., -1]))[0])
    result = changed(CentralZoom(target, 0.0, 0.1, seed=0), images)
    after = np.asarray(size_ratio(result[..., -1]))
    assert np.abs(after - target).max() <= 2 / size
    area = result[..., -1].sum(axis=(1, 2)) / images[..., -1].sum(axis=(1, 2))
    # Within 4 %, so nothing of the disc is lost at the border even at 1.0.
    np.testing.assert_allclose(area, (target / before) ** 2, rtol=0.04)


def test_zoom_keeps_the_mask_binary_and_the_values_undiluted():
    result = changed(CentralZoom(0.7, 0.1, 0.4, seed=1), nuclei(n=16))
    mask = result[..., -1]
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert len(np.unique(mask.sum(axis=(1, 2)))) > 5, "sizes differ between images"
    np.testing.assert_allclose(result[..., 0], 2 * mask, atol=1e-5)
    np.testing.assert_allclose(result[..., 1], 5 * mask, atol=1e-5)


def test_zoom_holds_the_size_between_the_smallest_of_the_training_cells_and_one():
    images = nuclei(n=64, size=65, radius=20)
    ratios = np.asarray(size_ratio(changed(CentralZoom(0.7, 5.0, 0.5, seed=2), images)[..., -1]))
    assert ratios.min() == pytest.approx(0.5, abs=2 / 65)
    assert ratios.max() == pytest.approx(1.0, abs=2 / 65)


def test_zoom_leaves_an_empty_image_empty():
    result = changed(CentralZoom(0.7, 0.1, 0.4, seed=1), np.zeros((1, 8, 8, 3), np.float32))
    assert np.abs(result).max() == 0


def test_scaling_by_two_interpolates_linearly_about_the_centre():
    images = np.zeros((1, 4, 4, 2), np.float32)
    images[..., 0] = np.arange(4)
    images[..., 1] = 1
    # Columns 0..3 come from 0.75, 1.25, 1.75, 2.25.
    assert np.asarray(scaled(images, np.array([2.0], np.float32)))[0, 2, :, 0].tolist() == [0.75, 1.25, 1.75, 2.25]


def test_scaling_to_a_half_takes_every_second_pixel_and_pads_with_zeros():
    images = np.zeros((1, 5, 5, 2), np.float32)
    images[..., 0] = np.arange(5)
    images[..., 1] = 1
    result = np.asarray(scaled(images, np.array([0.5], np.float32)))[0]
    assert result[2, :, 0].tolist() == [0.0, 0.0, 2.0, 4.0, 0.0]
    assert result[2, :, 1].tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_flips_are_left_to_right_in_half_of_the_images():
    images = np.zeros((200, 2, 2, 1), np.float32)
    images[:, 0, 0, 0] = 1
    result = changed(HorizontalFlip(seed=0), images)[..., 0]
    assert np.abs(result[:, 1]).max() == 0
    assert 70 < result[:, 0, 1].sum() < 130
    np.testing.assert_array_equal(result.sum(axis=(1, 2)), 1)


def test_turns_are_drawn_per_image_and_are_the_four_rotations():
    image = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    result = changed(QuarterTurn(seed=0), np.repeat(image, 400, axis=0))[..., 0]
    counts = [int((result == np.rot90(image[0, ..., 0], k)).all(axis=(1, 2)).sum()) for k in range(4)]
    assert sum(counts) == 400
    assert min(counts) > 60


def test_layers_come_in_the_order_of_the_thesis_and_only_those_asked_for():
    everything = Augmentation(shift=3.0, noise_sd=0.1, zoom=SizeRatios(0.6, 0.1, 0.4), flip=True, rotate=True)
    layers = augmentation_layers(everything, seed=123)
    expected = [ChannelShift, MeasuredNoise, CentralZoom, HorizontalFlip, QuarterTurn]
    assert [type(layer) for layer in layers] == expected
    assert len({layer.seed for layer in layers}) == 5
    assert [layer.seed for layer in augmentation_layers(everything, seed=123)] == [layer.seed for layer in layers]
    assert [layer.seed for layer in augmentation_layers(everything, seed=124)] != [layer.seed for layer in layers]
    assert augmentation_layers(Augmentation(), seed=123) == []


def test_size_ratios_are_mean_population_deviation_and_minimum():
    assert size_ratios(np.array([0.4, 0.6, 0.8])) == SizeRatios(
        pytest.approx(0.6), pytest.approx(np.sqrt(0.08 / 3)), 0.4
    )
