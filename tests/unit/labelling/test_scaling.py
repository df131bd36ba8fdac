"""Scales of planes and stains, by hand."""

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.labelling.scaling import PlaneScale, StainScale, plane_scales, stain_scale


def test_planes_are_scaled_over_all_fields_and_not_each_by_itself() -> None:
    fields = [np.array([[[1, 3]]], np.uint16), np.array([[[5, 7]]], np.uint16)]
    assert plane_scales(fields) == [PlaneScale(4.0, np.sqrt(5.0))]


def test_a_constant_plane_is_refused() -> None:
    with pytest.raises(InputError, match="plane 1 has the same value"):
        plane_scales([np.full((1, 4, 4), 7, np.uint16)])


@pytest.mark.parametrize("kind", ["asinh", "linear"])
def test_intensities_come_back(kind: str) -> None:
    intensity = np.random.default_rng(0).gamma(2, 300, (64, 64)) + 100
    scale = stain_scale([intensity], kind=kind)
    np.testing.assert_allclose(scale.intensity(scale.value(intensity)), intensity, rtol=1e-4)
    assert scale.value(np.array([scale.background])) == 0
    assert np.std(scale.value(intensity)) == pytest.approx(1, rel=1e-3)


def test_asinh_is_linear_below_the_noise_and_logarithmic_above() -> None:
    scale = StainScale("asinh", background=100, softness=10, sd=1)
    values = scale.value(np.array([100, 101, 1100, 2100], np.float64))
    np.testing.assert_allclose(values, [0, 0.09983, np.log(200), np.log(400)], atol=1e-4)


def test_a_mask_is_a_probability() -> None:
    scale = stain_scale([np.ones((2, 2))], kind="mask")
    assert scale.intensity(np.array([0.25], np.float32)) == 0.25


def test_a_stain_of_one_value_is_refused() -> None:
    with pytest.raises(InputError, match="nothing to learn"):
        stain_scale([np.full((4, 4), 9)], kind="asinh")


def test_an_uneven_background_is_not_stretched() -> None:
    rng = np.random.default_rng(0)
    image = rng.normal(200, 5, (128, 128)) + np.linspace(-50, 50, 128)
    image[:16] += 2000
    scale = stain_scale([image], kind="asinh")
    assert scale.softness == pytest.approx(2 * (np.median(image) - np.quantile(image, 0.05)))
    # The slope of the background is a small part of what a stain differs by; with the noise alone it would be half.
    assert np.diff(scale.value(np.array([150, 250])))[0] < 0.35 * np.diff(scale.value(np.array([200, 2200])))[0]
    flat = stain_scale([rng.normal(200, 5, (128, 128))], kind="asinh")
    assert flat.softness == pytest.approx(2 * 1.645 * 5, rel=0.1)
