"""A variational autoencoder of outlines of cells with their nucleus, which draws new ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OutlineAutoencoder"]

_Array = NDArray[np.float64]
_EPOCHS, _BATCH, _WIDTH, _RATE = 300, 32, 256, 1e-3


class OutlineAutoencoder:
    """A variational autoencoder of dense layers; codes of new shapes have those of the cells in mean and covariance."""

    def __init__(self, vectors: _Array, *, n: int, seed: int) -> None:
        import keras

        keras.utils.set_random_seed(seed)
        self.mean, self.scale = vectors.mean(axis=0), float(vectors.std(axis=0).mean())
        scaled = self._scaled(vectors)
        self.encoder, self.decoder = _layers(scaled.shape[1], n=n)
        model = _model(self.encoder, self.decoder, n=n, length=scaled.shape[1], seed=seed)
        schedule = keras.optimizers.schedules.CosineDecay(_RATE, _EPOCHS * (len(scaled) // _BATCH + 1))
        model.compile(optimizer=keras.optimizers.Adam(schedule), loss=_half_squares)
        model.fit(scaled, scaled, epochs=_EPOCHS, batch_size=_BATCH, verbose=0)
        self.codes = n
        found = self.encoder.predict(scaled, verbose=0)
        mean, variance = found[:, :n], np.exp(found[:, n:])
        self.middle = mean.mean(axis=0)
        self.covariance = np.cov(mean, rowvar=False) + np.diag(variance.mean(axis=0))

    def _scaled(self, vectors: _Array) -> NDArray[np.float32]:
        return np.asarray((vectors - self.mean) / self.scale, dtype=np.float32)

    def _unscaled(self, values: NDArray[np.float32]) -> _Array:
        return np.asarray(values.astype(np.float64) * self.scale + self.mean)

    def reconstructed(self, vectors: _Array) -> _Array:
        """Decoded means of the codes."""
        mean = self.encoder.predict(self._scaled(vectors), verbose=0)[:, : self.codes]
        return self._unscaled(self.decoder.predict(mean, verbose=0))

    def drawn(self, n: int, *, rng: np.random.Generator) -> _Array:
        """(n, length) new ones."""
        codes = rng.multivariate_normal(self.middle, self.covariance, size=n).astype(np.float32)
        return self._unscaled(self.decoder.predict(codes, verbose=0))


def _layers(length: int, *, n: int) -> tuple[Any, Any]:
    import keras
    from keras import layers

    def dense(width: int) -> Any:
        return layers.Dense(width, activation="gelu")

    encoder = keras.Sequential([keras.Input((length,)), dense(_WIDTH), dense(_WIDTH), layers.Dense(2 * n)])
    decoder = keras.Sequential([keras.Input((n,)), dense(_WIDTH), dense(_WIDTH), layers.Dense(length)])
    return encoder, decoder


def _model(encoder: Any, decoder: Any, *, n: int, length: int, seed: int) -> Any:
    import keras
    from keras import layers, ops

    class Codes(layers.Layer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.random = keras.random.SeedGenerator(seed)

        def call(self, values: Any, training: bool = False) -> Any:
            mean, log_variance = values[:, :n], ops.clip(values[:, n:], -12.0, 4.0)
            divergence = 0.5 * ops.sum(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=1)
            self.add_loss(ops.mean(divergence))
            noise = keras.random.normal(ops.shape(mean), seed=self.random)
            return mean + ops.exp(0.5 * log_variance) * noise if training else mean

    inputs = keras.Input((length,))
    return keras.Model(inputs, decoder(Codes()(encoder(inputs))))


# The error of a coordinate that is as good as none, in standard deviations of a coordinate: 1/10.
_NOISE = 0.1


def _half_squares(truth: Any, found: Any) -> Any:
    from keras import ops

    return 0.5 * ops.sum((truth - found) ** 2, axis=-1) / _NOISE**2
