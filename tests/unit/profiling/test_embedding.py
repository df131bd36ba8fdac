"""Fields, augmentation and every embedding, at small sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest

from wellspring.profiling.design import Design
from wellspring.profiling.embeddings import Embedding, NoSettings, embedding
from wellspring.profiling.fields import Fields, read_fields, read_keys, standardized, well_fields, write_fields
from wellspring.profiling.tables import EMBEDDING, MULTIPLIED, NETWORK_SCORES, PROFILE_HISTORY
from wellspring.raw.images import SiteImage
from wellspring.settings import settings_of
from wellspring.tables import check_table

if TYPE_CHECKING:
    import keras

    from wellspring.profiling.field_batches import FieldBatches, augmented
    from wellspring.profiling.network_autoencoder import build_autoencoder
    from wellspring.profiling.network_classifier import build_classifier
    from wellspring.profiling.network_densenet import build_densenet
    from wellspring.profiling.network_fits import Fitted, Training, cosine_rate, fit_of
    from wellspring.profiling.network_folds import embedded_fields, multiplication_curves
    from wellspring.profiling.network_layers import encoder_of

NETWORKS = {
    "width": 8,
    "n_blocks": 2,
    "code_size": 5,
    "embedding_size": 3,
    "dropout": 0.1,
    "reconstruction": "softmax",
    "densenet_weights": "random",
    "multiplication": 2,
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 0.001,
}


def _images(n: int, *, size: int = 32, seed: int = 0) -> np.ndarray:
    """Two channels; in the second half of the images the first channel has stripes."""
    images = np.random.default_rng(seed).poisson(200, (n, 2, size, size))
    images[n // 2 :, 0, ::4] += 200
    return images.astype(np.uint16)


def _training(images: np.ndarray) -> Training:
    half = np.arange(len(images)) >= len(images) // 2
    valid = np.arange(len(images)) % 4 == 0
    return Training(images, half, valid, seed=1)


def _settings(method: str, **changes: object) -> Any:
    chosen = embedding(method)
    return settings_of(chosen.settings_kind, chosen.settings_in({"networks": {**NETWORKS, **changes}}))


def _fit(method: str, training: Training, **changes: object) -> Fitted:
    return fit_of(embedding(method))(training, settings=_settings(method, **changes))


def _site(name: str, image: np.ndarray) -> SiteImage:
    return SiteImage(name, ("actin", "nuclei")[: len(image)], image, None)


def test_fields_are_the_kept_sites_shrunk_by_area(tmp_path: Path) -> None:
    image = np.zeros((2, 8, 10), dtype=np.uint16)
    image[0, :4, 1:5] = 40
    given = {"channels": ["actin", "nuclei"], "steps": [], "size_px": 2}
    fields = well_fields([_site("2", image + 1)], key=("p", "A"), **given)
    assert fields.images.tolist() == [[[[41, 1], [1, 1]], [[1, 1], [1, 1]]]]
    empty = well_fields([], key=("p", "B"), **given)
    write_fields(tmp_path / "p" / "A.npz", fields)
    write_fields(tmp_path / "p" / "B.npz", empty)
    read = read_fields([tmp_path / "p" / "B.npz", tmp_path / "p" / "A.npz"])
    assert read.keys.to_dict("list") == {"plate": ["p"], "well": ["A"], "site": ["2"]}
    assert np.array_equal(read.images, fields.images)
    with pytest.raises(ValueError, match="expected at least one field, but no site is left"):
        read_fields([tmp_path / "p" / "B.npz"])


def test_wells_of_other_channels(tmp_path: Path) -> None:
    for name, channels in (("A", ["x"]), ("B", ["y"])):
        site = _site("1", np.ones((1, 4, 4), dtype=np.uint16))
        fields = well_fields([site], key=("p", name), channels=channels, steps=[], size_px=4)
        write_fields(tmp_path / "p" / f"{name}.npz", fields)
    with pytest.raises(ValueError, match=r"its channels are \['y'\], those of other wells \['x'\]"):
        read_fields([tmp_path / "p" / "A.npz", tmp_path / "p" / "B.npz"])


def test_fields_of_another_well_in_their_place_are_reported(tmp_path: Path) -> None:
    site = _site("1", np.ones((1, 4, 4), dtype=np.uint16))
    fields = well_fields([site], key=("p", "A"), channels=["x"], steps=[], size_px=4)
    write_fields(tmp_path / "p" / "B.npz", fields)
    for read in (read_fields, read_keys):
        with pytest.raises(ValueError, match=r"B.npz: expected the fields of the well .* but they are those of p/A"):
            read([tmp_path / "p" / "B.npz"])


def test_standardized_channels() -> None:
    found = standardized(_images(2))
    assert found.mean(axis=(2, 3)) == pytest.approx(0, abs=1e-5)
    assert found.std(axis=(2, 3)) == pytest.approx(1, abs=1e-5)
    assert not standardized(np.full((1, 1, 3, 3), 7)).any()


def test_augmentation_moves_pixels_and_invents_none() -> None:
    image = _images(1)[0]
    rng = np.random.default_rng(0)
    turned = augmented(image, rng=rng, crop=False)
    assert np.array_equal(np.sort(turned, axis=None), np.sort(image, axis=None))
    cropped = augmented(image, rng=rng)
    assert cropped.shape == image.shape
    assert set(cropped[0].ravel()) <= set(image[0].ravel())


def test_batches_have_each_field_so_many_times() -> None:
    images, labels = _images(5), np.arange(5, dtype=np.float32)
    batches = FieldBatches(images, labels, factor=3, batch_size=4, seed=1, crop=True)
    assert len(batches) == 4
    seen = np.concatenate([batches[number][1].ravel() for number in range(4)])
    assert np.array_equal(np.sort(seen), np.repeat(labels, 3))
    shares = FieldBatches(images[:, :1], None, factor=1, batch_size=5, seed=1, crop=False, target="softmax")[0][1]
    assert shares.shape == (5, 32, 32, 2)
    assert shares.sum(axis=-1) == pytest.approx(1.0)


@pytest.mark.parametrize(("method", "n_values"), [("autoencoder", 10), ("classifier", 3)])
def test_one_interface_for_all(method: str, n_values: int) -> None:
    images = _images(8)
    fitted = _fit(method, _training(images))
    found = fitted.embed(images)
    assert found.shape == (8, n_values)
    assert found.dtype == np.float32
    assert fitted.embed(images[:0]).shape == (0, n_values)
    # The embedding of a field does not depend on the others.
    assert fitted.embed(images[3:4]) == pytest.approx(found[3:4], abs=1e-4)
    assert fitted.history["epoch"].max() == 2
    assert np.isfinite(fitted.history[["loss", "val_loss"]].to_numpy(dtype=float)).all()
    assert (fitted.score is None) == (method == "autoencoder")


def test_the_classifier_learns_what_tells_the_classes_apart() -> None:
    keras.utils.set_random_seed(1)
    images = _images(24)
    settings = {"epochs": 6, "learning_rate": 0.02, "dropout": 0.0, "multiplication": 8}
    fitted = _fit("classifier", _training(images), **settings)
    assert fitted.history["val_loss"].min() < 0.3


def test_methods_and_sizes_that_do_not_fit() -> None:
    images = _images(4)
    with pytest.raises(ValueError, match=r"expected one of \['autoencoder', .*, got 'umap'"):
        embedding("umap")
    with pytest.raises(ValueError, match="expected at least one field to fit on"):
        _fit("classifier", Training(images, np.zeros(4, bool), np.ones(4, bool), seed=1))
    with pytest.raises(ValueError, match="needs fields of a multiple of 16 px"):
        build_autoencoder(image_size=40, width=8, code_size=4, dropout=0, output="mse")
    with pytest.raises(ValueError, match="6 blocks need fields of at least 64 px"):
        build_classifier(image_size=32, n_channels=1, width=8, n_blocks=6, embedding_size=3, dropout=0)
    with pytest.raises(ValueError, match="DenseNet-121 needs 32 px or more"):
        build_densenet(image_size=16, n_channels=3, embedding_size=3, weights="random")


def test_sizes_of_the_thesis() -> None:
    autoencoder = build_autoencoder(image_size=256, width=256, code_size=256, dropout=0.4, output="softmax")
    assert autoencoder.output.shape == (None, 256, 256, 2)
    assert autoencoder.get_layer("flat").output.shape == (None, 8192)
    assert encoder_of(autoencoder).output.shape == (None, 256)
    classifier = build_classifier(image_size=512, n_channels=3, width=256, n_blocks=8, embedding_size=8, dropout=0.4)
    assert classifier.get_layer("flat").output.shape == (None, 8)
    assert encoder_of(classifier).output.shape == (None, 8)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_densenet_takes_any_channels_and_weights_from_a_file(tmp_path: Path) -> None:
    model = build_densenet(image_size=32, n_channels=2, embedding_size=3, weights="random")
    assert encoder_of(model).output.shape == (None, 3)
    with pytest.raises(FileNotFoundError, match="expected weights of DenseNet-121"):
        build_densenet(image_size=32, n_channels=3, embedding_size=3, weights=str(tmp_path / "none.weights.h5"))
    base = next(layer for layer in model.layers if layer.name.startswith("densenet"))
    base.save_weights(tmp_path / "own.weights.h5")
    again = build_densenet(image_size=32, n_channels=3, embedding_size=3, weights=str(tmp_path / "own.weights.h5"))
    other = next(layer for layer in again.layers if layer.name.startswith("densenet"))
    assert np.array_equal(base.get_weights()[0], other.get_weights()[0])


def test_the_learning_rate_follows_a_cosine() -> None:
    rates = [cosine_rate(epoch, highest=1.0) for epoch in (0, 5, 10, 20)]
    assert rates == pytest.approx([1.0, 0.5, 5e-10, 1.0], abs=1e-9)


def test_each_fold_is_fitted_without_its_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    # The first pixel is the number of the field.
    images = _images(16)[:, :1]
    images[:, 0, 0, 0] = np.arange(16)
    wells = pd.DataFrame(
        {"plate": "p", "well": [f"A{n}" for n in range(16)], "sample": [f"s{n // 2}" for n in range(16)]}
    )
    wells["label"] = ["x"] * 8 + ["y"] * 8
    given: list[np.ndarray] = []
    said: list[np.ndarray] = []

    def first_pixel(images: np.ndarray) -> np.ndarray:
        return images[:, 0, 0, :1].astype(np.float32)

    def spy(training: Training, *, settings: NoSettings) -> Fitted:
        given.append(training.images)
        said.append(training.is_validation)
        history = pd.DataFrame({"network": "spy", "epoch": [1], "loss": [0.0], "val_loss": [0.0]})
        return Fitted(first_pixel, history, first_pixel)

    network = Embedding(name="spy", title="spy", meaning="a spy", fit="of.this.test")
    monkeypatch.setattr(Embedding, "function", lambda _: spy)
    fields = Fields(wells[["plate", "well"]].assign(site="1"), images, ("c",))
    design = Design(wells, ("y",), n_folds=2, seed=1)
    found = embedded_fields(network, fields, design=design, settings=NoSettings(), notify=print)
    check_table(found.scores, NETWORK_SCORES, source="test")
    check_table(found.embedding, EMBEDDING, source="test")
    check_table(found.history, PROFILE_HISTORY, source="test")
    assert [len(one) for one in given] == [16, 8, 8]
    for fold in (1, 2):
        seen = found.embedding[(found.embedding["fold"] == fold)]["is_seen"].to_numpy()
        assert set(np.flatnonzero(seen)) == set(given[fold][:, 0, 0, 0].tolist())
        assert all(seen[2 * n] == seen[2 * n + 1] for n in range(8))
        scores = found.scores[found.scores["fold"] == fold]
        assert np.array_equal((scores["split"] == "unseen").to_numpy(), ~seen)
        assert set(scores.loc[scores["split"] == "validation", "score"]) == set(given[fold][said[fold], 0, 0, 0])
        assert set(scores["split"]) == {"train", "validation", "unseen"}


def test_learning_curves_of_several_multiplications() -> None:
    images = _images(8)
    keys = pd.DataFrame({"plate": "p", "well": [f"A{n}" for n in range(8)], "site": "1"})
    people = keys[["plate", "well"]].assign(sample=list("abcdefgh"), label=["x"] * 4 + ["y"] * 4)
    design = Design(people, ("y",), n_folds=2, seed=1)
    fields, said = Fields(keys, images, ("a", "b")), list[str]()
    given = {"design": design, "settings": _settings("classifier")}
    found = multiplication_curves(embedding("classifier"), fields, factors=[1, 3], notify=said.append, **given)
    check_table(found, MULTIPLIED, source="test")
    assert found.groupby("multiplication")["epoch"].max().to_dict() == {1: 2, 3: 2}
    assert np.isfinite(found[["loss", "val_loss"]].to_numpy()).all()
    assert said == ["classifier: fields 1 times", "classifier: fields 3 times"]
    none = multiplication_curves(embedding("classifier"), fields, factors=[], notify=print, **given)
    check_table(none, MULTIPLIED, source="test")
    assert none.empty


def test_without_classes_a_method_is_fitted_once() -> None:
    keys = pd.DataFrame({"plate": "p", "well": [f"A{n}" for n in range(4)], "site": "1"})
    people = keys[["plate", "well"]].assign(sample=list("abcd"), label="none")
    design = Design(people, (), n_folds=5, seed=1)
    fields = Fields(keys, _images(4), ("a", "b"))
    network, settings = embedding("autoencoder"), _settings("autoencoder")
    found = embedded_fields(network, fields, design=design, settings=settings, notify=print)
    assert found.embedding["fold"].tolist() == [0] * 4
    assert found.embedding["is_seen"].all()
    assert found.scores.empty


def test_weights_that_cannot_be_downloaded_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(**_: object) -> None:
        try:
            raise URLError("no network")
        except URLError as error:
            raise Exception(f"URL fetch failure: {error.reason}")  # noqa: B904 -- as Keras does

    monkeypatch.setattr("keras.applications.DenseNet121", failing)
    with pytest.raises(ConnectionError, match=r"densenet_weights: imagenet is downloaded .*no network.* give the path"):
        build_densenet(image_size=32, n_channels=3, embedding_size=3, weights="imagenet")
