"""Algorithm 2 of the thesis on drawn discs."""

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.labelling.contours import segment_by_contours


def test_discs_are_labelled_with_filled_holes_and_specks_dropped() -> None:
    y, x = np.mgrid[:150, :150]
    image = 100 + np.random.default_rng(0).normal(0, 2, (150, 150))
    discs = [(30, 30, 9), (30, 110, 11), (110, 60, 10)]
    for cy, cx, radius in discs:
        image[np.hypot(y - cy, x - cx) < radius] += 400
    image[29:32, 29:32] = 100
    image[120:122, 120:122] += 400
    labels = segment_by_contours(image)
    assert labels.max() == 3
    areas = sorted(np.bincount(labels.ravel())[1:])
    assert areas == pytest.approx(sorted(np.pi * radius**2 for _, _, radius in discs), rel=0.15)
    assert labels[30, 30] > 0
    assert labels[121, 121] == 0


def test_a_constant_image_has_no_region_and_wrong_windows_are_refused() -> None:
    assert segment_by_contours(np.ones((20, 20))).max() == 0
    with pytest.raises(InputError, match="odd window"):
        segment_by_contours(np.ones((20, 20)), window_px=10)
