"""The job of a well and the tables, figures and chapter of a study, from drawn label images."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_ind

from wellspring.errors import InputError
from wellspring.localization.classifier.model import Classifier, TrainingSettings, fitted, write_classifier
from wellspring.localization.contrasts import gene_contrasts
from wellspring.localization.genes import (
    STATISTICS,
    calibration_table,
    cells_of_genes,
    confusion_at,
    gene_tables,
    power_table,
)
from wellspring.localization.job import SiteInput, run
from wellspring.localization.nulls import TESTED
from wellspring.localization.polygons import filled
from wellspring.localization.report.chapter import (
    LocalizationResults,
    localization_chapter,
    localization_findings,
    localization_warnings,
)
from wellspring.localization.report.feature_map import MAPS, feature_maps, map_figure
from wellspring.localization.report.figures import WORDS, effects_figure, mixes_figure, patterns_figure, shown_genes
from wellspring.localization.scales import pixel_sizes
from wellspring.localization.settings import LocalizationSettings
from wellspring.localization.simulated.drawing import draw_molecules
from wellspring.localization.simulated.examples import ExampleSettings, make_examples
from wellspring.localization.simulated.landscapes import Thickness, drawn_shape, landscape_of
from wellspring.localization.simulated.patterns import Degree
from wellspring.localization.sprawl import SPRAWL_COLUMNS, median_rank_variance
from wellspring.localization.tables import GENE_CONTRASTS, GENE_EFFECTS, GENE_PATTERNS, LOCALIZED, LOCALIZED_MOLECULES
from wellspring.planes import plane_of
from wellspring.report.style import save_figure
from wellspring.spots.tables import WELL_SPOTS_PER_CELL
from wellspring.tables import check_table, empty_table

PATTERNS = ("random", "intranuclear", "cell_edge")
GENES = {"A": "random", "B": "intranuclear"}
SETTINGS = LocalizationSettings(
    channels=("A", "B", "C"),
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
PX, SIDE = 0.25, 110


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    small = ExampleSettings(n_landscapes=15, n_variants=1, n_draws=5, fewest=10, most=60, least_share=0.6)
    examples = make_examples(PATTERNS, settings=small, rng=np.random.default_rng(1))
    return fitted(PATTERNS, examples, settings=TrainingSettings(examples=small, n_rounds=15, seed=1))


def _site(well: int) -> SiteInput:
    """Three cells with a nucleus in a row: the third is cut by the right edge; the second has no molecule of B."""
    rng = np.random.default_rng([4, well])
    cells, nuclei = (np.zeros((SIDE, 3 * SIDE - 40), np.uint32) for _ in range(2))
    rows = []
    for label in (1, 2, 3):
        shape = drawn_shape(rng, area_um2=150.0)
        while (shape.box[1] - shape.box[0] > SIDE * PX - 1).any():
            shape = drawn_shape(rng, area_um2=150.0)
        low, high = shape.box
        corner = np.array([(label - 1) * SIDE * PX, 0]) + (SIDE * PX - low - high) / 2
        for image, rings in ((cells, shape.rings), (nuclei, shape.nuclei[0])):
            moved = [ring + corner for ring in rings]
            image[filled(moved, origin=np.zeros(2), spacing=PX, shape=image.shape)] = label
        landscape = landscape_of(shape, thickness=Thickness())
        for gene, pattern in GENES.items():
            points = draw_molecules(landscape, pattern=pattern, n=40, degree=Degree(), rng=rng)
            if (label, gene) == (2, "B"):
                continue
            placed = (points[:, :2] + corner) / PX
            one = {"channel": gene, "label_in_site": label, "object_id": label + 10, "z_px": points[:, 2] / 0.5}
            rows.append(pd.DataFrame({**one, "x_px": placed[:, 0], "y_px": placed[:, 1]}))
    ids = pd.DataFrame(
        [(c, k, k + 10) for c in "ABC" for k in (1, 2, 3)], columns=["channel", "label_in_site", "object_id"]
    )
    return SiteInput("1", pd.concat(rows, ignore_index=True), ids, cells, nuclei, PX, 0.5)


@pytest.fixture(scope="module")
def pairs(classifier: Classifier) -> pd.DataFrame:
    found = []
    for well in range(8):
        one = run(iter([_site(well)]), classifier=classifier, settings=SETTINGS, key=("p", f"w{well}"))
        check_table(one.molecules, LOCALIZED_MOLECULES, source="molecules")
        found.append(check_table(one.pairs, LOCALIZED, source="pairs"))
    return pd.concat(found, ignore_index=True)


def test_a_row_for_each_cell_and_channel(pairs: pd.DataFrame) -> None:
    own = pairs[pairs["well"] == "w0"].set_index(["label_in_site", "channel"])
    assert len(own) == 9
    assert own["object_id"].tolist() == [label + 10 for label, _ in own.index]
    none = own[own["n_molecules"] == 0]
    assert {(2, "B"), (1, "C"), (2, "C"), (3, "C")} <= set(none.index)
    assert set(none["missing"]) == {"no molecules"}
    assert set(none["pattern"]) == {"undecided"}
    assert none["pattern_score"].isna().all()
    assert none["p_in_nucleus"].isna().all()


def test_sprawl_scores_of_nuclear_molecules_are_central_and_random_ones_have_none_alone(pairs: pd.DataFrame) -> None:
    whole = pairs[~pairs["is_border_cell"] & (pairs["n_molecules"] > 0)]
    alone = whole.groupby(["well", "label_in_site"])["channel"].transform("size") == 1
    names = list(SPRAWL_COLUMNS)
    assert alone.any()
    assert whole.loc[alone, names].isna().all(axis=None)
    means = whole[~alone].groupby("channel")[names].mean()
    assert means.loc["B", "sprawl_central"] > 0.1 > -0.1 > means.loc["A", "sprawl_central"]
    assert means.loc["B", "sprawl_peripheral"] < means.loc["A", "sprawl_peripheral"]
    assert means.loc["B", "sprawl_punctate"] > means.loc["A", "sprawl_punctate"]
    # 40 of 80 labels.
    assert whole.loc[~alone, "sprawl_rank_sd"].iloc[0] == pytest.approx(np.sqrt(median_rank_variance(80, 40)))


def test_nuclear_molecules_are_found_in_their_cells(pairs: pd.DataFrame) -> None:
    whole = pairs[~pairs["is_border_cell"] & (pairs["n_molecules"] > 0)]
    nuclear = whole[whole["channel"] == "B"]
    assert (nuclear["pattern"] == "intranuclear").mean() > 0.8
    assert (nuclear["p_in_nucleus"] == 1 / 40).mean() > 0.8
    assert nuclear["proportion_rna_in_nuc"].mean() > 0.9
    assert set(whole["null"]) == {"volume by z"}
    assert (whole[[f"probability_{name}" for name in PATTERNS]].sum(axis=1) - 1).abs().max() < 1e-9


@pytest.mark.slow
def test_results_depend_on_the_well_alone(classifier: Classifier) -> None:
    one, again = (
        run(iter([_site(3)]), classifier=classifier, settings=SETTINGS, key=("p", "w3")).pairs for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, again)


def test_a_well_without_cells_is_an_empty_table(classifier: Classifier) -> None:
    nothing = run(iter(()), classifier=classifier, settings=SETTINGS, key=("p", "w"))
    assert len(check_table(nothing.pairs, LOCALIZED, source="x")) == 0
    assert len(check_table(nothing.molecules, LOCALIZED_MOLECULES, source="x")) == 0
    blank = np.zeros((20, 20), np.uint32)
    spots = pd.DataFrame({name: [] for name in ("channel", "label_in_site", "object_id", "x_px", "y_px")})
    site = SiteInput("1", spots, empty_table(WELL_SPOTS_PER_CELL), blank, blank, PX, 0.5)
    found = run(iter([site]), classifier=classifier, settings=SETTINGS, key=("p", "w"))
    assert len(check_table(found.pairs, LOCALIZED, source="x")) == 0


def test_genes_are_called_by_their_wells(pairs: pd.DataFrame, classifier: Classifier) -> None:
    cells = cells_of_genes(pairs)
    assert not cells["is_border_cell"].any()
    found = gene_tables(cells, classifier=classifier, least_effect=0.05, seed=0)
    check_table(found.effects, GENE_EFFECTS, source="effects")
    table = check_table(found.patterns, GENE_PATTERNS, source="patterns").set_index("gene")
    assert table["call"].to_dict() == {"A": "random", "B": "intranuclear"}
    assert table.loc["B", "mix_intranuclear"] > 0.8
    assert table.loc["B", "low_intranuclear"] <= table.loc["B", "mix_intranuclear"] <= 1
    assert table.loc["B", "q_value"] < 0.05
    assert set(found.effects["statistic"]) == set(STATISTICS)


def test_genes_and_replicates_may_come_from_the_sheet(pairs: pd.DataFrame) -> None:
    wells = sorted(pairs["well"].unique())
    genes = [("p", well, "X" if k < 4 else "Y") for k, well in enumerate(wells)]
    units = [("p", well, f"r{k % 2}") for k, well in enumerate(wells)]
    cells = cells_of_genes(pairs[pairs["channel"] == "B"], genes=genes, units=units)
    assert cells.groupby("gene")["unit"].nunique().to_dict() == {"X": 2, "Y": 2}


def test_confusion_is_that_of_as_many_molecules(classifier: Classifier) -> None:
    found = confusion_at(classifier, np.array([20, 30, 40]))
    assert found.shape == (3, 4)
    assert found.sum(axis=1) == pytest.approx(1)
    assert found[1, 1] > 0.6


def test_calibration_and_power(pairs: pd.DataFrame, classifier: Classifier) -> None:
    cells = cells_of_genes(pairs)
    table = calibration_table(cells, without_pattern=["A"]).set_index("statistic")
    nuclear = cells["channel"] == "B"
    assert table.loc["in_nucleus", "random"] == (cells.loc[~nuclear, "p_in_nucleus"] < 0.05).mean()
    assert table["random"].max() < 0.2
    assert calibration_table(cells)["random"].isna().all()
    assert table.loc["in_nucleus", "n_pairs"] == len(cells)
    # All cells of the nuclear gene, and at most a few of the random one.
    assert table.loc["in_nucleus", "observed"] == pytest.approx(nuclear.mean(), abs=0.15)
    # In a cell of one gene there is no label to swap.
    assert (
        cells["swapped_p_in_nucleus"].isna().sum()
        == (cells.groupby(["well", "label_in_site"])["gene"].transform("size") == 1).sum()
    )
    power = power_table(classifier, n_molecules=30)
    assert power["pattern"].tolist() == ["intranuclear", "cell_edge"]
    assert (power[["moderate", "strong"]].stack().dropna() >= 2).all()


def _results(
    pairs: pd.DataFrame, classifier: Classifier, conditions: Sequence[tuple[str, str, str]] = ()
) -> LocalizationResults:
    cells = cells_of_genes(pairs)
    genes = gene_tables(cells, classifier=classifier, least_effect=0.05, seed=0)
    calibration, power = calibration_table(cells), power_table(classifier, n_molecules=30)
    contrasts = gene_contrasts(cells, conditions=conditions, control="c", statistics=STATISTICS, seed=0)
    return LocalizationResults(genes, classifier, power, calibration, len(pairs), 8, 4, {"area": 3}, contrasts)


@pytest.mark.slow
def test_the_chapter_says_which_genes_have_a_pattern(
    pairs: pd.DataFrame, classifier: Classifier, tmp_path: Path
) -> None:
    results = _results(pairs, classifier)
    assert localization_findings(results) == ["Intranuclear: B.", "No pattern was found of 1 of 2 genes."]
    warnings = " ".join(localization_warnings(results))
    assert "3 genes in cells were compared with the area" in warnings
    assert "8 of 72 genes in cells are left out" in warnings
    assert "fewer than 6 wells" not in warnings
    files = {name: tmp_path / f"{name}.svg" for name in ("mixes", "effects_figure", "examples", "map")}
    save_figure(mixes_figure(results.genes.patterns, names=PATTERNS), files["mixes"])
    save_figure(
        effects_figure(results.genes.effects, genes=shown_genes(results.genes.patterns)), files["effects_figure"]
    )
    save_figure(patterns_figure(PATTERNS, seed=1), files["examples"])
    save_figure(map_figure(cells_of_genes(pairs), names=PATTERNS, seed=1), files["map"])
    captions = dict.fromkeys(("genes", "effects", "mixes", "map", "patterns"), "Words.")
    block = {"channels": ["A", "B"], "patterns": PATTERNS, "null_model": "volume", "draws": 19, "landscapes": "drawn"}
    tables = {name: tmp_path / f"{name}.csv" for name in ("genes", "effects", "contrasts")}
    chapter = localization_chapter(results, settings=block, files={**files, **tables}, captions=captions)
    assert chapter.stage == "localization"
    _, calibration, power = (part for part in chapter.sections[1].parts if hasattr(part, "rows"))
    assert (calibration.title, power.title) == ("Calibration", "Cells needed")
    assert [row[0] for row in calibration.rows] == [WORDS[name] for name in TESTED]


@pytest.mark.parametrize(
    ("random", "swapped", "warns"),
    [
        # Genes with patterns make a mixture uneven; that says nothing of the null as long as one without fits it.
        (0.05, 0.3, False),
        (0.3, 0.3, True),
        (0.3, 0.05, True),
        (np.nan, 0.3, True),
        (np.nan, 0.05, False),
        (0.3, np.nan, True),
        (np.nan, np.nan, False),
    ],
)
def test_a_null_that_does_not_fit_is_reported_and_genes_with_patterns_are_not_taken_for_it(
    pairs: pd.DataFrame, classifier: Classifier, random: float, swapped: float, warns: bool
) -> None:
    results = _results(pairs, classifier)
    results = replace(results, calibration=results.calibration.assign(random=random, swapped=swapped))
    assert any("where there is nothing to find" in line for line in localization_warnings(results)) == warns


def test_conditions_are_compared_over_wells_and_named(
    pairs: pd.DataFrame, classifier: Classifier, tmp_path: Path
) -> None:
    """Wells of one plate whose nuclear gene left the nucleus, against those in which it did not."""
    wells = sorted(pairs["well"].unique())
    moved = pairs.copy()
    treated = moved["well"].isin(wells[: len(wells) // 2]) & (moved["channel"] == "B")
    moved.loc[treated, "observed_in_nucleus"] -= 0.4
    named = [("p", well, "t" if well in wells[: len(wells) // 2] else "c") for well in wells]
    results = _results(moved, classifier, named)
    table = check_table(results.contrasts, GENE_CONTRASTS, source="test").set_index(["gene", "statistic"])
    found = table.loc[("B", "in_nucleus")]
    assert found["difference"] == pytest.approx(-0.4, abs=0.15)
    assert found["low"] < found["difference"] < found["high"] < 0
    assert found["p_value"] == table["p_value"].min()
    assert (table["control"] == "c").all()
    assert any(line.startswith("Other than in c, in t:") for line in localization_findings(results))
    assert [len(_results(pairs, classifier).contrasts), len(table)] == [0, 2 * len(STATISTICS)]


@pytest.mark.slow
def test_contrasts_of_conditions_are_uniform_and_cover_over_wells_and_not_over_cells() -> None:
    """Wells that differ more than their cells do, four of each condition; nothing depends on the condition."""
    rng = np.random.default_rng(21)
    n_genes, names = 250, [f"w{k}" for k in range(8)]
    conditions = [("p", name, "t" if k % 2 else "c") for k, name in enumerate(names)]
    cells = pd.MultiIndex.from_product([[f"g{k:03d}" for k in range(n_genes)], names, range(10)]).to_frame(index=False)
    cells.columns = ["gene", "well", "cell"]
    wells = np.repeat(rng.normal(size=8 * n_genes), 10)
    cells = cells.assign(plate="p", unit=cells["well"], in_nucleus=wells + rng.normal(size=len(cells)))
    found = gene_contrasts(cells, conditions=conditions, control="c", statistics=["in_nucleus"], seed=0)
    for level in (0.05, 0.25, 0.5):
        # Of 70 arrangements p is a multiple of 2 / 70; three standard errors of a share of 250.
        expected = np.floor(level * 35) / 35
        assert abs((found["p_value"] <= level).mean() - expected) < 3 * np.sqrt(expected * (1 - expected) / n_genes)
    covers = ((found["low"] <= 0) & (found["high"] >= 0)).mean()
    assert abs(covers - 0.95) < 3 * np.sqrt(0.95 * 0.05 / n_genes)
    assert (found["q_value"] < 0.05).mean() < 0.01
    naive = [
        ttest_ind(*(own.loc[own["well"].isin(names[k::2]), "in_nucleus"] for k in (0, 1))).pvalue
        for _, own in list(cells.groupby("gene"))[:100]
    ]
    assert np.mean(np.array(naive) < 0.05) > 0.2


def test_genes_with_other_patterns_are_apart_on_the_map(pairs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, asked = cells_of_genes(pairs), []

    def place(method: str, values: NDArray[np.float64], *, seed: int) -> NDArray[np.float64]:
        # UMAP is compiled for many seconds; its test has its places.
        asked.append((method, seed))
        return plane_of("tsne", values, seed=seed) if method == "tsne" else values[:, :2]

    monkeypatch.setattr("wellspring.localization.report.feature_map.plane_of", place)
    rows, maps = feature_maps(cells, seed=1)
    assert (list(maps), asked) == (list(MAPS), [(name, 1) for name in MAPS])
    at = maps["tsne"]
    assert len(rows) == len(at) == len(cells)
    own = (rows["gene"] == "B").to_numpy()
    away = np.linalg.norm(at[:, None] - at, axis=2) + 1e9 * np.eye(len(at))
    assert (own[away.argmin(axis=1)] == own).mean() > 0.9
    figure = map_figure(cells, names=PATTERNS, seed=1)
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == [
        "Called pattern",
        "Gene",
        "Pattern score above the null",
    ]
    assert [figure.axes[n].get_ylabel() for n in (0, 3)] == ["t-SNE", "UMAP"]
    assert np.array_equal(figure.axes[5].collections[0].get_array(), rows["pattern_score"])


def test_few_genes_in_cells_have_no_map(pairs: pd.DataFrame) -> None:
    few = cells_of_genes(pairs).head(5)
    rows, maps = feature_maps(few, seed=1)
    assert [len(rows), len(maps)] == [0, 0]
    assert map_figure(few, names=PATTERNS, seed=1).axes[0].texts


def test_without_molecules_the_chapter_says_so(pairs: pd.DataFrame, classifier: Classifier) -> None:
    results = _results(pairs[pairs["n_molecules"] == 0], classifier)
    assert localization_findings(results) == ["No cell holds a molecule of these channels."]
    mixes_figure(results.genes.patterns, names=PATTERNS)
    effects_figure(results.genes.effects, genes=shown_genes(results.genes.patterns))


def test_few_wells_are_a_warning(pairs: pd.DataFrame, classifier: Classifier) -> None:
    results = _results(pairs[pairs["well"].isin(["w0", "w1"])], classifier)
    assert "2 genes have fewer than 6 wells" in " ".join(localization_warnings(results))


def test_pixel_sizes_are_those_of_the_config_or_the_files() -> None:
    assert pixel_sizes(["1"], [0.3], spacing_um=None) == {"1": (0.3, 0.3)}
    assert pixel_sizes(["1"], [None], spacing_um=[0.5, 0.2, 0.2]) == {"1": (0.2, 0.5)}
    with pytest.raises(InputError, match="expected a pixel size"):
        pixel_sizes(["1"], [None], spacing_um=None)


def test_a_classifier_keeps_what_it_said_of_unseen_cells(classifier: Classifier, tmp_path: Path) -> None:
    write_classifier(classifier, tmp_path / "c.npz")
    seen = classifier.held_out
    assert len(seen.truth) == len(seen.call) == len(seen.share)
    assert set(np.unique(seen.truth)) == {0, 1, 2}
    assert ((seen.score >= 0) & (seen.score <= 1)).all()
