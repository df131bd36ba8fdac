"""Real exports of microscopes, where they are: each is read as its index and its files say."""

import os
from pathlib import Path

import pytest

from bench.plate_formats import EXPECTED, Expected, as_read

DATA = Path(os.environ.get("WELLSPRING_DATA", "nowhere")) / "plate_formats"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="WELLSPRING_DATA has no plate_formats")


@pytest.mark.parametrize("expected", EXPECTED, ids=[one.folder for one in EXPECTED])
def test_a_real_plate_is_read_right(expected: Expected) -> None:
    assert as_read(expected, data=DATA) == expected.found
