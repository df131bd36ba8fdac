"""Embeddings of tiles, autoencoders, and what clusters and probes read from rows with known answers."""

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage

from wellspring.labelling.embeddings.reading import cluster_labels, corrupted_f1, picture, severity_probe, trust

if TYPE_CHECKING:
    import keras

    from wellspring.labelling.embeddings.autoencoders import build_autoencoder, codes, drawn_samples, fit_autoencoder
    from wellspring.labelling.embeddings.bottleneck import bottleneck_of, field_embedding, tile_embeddings
    from wellspring.models.unet import build_unet_maps


@pytest.fixture(scope="module")
def model() -> "keras.Model":
    keras.utils.set_random_seed(1)
    inputs = keras.Input((None, None, 1))
    return keras.Model(inputs, build_unet_maps(inputs, width=4, n_levels=2, dropout=0.1))


def test_tiles_are_those_of_the_network_and_reach_the_border(model) -> None:
    field = np.random.default_rng(1).normal(size=(40, 32))
    bottleneck = bottleneck_of(model)
    found = tile_embeddings(bottleneck, field, tile_px=16)
    assert found.y_px.tolist() == [0, 0, 16, 16, 24, 24]
    assert found.x_px.tolist() == [0, 16] * 3
    maps = np.asarray(bottleneck(field[None, 24:40, 16:32, None].astype(np.float32)))[0]
    expected = np.concatenate([maps.mean(axis=(0, 1)), maps.std(axis=(0, 1))])
    np.testing.assert_allclose(found.values[-1], expected, atol=1e-5)
    assert found.values.shape == (6, 2 * 16)
    np.testing.assert_allclose(field_embedding(bottleneck, field, tile_px=16), found.values.mean(axis=0), atol=1e-6)


def test_models_and_fields_that_cannot_be_embedded_are_refused(model) -> None:
    with pytest.raises(ValueError, match="expected a model with the layer other"):
        bottleneck_of(model, layer="other")
    with pytest.raises(ValueError, match="expected finite planes of 64 x 64 px or more"):
        tile_embeddings(bottleneck_of(model), np.zeros((32, 80)), tile_px=64)


def test_the_pooled_code_does_not_know_where_things_are_and_the_dense_one_does() -> None:
    tiles = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(16, 16, 16, 1)), (0, 2, 2, 0), mode="wrap")
    tiles = (tiles / tiles.std()).astype(np.float32)
    moved = np.roll(tiles, 8, axis=1)
    change = {}
    for kind in ("dense", "pooled"):
        one = build_autoencoder(kind, tile_px=16, code_size=8, width=4, n_levels=2)
        losses = fit_autoencoder(one, tiles, epochs=10, batch_size=8)
        assert losses[-1] < 0.97 * losses[0]
        found = codes(one, tiles)
        assert found.shape == (16, 8)
        change[kind] = float(np.abs(codes(one, moved) - found).mean() / found.std())
        samples = drawn_samples(one, found, n=3, rng=np.random.default_rng(1))
        assert samples.shape == (3, 16, 16, 1)
        assert np.isfinite(samples).all()
    assert change["pooled"] < 0.5 * change["dense"]
    with pytest.raises(ValueError, match="a tile of a multiple of 8 px, got dense and 20"):
        build_autoencoder("dense", tile_px=20)


def _two_groups(distance: float) -> tuple[np.ndarray, np.ndarray, list[str]]:
    rng = np.random.default_rng(3)
    is_corrupted = np.tile([False, True], 60)
    rows = rng.normal(size=(120, 4)) * 0.5
    rows[:, 0] += distance * is_corrupted
    return rows, is_corrupted, [f"f{number}" for number in np.repeat(np.arange(30), 4)]


@pytest.mark.parametrize("method", ["kmeans", "dbscan", "hdbscan"])
def test_clusters_far_apart_tell_corrupted_from_clean(method) -> None:
    rows, is_corrupted, fields = _two_groups(8.0)
    labels = cluster_labels(rows, method=method)
    assert corrupted_f1(labels, is_corrupted, fields, rng=np.random.default_rng(1)) > 0.9
    assert severity_probe(rows, is_corrupted, fields) > 0.99


def test_without_a_difference_nothing_is_read() -> None:
    rows, is_corrupted, fields = _two_groups(0.0)
    assert 0.3 < severity_probe(rows, is_corrupted, fields) < 0.7
    one_cluster = np.zeros(len(rows), dtype=int)
    assert corrupted_f1(one_cluster, is_corrupted, fields, rng=np.random.default_rng(1)) == 0.0
    # The half of the fields that names the cluster calls it corrupted; every second row is.
    is_corrupted[:2] = True
    assert corrupted_f1(one_cluster, np.ones(120, bool), fields, rng=np.random.default_rng(1)) == 1.0
    with pytest.raises(ValueError, match="expected kmeans, dbscan, hdbscan of ten rows or more, got mean"):
        cluster_labels(rows, method="mean")


def test_pictures_and_their_trust() -> None:
    rows = _two_groups(3.0)[0]
    places = picture(rows, method="pca")
    np.testing.assert_array_equal(places, rows[:, :2])
    assert trust(rows[:, :2], places) == pytest.approx(1.0)
    assert trust(rows, np.random.default_rng(1).normal(size=(120, 2))) < 0.65
    with pytest.raises(ValueError, match="expected one of pca, umap, pacmap, got tsne"):
        picture(rows, method="tsne")
    with pytest.raises(ValueError, match="PaCMAP is not installed"):
        picture(rows, method="pacmap")
