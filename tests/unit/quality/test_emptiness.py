"""The empty part of drawn fields under light that is not even."""

import numpy as np
import pytest
from scipy import ndimage

from wellspring.quality.emptiness import empty_share, evened, smooth_surface

SIZE = 320
Y, X = np.mgrid[:SIZE, :SIZE] / (SIZE - 1) - 0.5
LIGHTS = {
    "even": np.ones((SIZE, SIZE)),
    "tilted": 1 + 10 * (X + 0.5),
    "vignetting": (1 + 3 * (X**2 + Y**2)) ** -2,
    "a bright corner": 1 + 6 * np.exp(-((X + 0.5) ** 2 + (Y + 0.5) ** 2) / 0.2),
}


def _field(light: np.ndarray, *, share: float, seed: int = 0) -> np.ndarray:
    """Poisson light of 1000 photons, and a texture of 300 more in `share` of the field, from the left."""
    rng = np.random.default_rng(seed)
    texture = 300.0 * (ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 2) > 0)
    return rng.poisson((1000 + texture * (share > X + 0.5)) * light).astype(np.uint16)


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_light_over_the_field_is_no_structure(light: str, share: float) -> None:
    even = empty_share(_field(LIGHTS["even"], share=share))
    # Of blocks of 10 px of noise alone, 4 % vary by more than 1.5 times their noise.
    assert even == pytest.approx(0.96 * (1 - share), abs=0.03)
    assert empty_share(_field(LIGHTS[light], share=share)) == pytest.approx(even, abs=0.03)


def test_bright_cells_do_not_bend_the_surface() -> None:
    """Discs of ten times the light on a tilted field: the surface is the tilt."""
    means = np.tile(np.arange(20, dtype=np.float32) * 5, (20, 1))
    bright = means.copy()
    for row, column in ((3, 4), (9, 12), (14, 5), (15, 15)):
        bright[row : row + 3, column : column + 3] += 1000
    surface = smooth_surface(bright, block=10, shape=(200, 200))
    assert surface.shape == (200, 200)
    assert np.diff(surface[100])[5:-5] == pytest.approx(np.full(189, 0.5), abs=0.05)
    assert np.ptp(surface[:, 100]) < 2


@pytest.mark.parametrize(("n", "degree"), [(4, 0), (8, 2), (16, 6)])
def test_few_blocks_allow_simple_surfaces_only(n: int, degree: int) -> None:
    x = np.linspace(-1, 1, n)
    surface = smooth_surface(np.tile(x**2, (n, 1)).astype(np.float32), block=8, shape=(8 * n, 8 * n))
    assert float(np.ptp(surface)) == pytest.approx(0 if degree == 0 else 1, abs=0.5)
    if degree:
        # At the middles of the first block and of the field.
        assert surface[0, 3:5].mean() - surface[0].min() == pytest.approx(1, abs=0.05)


def test_a_field_is_evened_to_its_borders_also_where_blocks_do_not_fill_it() -> None:
    y, x = np.mgrid[:131, :207]
    tilted = 500 + 2.0 * x - 1.0 * y + 0.01 * x**2
    assert np.ptp(evened(tilted, degree=2)) < 0.1
    assert np.ptp(evened(tilted, degree=1)) > 10
    small = np.arange(49.0).reshape(7, 7)
    assert evened(small, degree=2) == pytest.approx(small - 24)


def test_16_blocks_allow_what_15_do_not() -> None:
    for n, is_followed in ((15, False), (16, True)):
        steep = np.tile(np.linspace(-1, 1, n) ** 6 * 100, (n, 1)).astype(np.float32)
        left = steep - smooth_surface(steep, block=1, shape=(n, n))
        assert (np.ptp(left) < 1) == is_followed
