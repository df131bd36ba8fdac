"""Actin inside cells: truth of a drawn tile, weights, the U-Net and its judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.actin import actin_truth, intersection_over_union, weight_map
from wellspring.profiling.settings import ActinSettings
from wellspring.profiling.tables import ACTIN, PROFILE_HISTORY
from wellspring.raw.images import SiteImage
from wellspring.tables import check_table

if TYPE_CHECKING:
    import keras

    from wellspring.profiling.actin_model import ActinTiles, joined_tiles, judged_actin, well_tiles
    from wellspring.profiling.unet import bottleneck_values, build_unet

SETTINGS = ActinSettings(
    actin="F",
    borders="B",
    nuclei="N",
    tile_size_px=96,
    border_px=2,
    importance=4.0,
    width=8,
    n_levels=2,
    epochs=16,
    batch_size=1,
    learning_rate=0.005,
)


def _tile(size: int = 96) -> np.ndarray:
    """Four square cells around round nuclei: actin along the borders and in one disc inside a cell; (3, Y, X)."""
    y, x = np.mgrid[:size, :size]
    middle, quarter = size // 2, size // 4
    nuclei = sum(np.hypot(y - cy, x - cx) < 9 for cy in (quarter, 3 * quarter) for cx in (quarter, 3 * quarter))
    on_border = (np.abs(y - middle) <= 1) | (np.abs(x - middle) <= 1)
    disc = np.hypot(y - quarter - 14, x - quarter) < 6
    noise = np.random.default_rng(0).poisson(100, (3, size, size))
    bright = 1000 * np.stack([on_border | disc, on_border, nuclei.astype(bool)])
    return (noise + bright).astype(np.uint16)


def test_actin_on_borders_is_left_out() -> None:
    actin, borders, nuclei = _tile()
    truth = actin_truth(actin, borders, nuclei, border_px=2)
    y, x = np.mgrid[:96, :96]
    disc = np.hypot(y - 38, x - 24) < 6
    assert intersection_over_union(truth.inside, disc) > 0.95
    assert truth.borders[48, :].all()
    assert not truth.borders[24, 24]
    assert truth.actin[47:50].all()


def test_tiles_without_nuclei_or_actin() -> None:
    flat = np.full((32, 32), 7, dtype=np.uint16)
    truth = actin_truth(flat, flat, flat, border_px=2)
    assert not truth.inside.any()
    assert not truth.borders.any()
    assert np.isnan(intersection_over_union(truth.inside, truth.actin))


def test_weights_by_hand() -> None:
    masks = np.array([[[[True, False]], [[False, False]]]])
    assert weight_map(masks, importance=4.0).tolist() == [[[5.0, 1.0]]]


def test_the_bottom_of_the_thesis_network_is_larger_than_its_input() -> None:
    unet = build_unet(image_size=512, n_channels=2, width=64, n_levels=4)
    assert bottleneck_values(unet) == 1024 * 32 * 32
    assert unet.output_shape == (None, 512, 512, 1)
    assert bottleneck_values(unet) == 2 * 2 * 512 * 512
    with pytest.raises(ValueError, match="expected a multiple of 16 px for 4 levels, got 100 px"):
        build_unet(image_size=100, n_channels=2, width=8, n_levels=4)


def _site(name: str, image: np.ndarray) -> SiteImage:
    return SiteImage(name, ("F", "B", "N"), image, None)


def _tiles(n: int) -> ActinTiles:
    sites = [_site(str(k), np.roll(_tile(), 7 * k, axis=(1, 2))) for k in range(2)]
    wells = [well_tiles(sites, key=("p", f"A{k}"), steps=[], settings=SETTINGS) for k in range(n)]
    empty = well_tiles([], key=("p", "Z"), steps=[], settings=SETTINGS)
    return joined_tiles([*wells, empty])


def test_a_network_learns_and_is_judged_on_unseen_samples() -> None:
    keras.utils.set_random_seed(1)
    tiles = _tiles(8)
    assert tiles.images.shape == (16, 2, 96, 96)
    people = pd.DataFrame({"plate": "p", "well": [f"A{k}" for k in range(8)], "sample": list("abcdefgh")})
    people["label"] = ["x"] * 4 + ["y"] * 4
    found = judged_actin(tiles, annotations=people, n_folds=4, settings=SETTINGS, seed=1)
    check_table(found.tiles, ACTIN, source="test")
    check_table(found.history, PROFILE_HISTORY, source="test")
    assert found.tiles["split"].value_counts().to_dict() == {"train": 8, "unseen": 4, "validation": 4}
    unseen = found.tiles[found.tiles["split"] == "unseen"]
    # All bright actin is mostly border here; the network finds the disc.
    assert unseen["iou_of_actin"].max() < 0.3
    assert unseen["iou"].mean() > 0.5
    assert (found.tiles["bottleneck_values"] == 32 * 24 * 24).all()


def test_tiles_that_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="96 px, but the fields of p/A have 64 x 64"):
        well_tiles([_site("1", _tile(64))], key=("p", "A"), steps=[], settings=SETTINGS)
    with pytest.raises(ValueError, match="no site is left"):
        joined_tiles([])
