"""Stripes and lumpy backgrounds: nuclei are found under stripes, and what is no nuclei is doubted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.segmentation.doubts import describe_nuclei
from wellspring.segmentation.nuclei import nuclei_of_image
from wellspring.segmentation.nucleus_doubts import describe_each
from wellspring.segmentation.patterns import lumpiness, stripe_height, stripedness, without_stripes

SIDE = 240
Y, X = np.mgrid[:SIDE, :SIDE]


def _disc(y: float, x: float, long: float, wide: float, turn: float = 0.0) -> NDArray[np.bool_]:
    u, v = (X - x) * np.cos(turn) + (Y - y) * np.sin(turn), (Y - y) * np.cos(turn) - (X - x) * np.sin(turn)
    return np.asarray((u / long) ** 2 + (v / wide) ** 2 < 1)


def _nuclei(seed: int) -> list[NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    places = [(35 + 56 * k, 35 + 56 * n) for k in range(4) for n in range(4)]
    return [_disc(y + rng.uniform(-7, 7), x + rng.uniform(-7, 7), 15, 12, rng.uniform(0, np.pi)) for y, x in places]


def _camera(light: NDArray[np.float64], seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    return (rng.poisson(np.clip(light, 0, None)) * 2 + 100 + rng.normal(0, 3, light.shape)).clip(0).astype(np.uint16)


def _light(masks: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    return np.asarray(ndimage.gaussian_filter(np.any(masks, axis=0) * 160.0, 1.5) + 25)


def _site(image: NDArray[np.uint16]) -> tuple[pd.Series, NDArray[np.uint32]]:
    found = nuclei_of_image(image)
    return describe_nuclei(found, describe_each(found), plate="P", well="A1", site="1").iloc[0], found.labels


def _n_right(labels: NDArray[np.uint32], masks: list[NDArray[np.bool_]]) -> int:
    sizes, n_right = np.bincount(labels.ravel())[1:], 0
    for mask in masks:
        shared = np.bincount(labels[mask], minlength=len(sizes) + 1)[1:]
        n_right += int((shared / (sizes + mask.sum() - shared)).max(initial=0) > 0.5)
    return n_right


@pytest.mark.parametrize(
    ("angle", "period", "times", "is_square"),
    [(0.0, 30, 5.0, False), (0.0, 30, 1.0, True), (np.pi / 2, 120, 3.0, False), (0.6, 48, 2.0, False)],
)
def test_nuclei_are_found_under_stripes(angle: float, period: float, times: float, is_square: bool) -> None:
    masks = _nuclei(31)
    wave = np.sin(2 * np.pi * (X * np.cos(angle) + Y * np.sin(angle)) / period)
    stripes = np.sign(wave) if is_square else wave
    site, labels = _site(_camera(_light(masks) + 80 * times * (1 + stripes), 32))
    assert _n_right(labels, masks) == 16
    # Lines across a corner are too short for a median.
    assert site["n_nuclei"] <= (16 if angle in (0.0, np.pi / 2) else 17)
    assert site["is_evened"]
    assert "stripes" not in site["doubts"]


def test_stripes_that_cannot_be_removed_are_doubted() -> None:
    rings = np.sin(2 * np.pi * np.hypot(X - 420, Y + 90) / 26)
    site, labels = _site(_camera(_light(_nuclei(33)) + 200 * (1 + rings), 34))
    assert _n_right(labels, _nuclei(33)) < 12
    assert "stripes" in site["doubts"]


def test_long_nuclei_that_lie_the_same_way_are_no_stripes() -> None:
    rng = np.random.default_rng(35)
    masks = [_disc(y, x + rng.uniform(-8, 8), 26, 7) for y in range(18, 230, 24) for x in (45, 120, 195)]
    site, labels = _site(_camera(_light(masks), 36))
    assert _n_right(labels, masks) == len(masks)
    assert site["doubts"] == "none"
    image = nuclei_of_image(_camera(_light(masks), 36)).view.image
    assert stripedness(image, diameter_px=26) > 0.5


@pytest.mark.parametrize("kind", ["normal", "long tail"])
@pytest.mark.parametrize("sigma", [3.0, 6.0])
def test_a_texture_without_nuclei_is_doubted(kind: str, sigma: float) -> None:
    texture = ndimage.gaussian_filter(np.random.default_rng(37).normal(size=(SIDE, SIDE)), sigma)
    texture /= texture.std()
    site, _ = _site(_camera(80 * (1 + 0.4 * texture if kind == "normal" else np.exp(0.8 * texture)), 38))
    assert site["n_nuclei"] > 30
    assert "uneven as the objects" in site["doubts"]
    found = nuclei_of_image(_camera(80 * (1 + 0.4 * texture), 38))
    seeds = replace(found, view=replace(found.view, has_objects=False))
    row = describe_nuclei(seeds, describe_each(seeds), plate="P", well="A1", site="1").iloc[0]
    assert "uneven as the objects" not in row["doubts"]


@pytest.mark.parametrize("kind", ["dim", "out of focus", "hazy", "bright and dim", "small", "uneven light"])
def test_nuclei_on_an_even_background_are_not_doubted(kind: str) -> None:
    rng = np.random.default_rng(39)
    masks = _nuclei(40)
    if kind == "small":
        masks = [_disc(y + rng.uniform(-3, 3), x, 5, 4) for y in range(12, 230, 22) for x in range(12, 230, 22)]
    light = _light(masks)
    if kind == "dim":
        light = 0.2 * light + 20
    elif kind == "out of focus":
        light = ndimage.gaussian_filter(light, 4)
    elif kind == "hazy":
        light = light + 2 * ndimage.gaussian_filter(light, 25)
    elif kind == "bright and dim":
        light = 20 + ndimage.gaussian_filter(sum(mask * rng.uniform(30, 400) for mask in masks), 1.5)
    elif kind == "uneven light":
        light = light * (1 - 0.6 * ((X - 120) ** 2 + (Y - 120) ** 2) / 28800)
    site, _ = _site(_camera(light, 41))
    assert site["n_nuclei"] == len(masks)
    assert site["doubts"] == "none"


def test_stripedness_is_the_share_of_the_edges_that_run_the_same_way() -> None:
    wave = np.sin(2 * np.pi * (0.8 * X + 0.6 * Y) / 30).astype(np.float32)
    across = np.sin(2 * np.pi * (0.6 * X - 0.8 * Y) / 30).astype(np.float32)
    assert stripedness(wave, diameter_px=15) == pytest.approx(1.0, abs=0.02)
    # A second wave across with half of the amplitude has a fifth of the edges: (1 - 1/4) / (1 + 1/4).
    assert stripedness(wave + across / 2, diameter_px=15) == pytest.approx(0.6, abs=0.03)
    assert stripedness(np.zeros((50, 50), np.float32), diameter_px=15) == 0.0
    assert stripedness(wave[:1], diameter_px=15) == 0.0


def test_the_height_of_stripes_is_that_of_lines_not_of_objects() -> None:
    wave = 10 * np.sin(2 * np.pi * (0.8 * X + 0.6 * Y) / 40).astype(np.float32)
    # 10 to 90 % of a sine are 1.90 of its amplitude, less what a blur of 2 px takes.
    assert stripe_height(wave, diameter_px=16) == pytest.approx(18.1, rel=0.05)
    long = 10 * np.any([_disc(y, 120, 50, 6) for y in range(20, 230, 30)], axis=0).astype(np.float32)
    assert stripe_height(long, diameter_px=16) == pytest.approx(0.0, abs=1.0)


def test_stripes_are_the_medians_of_lines() -> None:
    noise = np.random.default_rng(42).normal(0, 1, (SIDE, SIDE)).astype(np.float32)
    rows = noise + 6 * (Y % 2) + 30 * np.any(_nuclei(43), axis=0)
    rest = without_stripes(rows, diameter_px=16)
    assert rest is not None
    assert np.median(rest, axis=1) == pytest.approx(0, abs=1e-4)
    assert np.median(rest[np.any(_nuclei(43), axis=0)]) == pytest.approx(30, abs=1)
    assert without_stripes(noise, diameter_px=16) is None
    assert without_stripes(noise[:1], diameter_px=16) is None


def test_lumps_of_one_population_cut_in_two_are_a_quarter_of_their_height() -> None:
    texture = ndimage.gaussian_filter(np.random.default_rng(44).normal(size=(400, 400)), 6)
    stain = (100 * texture / texture.std()).astype(np.float32)
    labels, _ = ndimage.label(stain > 0)
    linear, log = lumpiness(labels, stain + 1000)
    assert linear == pytest.approx(0.26, abs=0.06)
    assert log > 0.2
    assert lumpiness(np.zeros_like(labels), stain) == (0.0, 0.0)
    assert lumpiness(np.ones_like(labels), stain) == (0.0, 0.0)
