"""Nuclei by the network: what it sees and draws, labels of perfect maps, weights, tiles, training that resumes."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.matching import f1
from wellspring.errors import InputError
from wellspring.models.weights import Weights, read_weights, write_weights
from wellspring.raw.images import SiteImage
from wellspring.segmentation.given.job import GivenWell
from wellspring.segmentation.job import run_nuclei
from wellspring.segmentation.learned import segment_nuclei
from wellspring.segmentation.learned.augmenting import Annotated, sample_batch
from wellspring.segmentation.learned.decoding import decoded, decoded_by_depth, upscaled
from wellspring.segmentation.learned.drawn import drawn_field
from wellspring.segmentation.learned.scale import DIAMETER_PX, comparable, typical_px, zoomed
from wellspring.segmentation.learned.segmenting import first_diameter_px
from wellspring.segmentation.learned.targets import TARGETS, maps_of
from wellspring.segmentation.settings import SHIPPED_WEIGHTS, UnetSettings
from wellspring.segmentation.stage import STAGE

network = pytest.mark.network


def _discs(*places: tuple[int, int], radius: float = 10, shape: tuple[int, int] = (96, 128)) -> NDArray[np.int32]:
    """Labelled discs; later ones end where earlier ones begin."""
    labels = np.zeros(shape, dtype=np.int32)
    y, x = np.indices(shape)
    for number, (row, column) in enumerate(places, start=1):
        labels[((y - row) ** 2 + (x - column) ** 2 <= radius**2) & (labels == 0)] = number
    return labels


def test_the_network_is_to_draw_nuclei_contacts_depths_and_ways_to_the_centre() -> None:
    labels = np.zeros((7, 12), dtype=np.int32)
    labels[1:6, 1:6], labels[1:6, 6:9] = 3, 7
    maps = dict(zip(TARGETS, np.moveaxis(maps_of(labels, diameter_px=2.0), -1, 0), strict=True))
    np.testing.assert_array_equal(maps["nucleus"], labels > 0)
    # Depths of 5 x 5 pixels are 1 to 3 and of 5 x 3 pixels 1 to 2.
    np.testing.assert_allclose(maps["depth"][3, 1:9], [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3, 1 / 2, 1, 1 / 2], atol=0.02)
    np.testing.assert_allclose(maps["to_centre_x"][3], [0, 1, 0.5, 0, -0.5, -1, 0.5, 0, -0.5, 0, 0, 0])
    np.testing.assert_allclose(maps["to_centre_y"][:, 3], [0, 1, 0.5, 0, -0.5, -1, 0])
    np.testing.assert_array_equal(maps["contact"][3], [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0])


def test_what_is_seen_depends_on_neither_unit_nor_offset_and_of_a_constant_image_on_nothing() -> None:
    image = np.random.default_rng(0).gamma(2, 100, (60, 70)).astype(np.float32)
    seen = comparable(image)
    assert seen.shape == (60, 70, 2)
    np.testing.assert_allclose(comparable(image * 3 + 50), seen, atol=1e-4)
    assert not comparable(np.full((9, 9), 7, dtype=np.float32)).any()
    # A nucleus of a twentieth of the brightest one is at a quarter of its height.
    step = np.repeat(np.array([0.0, 0.05, 1.0], dtype=np.float32), 200).reshape(20, 30)
    np.testing.assert_allclose(np.unique(comparable(step)[..., 0])[[0, 1, 2]], [0, 0.24, 1], atol=0.01)


@pytest.mark.parametrize("decode", [decoded, decoded_by_depth])
def test_perfect_maps_give_the_nuclei_that_they_were_drawn_of(decode) -> None:
    labels = _discs((20, 20), (20, 38), (37, 29), (70, 60), (60, 110))
    maps = maps_of(labels, diameter_px=DIAMETER_PX)
    maps[..., :2] = 20 * maps[..., :2] - 10
    found = decode(maps)
    assert found.max() == 5
    assert f1(labels, found, iou=0.9) == 1
    assert decode(np.zeros((8, 8, 5), dtype=np.float32) - 1).max() == 0


def test_outlines_are_smooth_at_the_image_s_own_size() -> None:
    large = _discs((60, 60), (60, 108), radius=25, shape=(120, 160))
    small = large[1::3, 1::3]
    chance = zoomed((large > 0).astype(np.float32), 1 / 3)
    assert f1(large, upscaled(small, chance, large.shape), iou=0.9) == 1
    assert upscaled(small, chance, small.shape) is small


def test_typical_diameters() -> None:
    assert typical_px(np.zeros((4, 4), dtype=np.int32)) == 0
    assert typical_px(_discs((20, 20), (60, 60), radius=10)) == pytest.approx(20, abs=0.3)
    field = np.random.default_rng(1).poisson(20 + 300 * (_discs((20, 20), (60, 60), (30, 90)) > 0)).astype(np.uint16)
    assert first_diameter_px(field) == pytest.approx(20, abs=2)
    assert first_diameter_px(np.random.default_rng(1).poisson(100, (64, 64))) == 20


def test_crops_are_drawn_and_annotated_ones_in_turn_and_follow_from_the_seed() -> None:
    labels = _discs((30, 30), (30, 60), (70, 90), radius=6)
    image = np.random.default_rng(0).poisson(10 + 200 * (labels > 0)).astype(np.float32)
    for drawn_share in (0.0, 1.0):
        batches = [
            sample_batch(
                [Annotated(image, labels)], n=3, side_px=64, drawn_share=drawn_share, rng=np.random.default_rng(4)
            )
            for _ in range(2)
        ]
        for one, other in zip(*batches, strict=True):
            np.testing.assert_array_equal(one, other)
        assert batches[0][0].shape == (3, 64, 64, 2)
        assert batches[0][1].shape == (3, 64, 64, 5)
        assert np.isfinite(batches[0][0]).all()
        assert 0.01 < batches[0][1][..., 0].mean() < 0.9


def _small(path: Path, **changed) -> Path:
    settings = {"task": "nuclei", "n_inputs": 2, "n_outputs": 5, "widths": (4, 4), "arrays": {}}
    write_weights(Weights(**{**settings, **changed}), path)
    return path


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"n_inputs": 3}, "input channels 2 .got 3"),
        ({"n_outputs": 4}, "output channels 5 .got 4"),
        ({"task": "spots"}, "task nuclei .got spots"),
    ],
)
def test_weights_of_other_channels_or_another_task_are_one_message(tmp_path: Path, changed, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_weights(_small(tmp_path / "w.npz", **changed), task="nuclei", n_inputs=2, n_outputs=5)


def test_weights_that_are_missing_truncated_or_something_else_are_one_message(tmp_path: Path) -> None:
    asked = {"task": "nuclei", "n_inputs": 2, "n_outputs": 5}
    with pytest.raises(FileNotFoundError, match="found no such file"):
        read_weights(tmp_path / "none.npz", **asked)
    whole = SHIPPED_WEIGHTS.read_bytes()
    for name, content in {"short": whole[: len(whole) // 2], "empty": b"", "text": b"weights"}.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(InputError, match="truncated or something else"):
            read_weights(tmp_path / f"{name}.npz", **asked)
    np.savez(tmp_path / "other.npz", about=np.array("{}"))
    with pytest.raises(InputError, match="truncated or something else"):
        read_weights(tmp_path / "other.npz", **asked)


@network
def test_weights_of_another_network_are_one_message(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected weights .* of the shape .*, got none"):
        segment_nuclei(_field().image, weights=_small(tmp_path / "w.npz"))


def _field(seed: int = 3):
    """A field with nuclei, all in one piece."""
    return drawn_field(160, diameter_px=20, rng=np.random.default_rng(seed))


def _crowded(*, radius: float, shape: tuple[int, int] = (220, 260)) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Touching discs in rows, of a 20-fold range of brightness."""
    rng, step = np.random.default_rng(0), 2 * radius + 0.5
    places = [
        (int(1.5 * radius + i * step), int(1.5 * radius + (i % 2) * radius + j * step * 1.02))
        for i in range(int((shape[0] - 2 * radius) / step))
        for j in range(int((shape[1] - 3 * radius) / step))
    ]
    labels = _discs(*places, radius=radius, shape=shape)
    light = np.exp(rng.uniform(np.log(100), np.log(2000), len(places) + 1))
    light[0] = 0
    return rng.poisson(light[labels] + 20).astype(np.uint16), labels


