"""Metrics side by side, their figure, and the errors by epoch."""

from pathlib import Path

import numpy as np
import pytest

from wellspring.tables import check_table
from wellspring.training.report.comparison import (
    THIS_RUN,
    comparison_table,
    histories_figure,
    metrics_figure,
    read_published,
    validation_baseline_mae,
)
from wellspring.training.runs import Run
from wellspring.training.tables import COMPARISON

ROOT = Path(__file__).resolve().parents[3]


def test_baseline_first_then_models_and_regimes_then_published(metrics, published):
    table = check_table(comparison_table(metrics, published), COMPARISON, source="test")
    assert table[["model", "regime", "seed"]].to_numpy().tolist() == [
        ["baseline", "-", "-"],
        ["linear", "color-structure", "7"],
        ["linear", "structure", "7"],
        ["simple_cnn", "color-structure", "7"],
        ["simple_cnn", "structure", "7"],
        ["linear", "structure", "-"],
    ]
    assert table["source"].tolist() == [THIS_RUN] * 5 + ["Somebody 2020, table 1"]
    assert table["r2"].tolist() == [-0.01, 0.38, 0.18, 0.52, 0.46, 1.5]
    assert table["r2_lower"].tolist()[:5] == [-0.03, 0.30, 0.10, 0.45, 0.38]
    assert table["r2_upper"].tolist()[:5] == [0.0, 0.46, 0.26, 0.58, 0.53]
    assert table["mae"].tolist()[:5] == [2.0] * 5
    assert table["n_cells"].tolist() == [100] * 5 + [0]
    assert np.isnan(table["r2_lower"].iloc[5])


def test_seeds_are_followed_by_their_mean_without_bounds(make_metrics, published):
    runs = [("linear", "structure", seed, r2, r2 - 0.1, r2 + 0.1) for seed, r2 in ((10, 0.3), (2, 0.1))]
    table = comparison_table(make_metrics([("baseline", "-", 0, 0.0, 0.0, 0.0), *runs]), published.head(0))
    assert table["seed"].tolist() == ["-", "2", "10", "mean"]
    mean = table.iloc[3]
    assert mean["r2"] == pytest.approx(0.2)
    assert np.isnan(mean["r2_lower"])
    assert np.isnan(mean["mae_upper"])


def test_a_run_without_a_metric_is_an_error(metrics, published):
    lacking = metrics[~((metrics["model"] == "linear") & (metrics["metric"] == "mse"))]
    with pytest.raises(ValueError, match=r"\['mse'\] are missing.*linear"):
        comparison_table(lacking, published)


def test_a_metric_without_a_value_is_kept(metrics, published):
    unknown = metrics.assign(value=metrics["value"].where(metrics["metric"] != "r2"))
    assert comparison_table(unknown, published)["r2"].isna().sum() == 5


def test_bars_points_and_intervals(metrics, published):
    figure = metrics_figure(comparison_table(metrics, published))
    mae, r2 = figure.axes
    assert [tick.get_text() for tick in r2.get_xticklabels()] == ["linear", "simple_cnn"]
    color, structure = r2.containers
    assert [bar.get_height() for bar in color] == [0.38, 0.52]
    assert [bar.get_height() for bar in structure] == [0.18, 0.46]
    spans = sorted(segment[:, 1].tolist() for part in r2.collections for segment in part.get_segments())
    assert spans == [[0.10, 0.26], [0.30, 0.46], [0.38, 0.53], [0.45, 0.58]]
    assert [bar.get_height() for bar in mae.containers[0]] == [2.0, 2.0]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "color-structure (intensities as measured)" in labels
    assert "baseline: mean of training cells" in labels


def test_the_baseline_is_a_line_and_a_band(metrics, published):
    r2 = metrics_figure(comparison_table(metrics, published)).axes[1]
    line = next(line for line in r2.lines if line.get_linestyle() == "--")
    assert line.get_ydata()[0] == -0.01
    band = next(p for p in r2.patches if p.get_alpha() == 0.15)
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((-0.03, 0.0))


