"""Folds by sample, profiles of wells, batch effects."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.batch_effects import explained_p_value, explained_share, whitened
from wellspring.profiling.confounding import confounded_with
from wellspring.profiling.design import Design, embedding_table, field_folds
from wellspring.profiling.features import embedded_features
from wellspring.profiling.folds import sample_folds, validation_samples
from wellspring.profiling.profiles import Profiles, read_profiles, robust_standardized, well_profiles
from wellspring.profiling.tables import EMBEDDING
from wellspring.tables import empty_table, write_table

SAMPLES = [f"s{n // 2}" for n in range(16)]
LABELS = ["control" if n < 8 else "patient" for n in range(16)]


def test_wells_of_a_sample_are_in_one_fold_and_classes_are_spread() -> None:
    folds = sample_folds(SAMPLES, LABELS, n_folds=4, seed=1)
    assert sorted(set(folds.tolist())) == [1, 2, 3, 4]
    assert all(len(set(folds[[s == name for s in SAMPLES]].tolist())) == 1 for name in SAMPLES)
    assert all({LABELS[i] for i in np.flatnonzero(folds == fold)} == {"control", "patient"} for fold in range(1, 5))


@pytest.mark.parametrize(
    ("samples", "labels", "words"),
    [
        (["a", "b"], ["x", "x"], r"expected two classes or more .* got \['x'\]"),
        (["a", "a"], ["x", "y"], r"sample 'a' has the classes \['x', 'y'\]; expected one"),
        (["a", "b", "c"], ["x", "y", "y"], r"2 folds need as many samples of each class, but \{'x': 1\} have fewer"),
    ],
)
def test_designs_that_cannot_be_judged(samples: list[str], labels: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sample_folds(samples, labels, n_folds=2, seed=1)


def test_validation_takes_samples_of_each_class_and_leaves_some() -> None:
    chosen = validation_samples(SAMPLES, LABELS, share=0.25, seed=1)
    assert len(chosen & {"s0", "s1", "s2", "s3"}) == 1
    assert len(chosen & {"s4", "s5", "s6", "s7"}) == 1
    assert validation_samples(["a", "b"], ["x", "y"], share=0.5, seed=1) == set()


def _embedding(values: list[list[float]]) -> pd.DataFrame:
    keys = pd.DataFrame({"plate": "p", "well": ["A", "A", "A", "B"], "site": list("1231")})
    return embedding_table(keys, np.array(values, dtype=np.float32), fold=0, is_seen=[True] * 4)


ANNOTATIONS = pd.DataFrame({"plate": "p", "well": ["A", "B"], "sample": ["a", "b"], "label": ["x", "y"]})


def test_a_profile_is_the_median_over_sites() -> None:
    profiles = well_profiles(_embedding([[1, 9], [2, 8], [9, 1], [5, 5]]), ANNOTATIONS, source="pca")[0]
    assert profiles.values.tolist() == [[2, 8], [5, 5]]
    assert profiles.wells["label"].tolist() == ["x", "y"]


def test_embeddings_that_are_not_numbers() -> None:
    table = _embedding([[1, 9], [2, 8], [np.nan, 1], [5, 5]])
    with pytest.raises(ValueError, match=r"classifier: expected numbers, but the embeddings of 1 well\(s\) .*'A'"):
        well_profiles(table, ANNOTATIONS, source="classifier")


def test_wells_without_fields_drop_out(tmp_path: Path) -> None:
    write_table(_embedding([[1, 9], [2, 8], [9, 1], [5, 5]]).iloc[:3], tmp_path / "p" / "A.parquet", EMBEDDING)
    write_table(empty_table(EMBEDDING), tmp_path / "p" / "B.parquet", EMBEDDING)
    profiles = read_profiles([tmp_path / "p" / "A.parquet", tmp_path / "p" / "B.parquet"], ANNOTATIONS, source="pca")[0]
    assert profiles.wells["well"].tolist() == ["A"]
    with pytest.raises(ValueError, match="pca: expected embeddings of at least one field, but no well has any"):
        read_profiles([tmp_path / "p" / "B.parquet"], ANNOTATIONS, source="pca")


def test_chance_explains_a_share_that_is_not_rare() -> None:
    rng = np.random.default_rng(0)
    values, plates = rng.normal(size=(20, 3)), ["p1", "p2"] * 10
    wells = [f"w{n}" for n in range(20)]
    by_chance = explained_p_value(values, plates, samples=wells, n_permutations=99, rng=rng)
    assert by_chance > 0.05
    values[::2] += 3
    assert explained_p_value(values, plates, samples=wells, n_permutations=99, rng=rng) == pytest.approx(0.01)
    # Two samples have two orders: however far apart, one in two is as far.
    classes, samples = ["x"] * 10 + ["y"] * 10, ["a"] * 10 + ["b"] * 10
    values[:10] += 50
    assert explained_p_value(values, classes, samples=samples, n_permutations=99, rng=rng) > 0.3
    assert np.isnan(explained_p_value(values, classes, samples=samples, n_permutations=0, rng=rng))
    assert np.isnan(explained_p_value(np.ones((20, 2)), classes, samples=samples, n_permutations=9, rng=rng))


@pytest.mark.parametrize("n_on_both", [0, 2])
def test_plates_of_other_samples_do_not_differ_by_these(n_on_both: int) -> None:
    # Twelve samples of four wells; the first ones are on both plates, each other on one. No plate has an effect.
    sample = np.arange(48) // 4
    plates = np.where(sample < n_on_both, np.arange(48) % 2, sample % 2).astype(str).tolist()
    p_values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(12, 5))[sample] + 0.3 * rng.normal(size=(48, 5))
        names = sample.astype(str).tolist()
        p_values.append(explained_p_value(values, plates, samples=names, n_permutations=39, rng=rng))
    # Wells permuted one by one would call two of three of these studies significant.
    assert sum(value <= 0.05 for value in p_values) <= 3


def test_a_plate_s_effect_is_found_beside_samples_that_differ_more() -> None:
    rng = np.random.default_rng(0)
    sample, plate = np.arange(24) // 2, np.arange(24) % 2
    values = 5 * rng.normal(size=(12, 3))[sample] + 0.3 * rng.normal(size=(24, 3)) + plate[:, None]
    names = sample.astype(str).tolist(), plate.astype(str).tolist()
    assert explained_p_value(values, names[1], samples=names[0], n_permutations=99, rng=rng) == pytest.approx(0.01)


def test_whitening_makes_the_controls_vary_alike() -> None:
    rng = np.random.default_rng(0)
    wells = pd.DataFrame({"plate": ["p1"] * 200 + ["p2"] * 200, "label": (["c"] * 150 + ["t"] * 50) * 2})
    mixing = np.array([[3.0, 0, 0], [1, 1, 0], [0, 0, 0.5]])
    values = rng.normal(size=(400, 3)) @ mixing + 100 * (wells["plate"] == "p2").to_numpy()[:, None]
    values[(wells["label"] == "t").to_numpy()] += [0, 0, 2]
    is_control = (wells["label"] == "c").to_numpy()
    even = whitened(Profiles(wells, values), is_control=is_control)
    assert even is not None
    assert even.values[is_control].mean(axis=0) == pytest.approx(0, abs=1e-9)
    # Shrinkage towards the mean variance leaves the narrow directions a little narrower.
    assert np.cov(even.values[is_control].T) == pytest.approx(np.eye(3), abs=0.2)
    assert explained_share(even.values, wells["label"].tolist()) > explained_share(values, wells["label"].tolist())
    few = np.arange(400) < 3
    assert whitened(Profiles(wells, values), is_control=few) is None
    alike = np.where(is_control[:, None], 1.0, values)
    assert whitened(Profiles(wells, alike), is_control=is_control) is None
    assert whitened(Profiles(wells, values), is_control=is_control & (wells["plate"] == "p1").to_numpy()) is None


def test_explained_share_by_hand() -> None:
    values = np.array([[0.0], [2.0], [4.0], [6.0]])
    # Group means 1 and 5, grand mean 3: 4 * 4 between, 20 in all.
    assert explained_share(values, ["a", "a", "b", "b"]) == pytest.approx(16 / 20)
    assert np.isnan(explained_share(np.ones((3, 2)), ["a", "b", "b"]))
    assert np.isnan(explained_share(np.full((3, 2), 0.1), ["a", "b", "b"]))
    assert np.isnan(explained_share(np.full((1000, 2), 380.7), ["a", "b"] * 500))
    assert np.isnan(explained_share(np.zeros((0, 2)), []))


def test_the_correction_takes_away_what_a_plate_shares() -> None:
    rng = np.random.default_rng(0)
    wells = pd.DataFrame({"plate": ["p1"] * 20 + ["p2"] * 20})
    values = rng.normal(size=(40, 5)) + 10 * (wells["plate"] == "p2").to_numpy()[:, None]
    plates = wells["plate"].tolist()
    assert explained_share(values, plates) > 0.9
    even = robust_standardized(Profiles(wells, values)).values
    assert explained_share(even, plates) < 0.1
    assert not robust_standardized(Profiles(wells, np.ones((40, 1)))).values.any()


def test_a_confounded_design_is_seen() -> None:
    wells = pd.DataFrame(
        {
            "sample": ["a", "b", "c", "d"],
            "label": ["x", "x", "y", "y"],
            "plate": ["1", "1", "2", "2"],
            "objective": ["1", "2", "1", "2"],
            "room": ["1", "1", "1", "1"],
        }
    )
    assert confounded_with(wells, label="label", columns=["plate", "objective", "room"]) == ["plate"]
    assert confounded_with(wells.assign(label="none"), label="label", columns=["plate"]) == []
    own = wells.assign(plate=["1", "2", "3", "4"], age=["40", "50", "60", "70"])
    assert confounded_with(own, label="label", columns=["plate", "age"]) == ["plate"]


def test_features_are_standardised_by_the_fields_that_a_fold_has_seen() -> None:
    wells = pd.DataFrame({"plate": "p", "well": [f"A{n}" for n in range(4)], "sample": list("abcd")})
    wells["label"] = ["x", "x", "y", "y"]
    features = pd.DataFrame({"area": [1.0, 2.0, 3.0, 4.0], "constant": 7.0})
    design = Design(wells, ("y",), n_folds=2, seed=1)
    found = embedded_features(field_folds(wells[["plate", "well"]].assign(site="1"), design=design), features)
    for _, own in found.groupby("fold"):
        seen = own[own["is_seen"]]
        assert seen["e_000"].mean() == pytest.approx(0, abs=1e-6)
        assert seen["e_000"].std(ddof=0) == pytest.approx(1, abs=1e-6)
        assert (own["e_001"] == 0).all()


def test_a_feature_that_no_seen_field_varies_in_is_not_blown_up() -> None:
    wells = pd.DataFrame({"plate": "p", "well": [f"A{n}" for n in range(6)], "sample": list("abcdef")})
    wells["label"] = ["x", "x", "x", "y", "y", "y"]
    # The mean of three times 0.1 is off by rounding.
    features = pd.DataFrame({"share": [0.2, 0.1, 0.1, 0.1, 0.1, 0.1]})
    design = Design(wells, ("y",), n_folds=2, seed=1)
    found = embedded_features(field_folds(wells[["plate", "well"]].assign(site="1"), design=design), features)
    assert found["e_000"].abs().max() < 10
