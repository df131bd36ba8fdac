"""True against predicted values: which cells, and where they are drawn."""

import numpy as np
import pandas as pd
import pytest

from wellspring.training.report.predictions import predicted_cells, predictions_figure, stratum_column


@pytest.fixture
def predictions(manifest) -> pd.DataFrame:
    """All cells in two regimes and seeds 3 and 20; the prediction is the target plus the seed."""
    parts = [
        manifest[["plate", "well", "object_id", "split", "target"]].assign(
            model="linear", regime=regime, seed=seed, prediction=manifest["target"] + seed
        )
        for regime in ("structure", "color-structure")
        for seed in (20, 3)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("columns", "available", "expected"),
    [
        (["perturbation", "cell_cycle"], ["cell_cycle", "perturbation"], "cell_cycle"),
        ([], ["plate", "cell_cycle"], "cell_cycle"),
        (["gene", "perturbation"], ["perturbation"], "perturbation"),
        (["gene"], ["plate"], None),
    ],
)
def test_stratum_is_the_cell_cycle_or_the_first_annotation(columns, available, expected):
    assert stratum_column(columns, available=available) == expected


def test_test_cells_of_the_first_seed_with_their_stratum(predictions, manifest):
    cells = predicted_cells(predictions, manifest, stratum="cell_cycle")
    assert cells["object_id"].tolist() == [9, 10, 9, 10]
    assert cells["stratum"].tolist() == ["G1", "S", "G1", "S"]
    assert set(cells["seed"]) == {3}
    assert cells["prediction"].tolist() == [6.0, 11.0, 6.0, 11.0]


def test_without_a_stratum_all_cells_are_one(predictions, manifest):
    assert set(predicted_cells(predictions, manifest, stratum=None)["stratum"]) == {"all cells"}


def test_a_cell_that_the_manifest_lacks_is_an_error(predictions, manifest):
    with pytest.raises(ValueError, match=r"2 cells are not in the manifest.*10\]"):
        predicted_cells(predictions, manifest[manifest["object_id"] != 10], stratum=None)


def test_a_row_per_regime_with_boxes_and_dots(predictions, manifest):
    cells = predicted_cells(predictions, manifest, stratum="cell_cycle")
    figure = predictions_figure(cells, model="linear", stratum="cell_cycle", target_channel="EU")
    assert len(figure.axes) == 4
    boxes, scatter = figure.axes[:2]
    assert "linear, color-structure" in boxes.get_title(loc="left")
    assert "linear, structure" in figure.axes[2].get_title(loc="left")
    assert [tick.get_text() for tick in boxes.get_xticklabels()] == ["G1\n(n = 1)", "S\n(n = 1)"]
    medians = sorted(line.get_ydata()[0] for line in boxes.lines if line.get_linewidth() == 1.2)
    assert medians == [3.0, 6.0, 8.0, 11.0]
    dots = {c.get_label(): c.get_offsets().data.tolist() for c in scatter.collections}
    assert dots == {"G1": [[3.0, 6.0]], "S": [[8.0, 11.0]]}
    line = scatter.lines[0]
    assert list(line.get_xdata()) == list(line.get_ydata()) == list(scatter.get_xlim())
    assert scatter.get_xlim() == scatter.get_ylim()
    assert scatter.get_xlabel() == "True mean EU (intensity units)"


def test_only_the_largest_strata_get_boxes_but_every_cell_a_dot():
    strata = [f"s{i}" for i in range(8) for _ in range(9 - i)]
    cells = pd.DataFrame({"regime": "structure", "stratum": strata, "target": np.arange(44.0), "prediction": 0.0})
    boxes, scatter = predictions_figure(cells, model="linear", stratum="gene", target_channel="EU").axes
    assert len(boxes.get_xticklabels()) == 6
    sizes = {c.get_label(): len(c.get_offsets()) for c in scatter.collections}
    assert sizes["other"] == 3 + 2
    assert sum(sizes.values()) == 44


def test_thousands_of_dots_become_pixels():
    cells = pd.DataFrame({"regime": "structure", "stratum": "all", "target": np.arange(3001.0), "prediction": 0.0})
    scatter = predictions_figure(cells, model="linear", stratum=None, target_channel="EU").axes[1]
    assert scatter.collections[0].get_rasterized() is True
    scatter = predictions_figure(cells.head(3000), model="linear", stratum=None, target_channel="EU").axes[1]
    assert not scatter.collections[0].get_rasterized()
