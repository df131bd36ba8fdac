"""The chapter on whether the maps mean something: what it says, and what is drawn."""

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.report.trust import (
    Validation,
    consistency_rows,
    roar_rows,
    trust_findings,
    trust_rows,
    trust_warnings,
    validation_section,
)
from wellspring.attribution.report.validation_figures import curves_figure, method_name, randomised_figure, roar_figure
from wellspring.attribution.tables import CONSISTENCY, ROAR_SUMMARY, TRUST

RUN = {"model": "simple_cnn", "regime": "structure"}
VARGRAD = {"method": "integrated_gradients", "copies": "vargrad", "baseline": "black"}
INPUT = {"method": "gradient_input", "copies": "none", "baseline": "-"}
RANDOM = {"method": "random", "copies": "-", "baseline": "-"}
INTENSITY = {"method": "intensity", "copies": "-", "baseline": "-"}


@pytest.fixture
def trust():
    rows = [
        {**VARGRAD, "measure": "pixel_auc", "mean": 0.9, "lower": 0.85, "upper": 0.95},
        {**INPUT, "measure": "pixel_auc", "mean": 0.6},
        {**INTENSITY, "measure": "pixel_auc", "mean": 0.8},
        {**VARGRAD, "measure": "deletion_area", "mean": 0.2},
        {**INPUT, "measure": "deletion_area", "mean": 0.5},
        {**RANDOM, "measure": "deletion_area", "mean": 0.4},
        {**INTENSITY, "measure": "deletion_area", "mean": 0.1},
        {**VARGRAD, "measure": "randomised", "mean": 0.1, "n_cells": 3},
        {**INPUT, "measure": "randomised", "mean": 0.7, "survives": True, "n_cells": 3},
    ]
    defaults = {**RUN, "n_runs": 2, "n_cells": 9, "lower": np.nan, "upper": np.nan, "survives": False}
    return pd.DataFrame([defaults | row for row in rows])[TRUST.names]


@pytest.fixture
def consistency():
    rows = {"seed": [1, 1], "other_seed": [2, 3], "n_channels": 5, "rho": [0.9, -0.25]}
    return pd.DataFrame({**RUN, **rows})[CONSISTENCY.names]


@pytest.fixture
def roar():
    rows = [("map", 0, 10.0), ("map", 90, 30.0), ("random", 0, 10.0), ("random", 90, 20.0)]
    table = pd.DataFrame(rows, columns=["ranking", "amount", "mae"])
    table = table.assign(**RUN, form="pixels", n_retrained=2, r2=0.5)
    return table.assign(mae_lower=table["mae"] - 1, mae_upper=table["mae"] + 1)[ROAR_SUMMARY.names]


def test_methods_have_names():
    assert method_name("integrated_gradients", "vargrad_sd", "black") == "integrated gradients, VarGrad (SD), black"
    assert method_name("gradient_input", "none", "-") == "gradient input"


def test_findings_say_what_passes_and_what_does_not(trust):
    pixels, marked, beaten = trust_findings(trust)
    assert "0.60 (gradient input) to 0.90 (integrated gradients, VarGrad, black)" in pixels
    assert marked.endswith("rather than the model: gradient input.")
    assert "has 0.80: 1 of 2 methods do better." in pixels
    assert "of 2 map methods 1 earlier than a random order and 0 earlier than the order by intensity" in beaten


def test_findings_say_who_ranks_the_causal_channels_first(trust):
    measured = trust[trust["measure"] == "pixel_auc"].assign(measure="channel_auc")
    (some,) = trust_findings(measured.assign(mean=[1.0, 0.75, np.nan]))
    assert "1 of 2 map methods rank every causal channel before all others; the smallest area" in some
    assert "is 0.75 (gradient input), 0.5 would be chance." in some
    (every,) = trust_findings(measured.assign(mean=[1.0, 1.0, np.nan]))
    assert every.endswith("2 of 2 map methods rank every causal channel before all others.")


def test_maps_that_survive_a_random_model_are_warned_of_where_the_report_draws_them(trust):
    (warning,) = trust_warnings(trust, method="gradient input")
    assert warning.startswith("simple_cnn, structure: the maps of this report (gradient input) stay much the same")
    assert "(correlation 0.70)" in warning
    assert trust_warnings(trust, method="integrated gradients, VarGrad, black") == []


