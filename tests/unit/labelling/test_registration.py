"""Shifts between transmitted light and stain, found before a network is trained."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from tests.unit.labelling.drawn import drawn_field
from wellspring.labelling.fields import Field
from wellspring.labelling.registration import distance_between, shifts_of_fields, told_shifts
from wellspring.labelling.scaling import stain_scale


def _moved(field: Field, shift: tuple[float, float]) -> Field:
    assert field.stain is not None
    stain = ndimage.shift(field.stain.astype(float), shift, order=1, mode="nearest")
    return replace(field, stain=stain.astype(np.uint16))


def _fields(shifts: dict[int, tuple[float, float]], *, n: int = 5) -> list[Field]:
    fields = [drawn_field(seed, size=128, n_discs=14) for seed in range(n)]
    return [_moved(one, shifts[number]) if number in shifts else one for number, one in enumerate(fields)]


def _told(fields: list[Field]) -> list[str]:
    stains = [np.asarray(one.stain) for one in fields]
    found = shifts_of_fields(fields, scale=stain_scale(stains, kind="asinh"))
    return told_shifts([one.name for one in fields], found)


def test_shifted_fields_are_told_with_their_shift_and_no_others() -> None:
    assert _told(_fields({})) == []
    fields = _fields({1: (3.0, -2.0), 4: (0.0, 4.0)})
    stains = [np.asarray(one.stain) for one in fields]
    found = shifts_of_fields(fields, scale=stain_scale(stains, kind="asinh"))
    for number, (y, x) in {0: (0.0, 0.0), 1: (3.0, -2.0), 2: (0.0, 0.0), 4: (0.0, 4.0)}.items():
        assert (found[number].y_px, found[number].x_px) == pytest.approx((y, x), abs=0.31)
    told = told_shifts([one.name for one in fields], found)
    assert [one.split(":")[0] for one in told] == ["field1.tif", "field4.tif"]
    assert told[1] == (
        "field4.tif: the stain lies 4.0 px (+0.0 down, +4.0 right) from where the other fields let expect it. Align "
        "its channels before training, or leave it out."
    )


def test_half_a_pixel_is_measured_and_not_told() -> None:
    assert _told(_fields({2: (0.5, 0.0)})) == []
    y, x = np.mgrid[:96, :96]
    spots = [np.exp(-((y - 40 - dy) ** 2 + (x - 50 - dx) ** 2) / 50.0) for dy, dx in ((0, 0), (0.4, -1.3))]
    assert distance_between(*spots) == pytest.approx((0.4, -1.3), abs=0.06)


def test_stains_that_the_light_does_not_show_are_not_accused() -> None:
    rng = np.random.default_rng(1)
    fields = [
        replace(one, stain=rng.permutation(np.asarray(one.stain).ravel()).reshape(128, 128)) for one in _fields({})
    ]
    assert _told(fields) == []


def test_two_fields_cannot_say_which_of_them_is_shifted() -> None:
    fields = _fields({1: (4.0, 0.0)}, n=2)
    found = shifts_of_fields(fields, scale=stain_scale([np.asarray(one.stain) for one in fields], kind="asinh"))
    assert all(np.isnan(one.distance_px) for one in found)
    assert np.isnan(distance_between(np.zeros((20, 20)), np.ones((20, 20)))).all()
