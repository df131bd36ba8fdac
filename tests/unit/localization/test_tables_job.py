"""The job of a well of tables: molecules and outlines in the files that people have."""

import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tifffile

from tests.unit.localization.drawn import ellipse
from wellspring.localization.classifier.model import Classifier, TrainingSettings, fitted
from wellspring.localization.outlines import read_outlines
from wellspring.localization.points import read_points
from wellspring.localization.settings import LocalizationSettings
from wellspring.localization.simulated.examples import ExampleSettings, make_examples
from wellspring.localization.tables import LOCALIZED, LOCALIZED_MOLECULES
from wellspring.localization.tables_job import read_shapes, read_tables_of_well, run_tables
from wellspring.raw.index import WellIndex
from wellspring.raw.points import describe_points, point_files
from wellspring.tables import check_table

PATTERNS = ("random", "intranuclear")
SETTINGS = LocalizationSettings(
    channels=(),
    patterns=PATTERNS,
    landscapes="drawn",
    null_model="volume",
    draws=39,
    score_draws=1,
    by_cluster=False,
    least_effect=0.05,
    area_um2=(50.0, 5000.0),
    gene_column=None,
    unit_column=None,
    condition_column=None,
    control=None,
    seed=1,
)
RAW = {"points": "{well}_points.csv", "outlines": "outlines.csv", "pixel_size_um": 0.5, "z_step_um": None}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    small = ExampleSettings(n_landscapes=12, n_variants=1, n_draws=4, fewest=10, most=60, least_share=0.6)
    examples = make_examples(PATTERNS, settings=small, rng=np.random.default_rng(1))
    return fitted(PATTERNS, examples, settings=TrainingSettings(examples=small))


