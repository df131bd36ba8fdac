"""Nuclei drawn at known places: found, parted, numbered; and fields without nuclei stay empty."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.segmentation.methods import nucleus_method
from wellspring.segmentation.nuclei import outlined, part_touching, segment_nuclei

SHAPE = (160, 200)


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


def _n_parts(mask: NDArray[np.bool_], *, min_diameter_px: float) -> int:
    parts = part_touching(mask, min_diameter_px=min_diameter_px)
    return len(np.unique(parts[parts > 0]))


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
    labels = segment_nuclei(_image((ring, 3000), (_disc(40, 150, 5), 3000)))
    assert labels.max() == 1
    assert labels[80, 60] == 1


def test_ground_enclosed_by_nuclei_is_not_filled() -> None:
    labels = segment_nuclei(_image((_disc(80, 100, 60) & ~_disc(80, 100, 35), 3000)))
    assert labels[80, 100] == 0


def test_nothing_smaller_than_the_smallest_allowed() -> None:
    # A bud of radius 7 on a nucleus of radius 20 is no nucleus of its own when the smallest has diameter 20.
    mask = _disc(80, 80, 20) | _disc(80, 106, 7)
    assert _n_parts(mask, min_diameter_px=20.0) == 1
    assert _n_parts(mask, min_diameter_px=10.0) == 2


def test_small_halves_of_one_object_stay_together() -> None:
    # Each disc (radius 8, 201 px) is below the area of a disc of diameter 20 (314 px), both together are not.
    mask = _disc(80, 80, 8) | _disc(80, 95, 8)
    assert _n_parts(mask, min_diameter_px=20.0) == 1
    assert _n_parts(mask, min_diameter_px=12.0) == 2


def test_threads_are_left_out() -> None:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[80:84, 10:190] = True
    assert _n_parts(mask, min_diameter_px=20.0) == 0


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


def test_pieces_that_part_at_half_height_are_nuclei() -> None:
    smooth = np.full((40, 90), 100.0, dtype=np.float32)
    smooth[10:30, 10:40] = smooth[10:30, 45:75] = 1100.0
    smooth[10:30, 40:45] = 500.0  # a dim bridge, below 100 + 1000 / 2
    smooth[10:12, 80:82] = 1100.0  # a speck of 4 px
    parts = np.zeros(smooth.shape, dtype=np.int32)
    parts[10:30, 10:85] = 7
    labels = outlined(parts, smooth, background=100.0, min_area_px=5.0)
    assert np.unique(labels).tolist() == [0, 1, 2]
    assert (labels == 1).sum() == (labels == 2).sum() == 600
    assert labels[20, 20] == 1
    assert labels[20, 42] == 0


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


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (np.zeros((2, 3, 4), np.uint16), {}, r"expected \(Y, X\) .* shape \(2, 3, 4\)"),
        (np.full((3, 4), -1), {}, "intensities of 0 or more"),
        (np.ones((3, 4), np.uint16), {"smoothing_sigma_px": -1.0}, "smoothing_sigma_px must be 0 or more"),
        (np.ones((3, 4), np.uint16), {"min_diameter_px": 0.0}, "min_diameter_px above 0"),
    ],
)
def test_bad_input(image: NDArray[Any], settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segment_nuclei(image, **settings)


def test_methods_by_name() -> None:
    assert nucleus_method("log_otsu") is segment_nuclei
    with pytest.raises(ValueError, match=r"segmentation.method: expected one of \['log_otsu'\], got 'magic'"):
        nucleus_method("magic")
