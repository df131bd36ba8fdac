"""P-values by permutation: right where embeddings do not know the classes, and from held-out samples where they do."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wellspring.profiling.classification import classification_rows
from wellspring.profiling.clustering import agreement_p_value, unseen_clusters
from wellspring.profiling.folds import sample_folds
from wellspring.profiling.permutations import (
    fold_of_samples,
    held_out_p_value,
    least_held_out_p_value,
    permuted_labels,
)
from wellspring.profiling.profiles import Profiles
from wellspring.statistics import roc_area


def _samples(folds: str, labels: str) -> pd.DataFrame:
    names = [f"s{n}" for n in range(len(folds))]
    return pd.DataFrame({"sample": names, "label": list(labels), "fold": [int(one) for one in folds]})


def test_classes_change_places_within_a_fold_only() -> None:
    samples = _samples("112222", "xyxxyy")
    rng, seen = np.random.default_rng(0), set()
    for _ in range(200):
        labels = permuted_labels(samples, rng=rng)
        seen.add("".join(labels[name] for name in samples["sample"]))
    assert {(one[:2], "".join(sorted(one[2:]))) for one in seen} == {("xy", "xxyy"), ("yx", "xxyy")}
    assert len(seen) == 2 * 6


def test_the_least_p_value_of_held_out_samples_by_hand() -> None:
    # 1 of 2 orders and 1 of 6: twice their mean.
    assert least_held_out_p_value(_samples("112222", "xyxxyy")) == pytest.approx(1 / 2 + 1 / 6)
    # 1 of 4! / 2! orders.
    assert least_held_out_p_value(_samples("1111", "xyyz")) == pytest.approx(2 / 12)


def test_a_p_value_of_held_out_samples_by_hand() -> None:
    # Five of each class in either fold: 252 orders, of which one is best. The second fold has the worst.
    samples = _samples("1" * 10 + "2" * 10, "xxxxxyyyyy" * 2)
    wells = samples.assign(score=[0.0] * 5 + [1.0] * 5 + [1.0] * 5 + [0.0] * 5)

    def agreement(own: pd.DataFrame, labels: np.ndarray) -> float:
        return float(((labels == "y") == (own["score"] > 0)).mean())

    found = held_out_p_value(wells, agreement, n_permutations=499, rng=np.random.default_rng(0))
    assert found == pytest.approx(1.0, abs=0.02)
    good = wells.assign(score=[0.0] * 5 + [1.0] * 5 + [0.0] * 5 + [1.0] * 5)
    assert held_out_p_value(good, agreement, n_permutations=499, rng=np.random.default_rng(0)) <= 0.02


def test_too_few_held_out_samples_have_no_p_value() -> None:
    wells = _samples("11112222", "xxyyxxyy").assign(cluster=[0, 0, 1, 1] * 2)
    given = {"n_permutations": 99, "rng": np.random.default_rng(0)}
    assert np.isnan(agreement_p_value(wells, needs_classes=True, **given))
    assert agreement_p_value(wells, **given) < 0.2
    assert np.isnan(held_out_p_value(wells.iloc[:0], lambda own, labels: 1.0, **given))
    assert np.isnan(held_out_p_value(wells, lambda own, labels: 1.0, n_permutations=0, rng=np.random.default_rng(0)))


def _study(*, n: int, rng: np.random.Generator) -> dict[int, Profiles]:
    """Samples of two wells that differ much from each other, whatever their class; four features, two folds."""
    names = np.repeat([f"s{number:02d}" for number in range(n)], 2)
    labels = np.repeat(np.array(list("xy"))[np.arange(n) % 2], 2)
    wells = pd.DataFrame({"plate": "p", "well": [f"A{number}" for number in range(2 * n)], "sample": names})
    wells["label"] = labels
    values = np.repeat(rng.normal(size=(n, 4)), 2, axis=0) * 3 + rng.normal(size=(2 * n, 4))
    folds = sample_folds(names.tolist(), labels.tolist(), n_folds=2, seed=int(rng.integers(1e6)))
    return {fold: Profiles(wells.assign(is_seen=folds != fold), values) for fold in range(3)}


@pytest.mark.slow
def test_p_values_without_an_effect_are_uniform() -> None:
    n_studies, found = 30, []
    for seed in range(n_studies):
        rng = np.random.default_rng(seed)
        spaces = _study(n=8, rng=rng)
        rows = classification_rows(spaces, positive=["y"], n_permutations=19, rng=rng).set_index("metric")["p_value"]
        clusters = unseen_clusters(spaces, n_clusters=2, seed=seed)
        found.append((rows["accuracy"], rows["auroc"], agreement_p_value(clusters, n_permutations=19, rng=rng)))
    for level in (0.1, 0.2, 0.5):
        n_small = (np.array(found) <= level).sum(axis=0)
        assert (n_small <= stats.binom.ppf(0.999, n_studies, level)).all()
        # The area has few ties: it is as often small as it should be.
        assert n_small[1] >= stats.binom.ppf(0.001, n_studies, level)


@pytest.mark.slow
def test_p_values_of_held_out_samples_hold_where_the_embedding_knew_the_classes() -> None:
    """Each fold scores by the direction that separates the classes of the seen samples, which differ by chance."""
    n_studies, n, n_folds, found = 300, 40, 5, []
    for seed in range(n_studies):
        rng = np.random.default_rng(seed)
        labels, values = np.array(list("xy"))[np.arange(n) % 2], rng.normal(size=(n, 8))
        folds = np.empty(n, dtype=int)
        for label in "xy":
            folds[labels == label] = rng.permutation(np.arange(n // 2) % n_folds)
        score = np.empty(n)
        for fold in range(n_folds):
            seen = folds != fold
            centred = values - values[seen].mean(axis=0)
            way = values[seen & (labels == "y")].mean(axis=0) - values[seen & (labels == "x")].mean(axis=0)
            score[~seen] = centred[~seen] @ way
        samples = pd.DataFrame({"sample": [str(name) for name in range(n)], "label": labels, "fold": folds})
        wells = samples.assign(score=score)
        rng = np.random.default_rng(seed)
        merged = held_out_p_value(wells, _area, n_permutations=39, rng=rng)
        # As if the scores had nothing to do with the classes of the other fold.
        true = _area(wells, labels)
        drawn = (permuted_labels(samples, rng=rng) for _ in range(39))
        as_good = sum(_area(wells, np.array([one[name] for name in wells["sample"]])) >= true for one in drawn)
        found.append((merged, (1 + as_good) / 40))
    p_values = np.array(found)
    for level in (0.05, 0.1, 0.5):
        assert (p_values[:, 0] <= level).sum() <= stats.binom.ppf(0.99, n_studies, level)
    assert (p_values[:, 1] <= 0.05).sum() > stats.binom.ppf(0.99, n_studies, 0.05)


def _area(own: pd.DataFrame, labels: np.ndarray) -> float:
    return roc_area(own["score"].to_numpy(), labels == "y")


def test_embeddings_that_knew_the_classes_get_p_values_of_held_out_samples() -> None:
    given = {"positive": ["y"], "n_permutations": 19}
    few, many = (_study(n=n, rng=np.random.default_rng(0)) for n in (8, 16))
    rows = classification_rows(few, needs_classes=True, rng=np.random.default_rng(0), **given).set_index("metric")
    # Of two samples of each class in a fold, one of six orders is the best.
    assert rows["p_value"].isna().all()
    rows = classification_rows(many, needs_classes=True, rng=np.random.default_rng(0), **given).set_index("metric")
    assert rows["p_value"].notna().to_dict() == dict.fromkeys(rows.index, False) | {"accuracy": True, "auroc": True}
    clusters = unseen_clusters(many, n_clusters=2, seed=0)
    found = agreement_p_value(clusters, needs_classes=True, n_permutations=19, rng=np.random.default_rng(0))
    assert 0.1 <= found <= 1


def test_a_sample_has_one_row_however_many_wells() -> None:
    wells = pd.concat([_samples("12", "xy")] * 3, ignore_index=True)
    assert fold_of_samples(wells).to_numpy().tolist() == [["s0", "x", 1], ["s1", "y", 2]]
