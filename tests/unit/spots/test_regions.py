"""Bright regions are those that labelling the whole image gives, with the light that summing over it gives."""

import numpy as np
import pytest
from scipy import ndimage

from wellspring.spots.filters import blurred
from wellspring.spots.measures import median_of_pixels
from wellspring.spots.regions import bright_regions


@pytest.mark.parametrize(("shape", "sigma_px"), [((60, 71), (1.5, 1.5)), ((9, 40, 33), (1.0, 1.5, 1.3))])
def test_regions_are_those_of_the_whole_image(shape: tuple[int, ...], sigma_px: tuple[float, ...]) -> None:
    rng = np.random.default_rng(0)
    noise = 1000 * ndimage.gaussian_filter(rng.normal(size=shape), 1.0, mode="wrap")
    image = (2000 + noise).astype(np.uint16)
    least = 1.5 * float(noise.std())
    found = bright_regions(image, least=least, sigma_px=sigma_px)
    labels, n_labels = ndimage.label(found.labels > 0, structure=np.ones((3,) * len(shape)))
    assert n_labels > 10
    np.testing.assert_array_equal(found.labels, labels)
    assert found.boxes == ndimage.find_objects(labels)
    excess = image.astype(np.float64) - blurred(image, sigma_px=[5 * s for s in sigma_px])
    # Away from the threshold by more than the coarse grid is off.
    assert (found.labels[excess > 1.1 * least] > 0).all()
    assert (found.labels[excess < 0.9 * least] == 0).all()
    whole = ndimage.sum_labels(excess, labels, np.arange(n_labels + 1))
    np.testing.assert_allclose(found.light[1:], whole[1:], rtol=0.05)
    assert found.light[0] == 0


def test_pixels_join_over_corners_and_not_over_the_borders() -> None:
    image = np.zeros((6, 6), np.uint16)
    image[0, 5] = image[1, 0] = 900
    image[3, 2] = image[4, 3] = 900
    found = bright_regions(image, least=300, sigma_px=(1.0, 1.0))
    assert found.labels[0, 5] == 1
    assert found.labels[1, 0] == 2
    assert found.labels[3, 2] == found.labels[4, 3] == 3
    assert found.boxes[2] == (slice(3, 5), slice(2, 4))


def test_an_even_image_has_no_region() -> None:
    found = bright_regions(np.full((4, 8, 8), 7, np.uint8), least=1.0, sigma_px=(1, 1, 1))
    assert (found.labels.max(), found.light.tolist(), found.boxes) == (0, [0.0], [])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
def test_the_median_is_numpys(dtype: type) -> None:
    for values in ([3], [1, 2], [5, 1, 9], [4, 4, 7, 250], [0, 0, 0, 1]):
        assert median_of_pixels(np.array(values, dtype=dtype)) == np.median(values)
