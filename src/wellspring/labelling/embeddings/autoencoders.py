"""Two autoencoders of tiles of transmitted light: an alternative to the bottleneck of a trained network."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["ARCHITECTURES", "Autoencoder", "build_autoencoder", "codes", "drawn_samples", "fit_autoencoder"]

ARCHITECTURES = ("dense", "pooled")


@dataclass(frozen=True)
class Autoencoder:
    """An encoder and a decoder.

    Attributes
    ----------
    encoder, decoder : keras.Model
        (B, S, S, P) to (B, code_size), and back.
    kind : str
        Of `ARCHITECTURES`.
    """

    encoder: keras.Model
    decoder: keras.Model
    kind: str


def build_autoencoder(
    kind: str, *, tile_px: int, n_planes: int = 1, code_size: int = 32, width: int = 16, n_levels: int = 3
) -> Autoencoder:
    """Convolutions of stride 2 with ELU to a code, and transposed ones back.

    ``dense``: the code is a dense layer of all positions, so it knows where things are. ``pooled``: the code is the
    mean over positions, so a moved image has the same code; the decoder starts from the code at every position.

    Parameters
    ----------
    tile_px
        Side of a tile, a multiple of 2 to the power of `n_levels`.

    Raises
    ------
    ValueError
        For another kind, or a side that does not divide.
    """
    side = tile_px // 2**n_levels
    if kind not in ARCHITECTURES or side * 2**n_levels != tile_px:
        raise InputError(
            f"autoencoder: expected {' or '.join(ARCHITECTURES)} and a tile of a multiple of {2**n_levels} px, got "
            f"{kind} and {tile_px}."
        )
    inputs = keras.Input((tile_px, tile_px, n_planes), name="tile")
    features: Any = inputs
    for level in range(n_levels):
        features = layers.Conv2D(
            width << level, 3, strides=2, padding="same", activation="elu", kernel_initializer="he_normal",
            name=f"down_{level + 1}",
        )(features)  # fmt: skip
    if kind == "dense":
        code = layers.Dense(code_size, name="code")(layers.Flatten(name="flat")(features))
    else:
        code = layers.GlobalAveragePooling2D(name="code")(layers.Conv2D(code_size, 1, name="to_code")(features))
    encoder = keras.Model(inputs, code, name=f"{kind}_encoder")
    given = keras.Input((code_size,), name="code")
    n_filters = width << (n_levels - 1)
    if kind == "dense":
        back: Any = layers.Dense(side * side * n_filters, activation="elu", name="positions")(given)
        back = layers.Reshape((side, side, n_filters), name="grid")(back)
    else:
        back = layers.Reshape((1, 1, code_size), name="one")(given)
        back = layers.UpSampling2D(side, name="everywhere")(back)
    for level in reversed(range(n_levels)):
        back = layers.Conv2DTranspose(
            width << level, 3, strides=2, padding="same", activation="elu", kernel_initializer="he_normal",
            name=f"up_{level + 1}",
        )(back)  # fmt: skip
    decoder = keras.Model(given, layers.Conv2D(n_planes, 3, padding="same", name="image")(back), name=f"{kind}_decoder")
    return Autoencoder(encoder, decoder, kind)


def fit_autoencoder(
    autoencoder: Autoencoder, tiles: NDArray[np.floating], *, epochs: int, batch_size: int = 16, seed: int = 0
) -> list[float]:
    """Fit to (n, S, S, P) standardised tiles by the mean squared error (Adam, 0.002); the error of each epoch."""
    keras.utils.set_random_seed(seed)
    whole = keras.Sequential([autoencoder.encoder, autoencoder.decoder])
    whole.compile(optimizer=keras.optimizers.Adam(0.002), loss="mse", jit_compile=False)
    history = whole.fit(tiles, tiles, epochs=epochs, batch_size=batch_size, verbose=0)
    return [float(one) for one in history.history["loss"]]


def codes(autoencoder: Autoencoder, tiles: NDArray[np.floating]) -> NDArray[np.float32]:
    """(n, code_size) codes of standardised tiles."""
    return np.asarray(keras.ops.convert_to_numpy(autoencoder.encoder(tiles, training=False)), dtype=np.float32)


def drawn_samples(
    autoencoder: Autoencoder, known: NDArray[np.floating], *, n: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(n, S, S, P) images decoded from codes drawn from the normal distribution that fits `known` codes."""
    drawn = rng.multivariate_normal(known.mean(axis=0), np.cov(known.T), size=n, method="eigh").astype(np.float32)
    return np.asarray(keras.ops.convert_to_numpy(autoencoder.decoder(drawn, training=False)), dtype=np.float32)
