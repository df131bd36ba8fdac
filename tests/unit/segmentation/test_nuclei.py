"""Nuclei drawn at known places: found, parted, numbered; and fields without nuclei stay empty."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.util import img_as_float

from bench.matching import f1
from wellspring.segmentation.grids import Grid, quantile_of_parts
from wellspring.segmentation.nuclei import segment_nuclei, segment_nuclei_3d
from wellspring.segmentation.nucleus_methods import nucleus_method
from wellspring.segmentation.splitting import outlined
from wellspring.segmentation.thresholds import LocalMidpoint, MultiOtsu, Otsu, Threshold

SHAPE = (160, 200)
ONES = np.ones((3, 4), np.uint16)


def _disc(y: float, x: float, radius: float, *, shape: tuple[int, int] = SHAPE) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)


def _ellipse(y: float, x: float, a: float, b: float, *, degrees: float) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    turn = np.deg2rad(degrees)
    along = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
    across = (rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)
    return np.asarray((along / a) ** 2 + (across / b) ** 2 <= 1)


def _image(*nuclei: tuple[NDArray[np.bool_], int], background: int = 300, seed: int = 0) -> NDArray[np.uint16]:
    mean = np.full(SHAPE, float(background))
    for mask, intensity in nuclei:
        mean[mask] = intensity
    return np.random.default_rng(seed).poisson(mean).astype(np.uint16)


def _dice(found: NDArray[Any], true: NDArray[np.bool_]) -> float:
    return float(2 * (found & true).sum() / (found.sum() + true.sum()))


def test_nuclei_apart_dim_and_bright() -> None:
    masks = [_disc(30, 150, 14), _disc(40, 40, 14), _ellipse(110, 60, 25, 13, degrees=30), _disc(120, 150, 12)]
    labels = segment_nuclei(_image(*zip(masks, (1500, 3000, 2000, 6000), strict=True)))
    assert labels.dtype == np.uint32
    assert labels.max() == 4
    # Raster order: by the first pixel, so by the upper edge.
    for number, mask in enumerate(masks, start=1):
        assert _dice(labels == number, mask) > 0.95


def test_touching_pair_is_parted_between() -> None:
    # Centres 30 px apart, radii 16: the discs overlap by 2 px.
    first, second = _disc(80, 60, 16), _disc(80, 90, 16)
    labels = segment_nuclei(_image((first | second, 3000)))
    assert labels.max() == 2
    assert _dice(labels == labels[80, 60], first) > 0.96
    assert _dice(labels == labels[80, 90], second) > 0.96
    # The line between them runs where the neck is, at column 75.
    assert len(set(labels[70:91, 72])) == 1
    assert labels[80, 72] != labels[80, 78]


@pytest.mark.parametrize("degrees", [0, 17, 45, 90])
def test_long_nucleus_stays_whole(degrees: float) -> None:
    labels = segment_nuclei(_image((_ellipse(80, 100, 45, 15, degrees=degrees), 3000)))
    assert labels.max() == 1


def test_bent_nucleus_stays_whole() -> None:
    bean = _disc(80, 100, 30) & ~_disc(45, 100, 18)
    assert segment_nuclei(_image((bean, 3000))).max() == 1


def test_small_objects_dropped_small_holes_filled() -> None:
    ring = _disc(80, 60, 20) & ~_disc(80, 60, 6)
    labels = segment_nuclei(_image((ring, 3000), (_disc(40, 150, 5), 3000)), min_diameter_px=20.0)
    assert labels.max() == 1
    assert labels[80, 60] == 1


def test_ground_enclosed_by_nuclei_is_not_filled() -> None:
    labels = segment_nuclei(_image((_disc(80, 100, 60) & ~_disc(80, 100, 35), 3000)))
    assert labels[80, 100] == 0


def test_the_smallest_nucleus_follows_from_the_typical_one() -> None:
    # A quarter of 40 px is 10 px: the object of 7 px is debris, that of 14 px is not.
    large = [_disc(40, 40, 20), _disc(40, 100, 20), _disc(110, 40, 20)]
    labels = segment_nuclei(_image(*((mask, 3000) for mask in (*large, _disc(110, 100, 7), _disc(110, 150, 3.5)))))
    assert labels.max() == 4
    assert labels[110, 100] > 0
    assert labels[110, 150] == 0


@pytest.mark.parametrize("radius", [5, 10, 25, 50])
def test_nuclei_of_any_size_without_tuning(radius: int) -> None:
    # Pairs that overlap by an eighth of their diameter, of 10 to 100 px, and one apart.
    side = 9 * radius
    centres = [(2 * radius, 2 * radius), (2 * radius, 3.75 * radius), (6 * radius, 6 * radius)]
    masks = [_disc(y, x, radius, shape=(side, side)) for y, x in centres]
    mean = np.where(np.any(masks, axis=0), 3000.0, 300.0)
    labels = segment_nuclei(np.random.default_rng(0).poisson(mean).astype(np.uint16))
    assert labels.max() == 3
    for mask, (y, x) in zip(masks, centres, strict=True):
        assert _dice(labels == labels[int(y), int(x)], mask) > 0.9


def test_nuclei_cut_by_the_border_are_found_and_parted() -> None:
    first, second = _disc(2, 60, 16), _disc(2, 91, 16)
    labels = segment_nuclei(_image((first | second, 3000)))
    assert labels.max() == 2
    assert _dice(labels == 1, first) > 0.96


@pytest.mark.parametrize("intensity", [1000, 5000, 40_000])
def test_outline_does_not_depend_on_brightness(intensity: int) -> None:
    disc = _disc(80, 100, 25)
    labels = segment_nuclei(_image((disc, intensity)))
    assert labels.astype(bool).sum() == pytest.approx(disc.sum(), rel=0.02)


def test_dim_nucleus_against_a_bright_one() -> None:
    # Half the height of the bright one is above all of the dim one: each has an outline of its own.
    bright, dim = _disc(80, 70, 25), _disc(80, 117, 25)
    labels = segment_nuclei(_image((dim, 1500), (bright, 6000)))
    assert labels.max() == 2
    assert _dice(labels == labels[80, 60], bright) > 0.95
    assert _dice(labels == labels[80, 125], dim & ~bright) > 0.95


def test_outline_keeps_the_largest_piece_and_fills_holes() -> None:
    parts = np.zeros((20, 40), dtype=np.int32)
    parts[2:12, 2:30] = 7
    parts[14:18, 2:8] = 9
    relative = np.where(parts > 0, 1.0, 0.0).astype(np.float32)
    relative[2:12, 14:18] = 0.2  # leaves pieces of 12 and 12 columns
    relative[2:12, 28:30] = 0.2  # and makes the second smaller
    relative[5:7, 5:7] = 0.2  # a hole
    kept = np.ones(10, dtype=bool)
    labels = outlined(parts, relative=relative, kept_parts=kept, min_size=10)
    assert np.unique(labels, return_counts=True)[1].tolist() == [800 - 120 - 24, 120, 24]
    assert labels[5, 5] == 1
    assert labels[5, 20] == 0
    kept[9] = False
    assert outlined(parts, relative=relative, kept_parts=kept, min_size=10).max() == 1
    assert outlined(parts, relative=relative, kept_parts=kept, min_size=121).max() == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["poisson", "dark", "normal", "uneven", "hot"])
def test_field_without_nuclei_is_empty(kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    light = 1500 * np.exp(-((rows - 80) ** 2 + (columns - 100) ** 2) / (2 * 80**2))
    image = {
        "poisson": rng.poisson(100, SHAPE),
        "dark": rng.poisson(0.3, SHAPE),
        "normal": rng.normal(1000, 50, SHAPE),
        "uneven": rng.poisson(light),
        "hot": np.where(rng.random(SHAPE) < 1e-3, 60_000, rng.poisson(100, SHAPE)),
    }[kind]
    assert segment_nuclei(image.astype(np.uint16)).max() == 0


@pytest.mark.parametrize("value", [0, 7, 65_535])
def test_constant_image(value: int) -> None:
    labels = segment_nuclei(np.full((30, 40), value, dtype=np.uint16))
    assert labels.shape == (30, 40)
    assert labels.max() == 0


@pytest.mark.parametrize("shape", [(0, 0), (0, 5)])
def test_image_without_pixels(shape: tuple[int, int]) -> None:
    assert segment_nuclei(np.zeros(shape, dtype=np.uint16)).shape == shape


def test_without_smoothing() -> None:
    assert segment_nuclei(_image((_disc(80, 100, 20), 5000)), smoothing_sigma_px=0.0).max() == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (2, 2)])
def test_image_of_few_pixels(shape: tuple[int, int]) -> None:
    image = np.zeros(shape, dtype=np.uint16)
    image[0, 0] = 5000
    assert segment_nuclei(image).max() == 0
    assert segment_nuclei_3d(image[None]).max() == 0


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (np.zeros((2, 3, 4, 5), np.uint16), {}, r"expected 2 or 3 axes.* shape \(2, 3, 4, 5\)"),
        (np.full((3, 4), np.nan), {}, "image: expected finite intensities, got 12 pixels of NaN or infinity. Replace"),
        (np.where(np.eye(3) > 0, np.inf, 1), {}, "image: expected finite intensities, got 3 pixels"),
        (np.full((3, 4), -1), {}, "intensities of 0 or more, got -1"),
        (np.ones((3, 4), bool), {}, "image: expected intensities, integer or float, got bool"),
        (np.ones((3, 4), complex), {}, "image: expected intensities, integer or float, got complex128"),
        (ONES, {"smoothing_sigma_px": -1.0}, "smoothing_sigma_px: expected a finite number, 0 or more, got -1.0. None"),
        (ONES, {"smoothing_sigma_px": np.nan}, "smoothing_sigma_px: expected a finite number, 0 or more, got nan"),
        (ONES, {"min_diameter_px": 0.0}, "min_diameter_px: expected a finite number, more than 0, got 0.0"),
        (ONES, {"min_diameter_px": np.inf}, "min_diameter_px: expected a finite number, more than 0, got inf"),
        (ONES, {"min_diameter_px": "10"}, "min_diameter_px: expected a finite number, more than 0, got '10'"),
        (ONES, {"threshold": "otsu"}, r"threshold: expected Otsu\(\), MultiOtsu.* got 'otsu'"),
        (ONES, {"threshold": MultiOtsu}, r"threshold: expected Otsu\(\), MultiOtsu"),
    ],
)
def test_bad_input(image: NDArray[Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segment_nuclei(image, **settings)
    if image.ndim == 2:
        with pytest.raises(ValueError, match=message.replace("image", "stack")):
            segment_nuclei_3d(image[None], **settings)


@pytest.mark.parametrize("value", [1, 6, 3.0, True, "3"])
def test_bad_number_of_classes(value: Any) -> None:
    with pytest.raises(ValueError, match="n_classes: expected a whole number from 2 to 5"):
        MultiOtsu(n_classes=value)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_bad_radius(value: float) -> None:
    with pytest.raises(ValueError, match="radius_diameters: expected a finite number, more than 0"):
        LocalMidpoint(radius_diameters=value)


def _scaled(image: NDArray[np.uint16]) -> list[NDArray[np.floating]]:
    """The same image with other gains, offsets and number formats."""
    exact = image.astype(np.float64)
    return [
        exact,
        img_as_float(image),
        img_as_float(image).astype(np.float32),
        exact / exact.max(),
        exact * 1e-6 + 3,
        exact * 1e9,
        exact + 10_000,
    ]


@pytest.mark.parametrize("threshold", [Otsu(), MultiOtsu(), LocalMidpoint()])
def test_nuclei_do_not_depend_on_the_scale_of_intensities(threshold: Threshold) -> None:
    masks = [_disc(30, 150, 14), _disc(40, 40, 14), _disc(40, 66, 14), _disc(120, 150, 14), _disc(110, 50, 14)]
    image = _image(*zip(masks, (1200, 3000, 3000, 12_000, 3000), strict=True))
    labels = segment_nuclei(image, threshold=threshold)
    assert labels.max() == 5
    for other in _scaled(image):
        assert (segment_nuclei(other, threshold=threshold) == labels).mean() > 0.999
    # Nor on noise that is not of whole numbers.
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2.0) / 65_535
    assert segment_nuclei(smooth, threshold=threshold).max() == 5


@pytest.mark.slow
def test_stacks_do_not_depend_on_the_scale_of_intensities() -> None:
    z, y, x = np.mgrid[:20, :40, :70]
    balls = [(z * 2 - 20) ** 2 + (y - 20) ** 2 + (x - c) ** 2 <= 10**2 for c in (20, 38)]
    image = np.random.default_rng(0).poisson(np.where(balls[0] | balls[1], 3000, 300)).astype(np.uint16)
    labels = segment_nuclei_3d(image, z_step_px=2.0)
    assert labels.max() == 2
    for other in _scaled(image):
        assert (segment_nuclei_3d(other, z_step_px=2.0) == labels).mean() > 0.999


def test_faint_haze_of_an_image_without_noise_is_no_stain() -> None:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    places = [(40, 40), (40, 150), (110, 50), (120, 140)]
    light = np.zeros(SHAPE, np.float32)
    for y, x in places:
        light[_disc(y, x, 14)] = 200
    # Denoised: all that is left of the ground is haze of a fiftieth of the nuclei.
    haze = 4 * np.clip(3 * np.sin(columns / 32) * np.sin(rows / 25), 0, 1).astype(np.float32)
    labels = segment_nuclei(cv2.GaussianBlur(light, (0, 0), 1.5) + haze)
    assert sorted(labels[place] for place in places) == [1, 2, 3, 4]
    assert all(_dice(labels == labels[y, x], _disc(y, x, 14)) > 0.95 for y, x in places)


@pytest.mark.parametrize("scale", [1.0, 1e-5])
def test_noise_of_any_unit_is_empty(scale: float) -> None:
    image = np.random.default_rng(0).normal(1000, 50, SHAPE) * scale
    assert segment_nuclei(image).max() == 0


def test_saturated_nuclei_are_parted() -> None:
    # Clipped at the top of the camera: flat, without a dip, so the outline alone parts them.
    image = np.minimum(_image((_disc(80, 60, 16) | _disc(80, 90, 16), 60_000)).astype(int) * 4, 65_535)
    labels = segment_nuclei(image.astype(np.uint16))
    assert labels.max() == 2


@pytest.mark.slow
def test_more_nuclei_than_16_bits_hold() -> None:
    rows, columns = np.mgrid[:11, :11]
    tile = np.where((rows - 5) ** 2 + (columns - 5) ** 2 <= 3.5**2, 3000, 300)
    image = np.random.default_rng(0).poisson(np.tile(tile, (257, 257))).astype(np.uint16)
    labels = segment_nuclei(image)
    assert labels.max() == 257**2 == 66_049
    assert (np.bincount(labels.ravel())[1:] > 20).all()


def test_methods_by_name() -> None:
    assert nucleus_method("log_otsu").threshold() == Otsu()
    image = np.full((80, 160), 100, dtype=np.uint16)
    image[20:50, 20:50] = 2000
    image[20:50, 100:130] = 20000
    for name, settings in (("log_multi_otsu", {"n_classes": 3}), ("log_local", {"radius_diameters": 2.0})):
        labels = segment_nuclei(image, threshold=nucleus_method(name).threshold(**settings))
        assert labels.max() == 2
        assert labels[35, 35] != labels[35, 115]
        assert 0 not in (labels[35, 35], labels[35, 115])
    with pytest.raises(
        ValueError,
        match=r"segmentation.method: expected one of .*'log_multi_otsu', 'log_otsu'.*, got 'magic'",
    ):
        nucleus_method("magic")


@pytest.mark.parametrize("threshold", [Otsu(), MultiOtsu(), MultiOtsu(n_classes=4), LocalMidpoint()])
def test_threshold_methods(threshold: Threshold) -> None:
    masks = [_disc(30, 150, 14), _disc(40, 40, 14), _disc(120, 150, 14), _disc(110, 50, 14)]
    labels = segment_nuclei(_image(*zip(masks, (1200, 3000, 12_000, 3000), strict=True)), threshold=threshold)
    assert labels.max() == 4
    for mask in masks:
        assert _dice((labels > 0) & mask, mask) > 0.9


def test_local_threshold_finds_nuclei_under_uneven_light() -> None:
    light = np.linspace(1, 3, SHAPE[1])
    masks = [_disc(y, x, 10) for y in (30, 80, 130) for x in (20, 70, 120, 175)]
    mean = np.where(np.any(masks, axis=0), 900.0, 100.0) * light
    image = np.random.default_rng(0).poisson(mean).astype(np.uint16)
    labels = segment_nuclei(image, threshold=LocalMidpoint())
    found = sum(
        bool(_dice(labels == labels[int(y), int(x)], _disc(y, x, 10)) > 0.8 and labels[int(y), int(x)])
        for y in (30, 80, 130)
        for x in (20, 70, 120, 175)
    )
    assert found == 12


def test_a_stack_is_projected() -> None:
    stack = np.stack([_image((_disc(40, 40, 14), 3000)), _image((_disc(110, 150, 14), 3000))])
    labels = segment_nuclei(stack)
    assert labels.shape == SHAPE
    assert labels.max() == 2


@pytest.mark.parametrize("z_step_px", [1.0, 2.5])
def test_stack_in_three_dimensions(z_step_px: float) -> None:
    z, y, x = np.mgrid[: int(40 / z_step_px), :40, :70]
    balls = [(z * z_step_px - 20) ** 2 + (y - 20) ** 2 + (x - c) ** 2 <= 10**2 for c in (20, 38)]
    image = np.random.default_rng(0).poisson(np.where(balls[0] | balls[1], 3000, 300)).astype(np.uint16)
    labels = segment_nuclei_3d(image, z_step_px=z_step_px)
    assert labels.dtype == np.uint32
    assert labels.max() == 2
    middle = int(20 / z_step_px)
    for ball, column in zip(balls, (15, 43), strict=True):
        assert _dice(labels == labels[middle, 20, column], ball) > 0.9


def test_stack_full_of_nuclei_is_not_taken_for_empty() -> None:
    # Discs of radius 5 every 11 px, blurred into each other: little of the field is plain ground.
    z, y, x = np.mgrid[:22, :55, :55]
    near = ((z % 11) - 5) ** 2 + ((y % 11) - 5) ** 2 + ((x % 11) - 5) ** 2
    image = np.random.default_rng(0).poisson(100 + 400 * np.exp(-near / 18)).astype(np.uint16)
    assert segment_nuclei_3d(image).max() == 50


def test_bad_stack() -> None:
    with pytest.raises(ValueError, match=r"z_step_px: expected a finite number, more than 0, got 0\.0\. It is slice"):
        segment_nuclei_3d(np.ones((2, 3, 4)), z_step_px=0.0)
    with pytest.raises(ValueError, match="expected 3 axes"):
        segment_nuclei_3d(np.ones((3, 4)))


def test_quantile_of_parts() -> None:
    parts = np.array([[1, 1, 1, 1, 0, 3, 3]])
    values = np.array([[4, 1, 3, 2, 9, 5, 6]], dtype=np.float32)
    assert quantile_of_parts(values, parts, quantile=0.5).tolist() == [0, 2, 0, 5]
    above = np.array([0, 3.0, 0, 99.0])
    assert quantile_of_parts(values, parts, quantile=1.0, above=above).tolist() == [0, 4, 0, 6]
    assert quantile_of_parts(values, parts, quantile=0.0, above=above).tolist() == [0, 3, 0, 5]


@pytest.mark.parametrize("shape", [(40, 60), (1000, 3), (9, 2000), (1, 5)])
def test_a_blur_much_wider_than_the_image_gives_its_mean(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(shape, dtype=np.float32)
    blurred = Grid(2).blurred(values, 1e6)
    assert blurred.shape == shape
    np.testing.assert_allclose(blurred, values.mean(), atol=0.02)


def test_distance_where_there_is_no_ground() -> None:
    assert Grid(2).distance(np.ones((3, 5), dtype=bool)).tolist() == [[5.0] * 5] * 3


def _crowd(seed: int, *, radius: float = 8.0, n_nuclei: int = 60) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Ellipses, most of them laid against another one with some overlap, 1 to 2.5 times as bright; image and truth."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:220, :220]
    labels, height = np.zeros(rows.shape, dtype=np.int32), np.zeros(rows.shape)
    places: list[tuple[float, float]] = []
    while len(places) < n_nuclei:
        y, x = rng.uniform(0, 220, 2)
        if places and rng.random() < 0.7:
            angle = rng.uniform(0, 2 * np.pi)
            y, x = np.array(places[rng.integers(len(places))]) + 1.6 * radius * np.array([np.sin(angle), np.cos(angle)])
        long, wide, turn = radius * rng.uniform(0.9, 1.2), radius * rng.uniform(0.7, 0.9), rng.uniform(0, np.pi)
        along = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
        across = (rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)
        inside = (along / long) ** 2 + (across / wide) ** 2 <= 1
        if inside.sum() < 100 or (labels[inside] > 0).mean() > 0.15:
            continue
        places.append((float(y), float(x)))
        height = np.maximum(height, inside * rng.uniform(600, 1500))
        labels[inside & (labels == 0)] = len(places)
    return rng.poisson(200 + cv2.GaussianBlur(height, (0, 0), 1.5)).astype(np.uint16), labels


def test_crowded_nuclei_are_parted() -> None:
    scores = [f1(true, segment_nuclei(image)) for image, true in map(_crowd, range(4))]
    # Parted at necks alone: 0.70.
    assert np.mean(scores) > 0.73
