"""Textures on an even background and debris next to nuclei are doubted, nuclei of all sizes and heights are not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.doubts import describe_nuclei
from wellspring.segmentation.nuclei import nuclei_of_image
from wellspring.segmentation.nucleus_doubts import describe_each
from wellspring.segmentation.peaks import Peaks, are_of_texture, peaks_of

SIDE = 300
Y, X = np.mgrid[:SIDE, :SIDE]


def _camera(light: NDArray[np.float64], seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return (rng.poisson(light) * 2 + 100 + rng.normal(0, 3, light.shape)).clip(0).astype(np.uint16)


def _doubts(image: NDArray[np.uint16]) -> list[str]:
    found = nuclei_of_image(image)
    site = describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0]
    return [str(words) for words in site["doubts"].split(", ")]


def _nuclei(diameter_px: float, *, spread: float, seed: int, blur: float = 1.5) -> NDArray[np.float64]:
    """Light of nuclei on a jittered grid whose brightness has this deviation of the logarithm."""
    rng, light = np.random.default_rng(seed), np.zeros((SIDE, SIDE))
    step = 2 * diameter_px
    for y in np.arange(step, SIDE - step / 2, step):
        for x in np.arange(step, SIDE - step / 2, step):
            place = np.array([y, x]) + rng.uniform(-0.3, 0.3, 2) * diameter_px
            radius, turn = diameter_px / 2 * rng.uniform(0.85, 1.2), rng.uniform(0.85, 1.15)
            inside = np.hypot((Y - place[0]) * turn, (X - place[1]) / turn) < radius
            light[inside] = 150 * np.exp(rng.normal(0, spread))
    return np.asarray(ndimage.gaussian_filter(light, blur))


@pytest.mark.parametrize("level", [0.3, 0.8])
def test_clipped_textures_are_doubted(level: float) -> None:
    texture = ndimage.gaussian_filter(np.random.default_rng(61).normal(size=(SIDE, SIDE)), 5.0, mode="wrap")
    light = np.clip(texture / texture.std() - level, 0, None)
    assert "like a texture" in _doubts(_camera(30 + 70 * light, 62))


def test_lower_bumps_that_were_left_out_are_doubted() -> None:
    places = np.random.default_rng(63).permutation(225)
    light = np.zeros((SIDE, SIDE))
    for number, place in enumerate(places):
        # Heights without a gap from nothing on: a threshold takes the highest.
        light[10 + 20 * (place // 15), 10 + 20 * (place % 15)] = np.exp(4.5 * number / 225)
    light = ndimage.gaussian_filter(light, 3.0)
    assert "like a texture" in _doubts(_camera(30 + 600 * light / light.max(), 64))


@pytest.mark.parametrize(("diameter_px", "spread"), [(11, 0.2), (16, 0.5), (24, 0.3)])
def test_nuclei_of_any_height_are_not_doubted(diameter_px: float, spread: float) -> None:
    assert _doubts(_camera(25 + _nuclei(diameter_px, spread=spread, seed=65), 66)) == ["none"]


@pytest.mark.parametrize(("diameter_px", "n_debris", "is_doubted"), [(14, 25, True), (14, 5, False), (22, 20, True)])
def test_debris_next_to_nuclei_is_doubted(diameter_px: float, n_debris: int, is_doubted: bool) -> None:
    light, rng = _nuclei(diameter_px, spread=0.1, seed=67, blur=0.0), np.random.default_rng(68)
    free = ndimage.distance_transform_edt(light == 0)
    for _ in range(n_debris):
        y, x = rng.choice(np.argwhere(free > 6))
        light[np.hypot(Y - y, X - x) < 2.6] = 150
        free = np.minimum(free, np.hypot(Y - y, X - x) - 6)
    doubts = _doubts(_camera(25 + ndimage.gaussian_filter(light, 1.2), 69))
    assert bool({"two sizes", "sizes over a decade"} & set(doubts)) == is_doubted


def test_few_objects_have_no_peaks() -> None:
    labels = np.zeros((40, 40), np.uint32)
    labels[5:12, 5:12], labels[20:30, 20:30] = 1, 2
    found = peaks_of(labels, labels.astype(np.float32))
    assert found == Peaks(np.inf, 0.0, 0.0, 0, 0, 2)
    assert not are_of_texture(found)
