"""Small tables, every number chosen by hand, for the report's tests."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.attribution.maps import Maps
from wellspring.report.style import new_figure, save_figure
from wellspring.training.tables import DIFFERENCES

METRICS = ("mean_error", "sd_error", "r2", "mae", "mse", "huber")


def steps(plate: str, well: str, found: int, *removed: tuple[str, int, int]) -> list[tuple[object, ...]]:
    """Rows of table `FILTERED` for one well: cells found, then (criterion, matching, removed)."""
    rows: list[tuple[object, ...]] = [(plate, well, 0, "all cells", 0, 0, found)]
    for place, (criterion, matching, n_removed) in enumerate(removed, start=1):
        found -= n_removed
        rows.append((plate, well, place, criterion, matching, n_removed, found))
    return rows


def filtered_of(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """Table `FILTERED` from rows."""
    return pd.DataFrame(rows, columns=["plate", "well", "step", "criterion", "n_matching", "n_removed", "n_left"])


@pytest.fixture
def filtered() -> pd.DataFrame:
    """Three wells: 10 cells of which 3 and 1 go; 4 cells of which all go; none at all."""
    return filtered_of(
        [
            *steps("p1", "B02", 10, ("is_border_cell is 1", 3, 3), ("cell_cycle is missing", 2, 1)),
            *steps("p1", "B03", 4, ("is_border_cell is 1", 1, 1), ("cell_cycle is missing", 4, 3)),
            *steps("p1", "A01", 0, ("is_border_cell is 1", 0, 0), ("cell_cycle is missing", 0, 0)),
        ]
    )


@pytest.fixture
def manifest() -> pd.DataFrame:
    """Ten cells: 6 train (targets 1, 2, 3, 4, 5, 9: mean 4), 2 validation (2, 7), 2 test (3, 8)."""
    return pd.DataFrame(
        {
            "plate": "p1",
            "well": "B02",
            "object_id": np.arange(1, 11),
            "row": np.arange(10),
            "split": ["train"] * 6 + ["validation"] * 2 + ["test"] * 2,
            "target": [1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 2.0, 7.0, 3.0, 8.0],
            "cell_size_ratio": 0.5,
            "is_cropped": [True] + [False] * 9,
            "cell_cycle": ["G1", "G1", "G1", "S", "S", None, "G1", "S", "G1", "S"],
        }
    )


def metrics_of(runs: Sequence[tuple[str, str, int, float, float, float]], *, mae: float = 2.0) -> pd.DataFrame:
    """Table `METRICS` from (model, regime, seed, R², lower, upper); every other metric is `mae` ± 1."""
    rows = []
    for model, regime, seed, r2, lower, upper in runs:
        for name in METRICS:
            numbers = (r2, lower, upper) if name == "r2" else (mae, mae - 1, mae + 1)
            rows.append((model, regime, seed, name, *numbers, 100))
    return pd.DataFrame(rows, columns=["model", "regime", "seed", "metric", "value", "lower", "upper", "n_cells"])


def differences_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """Table `DIFFERENCES` from the mean R² of each model and regime; every interval reaches 0.1 to both sides."""
    r2 = metrics[metrics["metric"] == "r2"].groupby(["model", "regime"], sort=False)["value"].mean()
    rows = [
        (*kind, *rival, r2[kind] - r2[rival], r2[kind] - r2[rival] - 0.1, r2[kind] - r2[rival] + 0.1)
        for rival, kind in combinations(r2.index, 2)
    ]
    return pd.DataFrame(rows, columns=DIFFERENCES.names)


@pytest.fixture
def metrics() -> pd.DataFrame:
    """Two models in two regimes, one seed, and the baseline; the rows are not in the order of the report."""
    return metrics_of(
        [
            ("linear", "structure", 7, 0.18, 0.10, 0.26),
            ("linear", "color-structure", 7, 0.38, 0.30, 0.46),
            ("baseline", "-", 0, -0.01, -0.03, 0.0),
            ("simple_cnn", "color-structure", 7, 0.52, 0.45, 0.58),
            ("simple_cnn", "structure", 7, 0.46, 0.38, 0.53),
        ]
    )


@pytest.fixture
def published() -> pd.DataFrame:
    """One published row."""
    row = {"model": "linear", "regime": "structure", **dict.fromkeys(METRICS, 1.5), "source": "Somebody 2020, table 1"}
    return pd.DataFrame([row])


def history_of(errors: Sequence[float]) -> pd.DataFrame:
    """Table `HISTORY` with these validation errors; 30 s per epoch."""
    epochs = np.arange(1, len(errors) + 1)
    return pd.DataFrame({"epoch": epochs, "loss": 1.0, "mae": 1.0, "val_loss": 1.0, "val_mae": errors, "seconds": 30.0})


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
def make_filtered() -> Callable[..., pd.DataFrame]:
    """Table `FILTERED` from one `steps` call's arguments per well."""

    def make(*wells: tuple[object, ...]) -> pd.DataFrame:
        return filtered_of([row for well in wells for row in steps(*well)])

    return make


@pytest.fixture
def make_metrics() -> Callable[..., pd.DataFrame]:
    """`metrics_of`."""
    return metrics_of


@pytest.fixture
def make_differences() -> Callable[..., pd.DataFrame]:
    """`differences_of`."""
    return differences_of


@pytest.fixture
def make_history() -> Callable[[Sequence[float]], pd.DataFrame]:
    """`history_of`."""
    return history_of


@pytest.fixture
def empty_svg(tmp_path: Path) -> Path:
    """An SVG file 100 mm wide."""
    path = tmp_path / "figure.svg"
    save_figure(new_figure(height_mm=20, width_mm=100), path)
    return path
