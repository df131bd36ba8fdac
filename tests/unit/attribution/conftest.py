"""Settings of attribution, as the config gives them."""

import pytest

from wellspring.attribution.settings import MapSettings
from wellspring.settings import settings_of

BLOCK = {
    "split": "test",
    "max_cells": None,
    "method": "integrated_gradients",
    "copies": "vargrad_sd",
    "baseline": {"method": "black"},
    "estimator": {"method": "offset", "points": 4, "samples": 9},
    "noise_sd": 1.0,
    "rule": "midpoint",
    "steps": 9,
    "tolerance": 0.01,
    "max_steps": 8,
    "batch_size": 64,
    "map_cells": [],
}


@pytest.fixture
def map_settings():
    """A function that makes the settings, with changes by name."""
    return lambda **changes: settings_of(MapSettings, {**BLOCK, **changes})
