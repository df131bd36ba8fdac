"""Settings of attribution, as the config gives them; small tables, every number chosen by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.attribution.maps.stored import Maps
from wellspring.attribution.settings import MapSettings
from wellspring.report.style import new_figure, save_figure
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


RUN = {"model": "simple_cnn", "regime": "structure", "seed": 7}


@pytest.fixture
def importance() -> pd.DataFrame:
    """Four cells (two low, one medium, one high) and three channels; DAPI 0.2, SON 0.5, PML 0.3 on average."""
    shares = {"DAPI": [0.1, 0.3, 0.2, 0.2], "SON": [0.6, 0.4, 0.5, 0.5], "PML": [0.3, 0.3, 0.3, 0.3]}
    levels = ["low", "low", "medium", "high"]
    rows = [
        ("p1", "B02", cell + 1, *RUN.values(), channel, values[cell], levels[cell])
        for cell in range(4)
        for channel, values in shares.items()
    ]
    names = ["plate", "well", "object_id", "model", "regime", "seed", "channel", "importance", "level"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def completeness() -> pd.DataFrame:
    """Relative errors 0.01, 0.03, 0.08 and one that is not defined."""
    return pd.DataFrame(
        {
            "plate": "p1",
            "well": "B02",
            "object_id": [1, 2, 3, 4],
            **RUN,
            "target": 1.0,
            "prediction": [11.0, 11.0, 11.0, 1.0],
            "baseline_prediction": 1.0,
            "attribution_sum": [10.1, 9.7, 10.8, 0.0],
            "error": [0.1, -0.3, 0.8, 0.0],
            "relative_error": [0.01, 0.03, 0.08, np.nan],
            "steps": [70, 560, 560, 70],
            "is_complete": [True, False, False, True],
            "is_rescored": False,
        }
    )


@pytest.fixture
def trend() -> pd.DataFrame:
    """SON rises, DAPI has no trend, PML is the same everywhere."""
    rows = {"channel": ["DAPI", "SON", "PML"], "rho": [0.1, -0.8, np.nan], "p_value": [0.7, 0.002, np.nan]}
    return pd.DataFrame({**RUN, **rows, "n_cells": 4, "n_wells": 2, "q_value": [0.7, 0.004, np.nan]})


@pytest.fixture
def sanity() -> pd.DataFrame:
    """Two cells on a path of three points: the first ends 1 % above its difference of 10, the second meets 4."""
    return pd.DataFrame(
        {
            "plate": "p1",
            "well": "B02",
            "object_id": [1, 1, 1, 2, 2, 2],
            **RUN,
            "alpha": [0.0, 0.5, 1.0] * 2,
            "cumulative": [0.0, 6.0, 10.1, 0.0, 1.0, 4.0],
            "difference": [10.0] * 3 + [4.0] * 3,
        }
    )


@pytest.fixture
def maps() -> Maps:
    """One cell of 2 x 3 px in a 6 x 6 image, three channels; scores sum to 2, 5 and 3."""
    mask = np.zeros((1, 6, 6), dtype=bool)
    mask[0, 2:4, 1:4] = True
    image = np.zeros((1, 3, 6, 6), dtype=np.float32)
    image[0, :, 2:4, 1:4] = np.arange(6, dtype=np.float32).reshape(2, 3)
    score = np.zeros((1, 3, 6, 6), dtype=np.float32)
    for channel, total in enumerate((2.0, 5.0, 3.0)):
        score[0, channel, 2, 1] = total
    return Maps(
        image=image,
        mask=mask,
        score=score,
        attribution=score,
        plate=np.array(["p1"]),
        well=np.array(["B02"]),
        object_id=np.array([1]),
        target=np.array([3.25]),
        prediction=np.array([4.5]),
        level=np.array(["low"]),
        channels=np.array(["DAPI", "SON", "PML"]),
    )


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """All text of a figure that is shown and not empty."""

    def texts_of(figure: Figure) -> list[str]:
        found = figure.findobj(match=Text)
        return [text.get_text() for text in found if text.get_text() and text.get_visible()]

    return texts_of


@pytest.fixture
def empty_svg(tmp_path: Path) -> Path:
    """An SVG file 100 mm wide."""
    path = tmp_path / "figure.svg"
    save_figure(new_figure(height_mm=20, width_mm=100), path)
    return path
