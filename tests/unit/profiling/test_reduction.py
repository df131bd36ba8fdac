"""Embeddings without a network: principal components well by well, features of cells."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA, IncrementalPCA

from wellspring.profiling.design import Design, field_folds
from wellspring.profiling.embeddings import embedding
from wellspring.profiling.embeddings.pca import PcaSettings
from wellspring.profiling.fields import Fields, each_well, read_keys, standardized, write_fields
from wellspring.profiling.pca import fit_pca, pca_fields
from wellspring.profiling.profiles import well_profiles
from wellspring.profiling.reductions import embed_of
from wellspring.profiling.tables import EMBEDDING
from wellspring.tables import check_table


def _images(n: int, *, seed: int = 0) -> np.ndarray:
    """Two channels; in the second half of the images the first channel has stripes."""
    images = np.random.default_rng(seed).poisson(200, (n, 2, 32, 32))
    images[n // 2 :, 0, ::4] += 200
    return images.astype(np.uint16)


def _wells(n: int, *, n_sites: int = 1) -> list[Fields]:
    """Wells of one sample each, the second half of another class."""
    images = _images(n * n_sites).reshape(n, n_sites, 2, 32, 32)
    sites = [str(number) for number in range(n_sites)]
    keys = [pd.DataFrame({"plate": "p", "well": f"A{number:02d}", "site": sites}) for number in range(n)]
    return [Fields(own, one, ("a", "b")) for own, one in zip(keys, images, strict=True)]


def _design(n: int, *, positive: tuple[str, ...] = ("y",)) -> Design:
    people = pd.DataFrame({"plate": "p", "well": [f"A{number:02d}" for number in range(n)]})
    people["sample"] = people["well"]
    people["label"] = ["x"] * (n // 2) + ["y"] * (n - n // 2)
    return Design(people, positive, n_folds=2, seed=1)


def test_pca_batch_by_batch_spans_what_pca_spans() -> None:
    images = _images(150)
    # Parts that do not fit the batches.
    embed = fit_pca(np.split(images, [10, 90, 90, 133]), n_components=4)
    found = embed(images)
    assert found.shape == (150, 4)
    assert found.dtype == np.float32
    assert embed(images[:0]).shape == (0, 4)
    assert embed(images[70:71]) == pytest.approx(found[70:71], abs=1e-3)
    expected = PCA(4).fit_transform(standardized(images).reshape(150, -1))
    assert abs(np.corrcoef(found[:, 0], expected[:, 0])[0, 1]) > 0.99


def test_a_column_of_the_sheet_may_be_named_site() -> None:
    wells, design = _wells(8), _design(8)
    people = design.annotations.assign(site="clinic 1", fold="x")
    named = Design(people, design.positive, design.n_folds, design.seed)
    keys = pd.concat([well.keys for well in wells], ignore_index=True)
    folds = field_folds(keys, design=named)
    assert list(folds.keys) == ["plate", "well", "site", "sample", "label"]
    found = pca_fields(folds, lambda: wells, n_components=2, notify=print)
    assert set(found["site"]) == {"0"}


def test_pca_does_not_depend_on_how_fields_lie_in_wells() -> None:
    images = _images(150)
    whole = fit_pca([images], n_components=4)(images)
    assert np.array_equal(fit_pca(np.split(images, 50), n_components=4)(images), whole)


def test_pca_asks_for_a_well_when_it_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    n_read, n_fitted, ahead = 0, 0, []

    def parts() -> Iterator[np.ndarray]:
        nonlocal n_read
        for seed in range(40):
            n_read += 10
            ahead.append(n_read - n_fitted)
            yield _images(10, seed=seed)

    fit = IncrementalPCA.partial_fit

    def counting(model: IncrementalPCA, batch: np.ndarray) -> IncrementalPCA:
        nonlocal n_fitted
        n_fitted += len(batch)
        return fit(model, batch)

    monkeypatch.setattr(IncrementalPCA, "partial_fit", counting)
    fit_pca(parts(), n_components=4)
    assert (n_read, n_fitted) == (400, 400)
    # Two batches of 64 and a well, not 400 fields.
    assert max(ahead) <= 2 * 64 + 10


def test_no_field_to_fit_on() -> None:
    with pytest.raises(ValueError, match="expected at least one field to fit on"):
        fit_pca([], n_components=2)


def test_no_component_along_which_nothing_varies() -> None:
    wells, design = _wells(8), _design(8)
    folds = field_folds(pd.concat([one.keys for one in wells], ignore_index=True), design=design)
    found = pca_fields(folds, lambda: wells, n_components=64, notify=print)
    check_table(found, EMBEDDING, source="test")
    spaces = well_profiles(found, design.annotations, source="pca")
    # Of four seen fields; a fourth component would be of rounding alone, and put unseen ones at 100,000 deviations.
    assert {fold: one.values.shape for fold, one in spaces.items()} == dict.fromkeys(range(3), (8, 3))
    for fold in (1, 2):
        seen = spaces[fold].wells["is_seen"].to_numpy()
        values = spaces[fold].values
        assert (np.abs(values[~seen] - values[seen].mean(axis=0)) / values[seen].std(axis=0)).max() < 100


def test_a_fold_learns_nothing_of_its_unseen_fields() -> None:
    wells, design = _wells(8, n_sites=2), _design(8)
    folds = field_folds(pd.concat([one.keys for one in wells], ignore_index=True), design=design)
    found = pca_fields(folds, lambda: wells, n_components=3, notify=print)
    images = np.concatenate([one.images for one in wells])
    for fold in (1, 2):
        own = found[found["fold"] == fold]
        seen = own["is_seen"].to_numpy()
        expected = fit_pca([images[seen]], n_components=3)(images)
        assert own.filter(like="e_").to_numpy() == pytest.approx(expected, abs=1e-4)


def test_wells_from_files(tmp_path: Path) -> None:
    paths = []
    for one in _wells(6):
        paths.append(tmp_path / "p" / f"{one.keys['well'].iloc[0]}.npz")
        write_fields(paths[-1], one)
    assert read_keys(paths)["well"].tolist() == [f"A0{number}" for number in range(6)]
    pca = embed_of(embedding("pca"))
    done = pca(paths, cells=[], design=_design(6, positive=()), settings=PcaSettings(2), notify=print)
    assert (len(done), done["fold"].max()) == (6, 0)
    other = Fields(_wells(4)[3].keys, np.ones((1, 2, 16, 16), dtype=np.uint16), ("a", "b"))
    write_fields(paths[3], other)
    with pytest.raises(ValueError, match=r"A03.npz: .*shape \[2, 16, 16\], those of other wells \[2, 32, 32\]"):
        list(each_well(paths))
