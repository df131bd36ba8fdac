"""Small tables, every number chosen by hand, for the tests of the chapter on the models."""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from wellspring.report.style import new_figure, save_figure
from wellspring.training.tables import DIFFERENCES

METRICS = ("mean_error", "sd_error", "r2", "mae", "mse", "huber")


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


@pytest.fixture
def texts() -> Callable[[Figure], list[str]]:
    """All text of a figure that is shown and not empty."""

    def texts_of(figure: Figure) -> list[str]:
        found = figure.findobj(match=Text)
        return [text.get_text() for text in found if text.get_text() and text.get_visible()]

    return texts_of


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
