"""Size of a spot from the optics."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wellspring.errors import InputError
from wellspring.raw.images import SiteStacks
from wellspring.settings import settings_of
from wellspring.simulation.smfish import FieldSettings, simulate_smfish
from wellspring.spots import job
from wellspring.spots.optics import Optics
from wellspring.spots.settings import SpotSettings
from wellspring.spots.stage import STAGE

BLOCK: dict[str, Any] = {
    "channels": ["RNA"],
    "sigma_px": {"wavelength_nm": 670.0, "na": 1.4, "refractive_index": 1.515},
    "spacing_um": [0.3, 0.1, 0.1],
    "threshold": {"method": "noise"},
    "max_instability": 0.5,
    "max_per_neighborhood": 1,
    "decompose": True,
    "focus_radius_um": 0.35,
    "focus_min_spots": 4,
    "method": "classical",
    "weights": None,
}


def test_small_apertures_have_the_paraxial_sizes() -> None:
    z, y, x = Optics(600.0, 0.2, 1.33).sigma_px((0.5, 0.1, 0.2))
    assert y == pytest.approx(math.sqrt(2) / (2 * math.pi) * 0.6 / 0.2 / 0.1, rel=0.01)
    assert x == pytest.approx(y / 2)
    assert z == pytest.approx(2 * math.sqrt(6) / (2 * math.pi) * 1.33 * 0.6 / 0.2**2 / 0.5, rel=0.02)


def test_an_oil_objective_by_hand() -> None:
    optics = Optics(670.0, 1.4, 1.515)
    assert optics.sigma_px((0.1, 0.1)) == pytest.approx((1.0398, 1.0398), abs=2e-4)
    assert optics.sigma_px((0.3, 0.1, 0.1))[0] == pytest.approx(0.9419, abs=2e-3)


def test_the_aperture_is_below_the_refractive_index() -> None:
    with pytest.raises(InputError, match=r"refractive index of the immersion, got 1\.4 and 1\.33"):
        Optics(670.0, 1.4, 1.33).sigma_px((0.1, 0.1))
    config = {"spots": {**BLOCK, "sigma_px": {"wavelength_nm": 670.0, "na": 1.4, "refractive_index": 1.33}}}
    assert STAGE.mistakes({**config, "raw": {"format": "tiff"}}) == [
        "spots.sigma_px: expected an aperture (na) below the refractive index of the immersion; give "
        "refractive_index: 1.515 for oil, 1.33 for water, 1 for air"
    ]


def test_optics_and_sizes_give_the_same_spots() -> None:
    settings = settings_of(SpotSettings, BLOCK)
    assert settings.sigma_px == Optics(670.0, 1.4, 1.515)
    size = Optics(670.0, 1.4, 1.515).sigma_px((0.3, 0.1, 0.1))
    field = simulate_smfish(FieldSettings((10, 80, 90), size, 25, snr=15.0), rng=np.random.default_rng(3))
    labels = {"1": np.ones((80, 90), np.uint32)}
    stacks = [SiteStacks("1", {"RNA": field.image}, 0.1, 0.3)]
    by_optics, by_size, by_file = (
        job.run(stacks, labels, labels, one, key=("P", "A1")).spots
        for one in (settings, replace(settings, sigma_px=size), replace(settings, spacing_um=None))
    )
    assert len(by_optics) == pytest.approx(25, abs=2)
    np.testing.assert_array_equal(by_optics["response"], by_size["response"])
    np.testing.assert_array_equal(by_optics["response"], by_file["response"])
