"""Nuclei are found whatever else is in the field: bright objects, an uneven background, pixels without data, dust."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.backgrounds import evened, masked_pixels
from wellspring.segmentation.nuclei import nuclei_of_image, segment_nuclei
from wellspring.segmentation.thresholds import LocalMidpoint, MultiOtsu, Otsu, Threshold

SIDE = 288
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
BOTH = pytest.mark.parametrize("threshold", [Otsu(), LocalMidpoint()], ids=["log_otsu", "log_local"])
_Light = NDArray[np.float64]


def _disc(y: float, x: float, radius: float) -> NDArray[np.bool_]:
    return np.asarray((ROWS - y) ** 2 + (COLUMNS - x) ** 2 <= radius**2)


# Radii of 12 to 16 px, 56 px apart.
MASKS = [_disc(36 + 54 * i, 36 + 54 * j, 12 + (3 * i + 5 * j) % 5) for i in range(5) for j in range(5)]


def _light(*heights: float) -> _Light:
    """Blurred nuclei, whose heights repeat over the 25 places."""
    light = np.zeros((SIDE, SIDE))
    for number, mask in enumerate(MASKS):
        light[mask] = heights[number % len(heights)]
    return np.asarray(cv2.GaussianBlur(light, (0, 0), 1.7))


def _camera(light: _Light, *, seed: int = 11) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    counts = 150 + 1.5 * rng.poisson(light) + rng.normal(0, 2.5, light.shape)
    return np.clip(np.rint(counts), 0, 65_535).astype(np.uint16)


def _found(labels: NDArray[np.uint32], *, inside: NDArray[np.bool_] | None = None) -> int:
    """Drawn nuclei, of those wholly inside, that have a label with an overlap (IoU) above 0.6."""
    n_found = 0
    for mask in MASKS:
        if inside is None or inside[mask].all():
            label = np.bincount(labels[mask]).argmax()
            union = (labels == label) | mask
            n_found += bool(label and ((labels == label) & mask).sum() > 0.6 * union.sum())
    return n_found


@pytest.mark.parametrize("radius", [1, 3, 7])
@pytest.mark.parametrize("height", [150, 4000])
@pytest.mark.parametrize("blur_px", [0.0, 1.0])
def test_a_blank_field_with_a_speck_has_one_object_at_most(radius: int, height: int, blur_px: float) -> None:
    light = cv2.GaussianBlur(_disc(100, 180, radius) * float(height), (0, 0), 1.2) + 30
    image = _camera(light).astype(np.float64)
    if blur_px:
        # Interpolated: neighbouring pixels share their noise.
        image = np.rint(cv2.GaussianBlur(image, (0, 0), blur_px))
    assert segment_nuclei(image.astype(np.uint16)).max() <= (2 if blur_px else 1)


def _saturated(light: _Light) -> NDArray[np.uint16]:
    return _camera(light + cv2.GaussianBlur(_disc(63, 63, 19) * 50_000.0, (0, 0), 2))


def _scale_bar(light: _Light) -> NDArray[np.uint16]:
    image = _camera(light)
    image[274:280, 200:280] = 65_535
    return image


def _fibre(light: _Light) -> NDArray[np.uint16]:
    return _camera(light + cv2.GaussianBlur((np.abs(COLUMNS - 63) < 2) * 30_000.0, (0, 0), 1.5))


@BOTH
@pytest.mark.parametrize("spoilt", [_saturated, _scale_bar, _fibre])
def test_a_bright_object_hides_no_nuclei(spoilt: Callable[[_Light], NDArray[np.uint16]], threshold: Threshold) -> None:
    found = nuclei_of_image(spoilt(_light(400) + 30), threshold=threshold)
    assert _found(found.labels) >= 24
    assert found.view.n_classes == 3


@BOTH
@pytest.mark.parametrize("factor", [6, 12, 25])
def test_nuclei_of_two_brightnesses_are_all_found(factor: float, threshold: Threshold) -> None:
    found = nuclei_of_image(_camera(_light(25 * factor, 25) + 30), threshold=threshold)
    assert _found(found.labels) == found.labels.max() == 25
    assert found.view.n_classes == 3


def test_nuclei_of_even_brightness_are_one_class_on_a_flat_background() -> None:
    found = nuclei_of_image(_camera(_light(400, 300, 500) + 30))
    assert _found(found.labels) == 25
    assert (found.view.n_classes, found.view.is_evened, found.view.masked) == (2, False, None)


def test_classes_that_the_caller_chose_are_not_chosen_again() -> None:
    assert nuclei_of_image(_camera(_light(300, 25) + 30), threshold=MultiOtsu()).view.n_classes == 2


def test_haze_below_nuclei_is_no_class_of_nuclei() -> None:
    # Out of focus: blobs a diameter wide between the nuclei, a tenth of their height.
    haze = np.zeros((SIDE, SIDE))
    for y in range(63, SIDE, 54):
        for x in range(63, SIDE, 54):
            haze += 60 * np.exp(-((ROWS - y) ** 2 + (COLUMNS - x) ** 2) / (2 * 16**2))
    found = nuclei_of_image(_camera(_light(600) + haze + 30))
    assert _found(found.labels) == found.labels.max() == 25
    assert found.view.n_classes == 2


BACKGROUNDS = {
    "gradient": 30 * (1 + 15 * COLUMNS / SIDE),
    "hump": 30 * (1 + 15 * np.exp(-((ROWS - 90) ** 2 + (COLUMNS - 160) ** 2) / (2 * 75**2))),
    "step": np.where(COLUMNS > 170, 240.0, 30.0),
    "corner": np.where((COLUMNS < 118) & (ROWS < 118), 500.0, 30.0),
}


@BOTH
@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_nuclei_are_found_on_an_uneven_background(kind: str, threshold: Threshold) -> None:
    found = nuclei_of_image(_camera(_light(300) + BACKGROUNDS[kind]), threshold=threshold)
    assert _found(found.labels) >= 24
    assert found.labels.max() <= 26
    assert found.view.is_evened


def test_one_large_nucleus_is_no_uneven_background() -> None:
    texture = 60 * np.sin(ROWS / 6) * np.sin(COLUMNS / 7)
    light = cv2.GaussianBlur(np.where(_disc(140, 140, 75), 400 + texture, 0), (0, 0), 2) + 30
    found = nuclei_of_image(_camera(light))
    assert found.labels.max() == 1
    assert not found.view.is_evened


def test_a_background_less_itself_is_flat_and_nuclei_keep_their_height() -> None:
    light = _light(300) + BACKGROUNDS["step"]
    even = evened(light)
    inside = np.any([_disc(36 + 54 * i, 36 + 54 * j, 8) for i in range(5) for j in range(5)], axis=0)
    around = cv2.dilate(np.any(MASKS, axis=0).astype(np.uint8), np.ones((13, 13))) > 0
    assert np.abs(even[~around]).max() < 1
    assert np.median(even[inside]) == pytest.approx(300, abs=3)


@BOTH
@pytest.mark.parametrize("masked", [COLUMNS < 140, ROWS > 230, (ROWS - 144) ** 2 + (COLUMNS - 144) ** 2 > 135**2])
def test_areas_of_exactly_0_are_no_background(masked: NDArray[np.bool_], threshold: Threshold) -> None:
    image = np.where(masked, 0, _camera(_light(300) + 30)).astype(np.uint16)
    found = nuclei_of_image(image, threshold=threshold)
    whole = sum(not masked[mask].any() for mask in MASKS)
    assert _found(found.labels, inside=~masked) == whole
    assert not found.labels[masked].any()
    assert found.view.masked is not None
    assert found.view.masked.mean() == pytest.approx(masked.mean(), abs=0.05)


def test_a_blank_field_that_is_partly_0_has_no_nuclei() -> None:
    image = np.where(COLUMNS < 100, 0, _camera(np.full((SIDE, SIDE), 30.0)))
    assert segment_nuclei(image.astype(np.uint16)).max() == 0


def test_a_clipped_background_of_0_is_not_masked() -> None:
    clipped = np.clip(_camera(_light(300) + 30).astype(int) - 200, 0, None).astype(np.uint16)
    assert (clipped == 0).mean() > 0.4
    assert masked_pixels(clipped) is None
    assert _found(segment_nuclei(clipped)) == 25
    assert masked_pixels(np.zeros((5, 7), np.uint16)) is None