def test_without_truth_and_without_orders_there_is_less_to_say(trust):
    maps = trust[~trust["method"].isin(["random", "intensity"])]
    pixels, _ = trust_findings(maps)
    assert pixels.endswith("0.5 would be chance.")
    assert len(trust_findings(trust[trust["measure"] != "pixel_auc"])) == 2


def test_every_method_has_a_row_and_failures_are_marked(trust):
    (grid,) = trust_rows(trust, file="trust.csv")
    assert list(grid.head) == ["Map method", "AUC of\npixels", "Deletion\narea", "Correlation,\nrandom model"]
    assert grid.rows == [
        ("integrated gradients, VarGrad, black", "0.90\n0.85 to 0.95", "0.20", "0.10"),
        ("gradient input", "0.60", "0.50", "0.70 ✗"),
        ("intensity", "0.80", "0.10", "–"),
        ("random", "–", "0.40", "–"),
    ]
    assert "9 cells of each run, 3 for the random model. Mean over 2 runs" in grid.note
    (grid,) = trust_rows(trust[trust["measure"] != "randomised"], file="trust.csv")
    assert "9 cells of each run. Mean" in grid.note


def test_tables_of_agreement_and_of_retraining(consistency, roar):
    assert consistency_rows(consistency, file="").rows[1] == ("simple_cnn", "structure", "1 and 3", "−0.25")
    row = roar_rows(roar, file="").rows[1]
    assert row == ("simple_cnn, structure", "pixels", "map", "90 %", "2", "30.0\n29.0 to 31.0", "0.50")
    assert "95 % interval" in roar_rows(roar, file="").note
    once = roar.assign(n_retrained=1, mae_lower=np.nan, mae_upper=np.nan)
    assert roar_rows(once, file="").note.endswith("one training each.")
    assert roar_rows(once, file="").rows[1][-2] == "30.0"


def test_curves_are_means_over_the_runs():
    parts = [
        pd.DataFrame({**RUN, "seed": seed, **way, "curve": curve, "share": [0.0, 1.0], "value": [1.0, value]})
        for seed, value in ((1, 0.2), (2, 0.4))
        for way in (VARGRAD, VARGRAD | {"baseline": "noise"}, RANDOM)
        for curve in ("deletion", "insertion")
    ]
    deletion, _ = curves_figure(pd.concat(parts)).axes
    lines = {line.get_label(): line.get_ydata() for line in deletion.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["integrated gradients, VarGrad, black", "random"]
    np.testing.assert_allclose(lines["random"], [1.0, 0.3])


def test_randomised_layers_stand_in_their_order():
    layers = {"layer": ["top", "bottom"], "depth": [1, 2], "correlation": [0.8, 0.1]}
    (axes,) = randomised_figure(pd.DataFrame({**RUN, "seed": 1, **VARGRAD, **layers}), survives=0.5).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["top", "bottom"]
    assert axes.lines[0].get_ydata().tolist() == [0.8, 0.1]


def test_retraining_is_drawn_by_ranking(roar):
    (axes,) = roar_figure(roar).axes
    handles, labels = axes.get_legend_handles_labels()
    assert labels == ["removed first: highest score", "removed first: random"]
    assert [handle.lines[0].get_ydata().tolist() for handle in handles] == [[10, 30], [10, 20]]


def test_the_section_has_what_was_asked_for(trust, consistency, roar, empty_svg):
    captions = {"curves": "Curves.", "randomised": "Random.", "roar": "Retrained."}
    small = Validation(trust, consistency, empty_svg, empty_svg, empty_svg, empty_svg)
    section = validation_section(small, captions=captions)
    assert len(section.parts) == 4
    assert section.findings == trust_findings(trust)
    more = Validation(trust, consistency, empty_svg, empty_svg, empty_svg, empty_svg, roar, empty_svg, empty_svg)
    section = validation_section(more, captions=captions)
    assert [part.caption for part in section.parts if hasattr(part, "caption")] == list(captions.values())
    assert len(section.parts) == 6
