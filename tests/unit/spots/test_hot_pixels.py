"""Hot pixels and clusters of them: not counted, and named where they are many."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wellspring.simulation.smfish import FieldSettings, add_spots, simulate_smfish
from wellspring.spots.hot_pixels import is_block, is_hard_edged
from wellspring.spots.images import SpotTables, spots_of_image

SIGMA = (1.5, 1.5)


def _found(image: NDArray[np.generic], *, sigma_px: tuple[float, float] = SIGMA) -> SpotTables:
    cells = np.ones(image.shape[-2:], np.uint32)
    return spots_of_image(
        image,
        cells,
        cells,
        sigma_px=sigma_px,
        spacing_um=(0.1, 0.1),
        threshold={"method": "noise"},
        max_instability=0.5,
        max_per_neighborhood=1,
        decompose=True,
        focus_radius_um=0.35,
        focus_min_spots=5,
    )


def _field(n_spots: int, *, n_hot: int, width: int, height: float, seed: int) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    image = simulate_smfish(FieldSettings((260, 260), SIGMA, n_spots, margin_px=5.0), rng=rng).image.astype(np.float64)
    for y, x in rng.integers(5, 250, (n_hot, 2)):
        image[y : y + width, x : x + width] += height
    return image.clip(0, 65535).round().astype(np.uint16)


@pytest.mark.parametrize("n_hot", [0, 12])
def test_small_clusters_among_spots_as_small_are_named(n_hot: int) -> None:
    rng, light, sigma = np.random.default_rng(91), np.full((220, 220), 60.0), (1.1, 1.1)
    add_spots(light, rng.uniform(8, 211, (50, 2)), 200 * np.exp(rng.normal(0, 0.1, 50)), sigma_px=sigma)
    image = 100 + 2.0 * rng.poisson(light)
    for y, x in rng.integers(5, 210, (n_hot, 2)):
        image[y : y + 2, x : x + 2] += 700
    doubts = _found(image.astype(np.uint16), sigma_px=sigma).thresholds["doubts"][0]
    assert ("objects that are no spots" in doubts) == (n_hot > 0)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_clusters_of_hot_pixels_are_not_counted(width: int) -> None:
    found = _found(_field(60, n_hot=2, width=width, height=600.0, seed=width))
    assert len(found.spots) == pytest.approx(60, abs=2)
    assert "objects" not in found.thresholds["doubts"][0]
    many = _found(_field(60, n_hot=15, width=width, height=600.0, seed=10 + width))
    assert len(many.spots) == pytest.approx(60, abs=3)
    assert "objects that are no spots" in many.thresholds["doubts"][0]


@pytest.mark.parametrize("height", [150.0, 400.0])
def test_more_hot_pixels_than_spots_are_named(height: float) -> None:
    none = _found(_field(0, n_hot=60, width=1, height=height, seed=int(height)))
    assert len(none.spots) < 6
    assert "objects that are no spots" in none.thresholds["doubts"][0]
    some = _found(_field(60, n_hot=20, width=1, height=height, seed=int(height)))
    assert len(some.spots) == pytest.approx(60, abs=2)
    assert some.thresholds["doubts"][0] == "none"


@pytest.mark.parametrize(("width", "deviations"), [(3, 5), (4, 7), (2, 8)])
def test_clusters_as_faint_as_spots_are_named(width: int, deviations: int) -> None:
    # The noise of a pixel is 20.2 grey values.
    found = _found(_field(60, n_hot=15, width=width, height=20.2 * deviations, seed=100 + width))
    assert len(found.spots) == pytest.approx(60, abs=4)
    assert "objects that are no spots" in found.thresholds["doubts"][0]


def test_blocks_are_blocks_and_spots_and_pairs_of_them_are_none() -> None:
    rng = np.random.default_rng(7)
    places = np.stack(np.meshgrid(np.arange(15, 200, 22), np.arange(15, 200, 22)), axis=-1).reshape(-1, 2)
    noise = np.full(len(places), 0.123, np.float32)

    def share(light: NDArray[np.float64], *, sigma: float = 1.5) -> float:
        image = light + rng.normal(0, 1, light.shape)
        return float(is_block(image, places, noise, sigma_px=(sigma, sigma)).mean())

    blocks, spots, pairs = np.zeros((3, 210, 210))
    for y, x in places:
        blocks[y - 1 : y + 2, x - 1 : x + 2] += 7.0
    near = places + rng.uniform(-0.5, 0.5, places.shape)
    add_spots(spots, near, np.full(len(near), 8.0), sigma_px=SIGMA)
    add_spots(pairs, near + rng.normal(0, 1.2, near.shape), np.full(len(near), 8.0), sigma_px=SIGMA)
    assert share(blocks) > 0.9
    assert share(spots) == 0
    assert share(spots + pairs) < 0.03
    # Optics as narrow as a pixel.
    assert share(blocks, sigma=1.0) == 0
    assert len(is_block(blocks, places[:0], noise[:0], sigma_px=SIGMA)) == 0


def test_an_edge_is_hard_where_light_falls_within_a_pixel_on_all_sides() -> None:
    y, x = np.mgrid[:25, :25]
    spot = 100 * np.exp(-((y - 12) ** 2 + (x - 12) ** 2) / (2 * 1.5**2))
    block, seam = np.zeros((25, 25)), np.zeros((25, 25))
    block[11:14, 11:14] = 100.0
    seam[:, 13:] = -100.0
    at, quiet = np.array([[12, 12]]), np.array([0.01], np.float32)

    def hard(image: NDArray[np.float64], *, noise: NDArray[np.float32] = quiet, sigma: float = 1.5) -> bool:
        return bool(is_hard_edged(image, at, noise, sigma_px=(sigma, sigma))[0])

    assert hard(block)
    assert hard(block + 500)
    assert not hard(spot)
    assert not hard(spot + seam)
    # A single side, noise as high as the edge, and optics as narrow as a pixel.
    assert not hard(seam)
    assert not hard(block, noise=np.array([10.0], np.float32))
    assert not hard(block, sigma=1.0)
    stack = np.stack([np.zeros_like(block), block, np.zeros_like(block)])
    assert is_hard_edged(stack, np.array([[1, 12, 12]]), quiet, sigma_px=(1.2, 1.5, 1.5))[0]
    assert len(is_hard_edged(block, at[:0], quiet[:0], sigma_px=(1.5, 1.5))) == 0
