"""The U-Net of LaChance and Cohen, and tiles that give what the whole image gives."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.models.tiling import map_of_image, receptive_margin_px

if TYPE_CHECKING:
    import keras

    from wellspring.models.unet import build_unet_maps, margin_of


def _network(*, width: int, n_levels: int) -> "keras.Model":
    keras.utils.set_random_seed(3)
    inputs = keras.Input((None, None, 1))
    return keras.Model(inputs, build_unet_maps(inputs, width=width, n_levels=n_levels, dropout=0.1))


def test_the_published_form_has_the_published_number_of_parameters() -> None:
    assert _network(width=16, n_levels=4).count_params() == 1_938_625


def test_dropout_doubles_every_second_level() -> None:
    rates = [one.rate for one in _network(width=1, n_levels=4).layers if isinstance(one, keras.layers.Dropout)]
    assert rates == pytest.approx([0.1, 0.1, 0.2, 0.2, 0.3, 0.2, 0.2, 0.1, 0.1])


@pytest.mark.parametrize(("width", "n_levels", "dropout"), [(0, 1, 0.1), (1, 0, 0.1), (1, 1, 0.4)])
def test_impossible_networks_are_refused(width: int, n_levels: int, dropout: float) -> None:
    with pytest.raises(InputError, match="U-Net: expected"):
        build_unet_maps(keras.Input((None, None, 1)), width=width, n_levels=n_levels, dropout=dropout)


def test_the_margin_is_the_reach_of_a_pixel() -> None:
    model = _network(width=2, n_levels=2)
    blank = np.random.default_rng(0).normal(size=(1, 128, 128, 1)).astype(np.float32)
    changed = blank.copy()
    changed[0, 64, 64] += 100
    differs = np.abs(model(changed) - model(blank)).max(axis=(0, 1, 3))[:] > 0
    first, last = np.flatnonzero(differs)[[0, -1]]
    reach = max(64 - first, last - 64)
    assert margin_of(n_levels=2) - 4 < reach <= margin_of(n_levels=2)
    assert receptive_margin_px(n_levels=4) % 16 == 0


@pytest.mark.parametrize(
    ("tile_px", "batch_size", "origin_px"), [(24, 1, (0, 0)), (40, 3, (0, 0)), (32, 2, (12, 20)), (400, 1, (0, 0))]
)
def test_tiles_give_what_the_whole_image_gives(tile_px: int, batch_size: int, origin_px: tuple[int, int]) -> None:
    model = _network(width=4, n_levels=2)
    image = np.random.default_rng(1).normal(size=(1, 75, 98)).astype(np.float32)
    margin = margin_of(n_levels=2)
    # The whole image, reflected at its borders, in one piece.
    padded = np.pad(image, ((0, 0), (margin, margin + 1), (margin, margin + 2)), mode="reflect")[0][None, ..., None]
    whole = np.asarray(model(padded))[0, margin : margin + 75, margin : margin + 98, 0]
    tiled = map_of_image(
        model, image, margin_px=margin, step_px=4, tile_px=tile_px, batch_size=batch_size, origin_px=origin_px
    )
    np.testing.assert_allclose(tiled, whole, atol=1e-5 * np.ptp(whole))


def test_images_smaller_than_the_margin_are_reflected_as_often_as_needed() -> None:
    found = map_of_image(lambda batch: batch[..., 0], np.arange(6.0).reshape(1, 2, 3), margin_px=8, step_px=4)
    np.testing.assert_array_equal(found, np.arange(6.0).reshape(2, 3))


def test_what_has_no_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="tiles: expected planes"):
        map_of_image(lambda batch: batch, np.zeros((1, 0, 4)), margin_px=4, step_px=4)
