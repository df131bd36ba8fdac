"""The scripts of attribution that need no network, run as Snakemake runs them."""

import json
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.attribution.tables import (
    COMPLETENESS,
    CONSISTENCY,
    CORRELATION,
    CURVES,
    GROUPS,
    IMPORTANCE,
    MEASURES,
    RANDOMISED,
    ROAR,
    ROAR_SUMMARY,
    SANITY,
    TREND,
    TRUST,
)
from wellspring.cells.shards import Crop, ShardHeader, runs_of, write_shard
from wellspring.dataset.tables import MANIFEST, NORMALIZATION
from wellspring.report.chapter import read_chapter
from wellspring.report.style import new_figure, save_figure
from wellspring.tables import read_table, write_table

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
KEY = {"plate": "p", "well": "B02", "object_id": [1, 2, 3, 4]}


def main_of(script):
    return runpy.run_path(str(SCRIPTS / script))["main"]


def write_cells(folder):
    """Four training cells of 5 x 5 px: channel b is twice channel a, c is independent of both; EU is the target."""
    y, x = (index.ravel() for index in np.indices((5, 5)))
    runs = dict(zip(("run_y", "run_x", "run_length"), runs_of(y, x), strict=True))
    rng = np.random.default_rng(1)
    crops = []
    for number in range(4):
        a, c = rng.integers(1, 1000, size=(2, 25))
        pixels = np.column_stack([a, 2 * a, c, np.full(25, 7)]).astype(np.uint16)
        crops.append(Crop(object_id=number + 1, y_min=0, x_min=0, height=5, width=5, pixels=pixels, **runs))
    header = ShardHeader(plate="p", well="B02", channels=("a", "b", "c", "EU"), background=np.zeros(4))
    write_shard(folder / "cells" / "p" / "B02.arrow", crops, header=header)


def test_channels_are_grouped_by_their_pixels_and_by_their_markers(tmp_path):
    write_cells(tmp_path)
    cells = {"row": range(4), "split": "train", "target": 7.0, "cell_size_ratio": 0.5, "is_cropped": False}
    write_table(pd.DataFrame({**KEY, **cells}), tmp_path / "manifest.parquet", MANIFEST)
    numbers = {"n_px": 9, "percentile": 98.0, "upper": 1.0, "mean": 0.0, "std": 1.0, "clip": np.inf, "shift": 0.0}
    scaling = pd.DataFrame({"channel": ["a", "b", "c", "EU"], **numbers, "scale": 100.0})
    write_table(scaling, tmp_path / "normalization.parquet", NORMALIZATION)
    (tmp_path / "markers.csv").write_text("channel,kind\na,speckle\nc,body\n")
    outputs = {name: str(tmp_path / f"{name}.parquet") for name in ("correlation", "groups")}
    inputs = {name: str(tmp_path / f"{name}.parquet") for name in ("manifest", "normalization")}
    inputs |= {"markers": str(tmp_path / "markers.csv"), "crops": [str(tmp_path / "cells" / "p" / "B02.arrow")]}
    groups = {"min_correlation": 0.9, "cells": 10}
    params = {"target_channel": "EU", "input_channels": None, "image_size": 6, "groups": groups}
    main_of("attribution_groups.py")(inputs=inputs, outputs=outputs, params=params)
    found = read_table(Path(outputs["groups"]), GROUPS).set_index(["grouping", "channel"])["group"]
    assert found["correlation"].to_dict() == {"a": "a and 1 more", "b": "a and 1 more", "c": "c"}
    assert found["marker"].to_dict() == {"a": "speckle", "b": "other", "c": "body"}
    correlation = read_table(Path(outputs["correlation"]), CORRELATION).set_index(["channel", "other"])["correlation"]
    assert correlation["a", "b"] == pytest.approx(1.0)


def of_run(seed, **columns):
    return pd.DataFrame({**columns, "model": "linear", "regime": "structure", "seed": seed})