def _rows(cell: str, gene: str, n: int, *, x: float, radius: float, rng: np.random.Generator) -> pd.DataFrame:
    angle, far = rng.uniform(0, 2 * np.pi, n), radius * np.sqrt(rng.random(n))
    return pd.DataFrame({"cell": cell, "gene": gene, "x": x + far * np.cos(angle), "y": far * np.sin(angle)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two cells of 20 px radius, one without a nucleus, and molecules of a third that has no outline."""
    rng = np.random.default_rng(1)
    parts = [
        _rows("a", "N", 30, x=0, radius=7, rng=rng),
        _rows("a", "R", 40, x=0, radius=19, rng=rng),
        _rows("b", "R", 40, x=100, radius=19, rng=rng),
        _rows("lost", "R", 3, x=0, radius=5, rng=rng),
    ]
    pd.concat(parts).to_csv(tmp_path / "A1_points.csv", index=False)
    rings = [("a", "cell", ellipse(20, 20)), ("a", "nucleus", ellipse(8, 8)), ("b", "cell", ellipse(20, 20, x=100))]
    rows = [(name, kind, k, x, y) for name, kind, ring in rings for k, (x, y) in enumerate(ring)]
    table = pd.DataFrame(rows, columns=["cell", "shape", "vertex", "x", "y"])
    table.to_csv(tmp_path / "outlines.csv", index=False)
    return tmp_path


def _index(folder: Path, **changes: object) -> WellIndex:
    return describe_points(folder, plate="p", well="A1", raw={**RAW, **changes})


def test_a_row_for_each_gene_in_each_cell_that_has_it(folder: Path, classifier: Classifier) -> None:
    given = read_tables_of_well(_index(folder), settings=SETTINGS)
    found = run_tables(given, classifier=classifier, settings=SETTINGS, key=("p", "A1"))
    pairs = check_table(found.pairs, LOCALIZED, source="pairs").set_index(["cell", "channel"])
    assert pairs["n_molecules"].to_dict() == {("a", "N"): 30, ("a", "R"): 40, ("b", "R"): 40}
    assert pairs["object_id"].tolist() == [1, 1, 2]
    assert pairs.loc[("a", "N"), "pattern"] == "intranuclear"
    assert pairs.loc[("a", "N"), "p_in_nucleus"] == 1 / 40
    assert pairs["missing"].to_dict()[("b", "R")] == "no nucleus"
    # 20 px of 0.5 µm.
    assert pairs.loc[("b", "R"), "cell_um2"] == pytest.approx(np.pi * 100, rel=0.02)
    molecules = check_table(found.molecules, LOCALIZED_MOLECULES, source="molecules")
    assert len(molecules) == 110
    assert set(molecules.loc[molecules["channel"] == "N", "compartment"]) <= {"nucleus", "nuclear edge"}
    assert "3 of 113 molecules are of cells without an outline (? lost) and were left out." in found.notes


def test_the_same_cells_from_geojson_geoparquet_labels_and_h5ad(folder: Path) -> None:
    reference, _ = read_shapes(_index(folder), area_um2=(50, 5000))
    plain = read_outlines(folder / "outlines.csv", pixel_size_um=1)
    features = [
        {
            "type": "Feature",
            "properties": {"cell": one.name, "shape": one.kind},
            "geometry": {"type": "Polygon", "coordinates": [[*ring.tolist(), ring[0].tolist()] for ring in one.rings]},
        }
        for one in plain
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    (folder / "outlines.geojson").write_text(text, encoding="utf-8")
    _write_h5ad(folder / "all.h5ad", plain)
    y, x = np.mgrid[:60, :160]
    cells = np.where(np.hypot(y - 30, x - 30) < 20, 1, 0) + np.where(np.hypot(y - 30, x - 130) < 20, 2, 0)
    tifffile.imwrite(folder / "cells.tif", cells.astype(np.uint16))
    tifffile.imwrite(folder / "nuclei.tif", (np.hypot(y - 30, x - 30) < 8).astype(np.uint16))
    for changes in (
        {"outlines": "outlines.geojson"},
        {"outlines": "all.h5ad"},
        {"outlines": "cells.tif", "nuclei": "nuclei.tif"},
    ):
        shapes, report = read_shapes(_index(folder, **changes), area_um2=(50, 5000))
        assert [len(one.nuclei) for one in shapes] == [1, 0] == [len(one.nuclei) for one in reference]
        assert len(report.without_nucleus) == 1
        sizes = [np.ptp(one.rings[0], axis=0).tolist() for one in shapes]
        assert np.array(sizes) == pytest.approx(20.0, abs=0.6)
    points = read_points(folder / "all.h5ad", pixel_size_um=1)
    assert points.table.to_numpy().tolist() == [["a", "G", 1.0, 2.0], ["b", "H", 3.0, 4.0]]


def _write_h5ad(path: Path, outlines: list) -> None:
    """Old categories for the genes, new ones for the cells."""
    texts = {kind: {} for kind in ("cell", "nucleus")}
    for one in outlines:
        ring = ", ".join(f"{x} {y}" for x, y in [*one.rings[0], one.rings[0][0]])
        texts[one.kind][one.name] = f"POLYGON (({ring}))"
    with h5py.File(path, "w") as file:
        obs = file.create_group("obs")
        obs.attrs["_index"] = "cell"
        obs["cell"] = ["a", "b"]
        for kind, column in texts.items():
            obs[f"{kind}_shape"] = [column.get(name, "nan") for name in ("a", "b")]
        points = file.create_group("uns/points")
        points["x"], points["y"] = [1.0, 3.0], [2.0, 4.0]
        points["gene"], points["__categories/gene"] = np.array([0, 1], np.int8), ["G", "H"]
        points["cell/codes"], points["cell/categories"] = np.array([0, 1], np.int8), ["a", "b"]


def test_files_that_are_not_as_they_should_be(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected the file that raw.outlines names"):
        point_files(folder, well="A1", raw={**RAW, "outlines": "other.csv"})
    (folder / "empty.csv").touch()
    with pytest.raises(ValueError, match="got an empty file"):
        _index(folder, outlines="empty.csv")
    with pytest.raises(ValueError, match=r"expected genes of .*, such as N, R; got X"):
        read_tables_of_well(_index(folder), settings=replace(SETTINGS, channels=("X",)))
    one = read_tables_of_well(_index(folder), settings=replace(SETTINGS, channels=("N",)))
    assert set(one.points.table["gene"]) == {"N"}
    with h5py.File(folder / "none.h5ad", "w") as file:
        file.create_group("obs")
    with pytest.raises(ValueError, match="no obs/cell_shape"):
        read_outlines(folder / "none.h5ad", pixel_size_um=1)
    with pytest.raises(ValueError, match="no uns/points"):
        read_points(folder / "none.h5ad", pixel_size_um=1)
    with h5py.File(folder / "line.h5ad", "w") as file:
        file["obs/cell"], file["obs/cell_shape"] = ["a"], ["LINESTRING (0 0, 1 1)"]
    with pytest.raises(ValueError, match="expected polygons as WKT"):
        read_outlines(folder / "line.h5ad", pixel_size_um=1)
    with pytest.raises(ValueError, match="no uns/points with cell"):
        read_points(folder / "line.h5ad", pixel_size_um=1)


def test_a_table_in_parts_is_a_folder(folder: Path) -> None:
    whole = pd.read_csv(folder / "A1_points.csv")
    parts = folder / "points.parquet"
    parts.mkdir()
    for number, own in whole.groupby(np.arange(len(whole)) % 2):
        own.to_parquet(parts / f"part.{number}.parquet")
    index = _index(folder, points="points.parquet")
    assert index.n_files == 3
    given = read_tables_of_well(index, settings=SETTINGS)
    assert len(given.points.table) == len(whole)


def test_a_well_without_molecules_in_its_cells_is_an_empty_table(folder: Path, classifier: Classifier) -> None:
    rows = pd.DataFrame({"cell": ["lost"], "gene": ["R"], "x": [0.0], "y": [0.0]})
    rows.to_csv(folder / "A1_points.csv", index=False)
    given = read_tables_of_well(_index(folder), settings=SETTINGS)
    found = run_tables(given, classifier=classifier, settings=SETTINGS, key=("p", "A1"))
    assert len(check_table(found.pairs, LOCALIZED, source="x")) == 0
    assert len(check_table(found.molecules, LOCALIZED_MOLECULES, source="x")) == 0
