"""Fields to embeddings, standardised on the way, compared with a bare `model.predict` on float32 arrays in memory.

The classifier and the autoencoder at the sizes of the default config would take minutes on a CPU; widths here are a
quarter. Both ways take turns; best of their rounds, wall time.
"""

import os
import time

import numpy as np

from bench.table import Row

N_FIELDS, SIZE, CHANNELS, WIDTH = 96, 128, 3, 64
ROUNDS = 3


def run() -> list[Row]:
    """Time the embedding of one network of each kind."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    from wellspring.profiling.fields import standardized
    from wellspring.profiling.network_autoencoder import build_autoencoder
    from wellspring.profiling.network_classifier import build_classifier
    from wellspring.profiling.network_fits import embedded_by
    from wellspring.profiling.network_layers import encoder_of

    images = np.random.default_rng(0).poisson(300, (N_FIELDS, CHANNELS, SIZE, SIZE)).astype(np.uint16)
    classifier = build_classifier(
        image_size=SIZE, n_channels=CHANNELS, width=WIDTH, n_blocks=6, embedding_size=8, dropout=0.4
    )
    autoencoder = build_autoencoder(image_size=SIZE, width=WIDTH, code_size=256, dropout=0.4, output="mse")
    rows = []
    for name, model, fields in (
        ("classifier", classifier, images),
        ("autoencoder of one channel", autoencoder, images[:, :1]),
    ):
        encoder: keras.Model = encoder_of(model)
        ready = np.moveaxis(standardized(fields), 1, -1)
        best = {"ours": np.inf, "bare": np.inf}
        embedded_by(encoder, fields)
        bare = encoder.predict(ready, batch_size=64, verbose=0)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            ours = embedded_by(encoder, fields)
            best["ours"] = min(best["ours"], time.perf_counter() - start)
            start = time.perf_counter()
            bare = encoder.predict(ready, batch_size=64, verbose=0)
            best["bare"] = min(best["bare"], time.perf_counter() - start)
        if not np.allclose(ours, bare, atol=1e-3):
            raise RuntimeError(f"{name}: both ways should give the same embedding")
        ratio = best["bare"] / best["ours"]
        what = f"{name}, {N_FIELDS} fields of {SIZE} px"
        rate = N_FIELDS / best["ours"]
        rows.append(Row("embedding_speed", what, rate, "fields/s", "bare predict", ratio, "at least 0.8", ratio >= 0.8))
    return rows