@pytest.fixture
def job(tmp_path):
    """Two runs that were explained and tested, and one retrained with nothing removed and with half of the values."""
    inputs = {name: [] for name in ("importance", "completeness", "sanity", "trend", "figures")}
    inputs |= {name: [] for name in ("measures", "curves", "randomised", "retrained", "restarted")}

    def add(name, frame, table, path):
        write_table(frame[table.names], tmp_path / path, table)
        inputs[name].append(str(tmp_path / path))

    method = {"method": "gradient", "copies": "none", "baseline": "-"}
    for seed in (1, 2):
        run, drawn = f"attribution/linear/structure/{seed}", f"report/linear_structure_{seed}"
        shares = [
            of_run(seed, **KEY, channel=c, importance=share, level="low") for c, share in (("a", 0.7), ("b", 0.3))
        ]
        add("importance", pd.concat(shares), IMPORTANCE, f"{run}/importance.parquet")
        sums = {"target": 1.0, "prediction": 2.0, "baseline_prediction": 1.0, "attribution_sum": 1.0}
        checks = {"error": 0.0, "relative_error": 0.0, "steps": 9, "is_complete": True, "is_rescored": False}
        add("completeness", of_run(seed, **KEY, **sums, **checks), COMPLETENESS, f"{run}/completeness.parquet")
        path = {"alpha": [0.0, 0.3, 0.6, 1.0], "cumulative": 1.0, "difference": 1.0}
        add("sanity", of_run(seed, **{**KEY, "object_id": 1}, **path), SANITY, f"{run}/sanity.parquet")
        trend = {"channel": ["a", "b"], "n_cells": 4, "n_wells": 1, "rho": 0.5, "p_value": 0.1, "q_value": 0.2}
        add("trend", of_run(seed, **trend), TREND, f"{drawn}/trend.csv")
        tests = {**method, "measure": ["deletion_area", "insertion_area"], "n_cells": 2, "value": 0.25 * seed}
        add("measures", of_run(seed, **tests), MEASURES, f"{run}/measures.parquet")
        curves = {**method, "curve": ["deletion", "insertion"], "n_cells": 2, "share": 0.5, "value": 0.5}
        add("curves", of_run(seed, **curves), CURVES, f"{run}/curves.parquet")
        layers = {**method, "layer": ["target"], "depth": 1, "n_cells": 2, "correlation": 0.9}
        add("randomised", of_run(seed, **layers), RANDOMISED, f"{run}/randomised.parquet")
        for name in ("importance", "groups", "panels", "similar", "matrix", "sanity"):
            save_figure(new_figure(height_mm=20), tmp_path / drawn / f"{name}.svg")
            inputs["figures"].append(str(tmp_path / drawn / f"{name}.svg"))
    for ranking, amount in (("none", 0), ("map", 50)):
        row = {"form": ["pixels"], "ranking": ranking, "amount": amount, "retrained_seed": 9, "n_cells": 2}
        add(
            "retrained",
            of_run(1, **row, mae=1.0 + amount, r2=0.5),
            ROAR,
            f"retrained/pixels_{ranking}_{amount}.parquet",
        )
    inputs["captions"] = [str(path) for path in (ROOT / "workflow" / "report" / "attribution").glob("*.rst")]
    names = {"trust": "trust.csv", "consistency": "consistency.csv", "curves": "curves.svg"}
    names |= {"randomised": "randomised.svg", "roar_table": "roar.csv", "roar": "roar.svg", "chapter": "chapter.json"}
    estimator = {"method": "offset", "points": 8, "samples": 100}
    attribution = {"models": ["linear"], "split": "test", "max_cells": None, "method": "gradient", "copies": "none"}
    attribution |= {"baseline": {"method": "black"}, "estimator": estimator, "noise_sd": 1.0, "rule": "trapezoid"}
    attribution |= {"steps": 9, "tolerance": 0.01, "max_steps": 9, "panel_channels": 2}
    return {
        "inputs": inputs,
        "outputs": {name: str(tmp_path / "report" / file) for name, file in names.items()},
        "params": {"attribution": attribution, "marked_channels": ["b"]},
    }


@pytest.mark.slow
def test_the_chapter_sums_up_runs_and_tests(job):
    main_of("attribution_chapter.py")(**job)
    out = {name: Path(path) for name, path in job["outputs"].items()}
    trust = read_table(out["trust"], TRUST).set_index("measure")
    assert trust.loc["deletion_area", "mean"] == pytest.approx(0.375)
    assert trust.loc["randomised", "survives"]
    assert len(read_table(out["consistency"], CONSISTENCY)) == 1
    assert read_table(out["roar_table"], ROAR_SUMMARY)["mae"].tolist() == [1.0, 51.0]
    chapter = read_chapter(out["chapter"])
    assert [section.title for section in chapter.sections] == [
        "",
        "linear, structure, seed 1",
        "linear, structure, seed 2",
        "Do the maps mean something?",
    ]
    assert len(chapter.warnings) == 1
    assert "show the image rather than the model" in chapter.warnings[0]
    shown = json.dumps(json.loads(out["chapter"].read_text()))
    for file in (*job["inputs"]["figures"], *(job["outputs"][name] for name in ("curves", "randomised", "roar"))):
        assert file in shown


def test_without_tests_the_chapter_has_the_runs_alone(job):
    for name in ("measures", "curves", "randomised", "retrained", "restarted"):
        del job["inputs"][name]
    main_of("attribution_chapter.py")(**job)
    assert len(read_chapter(Path(job["outputs"]["chapter"])).sections) == 3
    assert not Path(job["outputs"]["trust"]).exists()
