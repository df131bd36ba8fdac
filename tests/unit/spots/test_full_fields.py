"""Fields so full that no spot stands alone: the camera's noise, one spot's brightness, counts and doubts."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots.blocks import even_map
from wellspring.spots.brightness import crowded_amplitude, moments_of_one
from wellspring.spots.camera import camera_noise
from wellspring.spots.candidates import _sparse
from wellspring.spots.filters import difference_of_gaussians
from wellspring.spots.images import SpotTables, spots_of_image
from wellspring.spots.noise import noise_map

PLANE, STACK = (1.4, 1.4), (1.1, 1.4, 1.4)
SETTINGS = {
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
}


def _field(
    n_spots: int, *, shape: tuple[int, ...] = (200, 200), snr: float = 14.0, seed: int = 11
) -> NDArray[np.uint16]:
    sigma_px = PLANE if len(shape) == 2 else STACK
    settings = FieldSettings(shape, sigma_px, n_spots, snr=14.0, margin_px=6.0, unevenness=0.1)
    return simulate_smfish(settings, rng=np.random.default_rng(11)).image


def _found(image: NDArray[np.generic], cells: NDArray[np.integer] | None = None) -> SpotTables:
    sigma_px = PLANE if image.ndim == 2 else STACK
    cells = np.ones(image.shape[-2:], np.uint32) if cells is None else cells
    return spots_of_image(image, cells, cells, sigma_px=sigma_px, spacing_um=(0.16,) * image.ndim, **SETTINGS)


def _counts(shape: tuple[int, ...], numbers: list[int]) -> tuple[NDArray[np.int64], list[str]]:
    tables = [_found(_field(n, shape=shape)) for n in numbers]
    doubts = [str(table.thresholds["doubts"][0]) for table in tables]
    return np.array([len(table.spots) for table in tables]), doubts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "numbers"), [((200, 200), [200, 600, 1400, 3000]), ((7, 130, 130), [150, 500, 1200, 1900])]
)
def test_more_spots_are_never_fewer_found(shape: tuple[int, ...], numbers: list[int]) -> None:
    counts, doubts = _counts(shape, numbers)
    assert (np.diff(counts) > 0).all()
    wrong = np.abs(counts / numbers - 1) > 0.15
    assert all("crowded" in words for words, is_wrong in zip(doubts, wrong, strict=True) if is_wrong)
    assert not wrong[:2].any()
    assert "crowded" not in doubts[0]
    assert "crowded" in doubts[-1]


@pytest.mark.slow
def test_stacks_that_are_one_bright_region_count_more_the_more_there_are() -> None:
    """Such a field has fewer maxima than an emptier one, some of them alone, and more than 50 spots for each."""
    counts, doubts = [], []
    for n_spots in (2200, 13000):
        light, rng = np.full((8, 130, 130), 80.0), np.random.default_rng(42)
        places = rng.uniform((1.5, 8, 8), (5.5, 121, 121), (n_spots, 3))
        add_spots(light, places, np.full(n_spots, 110.0), sigma_px=(1.2, 1.5, 1.5))
        image = (100 + 2 * rng.poisson(light) + rng.normal(0, 3, light.shape)).round().astype(np.uint16)
        labels = np.ones((130, 130), np.uint32)
        found = spots_of_image(
            image, labels, labels, sigma_px=(1.2, 1.5, 1.5), spacing_um=(0.3, 0.16, 0.16), **SETTINGS
        )
        counts.append(len(found.spots))
        doubts.append(str(found.thresholds["doubts"][0]))
    assert counts[1] > 1.5 * counts[0]
    assert all("crowded" in words for words in doubts)


def test_spots_in_one_plane_of_a_thin_stack_are_as_close_as_in_a_plane() -> None:
    """Most of an ellipsoid lies outside such a stack, and spots that seem far apart hide each other."""
    doubts = []
    for n_spots in (90, 600):
        light, rng = np.full((4, 120, 120), 50.0), np.random.default_rng(77)
        places = np.column_stack([np.full(n_spots, 1.6), rng.uniform(7, 112, (n_spots, 2))])
        add_spots(light, places, np.full(n_spots, 130.0), sigma_px=STACK)
        image = (100 + 2 * rng.poisson(light) + rng.normal(0, 3, light.shape)).round().astype(np.uint16)
        doubts.append(str(_found(image).thresholds["doubts"][0]))
    assert doubts[0] == "none"
    assert "crowded" in doubts[1]


@pytest.mark.parametrize(("n", "sigma_px"), [(540, (1.2, 1.5, 1.5)), (900, (1.6, 1.3, 1.3))])
def test_stacks_of_even_spots_are_split_however_full_they_are(n: int, sigma_px: tuple[float, ...]) -> None:
    """Where spots overlap, single maxima differ in light by more than a factor of two, and are a unit no more."""
    light, rng = np.full((8, 120, 120), 60.0), np.random.default_rng(304)
    places = rng.uniform((1.5, 8, 8), (5.5, 111, 111), (n, 3))
    add_spots(light, places, 94.7 * np.exp(rng.normal(0, 0.1, n)), sigma_px=sigma_px)
    image = (100 + 2 * rng.poisson(light) + rng.normal(0, 3, light.shape)).round().astype(np.uint16)
    labels = np.ones((120, 120), np.uint32)
    found = spots_of_image(image, labels, labels, sigma_px=sigma_px, spacing_um=(0.3, 0.16, 0.16), **SETTINGS)
    assert len(found.spots) == pytest.approx(n, rel=0.2)


@pytest.mark.slow
def test_full_fields_that_were_moved_by_a_part_of_a_pixel() -> None:
    moved = [ndimage.shift(_field(n).astype(np.float32), 0.4, order=1, mode="nearest") for n in (200, 900)]
    few, many = (_found(image) for image in moved)
    assert len(few.spots) == pytest.approx(200, rel=0.1)
    assert len(many.spots) > 3 * len(few.spots)


def test_full_fields_that_were_smoothed_are_doubtful_and_noise_is_not() -> None:
    full = ndimage.gaussian_filter(_field(2000).astype(np.float32), 1.1)
    assert "smoothed image" in _found(full).thresholds["doubts"][0]
    few = ndimage.gaussian_filter(_field(40).astype(np.float32), 1.1)
    assert "smoothed image" not in _found(few).thresholds["doubts"][0]
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(500, 30, (200, 200)), 1.1)
    assert "smoothed image" not in _found(noise).thresholds["doubts"][0]


@pytest.mark.parametrize("n_spots", [0, 300, 3000])
def test_the_camera_is_known_whatever_is_in_the_field(n_spots: int) -> None:
    image = _field(n_spots, shape=(200, 200))
    response = difference_of_gaussians(image, sigma_px=PLANE)
    boxes = [(slice(0, 200), slice(0, 200))]
    spread = float(1.4826 * np.median(np.abs(response - np.median(response))))
    camera = camera_noise(image, boxes, [spread], even_map(1.0, shape=image.shape), sigma_px=PLANE)
    # Photons of background and spots on 40,000 pixels, at a gain of 2, and the reading.
    light = (float(image.mean()) - 100) / 2
    assert camera.pixels[0] == pytest.approx(np.sqrt(4 * light + 9), rel=0.1)
    assert camera.blur_px < 0.25
    if n_spots == 0:
        assert camera.responses[0] == pytest.approx(spread, rel=0.08)


def test_noise_that_pixels_share_is_known_up_to_a_blur() -> None:
    white = np.random.default_rng(1).normal(300, 20, (240, 240))
    boxes = [(slice(0, 240), slice(0, 240))]
    for blur, is_known in ((0.5, True), (1.2, False)):
        image = ndimage.gaussian_filter(white, blur)
        spread = float(difference_of_gaussians(image, sigma_px=PLANE).std())
        camera = camera_noise(image, boxes, [spread], even_map(1.0, shape=image.shape), sigma_px=PLANE)
        assert camera.is_known == is_known
        if is_known:
            assert camera.responses[0] == pytest.approx(spread, rel=0.2)
    tiny = camera_noise(white[:9, :9], [(slice(0, 9),) * 2], [1.0], even_map(1.0, shape=(9, 9)), sigma_px=PLANE)
    assert not tiny.is_known


@pytest.mark.parametrize(("shape", "n_spots"), [((200, 200), 800), ((200, 200), 2500), ((7, 130, 130), 900)])
def test_one_spots_brightness_where_none_stands_alone(shape: tuple[int, ...], n_spots: int) -> None:
    settings = FieldSettings(shape, PLANE if len(shape) == 2 else STACK, n_spots, snr=14.0, brightness_sd=0.0)
    image = simulate_smfish(settings, rng=np.random.default_rng(4)).image
    assert crowded_amplitude(image, sigma_px=settings.sigma_px) == pytest.approx(settings.amplitude, rel=0.15)


def test_moments_of_one_spot_agree_with_a_drawn_one() -> None:
    y, x = np.mgrid[-30:31, -30:31]
    response = difference_of_gaussians(np.exp(-(y**2 + x**2) / (2 * 1.4**2)), sigma_px=PLANE).astype(np.float64)
    assert moments_of_one(PLANE) == pytest.approx(((response**2).sum(), (response**3).sum()), rel=0.03)


def test_of_noise_alone_no_brightness_is_known() -> None:
    smooth = ndimage.gaussian_filter(np.random.default_rng(2).normal(500, 30, (120, 120)), 1.5)
    assert np.isnan(crowded_amplitude(smooth, sigma_px=PLANE))


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_neighbourhood_holds_more_than_asked_for(most: int) -> None:
    points = np.random.default_rng(3).integers(0, 60, (400, 2))
    kept = points[_sparse(points, max_per_neighborhood=most, neighborhood_px=(5.5, 5.5))]
    distances = np.hypot(*(kept[:, None] - kept[None]).transpose(2, 0, 1))
    within = (distances <= 5.5).sum(axis=1)
    assert within.max() == most


def test_the_light_of_a_cell_counts_its_spots() -> None:
    settings = FieldSettings((200, 200), PLANE, 0, snr=14.0, n_clumps=12, spots_per_clump=40, clump_radius_px=9.0)
    settings = FieldSettings(**{**vars(settings), "margin_px": 40.0, "unevenness": 0.0, "n_spots": 20})
    field = simulate_smfish(settings, rng=np.random.default_rng(5))
    cells = np.zeros((200, 200), np.uint32)
    cells[15:-15, 15:-15] = 3
    counts = _found(field.image, cells).cells
    assert counts["n_by_light"].iloc[0] == pytest.approx(len(field.spots), rel=0.15)
    empty = _found(np.random.default_rng(0).normal(500, 9, (200, 200)), cells).cells
    assert empty["n_by_light"].isna().all()


def test_density_by_moments_is_that_of_the_field() -> None:
    found = _found(_field(1000)).thresholds
    assert found["density"][0] == pytest.approx(1000 / 188**2 * np.pi * 2.8**2, rel=0.25)
    assert isinstance(found, pd.DataFrame)
    response = difference_of_gaussians(_field(0), sigma_px=PLANE)
    quiet = noise_map(_field(0), response, sigma_px=PLANE, floor=0.1)
    assert quiet.moments is not None
    assert quiet.moments.shape == (quiet.tiles.size, 2)
