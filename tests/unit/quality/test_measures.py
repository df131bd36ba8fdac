"""Measures of images whose focus, intensities and empty parts are known."""

import numpy as np
import pytest
from scipy import ndimage

from wellspring.quality.measures import _misfit, empty_share, focus_slope, measure_image


def _power_law(exponent: float, *, size: int, seed: int) -> np.ndarray:
    """A periodic random field whose mean power falls as radius ** exponent."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None])
    frequency[0, 0] = 1.0
    spectrum = np.fft.fft2(rng.standard_normal((size, size))) * frequency ** (exponent / 2)
    spectrum[0, 0] = 0
    return np.fft.ifft2(spectrum).real


@pytest.mark.parametrize("exponent", [0.0, -1.0, -2.0, -3.0])
def test_slope_of_a_field_whose_spectrum_is_a_power_law(exponent: float) -> None:
    slopes = [focus_slope(_power_law(exponent, size=256, seed=seed)) for seed in range(4)]
    assert np.mean(slopes) == pytest.approx(exponent, abs=0.1)


def test_slope_does_not_depend_on_unit_and_offset() -> None:
    field = _power_law(-2.0, size=128, seed=1)
    assert focus_slope(7 * field + 1000) == pytest.approx(focus_slope(field), abs=1e-3)


def test_slope_of_an_oblong_image_follows_frequencies_in_both_directions() -> None:
    field = _power_law(-2.0, size=512, seed=2)
    assert focus_slope(field[:256]) == pytest.approx(-2.0, abs=0.2)
    assert focus_slope(field[:256]) == pytest.approx(focus_slope(field[:256].T), abs=1e-3)


def test_the_more_blur_the_steeper() -> None:
    sharp = np.random.default_rng(3).random((256, 256))
    slopes = [focus_slope(ndimage.gaussian_filter(sharp, sigma)) for sigma in (0, 2, 4, 6)]
    assert slopes == sorted(slopes, reverse=True)
    assert slopes[0] - slopes[-1] > 3


def _cells(*, size: int, n: int, seed: int) -> np.ndarray:
    """Sharp discs with some texture, (size, size), 0 where there are none."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    image = np.zeros((size, size))
    for middle_y, middle_x in rng.random((n, 2)) * size:
        image += (np.hypot(y - middle_y, x - middle_x) < 10) * rng.uniform(0.5, 1)
    return image * (1 + 0.9 * ndimage.gaussian_filter(rng.standard_normal((size, size)), 1.5))


@pytest.mark.parametrize(("n", "light"), [(60, 1000), (60, 100), (12, 300)])
def test_the_slope_falls_with_blur_up_to_16_px_although_noise_is_left(n: int, light: float) -> None:
    sharp, rng = _cells(size=384, n=n, seed=n), np.random.default_rng(1)
    found = []
    for sigma in (0, 1, 2, 4, 8, 16):
        blurred = np.maximum(ndimage.gaussian_filter(sharp, sigma) if sigma else sharp, 0)
        image = (rng.poisson(100 + light * blurred) + rng.normal(0, 3, sharp.shape)).clip(0, 65535).astype(np.uint16)
        found.append((focus_slope(image), measure_image(image).focus_slope))
    for slopes in zip(*found, strict=True):
        assert slopes == tuple(sorted(slopes, reverse=True))
        assert slopes[0] - slopes[-1] > 1


@pytest.mark.parametrize("image", [np.full((64, 64), 500, dtype=np.uint16), np.zeros((20, 20))])
def test_slope_without_structure_or_without_rings_is_0(image: np.ndarray) -> None:
    assert focus_slope(image) == 0


def test_intensities_by_hand() -> None:
    image = np.full((40, 50), 100, dtype=np.uint16)
    image[:10] = 200
    image[0, :5] = 60000
    found = measure_image(image)
    assert (found.q01, found.q25, found.median, found.q75, found.q99) == (100, 100, 100, 100, 200)
    assert found.total == 1500 * 100 + 495 * 200 + 5 * 60000
    assert found.mean == found.total / 2000
    assert found.std == pytest.approx(float(image.std()))
    assert found.saturated_share == 5 / 2000


@pytest.mark.parametrize("image", [np.zeros((40, 40), dtype=np.uint8), np.zeros((40, 20), dtype=np.uint16)])
def test_an_image_that_cannot_be_measured(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"expected \(Y, X\) uint16 of at least 32 x 32 px"):
        measure_image(image)


def test_empty_share_is_the_part_without_structure() -> None:
    rng = np.random.default_rng(4)
    light = np.full((320, 320), 400.0)
    light[:, 160:] += 300 * (ndimage.gaussian_filter(rng.standard_normal((320, 160)), 2) > 0)
    noisy = rng.poisson(light * np.linspace(0.7, 1.3, 320)).astype(np.uint16)
    assert empty_share(noisy) == pytest.approx(0.5, abs=0.03)


def test_empty_share_of_a_constant_image_is_1() -> None:
    assert empty_share(np.full((64, 64), 9, dtype=np.uint16)) == 1.0
    assert empty_share(np.full((4, 4), 9, dtype=np.uint16)) == 1.0


@pytest.mark.parametrize("light", [np.linspace(0, 3, 256), np.linspace(-1, 1, 256)[:, None] ** 2 * 3])
def test_light_that_changes_over_the_field_is_no_blur(light: np.ndarray) -> None:
    noise = np.random.default_rng(6).standard_normal((256, 256))
    assert focus_slope(noise + light) == pytest.approx(focus_slope(noise), abs=0.3)


@pytest.mark.parametrize("shape", [(1, 256), (256, 1)])
def test_the_edges_of_a_field_are_no_structure(shape: tuple[int, int]) -> None:
    """Two brighter columns or rows at its border, as some cameras have: a Hann window takes them out."""
    field = np.random.default_rng(7).standard_normal((256, 256))
    border = ((np.arange(256) < 2) * 1.0).reshape(shape)
    assert focus_slope(field + border) == pytest.approx(focus_slope(field), abs=0.2)


def test_the_misfit_is_the_scatter_about_a_parabola_over_chance() -> None:
    x, weights = np.arange(200.0), np.full(200, 1 / 0.1**2)
    parabola = 3 - x + 0.2 * x**2
    scatter = np.random.default_rng(17).normal(0, 0.4, 200)
    assert _misfit(x, parabola, weights) == 1.0
    assert _misfit(x, parabola + scatter, weights) == pytest.approx(4.0, rel=0.15)