def test_several_seeds_are_points_and_the_bar_is_their_mean(make_metrics, published):
    runs = [("linear", "structure", seed, r2, r2 - 0.1, r2 + 0.1) for seed, r2 in ((1, 0.3), (2, 0.1))]
    r2 = metrics_figure(comparison_table(make_metrics(runs), published)).axes[1]
    assert [bar.get_height() for bar in r2.containers[0]] == pytest.approx([0.2])
    points = next(line for line in r2.lines if line.get_marker() == "o")
    assert points.get_ydata().tolist() == [0.3, 0.1]
    assert points.get_xdata()[0] < points.get_xdata()[1]


def test_validation_baseline_by_hand(manifest):
    # Train mean 4; validation targets 2 and 7: (2 + 3) / 2.
    assert validation_baseline_mae(manifest) == pytest.approx(2.5)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_validation_baseline_needs_both_sets(manifest, split):
    with pytest.raises(ValueError, match=f"'{split}'"):
        validation_baseline_mae(manifest[manifest["split"] != split])


def test_histories_have_a_panel_per_regime_and_a_dot_at_the_best_epoch(make_history):
    runs = {
        Run("linear", "structure", 1): make_history([9.0, 5.0, 6.0]),
        Run("linear", "color-structure", 1): make_history([4.0, 3.0]),
        Run("simple_cnn", "color-structure", 1): make_history([4.0, 2.0, 1.0]),
    }
    figure = histories_figure(runs, baseline_mae=4.5)
    color, structure = figure.axes
    assert "color-structure" in color.get_title(loc="left")
    dots = [(line.get_xdata()[0], line.get_ydata()[0]) for line in color.lines if line.get_marker() == "o"]
    assert dots == [(2, 3.0), (3, 1.0)]
    assert [(d.get_xdata()[0], d.get_ydata()[0]) for d in structure.lines if d.get_marker() == "o"] == [(2, 5.0)]
    assert all(
        any(line.get_linestyle() == "--" and line.get_ydata()[0] == 4.5 for line in a.lines) for a in figure.axes
    )
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["linear", "simple_cnn", "baseline"]


def test_seeds_share_a_color_and_one_label(make_history):
    runs = {Run("linear", "structure", seed): make_history([3.0, 2.0]) for seed in (1, 2)}
    figure = histories_figure(runs, baseline_mae=2.5)
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and line.get_linestyle() == "-"]
    assert len(curves) == 2
    assert len({line.get_color() for line in curves}) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["linear", "baseline"]


@pytest.mark.parametrize(
    ("errors", "top"),
    [([400.0, 8.0], 20.0), ([12.0, 8.0], 12.0), ([8.0, 7.0], 10.0), ([90.0, 80.0], 80.0)],
    ids=["wild first epoch", "all inside", "below the baseline", "best epoch far above"],
)
def test_error_axis_shows_every_best_epoch_and_no_more_than_it_must(make_history, errors, top):
    figure = histories_figure({Run("linear", "structure", 1): make_history(errors)}, baseline_mae=10.0)
    assert figure.axes[0].get_ylim() == pytest.approx((0.0, 1.05 * top))


def test_the_shipped_published_figures_can_be_read():
    table = read_published(ROOT / "resources" / "published" / "becker_2021.csv")
    cnn = table[(table["model"] == "simple_cnn") & (table["regime"] == "structure")].iloc[0]
    assert (cnn["r2"], cnn["mae"]) == (0.46, 33.08)
    assert table["mse"].dtype == np.float64


def test_published_figures_without_a_column_are_an_error(tmp_path, published):
    published.drop(columns="mae").to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(ValueError, match=r"p\.csv: expected a CSV with the columns"):
        read_published(tmp_path / "p.csv")


def test_published_figures_that_are_missing_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read_published(tmp_path / "none.csv")
