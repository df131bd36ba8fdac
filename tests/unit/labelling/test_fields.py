"""Crops, fields that share cells, splits, masks."""

import numpy as np
import pytest
from scipy import ndimage

from tests.unit.labelling.drawn import drawn_field
from wellspring.errors import InputError
from wellspring.labelling.crops import CropSource
from wellspring.labelling.fields import Field, binarised
from wellspring.labelling.overlaps import group_of_fields, overlapping_fields
from wellspring.labelling.scaling import StainScale
from wellspring.labelling.settings import Augmentation
from wellspring.labelling.splitting import check_split, split_of_groups

PLAIN = Augmentation(rotation=False, max_scale=1.0, gain=0, offset_sd=0, noise_sd=0)
LINEAR = StainScale("linear")


def _source(field: Field, augmentation: Augmentation, **more) -> CropSource:
    return CropSource(fields=[field], scale=LINEAR, crop_px=32, batch_size=3, augmentation=augmentation, seed=1, **more)


def test_crops_without_augmentation_are_pieces_of_the_field() -> None:
    field = drawn_field(0)
    light, stain = _source(field, PLAIN).batch(5)
    assert (light.shape, stain.shape) == ((3, 32, 32, 1), (3, 32, 32, 1))
    windows = np.lib.stride_tricks.sliding_window_view(field.planes[0], (32, 32)).reshape(-1, 32 * 32)
    number = np.flatnonzero((windows == light[0, ..., 0].ravel()).all(axis=1))
    assert len(number) == 1
    stains = np.lib.stride_tricks.sliding_window_view(field.stain, (32, 32)).reshape(-1, 32 * 32)
    np.testing.assert_array_equal(stains[number[0]], stain[0].ravel())


def test_a_step_draws_the_same_batch_again_and_another_step_another() -> None:
    source = _source(drawn_field(0), Augmentation())
    np.testing.assert_array_equal(source.batch(7)[0], source.batch(7)[0])
    assert not np.array_equal(source.batch(7)[0], source.batch(8)[0])


def test_light_and_stain_are_turned_and_enlarged_together() -> None:
    field = drawn_field(0, n_discs=50)
    light, stain = _source(field, Augmentation(gain=0, offset_sd=0, noise_sd=0, max_scale=1.5)).batch(0)
    for one, other in zip(light, stain, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] < -0.9
    # Corners of turned crops hold the original image, not black.
    assert light.min() > 3000


def test_a_corruption_changes_the_light_and_not_the_stain() -> None:
    field = drawn_field(0)

    def darker(planes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return planes / 2

    light, stain = _source(field, PLAIN, corrupted=darker).batch(3)
    plain = _source(field, PLAIN).batch(3)
    np.testing.assert_allclose(light, plain[0] / 2)
    np.testing.assert_array_equal(stain, plain[1])


def test_fields_that_show_the_same_cells_are_found() -> None:
    big = drawn_field(3, size=256, n_discs=60).planes[0]
    noise = np.random.default_rng(0).integers(0, 60, (160, 160), np.uint16)
    fields = [big[:160, :160], drawn_field(4, size=160, n_discs=30).planes[0], big[70:230, 40:200] + noise]
    (found,) = overlapping_fields(fields)
    assert (found.first, found.second, found.shift_px) == (0, 2, (70, 40))
    assert found.correlation > 0.9 > 0.7 > found.chance
    assert found.share == pytest.approx(90 * 120 / 160**2)


def _relief(seed: int) -> np.ndarray:
    """Discs with a bright and a dark side, as DIC shows them: all to the same side."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    height = np.zeros((96, 96))
    for cy, cx, radius in zip(*rng.uniform(0, 96, (2, 10)), rng.uniform(5, 9, 10), strict=True):
        height = np.maximum(height, np.sqrt(np.clip(1 - ((y - cy) ** 2 + (x - cx) ** 2) / radius**2, 0, None)))
    return 1000 + 300 * np.gradient(ndimage.gaussian_filter(height, 1), axis=1) + rng.normal(0, 5, height.shape)


@pytest.mark.slow
def test_many_fields_of_other_cells_are_not_called_the_same() -> None:
    # One of these 190 pairs correlates twice as much as with one of the two turned over.
    assert overlapping_fields([_relief(seed) for seed in range(20)]) == []


def test_wells_that_share_cells_are_one_group() -> None:
    big = drawn_field(3, size=256, n_discs=60).planes[0]
    overlaps = overlapping_fields([big[:160, :160], big[70:230, 40:200]])
    assert group_of_fields(["A1", "B1"], overlaps) == ["A1+B1", "A1+B1"]
    assert group_of_fields(["A1", "A1", "C1"], []) == ["A1", "A1", "C1"]


def test_wells_are_split_as_a_whole() -> None:
    assert split_of_groups(["A", "A", "B", "C"]) == {"A": "train", "B": "validation", "C": "train"}
    assert split_of_groups(["A", "A"]) == {"A": "train"}
    assert sum(v == "validation" for v in split_of_groups(list("ABCDEFGHIJ")).values()) == 2


def test_a_well_on_both_sides_is_refused() -> None:
    check_split({"A": {"train"}, "B+C": {"test"}}, source="pairs.csv")
    with pytest.raises(InputError, match=r"pairs\.csv: A \(a well\) is in test and train"):
        check_split({"A": {"train", "test"}}, source="pairs.csv")
    with pytest.raises(InputError, match="wells whose fields show the same cells"):
        check_split({"A+B": {"train", "test"}}, source="pairs.csv")
    with pytest.raises(InputError, match="no field has the split train"):
        check_split({"A": {"test"}}, source="pairs.csv")


def test_a_binary_stain_is_above_one_threshold_for_all_fields() -> None:
    fields, limit = binarised([drawn_field(1), drawn_field(2)])
    assert 260 < limit < 900
    for field, before in zip(fields, (drawn_field(1), drawn_field(2)), strict=True):
        assert np.mean(field.stain != (before.stain > 500)) < 1e-3
        assert set(np.unique(field.stain)) == {0, 1}
