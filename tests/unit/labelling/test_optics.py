"""Images of thin objects compared with what theory says of them."""

import numpy as np
import pytest
from scipy import fft, ndimage

from wellspring.labelling.optics import CONTRASTS, Microscope, transmitted_image, weak_transfer


def _path(peak_um: float, *, size: int = 96) -> np.ndarray:
    """Three smooth bumps."""
    spots = np.zeros((size, size))
    spots[[30, 50, 66], [34, 62, 30]] = 1
    smooth = ndimage.gaussian_filter(spots, 4, mode="wrap")
    return peak_um * smooth / smooth.max()


def _r(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_an_empty_field_has_intensity_one(contrast) -> None:
    microscope = Microscope(contrast=contrast, pixel_um=0.4, wavelengths_um=(0.5, 0.6))
    image = transmitted_image(np.zeros((32, 40)), microscope=microscope, z_um=6.0)
    np.testing.assert_allclose(image, 1.0, atol=1e-5)


def test_a_phase_object_is_invisible_in_focus_and_changes_sign_through_it() -> None:
    microscope = Microscope(contrast="bright_field", pixel_um=0.325)
    below, focus, above = (transmitted_image(_path(0.05), microscope=microscope, z_um=z) for z in (-8.0, 0.0, 8.0))
    assert focus.std() < 0.1 * above.std()
    assert _r(below, above) < -0.9


@pytest.mark.parametrize("contrast", CONTRASTS)
@pytest.mark.parametrize("z_um", [0.0, 5.0, -12.0])
def test_weak_objects_follow_the_transfer_function(contrast, z_um) -> None:
    microscope = Microscope(contrast=contrast, pixel_um=0.4)
    path = _path(2e-4)
    phase = 2 * np.pi / 0.55 * path
    absorption = _path(1e-3)[::-1]
    of_phase, of_absorption = weak_transfer(path.shape, microscope=microscope, z_um=z_um)
    expected = fft.irfft2(of_phase * fft.rfft2(phase) + of_absorption * fft.rfft2(absorption), s=path.shape)
    found = transmitted_image(path, absorption, microscope=microscope, z_um=z_um) - 1.0
    np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max() + 2e-6)


def test_dic_shows_the_gradient_along_the_shear() -> None:
    path = _path(0.05)
    microscope = Microscope(contrast="dic", pixel_um=0.325, shear_angle_deg=90.0)
    image = transmitted_image(path, microscope=microscope)
    assert abs(_r(image, np.gradient(path, axis=0))) > 0.95
    assert abs(_r(image, np.gradient(path, axis=1))) < 0.1


def test_phase_contrast_shows_denser_as_darker_with_a_bright_halo() -> None:
    path = _path(0.05)
    image = transmitted_image(path, microscope=Microscope(contrast="phase_contrast", pixel_um=0.325))
    assert image[path > 0.04].max() < 0.8
    assert image[(path < 0.001)].max() > 1.05


def test_absorption_is_seen_in_focus() -> None:
    microscope = Microscope(contrast="bright_field", pixel_um=0.325)
    absorbing = _path(1.0) > 0.3
    image = transmitted_image(np.zeros(absorbing.shape), 0.05 * absorbing, microscope=microscope)
    assert image[ndimage.binary_erosion(absorbing, iterations=3)].mean() == pytest.approx(np.exp(-0.1), abs=0.01)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contrast": "darkfield"}, "expected one of bright_field, dic, phase_contrast, got darkfield"),
        ({"pixel_um": 0.0}, "expected a pixel size above 0"),
        ({"condenser_aperture": 0.5}, "the condenser's aperture 0.5 is not below the objective's, 0.45"),
    ],
)
def test_impossible_microscopes_are_refused(changes, message) -> None:
    with pytest.raises(ValueError, match=message):
        Microscope(**{"contrast": "bright_field", "pixel_um": 0.3} | changes)
