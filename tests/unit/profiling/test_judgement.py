"""Classification of unseen samples, clusters, retrieval, and the whole verdict, on profiles whose truth is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from wellspring.planes import plane_of
from wellspring.profiling.batch_effects import batch_rows
from wellspring.profiling.classification import (
    classification_metrics,
    classification_rows,
    network_rows,
    unseen_scores,
)
from wellspring.profiling.clustering import (
    agreement_p_value,
    cluster_labels,
    cluster_metrics,
    cluster_stability,
    unseen_clusters,
)
from wellspring.profiling.confounding import class_associations
from wellspring.profiling.dendrograms import dendrogram_linkage
from wellspring.profiling.folds import sample_folds
from wellspring.profiling.profiles import Profiles
from wellspring.profiling.retrieval import average_precision, retrieval
from wellspring.profiling.tables import CLUSTERS, VERDICT
from wellspring.profiling.verdict import judged
from wellspring.tables import check_table

N_SAMPLES = 12


def _spaces(*, effect: float, seed: int = 0, sample_sd: float = 1.0) -> dict[int, Profiles]:
    """Twelve samples on two plates; the class moves the first feature by `effect`, the sample all features."""
    rng = np.random.default_rng(seed)
    rows = [(f"p{plate}", f"A{n:02d}", f"s{n}", "xy"[n % 2]) for plate in (1, 2) for n in range(N_SAMPLES)]
    wells = pd.DataFrame(rows, columns=["plate", "well", "sample", "label"])
    own = rng.normal(size=(N_SAMPLES, 6)) * sample_sd
    values = np.tile(own, (2, 1)) + rng.normal(size=(2 * N_SAMPLES, 6)) * 0.3
    values[:, 0] += effect * (wells["label"] == "y")
    folds = sample_folds(wells["sample"].tolist(), wells["label"].tolist(), n_folds=3, seed=1)
    return {fold: Profiles(wells.assign(is_seen=folds != fold), values) for fold in range(4)}


def _corners(samples: pd.Series) -> np.ndarray:
    """Three groups of samples far from each other, (n, 3)."""
    numbers = samples.str.removeprefix("s").astype(int).to_numpy()
    return np.eye(3)[numbers % 3] * 9 + np.arange(len(numbers))[:, None] % 5 * 0.1


def _classified(effect: float, **more: float) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    spaces = _spaces(effect=effect, **more)
    rows = classification_rows(spaces, positive=["y"], n_permutations=99, rng=rng)
    return rows.set_index("metric")


@pytest.mark.slow
def test_a_class_that_moves_profiles_is_found_in_unseen_samples() -> None:
    found = _classified(10.0)
    assert found["value"].to_dict() == dict.fromkeys(["accuracy", "recall", "precision", "f1", "auroc"], 1.0)
    assert found.loc["accuracy", "p_value"] <= 0.02
    assert (found["upper"] == 1.0).all()


@pytest.mark.slow
def test_without_an_effect_nothing_is_significant() -> None:
    found = _classified(0.0)
    assert found.loc["accuracy", "p_value"] > 0.05
    assert found.loc["accuracy", "lower"] < 0.5 < found.loc["accuracy", "upper"]


def test_every_well_is_scored_once_and_never_in_a_fold_that_saw_its_sample() -> None:
    spaces = _spaces(effect=1.0)
    unseen = unseen_scores(spaces, positive=["y"])
    assert sorted(unseen.wells["sample"]) == sorted(spaces[0].wells["sample"])
    # A feature that tells the samples apart, each its own way, is of no use for others.
    told = {fold: Profiles(p.wells, np.eye(N_SAMPLES)[np.r_[:N_SAMPLES, :N_SAMPLES]]) for fold, p in spaces.items()}
    assert ((unseen_scores(told, positive=["y"]).score > 0) == (unseen.is_positive)).mean() <= 0.6


def test_without_folds_there_is_nothing_to_say() -> None:
    rng = np.random.default_rng(0)
    only = {0: _spaces(effect=1.0)[0]}
    assert classification_rows(only, positive=["y"], n_permutations=9, rng=rng).empty


def _few(labels: str) -> dict[int, Profiles]:
    """A sample per letter, with two wells each, that lies where its class is; two folds of every other sample."""
    label = np.repeat(list(labels), 2)
    wells = pd.DataFrame({"plate": "p", "well": [f"A{n}" for n in range(len(label))], "label": label})
    wells["sample"] = [f"s{n // 2}" for n in range(len(label))]
    values = (label == "y").astype(float)[:, None] + np.random.default_rng(0).normal(size=(len(label), 1)) * 0.01
    folds = np.arange(len(label)) // 2 % 2 + 1
    return {fold: Profiles(wells.assign(is_seen=folds != fold), values) for fold in range(3)}


@pytest.mark.slow
def test_permutations_that_leave_a_fold_without_a_class_do_not_count() -> None:
    # Of the six ways to choose two of four samples, four leave each fold with both; two of them are as good.
    rows = classification_rows(_few("xxyy"), positive=["y"], n_permutations=400, rng=np.random.default_rng(0))
    assert rows.set_index("metric").loc["accuracy", "p_value"] == pytest.approx(0.5, abs=0.08)


def test_clusters_that_are_plain() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(size=(12, 3)) * 0.1 + [5, 0, 0], rng.normal(size=(12, 3)) * 0.1 + [0, 5, 0]])
    truth = np.repeat(["x", "y"], 12)
    for clusters in vars(cluster_labels(values, n_clusters=2, seed=0)).values():
        assert cluster_metrics(values, clusters, truth)["v_measure"] == pytest.approx(1.0)
    assert cluster_stability(values, n_clusters=2, n_bootstraps=5, rng=rng) == 1.0
    assert dendrogram_linkage(values).shape == (23, 4)
    # Cosine distance across the two groups is about 1, inside them about 0.
    assert dendrogram_linkage(values)[-1, 2] == pytest.approx(1.0, abs=0.1)


def test_clusters_of_few_or_equal_wells() -> None:
    assert set(cluster_labels(np.zeros((3, 2)), n_clusters=2, seed=0).kmeans) == {0}
    labels = cluster_labels(np.zeros((6, 2)), n_clusters=2, seed=0)
    assert np.isnan(cluster_metrics(np.zeros((6, 2)), labels.kmeans, np.repeat(["x", "y"], 3))["silhouette"])
    assert np.isnan(cluster_stability(np.zeros((6, 2)), n_clusters=2, n_bootstraps=3, rng=np.random.default_rng(0)))


def test_average_precision_by_hand() -> None:
    assert average_precision(np.array([True, False, True])) == pytest.approx((1 + 2 / 3) / 2)
    assert np.isnan(average_precision(np.array([False])))


def test_replicates_find_each_other_only_where_they_are_alike() -> None:
    rng = np.random.default_rng(2)
    samples, plates = np.array([f"s{n % 10}" for n in range(20)]), np.full(20, "p")
    alike = np.tile(rng.normal(size=(10, 5)), (2, 1)) + 0.01 * rng.normal(size=(20, 5))
    found = retrieval(alike, samples, plates=plates, n_permutations=199, rng=rng)
    assert found.mean == pytest.approx(1.0)
    # Each of two wells comes first for the other by chance in about 1 of 30: with all ten found, that is enough.
    assert found.share_found == 1.0
    other = retrieval(rng.normal(size=(20, 5)), samples, plates=plates, n_permutations=199, rng=rng)
    assert other.mean < 0.6
    assert other.share_found <= 0.2


def test_wells_without_replicates_seldom_find_each_other() -> None:
    # Likeness is mutual, so that four wells of a sample are near by chance more often than in four random orders.
    p_values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        samples = np.repeat([f"s{n}" for n in range(12)], 4)
        p_values += (
            retrieval(rng.normal(size=(48, 8)), samples, plates=np.full(48, "p"), n_permutations=20, rng=rng)
            .samples["p_value"]
            .tolist()
        )
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(p_values) <= 0.01) <= 0.02


def test_wells_are_not_found_for_the_plate_that_they_share() -> None:
    # Twelve samples of three wells on three plates, a sample on one of them; plates differ by more than their wells.
    p_values = []
    samples = np.repeat([f"s{n}" for n in range(12)], 3)
    plates = np.repeat(["p1", "p2", "p3"], 12)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(36, 6)) + np.repeat(rng.normal(size=(3, 6)) * 2, 12, axis=0)
        found = retrieval(values, samples, plates=plates, n_permutations=20, rng=rng).samples
        p_values += found["p_value"].tolist()
        assert np.isfinite(found["q_value"]).all()
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(p_values) <= 0.5) == pytest.approx(0.5, abs=0.08)


def test_a_sample_that_is_alone_on_its_plates_is_not_tested() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(8, 3)) + np.repeat([[9.0], [0.0]], 4, axis=0)
    samples, plates = np.array(list("aaaabbcc")), np.repeat(["p1", "p2"], 4)
    found = retrieval(values, samples, plates=plates, n_permutations=19, rng=rng)
    assert found.samples.set_index("sample")["map"]["a"] == pytest.approx(1.0)
    assert found.samples.set_index("sample")["p_value"].isna().to_dict() == {"a": True, "b": False, "c": False}
    assert found.share_found == float((found.samples["q_value"].dropna() <= 0.05).mean())
    alone = retrieval(values, np.repeat(["a", "b"], 4), plates=plates, n_permutations=19, rng=rng)
    assert alone.samples["p_value"].isna().all()
    assert np.isnan(alone.share_found)


def test_retrieval_without_replicates() -> None:
    given = {"plates": np.array(["p", "p"]), "n_permutations": 9, "rng": np.random.default_rng(0)}
    found = retrieval(np.ones((2, 2)), np.array(["a", "b"]), **given)
    assert found.samples.empty
    assert np.isnan(found.mean)


def test_a_plate_of_other_samples_is_no_effect_of_the_plate() -> None:
    whole = _spaces(effect=0.0, seed=1)[0]
    plates = np.where(whole.wells["sample"] < "s2", "p1", "p2")
    moved = Profiles(whole.wells.assign(plate=plates), whole.values)
    given: dict[str, Any] = {"columns": ["plate"], "informed": (), "n_permutations": 99}
    rows = batch_rows({"before": moved}, **given, rng=np.random.default_rng(1)).set_index("metric")
    assert rows.loc["plate before", "value"] > 0.05
    assert rows.loc["plate before", "p_value"] > 0.05
    # Were wells of one sample no more alike than others, it would be one.
    lone = Profiles(moved.wells.assign(sample=[f"s{n}" for n in range(2 * N_SAMPLES)]), whole.values)
    rows = batch_rows({"before": lone}, **given, rng=np.random.default_rng(1)).set_index("metric")
    assert rows.loc["plate before", "p_value"] <= 0.05


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_the_whole_verdict() -> None:
    found = judged(
        "pca",
        _spaces(effect=10.0),
        positive=["y"],
        controls=["x"],
        batch_columns=["plate"],
        needs_classes=False,
        n_permutations=19,
        n_bootstraps=20,
        seed=1,
    )
    check_table(found.verdict, VERDICT, source="test")
    check_table(found.clusters, CLUSTERS, source="test")
    value = found.verdict.set_index(["question", "scope", "metric"])["value"]
    assert value["clusters", "all", "kmeans v_measure"] == pytest.approx(1.0)
    assert value["clusters", "unseen", "kmeans v_measure"] == pytest.approx(1.0)
    assert value["batch", "all", "label before"] > value["batch", "all", "plate before"]
    assert value["batch", "all", "label whitened"] > value["batch", "all", "plate whitened"]
    assert value["classification", "unseen", "accuracy"] == value["classification", "robust z", "accuracy"] == 1.0
    p_value = found.verdict.set_index(["question", "scope", "metric"])["p_value"]
    assert p_value["clusters", "unseen", "kmeans v_measure"] == pytest.approx(1 / 20)
    assert p_value["batch", "all", "plate before"] > 0.1
    assert p_value["batch", "all", "label before"] <= 0.1
    # Whitening was told the class.
    assert np.isnan(p_value["batch", "all", "label whitened"])
    assert len(found.clusters) == 2 * N_SAMPLES
    is_positive = found.clusters["label"] == "y"
    assert (found.clusters["unseen_score"] > 0).equals(is_positive)
    assert found.clusters.groupby("label")["unseen_kmeans"].nunique().max() == 1
    assert np.isfinite(found.clusters[["umap_1", "umap_2", "tsne_1", "tsne_2"]].to_numpy()).all()


def test_wells_go_to_centres_that_were_found_without_their_sample() -> None:
    spaces = _spaces(effect=10.0)
    # Another space in each fold: turned around, so that clusters of different folds have nothing in common but wells.
    turned = {fold: Profiles(one.wells, one.values * (-1) ** fold) for fold, one in spaces.items()}
    found = unseen_clusters(turned, n_clusters=2, seed=0)
    assert sorted(found["sample"]) == sorted(spaces[0].wells["sample"])
    assert found.groupby("label")["cluster"].nunique().tolist() == [1, 1]
    assert found.groupby("cluster")["label"].nunique().tolist() == [1, 1]
    assert agreement_p_value(found, n_permutations=99, rng=np.random.default_rng(0)) <= 0.02
    shuffled = found.assign(cluster=np.arange(len(found)) % 2)
    assert agreement_p_value(shuffled, n_permutations=99, rng=np.random.default_rng(0)) > 0.05
    # Three groups, whose clusters have other numbers in each fold.
    three = {
        fold: Profiles(one.wells, np.roll(_corners(one.wells["sample"]), fold, axis=1)) for fold, one in spaces.items()
    }
    placed = unseen_clusters(three, n_clusters=3, seed=0)
    corner = _corners(placed["sample"]).argmax(axis=1)
    assert len(set(zip(corner, placed["cluster"], strict=True))) == 3
    assert unseen_clusters({0: spaces[0]}, n_clusters=2, seed=0).empty
    assert np.isnan(agreement_p_value(found.iloc[:0], n_permutations=9, rng=np.random.default_rng(0)))


@pytest.mark.slow
def test_maps_keep_groups_together_and_are_the_same_again() -> None:
    values = np.random.default_rng(0).normal(size=(20, 4)) + np.repeat([[0.0], [50.0]], 10, axis=0)
    for method in ("umap", "tsne"):
        found = plane_of(method, values, seed=1)
        assert np.array_equal(found, plane_of(method, values, seed=1))
        inside = np.linalg.norm(found[:10] - found[:10].mean(axis=0), axis=1).max()
        assert np.linalg.norm(found[:10].mean(axis=0) - found[10:].mean(axis=0)) > inside
        assert np.isnan(plane_of(method, values[:4], seed=1)).all()
        assert np.isnan(plane_of(method, np.ones((9, 2)), seed=1)).all()
    with pytest.raises(ValueError, match="expected umap or tsne, got 'pca'"):
        plane_of("pca", values, seed=1)


def test_metrics_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    is_positive, score = rng.random(30) < 0.4, np.round(rng.normal(size=30), 1)
    found, called = classification_metrics(is_positive, score), score > 0
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(is_positive, called))
    assert found["recall"] == pytest.approx(metrics.recall_score(is_positive, called))
    assert found["precision"] == pytest.approx(metrics.precision_score(is_positive, called))
    assert found["f1"] == pytest.approx(metrics.f1_score(is_positive, called))
    assert found["auroc"] == pytest.approx(metrics.roc_auc_score(is_positive, score))
    none = classification_metrics(np.zeros(3, dtype=bool), np.full(3, -1.0))
    assert np.isnan(none.pop("auroc"))
    assert none == {"accuracy": 1.0, "recall": 0.0, "precision": 0.0, "f1": 0.0}


@pytest.mark.slow
def test_studies_without_an_effect_are_rarely_significant() -> None:
    p_values = []
    for seed in range(12):
        rows = classification_rows(
            _spaces(effect=0.0, seed=seed),
            positive=["y"],
            n_permutations=39,
            rng=np.random.default_rng(seed),
        )
        p_values.append(rows.set_index("metric").loc["accuracy", "p_value"])
    # Of 12 true nulls, 4 or more at 5 % have a chance of 0.2 %.
    assert sum(value <= 0.05 for value in p_values) <= 3


@pytest.mark.slow
def test_the_class_is_no_evidence_where_it_was_told() -> None:
    design = {"positive": ["y"], "controls": [], "batch_columns": ["plate"], "n_permutations": 9, "n_bootstraps": 5}
    p_value = judged("classifier", _spaces(effect=10.0), **design, needs_classes=True, seed=1).verdict.set_index(
        "metric"
    )["p_value"]
    assert p_value[["label before", "label robust z"]].isna().all()
    assert np.isfinite(p_value["plate before"])


def test_wells_without_classes_are_described_and_not_judged() -> None:
    spaces = _spaces(effect=0.0)
    wells = spaces[0].wells.assign(label="none", is_seen=True)
    only = {0: Profiles(wells, spaces[0].values)}
    found = judged(
        "pca",
        only,
        positive=[],
        controls=[],
        batch_columns=["plate"],
        needs_classes=False,
        n_permutations=9,
        n_bootstraps=5,
        seed=1,
    )
    check_table(found.verdict, VERDICT, source="test")
    check_table(found.clusters, CLUSTERS, source="test")
    assert set(found.verdict["question"]) == {"clusters", "retrieval", "batch"}
    value = found.verdict[found.verdict["scope"] == "all"].set_index("metric")["value"]
    assert np.isnan(value["kmeans v_measure"])
    assert value["mean_average_precision"] > 0.5
    assert found.clusters["unseen_score"].isna().all()
    assert (found.clusters[["unseen_kmeans", "unseen_kmeans_3"]] == -1).all(axis=None)


def test_one_well_is_described_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    spaces = _spaces(effect=0.0)
    is_first = np.arange(len(spaces[0].values)) == 0
    only = {0: Profiles(spaces[0].wells.assign(is_seen=True), spaces[0].values).at(is_first)}
    found = judged(
        "pca",
        only,
        positive=[],
        controls=[],
        batch_columns=["plate"],
        needs_classes=False,
        n_permutations=9,
        n_bootstraps=5,
        seed=1,
    )
    check_table(found.clusters, CLUSTERS, source="test")
    assert found.clusters[["pc_1", "pc_2"]].to_numpy().tolist() == [[0.0, 0.0]]
    assert not [one for one in recwarn if issubclass(one.category, RuntimeWarning)]


def test_sizes_of_two_clusters_and_their_plane() -> None:
    spaces = _spaces(effect=8.0)
    options = {
        "controls": ["control"],
        "batch_columns": [],
        "needs_classes": False,
        "n_permutations": 0,
        "n_bootstraps": 5,
        "seed": 1,
    }
    found = judged("pca", spaces, positive=["y"], **options).verdict
    rows = found[found["question"] == "clusters"].set_index(["scope", "metric"])["value"]
    for scope in ("all", "components", "unseen"):
        sizes = rows[scope, "kmeans smaller"], rows[scope, "kmeans larger"]
        assert sizes == (len(spaces[0].values) / 2,) * 2
        assert rows[scope, "kmeans v_measure"] == pytest.approx(1.0)


def test_scores_of_a_network_by_hand() -> None:
    people = pd.DataFrame({"plate": "p", "well": ["A", "B", "C"], "sample": ["a", "b", "c"], "label": ["x", "y", "y"]})
    rows = [(1, "A", "unseen", 0.2), (1, "B", "unseen", 0.9), (1, "C", "train", 0.4), (0, "C", "train", 0.9)]
    scores = pd.DataFrame(rows, columns=["fold", "well", "split", "score"]).assign(plate="p", site="1")
    given = {"positive": ["y"]}
    found = network_rows(scores, people, **given).set_index(["scope", "metric"])
    assert found.loc[("unseen", "accuracy"), "value"] == 1
    assert found.loc[("unseen", "loss"), "value"] == pytest.approx(-(np.log(0.8) + np.log(0.9)) / 2)
    # Fold 0 has seen all samples, and does not count.
    assert found.loc[("train", "recall"), "value"] == 0
    assert found.loc[("train", "loss"), "value"] == pytest.approx(-np.log(0.4))
    assert found.loc["train", "lower"].isna().all()
    once = network_rows(scores[scores["fold"] == 0], people, **given)
    assert once.set_index("metric")["value"]["recall"] == 1
    assert network_rows(scores[:0], people, **given).empty
    with pytest.raises(ValueError, match="network diverged: lower profiling"):
        network_rows(scores.assign(score=np.nan), people, **given)


@pytest.mark.slow
def test_columns_that_partly_go_with_the_class() -> None:
    wells = pd.DataFrame({"sample": [f"s{n}" for n in range(20)], "label": ["x"] * 10 + ["y"] * 10})
    wells["plate"] = ["1"] * 9 + ["2"] * 10 + ["1"]
    wells["objective"] = ["1", "2"] * 10
    wells["age"] = wells["sample"]
    wells["room"] = "1"
    found = class_associations(
        wells, columns=["plate", "objective", "age", "room"], n_permutations=999, rng=np.random.default_rng(0)
    )
    # 9 and 1 of the one class, 1 and 9 of the other: V = 0.8.
    assert [(one.column, round(one.cramers_v, 6)) for one in found] == [("plate", 0.8), ("objective", 0.0)]
    assert found[0].p_value <= 0.01
    assert found[1].p_value == 1
    assert class_associations(wells[:10], columns=["plate"], n_permutations=9, rng=np.random.default_rng(0)) == []


def test_positions_are_more_than_samples_and_still_told() -> None:
    # Eight samples of three wells each on twelve columns: each column holds wells of two samples.
    wells = pd.DataFrame({"sample": [f"s{n % 8}" for n in range(24)], "label": ["xxxxyyyy"[n % 8] for n in range(24)]})
    wells["column"] = [str(n % 12) for n in range(24)]
    wells["count"] = [str(n) for n in range(24)]
    found = class_associations(wells, columns=["column", "count"], n_permutations=9, rng=np.random.default_rng(0))
    assert [one.column for one in found] == ["column"]


def test_cramers_v_counts_samples_and_not_their_wells() -> None:
    # Of four samples of each class, three are on one plate; the odd ones have five wells, the others one.
    rows = []
    for n in range(8):
        label, odd = "xy"[n // 4], n % 4 == 3
        plate = "1" if (label == "x") != odd else "2"
        rows += [(f"s{n}", label, plate)] * (5 if odd else 1)
    wells = pd.DataFrame(rows, columns=["sample", "label", "plate"])
    (found,) = class_associations(wells, columns=["plate"], n_permutations=199, rng=np.random.default_rng(0))
    # (3 * 3 - 1 * 1) / 16 over samples; over wells it would be |3 * 3 - 5 * 5| / 64.
    assert found.cramers_v == pytest.approx(0.5)
    # 34 of the 70 ways to choose four of eight have three or four, or one or none, on plate 1.
    assert found.p_value == pytest.approx(34 / 70, abs=0.12)
