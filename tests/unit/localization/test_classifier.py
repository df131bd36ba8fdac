"""The classifier: trees as arrays, calibration, storing, subsets, and the command on a table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from wellspring.__main__ import main
from wellspring.errors import InputError
from wellspring.localization.classifier.calibration import (
    UNDECIDED,
    calibrated,
    calls,
    expected_calibration_error,
    fit_calibration,
)
from wellspring.localization.classifier.model import (
    Classifier,
    TrainingSettings,
    fitted,
    kept_classifier,
    read_classifier,
    train_classifier,
    write_classifier,
)
from wellspring.localization.classifier.trees import fit_trees
from wellspring.localization.command import DEFAULT_PATTERNS
from wellspring.localization.outlines import read_outlines
from wellspring.localization.simulated.drawing import draw_molecules
from wellspring.localization.simulated.examples import Examples, ExampleSettings, make_examples
from wellspring.localization.simulated.landscapes import drawn_shape, landscape_of, random_thickness
from wellspring.localization.simulated.patterns import Degree

PATTERNS = ["random", "intranuclear", "cell_edge"]
SMALL = ExampleSettings(n_landscapes=12, n_variants=1, n_draws=4, fewest=8, most=60, least_share=0.8)
SETTINGS = TrainingSettings(examples=SMALL, n_rounds=15, seed=1)


@pytest.fixture(scope="module")
def examples() -> Examples:
    return make_examples(PATTERNS, settings=SMALL, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def classifier(examples: Examples) -> Classifier:
    return fitted(PATTERNS, examples, settings=SETTINGS)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_trees_as_arrays_score_as_scikit_learn_does(n_classes: int, rng: np.random.Generator) -> None:
    features = rng.normal(size=(400, 5)).astype(np.float32)
    features[rng.random(features.shape) < 0.1] = np.nan
    classes = (np.nan_to_num(features[:, 0]) > 0).astype(int) + (n_classes == 3) * (np.nan_to_num(features[:, 1]) > 1)
    options = {"learning_rate": 0.2, "l2_regularization": 1.0, "max_leaf_nodes": 8, "min_samples_leaf": 20}
    peer = HistGradientBoostingClassifier(max_iter=7, max_features=0.3, early_stopping=False, random_state=3, **options)
    peer.fit(features, classes)
    trees = fit_trees(features, classes, n_rounds=7, learning_rate=0.2, n_leaves=8, l2=1.0, seed=3)
    scores = trees.scores(features)
    found = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert found == pytest.approx(peer.predict_proba(features), abs=1e-5)
    assert trees.scores(features[:0]).shape == (0, n_classes)


def test_examples_are_of_every_pattern_and_have_no_counts(examples: Examples) -> None:
    assert examples.truth["pattern"].value_counts().min() >= 40
    assert len(examples.effects) == len(examples.truth)
    assert not [name for name in examples.effects.columns if name in ("n", "n_molecules")]
    assert examples.truth["n_molecules"].between(8, 70).all()


@pytest.mark.slow
def test_strong_patterns_are_told_apart(classifier: Classifier) -> None:
    rng = np.random.default_rng(99)
    fresh = make_examples(PATTERNS, settings=SMALL, rng=rng)
    columns = {name: fresh.effects[name].to_numpy() for name in fresh.effects.columns}
    found = classifier.probabilities(columns, fresh.truth["n_molecules"].to_numpy())
    assert found.sum(axis=1) == pytest.approx(1)
    called = np.array(PATTERNS)[found.argmax(axis=1)]
    assert (called == fresh.truth["pattern"]).mean() > 0.85


def test_a_split_divides_no_landscape(examples: Examples, classifier: Classifier) -> None:
    assert classifier.report["n_landscapes"] == examples.truth["landscape"].nunique() == 12
    assert 0 <= classifier.report["macro_f1"] <= 1


def test_stored_as_plain_arrays(classifier: Classifier, examples: Examples, tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    write_classifier(classifier, path)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
    again = read_classifier(path)
    columns = {name: examples.effects[name].to_numpy() for name in examples.effects.columns}
    counts = examples.truth["n_molecules"].to_numpy()
    assert again.probabilities(columns, counts).tolist() == classifier.probabilities(columns, counts).tolist()
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match="a classifier of patterns"):
        read_classifier(path)


def test_one_is_kept_and_patterns_come_in_the_order_asked_for(tmp_path: Path) -> None:
    tiny = TrainingSettings(examples=ExampleSettings(n_landscapes=6, n_variants=1, n_draws=2, most=20), n_rounds=2)
    first, is_new = kept_classifier(PATTERNS, settings=tiny, folder=tmp_path)
    again, is_new_again = kept_classifier(PATTERNS[::-1], settings=tiny, folder=tmp_path)
    assert (is_new, is_new_again) == (True, False)
    assert again.patterns == tuple(PATTERNS[::-1])
    table = {name: np.zeros(3, np.float32) for name in first.columns}
    counts = np.array([5, 10, 20])
    assert again.probabilities(table, counts)[:, ::-1] == pytest.approx(first.probabilities(table, counts))


@pytest.mark.parametrize("names", [["random"], ["random", "random"], ["random", "nowhere"]])
def test_other_patterns_are_refused(names: list[str]) -> None:
    with pytest.raises(InputError, match="expected two or more of random"):
        train_classifier(names, settings=SETTINGS)


def test_calibration_finds_the_temperature(rng: np.random.Generator) -> None:
    """Scores twice too large, of classes that are drawn by the softmax of the true ones."""
    true = rng.normal(size=(6000, 3)) * 1.5
    share = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    classes = (share.cumsum(axis=1) < rng.random((6000, 1))).sum(axis=1)
    counts = rng.integers(1, 100, 6000)
    found = fit_calibration(2 * true, classes, counts)
    raw = np.exp(2 * true) / np.exp(2 * true).sum(axis=1, keepdims=True)
    after = calibrated(2 * true, counts, found)
    assert expected_calibration_error(after, classes) < 0.02 < 0.08 < expected_calibration_error(raw, classes)
    assert after == pytest.approx(share, abs=0.08)


def test_too_few_molecules_come_from_the_calibration(rng: np.random.Generator) -> None:
    """Below 5 molecules, scores say nothing of four classes; from 5 on they are right."""
    counts = rng.integers(1, 20, 4000)
    classes = rng.integers(0, 4, 4000)
    scores = rng.normal(size=(4000, 4))
    scores[np.arange(4000), classes] += np.where(counts >= 5, 8, 0)
    found = fit_calibration(scores, classes, counts)
    assert found.fewest_molecules == 5
    names = ["a", "b", "c", "d"]
    sure = np.array([[0.9, 0.1, 0, 0], [0.4, 0.3, 0.2, 0.1], [0, 0, 0, 1.0]])
    called = calls(sure, np.array([10, 10, 4]), names=names, calibration=found)
    assert called.tolist() == ["a", UNDECIDED, UNDECIDED]
    assert calls(np.empty((0, 4)), np.zeros(0, int), names=names, calibration=found).tolist() == []


def _files(folder: Path) -> tuple[Path, Path]:
    """Two drawn cells in pixels of 0.2 µm with a nuclear gene and one at the edge; a third has no outline."""
    rng = np.random.default_rng(7)
    rows, outlines = [], []
    for name in ("1", "2"):
        shape = drawn_shape(rng, area_um2=500.0)
        cell = landscape_of(shape, thickness=random_thickness(rng))
        for kind, ring in (("cell", shape.rings[0]), ("nucleus", shape.nuclei[0][0])):
            outlines += [(name, kind, k, x / 0.2, y / 0.2) for k, (x, y) in enumerate(ring)]
        for gene, pattern in (("NUC", "intranuclear"), ("RIM", "cell_edge")):
            points = draw_molecules(cell, pattern=pattern, n=40, degree=Degree(), rng=rng)
            rows += [(name, gene, x / 0.2, y / 0.2) for x, y, _ in points]
    rows += [("3", "NUC", 1.5, 2.0), ("0", "NUC", 1.5, 2.0), ("1", "FAR", 9000.5, 9000.0)]
    pd.DataFrame(rows, columns=["cell", "gene", "x", "y"]).to_csv(folder / "points.csv", index=False)
    pd.DataFrame(outlines, columns=["cell", "shape", "vertex", "x", "y"]).to_csv(folder / "outlines.csv", index=False)
    return folder / "points.csv", folder / "outlines.csv"


def test_the_command_names_the_patterns_of_a_table(
    classifier: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points, outlines = _files(tmp_path)
    write_classifier(classifier, tmp_path / "c.npz")
    command = ["patterns", str(points), "--outlines", str(outlines), "--pixel-size-um", "0.2"]
    chosen = ["--patterns", ",".join(PATTERNS), "--classifier", str(tmp_path / "c.npz")]
    tables = {name: tmp_path / f"{name}.csv" for name in ("output", "features", "molecules", "genes")}
    named = [text for name, path in tables.items() for text in (f"--{name}", str(path))]
    more = ["--merge-um", "0.001", "--shapes", str(tmp_path / "shapes.parquet")]
    assert main([*command, *chosen, *named, *more]) == 0
    assert [one.kind for one in read_outlines(tmp_path / "shapes.parquet", pixel_size_um=1)] == ["cell", "nucleus"] * 2
    table = pd.read_csv(tables["output"], dtype={"cell": str}).set_index(["cell", "gene"])
    assert list(table.columns) == ["n_molecules", *PATTERNS, "pattern", "missing"]
    assert len(table) == 6
    assert table.loc[("1", "NUC"), "pattern"] == table.loc[("2", "NUC"), "pattern"] == "intranuclear"
    assert table.loc[("1", "RIM"), "pattern"] == table.loc[("2", "RIM"), "pattern"] == "cell_edge"
    assert table.loc[("3", "NUC"), ["n_molecules", "pattern", "missing"]].tolist() == [0, UNDECIDED, "no outline"]
    assert table.loc[("1", "FAR"), ["n_molecules", "pattern"]].tolist() == [0, UNDECIDED]
    said = capsys.readouterr().out
    assert "0 molecules within 0.001 µm of another one" in said
    assert "1 of 163 molecules are in no cell" in said
    assert "1 of 163 molecules are of cells without an outline (3)" in said
    assert "molecules are outside the outline" in said
    assert len(pd.read_csv(tables["features"])) == 5
    genes = pd.read_csv(tables["genes"]).set_index("gene")
    assert genes.loc["NUC", "n_cells"] == 2
    assert genes.loc["NUC", "mix_intranuclear"] > 0.9
    assert genes.loc["NUC", "low_intranuclear"] <= genes.loc["NUC", "mix_intranuclear"]
    molecules = pd.read_csv(tables["molecules"])
    assert (molecules.loc[molecules["gene"] == "NUC", "compartment"].isin(["nucleus", "nuclear edge"])).mean() > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pixel-size-um", "0"], "--pixel-size-um: expected a number above 0, got 0.0"),
        (["--pixel-size-um", "1", "--merge-um", "0"], "--merge-um: expected a number above 0, got 0.0"),
        (["--pixel-size-um", "1", "--seed", "-1"], "--seed: expected 0 or more"),
        (["--pixel-size-um", "1", "--patterns", "foci,random"], "expected a classifier of foci, random"),
    ],
)
def test_other_options_are_refused(
    options: list[str], message: str, classifier: Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points, outlines = _files(tmp_path)
    write_classifier(classifier, tmp_path / "c.npz")
    files = ["patterns", str(points), "--outlines", str(outlines), "--output", str(tmp_path / "o.csv")]
    assert main([*files, "--classifier", str(tmp_path / "c.npz"), *options]) == 1
    assert message in capsys.readouterr().err


def test_the_classifier_of_the_package_is_that_of_the_default_settings() -> None:
    """On fresh cells of the simulator, with many molecules and strong patterns."""
    default = DEFAULT_PATTERNS.split(",")
    shipped, is_new = kept_classifier(default, settings=TrainingSettings())
    assert not is_new
    assert shipped.patterns == tuple(default)
    strong = ExampleSettings(n_landscapes=6, n_variants=1, n_draws=3, fewest=50, most=200, least_share=0.7)
    fresh = make_examples(default, settings=strong, rng=np.random.default_rng(2026))
    columns = {name: fresh.effects[name].to_numpy() for name in fresh.effects.columns}
    found = shipped.probabilities(columns, fresh.truth["n_molecules"].to_numpy())
    called = np.array(default)[found.argmax(axis=1)]
    assert (called == fresh.truth["pattern"]).mean() > 0.88