@network
@pytest.mark.parametrize("radius", [4.5, 12, 40])
def test_crowded_nuclei_of_any_size_and_a_twenty_fold_range_of_brightness_are_found(radius: float) -> None:
    image, labels = _crowded(radius=radius)
    found = segment_nuclei(image)
    assert found.dtype == np.uint32
    assert f1(labels, found) > 0.8


@network
def test_labels_depend_on_neither_tiles_nor_batches_nor_the_unit() -> None:
    image, _ = _crowded(radius=10)
    whole = segment_nuclei(image)
    assert whole.max() > 50
    for tile_px, batch_size in ((64, 1), (96, 3)):
        np.testing.assert_array_equal(segment_nuclei(image, tile_px=tile_px, batch_size=batch_size), whole)
    np.testing.assert_array_equal(segment_nuclei(np.stack([image, image // 2])), whole)


@network
def test_an_image_without_nuclei_has_none() -> None:
    for image in (np.zeros((40, 50), np.uint16), np.full((40, 50), 9.0), np.zeros((0, 5), np.uint16)):
        assert not segment_nuclei(image).any()
    with pytest.raises(ValueError, match="image"):
        segment_nuclei(np.full((5, 5), np.nan))


@network
def test_a_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path) -> None:
    from wellspring.models.strided_unet import build_strided_unet
    from wellspring.models.weights import of_model
    from wellspring.segmentation.learned.training import Plan, train, weights_of

    narrow = Weights("nuclei", 2, 5, (3, 4), of_model(build_strided_unet(n_inputs=2, n_outputs=5, widths=(3, 4))))
    plan = Plan(widths=(4, 4), steps_per_epoch=2, n_epochs=2, batch=2, side_px=32)
    losses: list[float] = []

    def once(n_done: int, _model, logs) -> None:
        losses.append(logs["loss"])
        if n_done == 1 and len(losses) == 3:
            raise KeyboardInterrupt

    whole = train([], plan=plan, folder=tmp_path / "whole", start=narrow, each_epoch=once)
    with pytest.raises(KeyboardInterrupt):
        train([], plan=plan, folder=tmp_path / "stopped", start=narrow, each_epoch=once)
    resumed = train([], plan=plan, folder=tmp_path / "stopped", start=narrow, each_epoch=once)
    assert losses[0] == pytest.approx(losses[2])
    assert losses[1] == pytest.approx(losses[3], rel=1e-4)
    arrays = [weights_of(model, plan=plan, about={}).arrays for model in (whole, resumed)]
    for name, value in arrays[0].items():
        np.testing.assert_allclose(arrays[1][name], value, atol=1e-5)
    write_weights(weights_of(whole, plan=plan, about={"licence": "CC0"}), tmp_path / "w.npz")
    assert read_weights(tmp_path / "w.npz", task="nuclei", n_inputs=2, n_outputs=5).about == {"licence": "CC0"}
    assert segment_nuclei(_field().image, weights=tmp_path / "w.npz").shape == (160, 160)


def _settings() -> UnetSettings:
    return UnetSettings("DAPI", None, None, None, "unet", None, z_step_um=None, annotated=None)


def test_the_stage_describes_the_labels_of_the_network() -> None:
    labels = _discs((20, 20), (60, 60)).astype(np.uint32)
    image = np.random.default_rng(0).poisson(20 + 300 * (labels > 0)).astype(np.uint16)
    site = SiteImage("1", ("DAPI",), image[None], None)
    (found,) = run_nuclei([site], _settings(), key=("P", "A01"), given=GivenWell(network={"1": labels}))
    np.testing.assert_array_equal(found.labels, labels)
    assert found.about[["n_nuclei", "n_tops"]].iloc[0].tolist() == [2, 2]
    with pytest.raises(InputError, match="needs the labels of the network of site 1, got none"):
        list(run_nuclei([site], _settings(), key=("P", "A01")))


@pytest.mark.parametrize("changed", [{"smoothing_sigma_px": 1.0}, {"min_diameter_px": 9.0}, {"nucleus_channel": None}])
def test_keys_that_the_network_does_not_use_are_mistakes(changed) -> None:
    block = {"method": "unet", "nucleus_channel": "DAPI", "cells": None, "z_step_um": None, "weights": None}
    block |= {"smoothing_sigma_px": None, "min_diameter_px": None, "annotated": None}
    config = {"raw": {"format": "tiff"}, "segmentation": block, "dataset": {"target_channel": None}}
    assert STAGE.mistakes(config) == []
    (told,) = STAGE.mistakes({**config, "segmentation": {**block, **changed}})
    assert told.startswith(f"segmentation.{next(iter(changed))}: method unet")


@network
def test_a_wider_network_starts_with_the_maps_of_the_narrower_one() -> None:
    from wellspring.models.strided_unet import build_strided_unet
    from wellspring.models.weights import into_model, of_model
    from wellspring.models.widening import widened

    seen = np.random.default_rng(0).normal(size=(1, 32, 32, 2)).astype(np.float32)
    old = build_strided_unet(n_inputs=2, n_outputs=5, widths=(3, 4, 5))
    weights = Weights("nuclei", 2, 5, (3, 4, 5), of_model(old))
    new = build_strided_unet(n_inputs=2, n_outputs=5, widths=(5, 4, 8))
    into_model(new, widened(weights, new, widths=(5, 4, 8)), name="wider")
    np.testing.assert_allclose(new(seen), old(seen), atol=1e-4)
    with pytest.raises(ValueError, match="or wider"):
        widened(weights, new, widths=(5, 3, 8))
    # What new features add to the old ones is 0 at first.
    arrays = of_model(new)
    assert not arrays["encoder1_a/kernel"][..., 3:, :4].any()
    assert arrays["encoder1_a/kernel"][..., :3, :4].all()


@network
@pytest.mark.parametrize(("course", "last"), [("cosine", 0.0), ("line", 0.0), ("level", 1.0)])
def test_courses_of_the_rate(course, last: float) -> None:
    from wellspring.models.map_training import MapPlan, _rate_of

    plan = MapPlan(widths=(4, 4), steps_per_epoch=10, n_epochs=8, batch=1, side_px=32, rate=1.0, course=course)
    rate = [float(_rate_of(plan)(step)) for step in (0, 10, 80)]
    assert rate[0] == pytest.approx(1.0 if course == "line" else 0.05)
    assert rate[1] == pytest.approx(7 / 8 if course == "line" else 1.0, abs=0.03)
    assert rate[2] == pytest.approx(last, abs=1e-6)
