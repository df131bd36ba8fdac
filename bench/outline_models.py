"""Outlines of cells with their nucleus as vectors, and two models that draw new ones: components and an autoencoder."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellspring.localization.cells import CellShape
from wellspring.localization.polygons import ring_area

__all__ = ["OutlineAutoencoder", "OutlineComponents", "shape_of_vector", "vector_of_shape"]

_Array = NDArray[np.float64]
N_CELL, N_NUCLEUS = 96, 32
# The weight of log2 of the area next to coordinates in roots of the area.
_AREA_WEIGHT = 1.0
_EPOCHS, _BATCH, _WIDTH, _RATE = 300, 32, 256, 1e-3


def vector_of_shape(shape: CellShape) -> _Array:
    """(257,) vector: vertices at equal steps along both outlines, in roots of the cell's area, and log2 of the area.

    The cell's centroid is 0, its longer axis along x, its heavier end at positive x; outlines begin at the vertex
    farthest along x and run counter-clockwise.
    """
    cell = _at_equal_steps(shape.rings[0], N_CELL)
    nucleus = _at_equal_steps(shape.nuclei[0][0], N_NUCLEUS)
    area = abs(ring_area(cell))
    middle, root = cell.mean(axis=0), np.sqrt(area)
    cell, nucleus = (cell - middle) / root, (nucleus - middle) / root
    _, _, axes = np.linalg.svd(cell, full_matrices=False)
    turned = cell @ axes.T
    signs = np.where((turned**3).sum(axis=0) < 0, -1.0, 1.0)
    found = [_from_the_right((one @ axes.T) * signs) for one in (cell, nucleus)]
    return np.concatenate([found[0].ravel(), found[1].ravel(), [_AREA_WEIGHT * np.log2(area)]])


def shape_of_vector(vector: _Array, *, name: str = "1") -> CellShape:
    """The shape behind a vector, whether its outlines cross or not."""
    area = 2.0 ** (vector[-1] / _AREA_WEIGHT)
    cell, nucleus = vector[: 2 * N_CELL].reshape(-1, 2), vector[2 * N_CELL : -1].reshape(-1, 2)
    scale = np.sqrt(area / max(abs(ring_area(cell)), 1e-6))
    return CellShape(name, (cell * scale,), ((nucleus * scale,),))


def _at_equal_steps(ring: _Array, n: int) -> _Array:
    ring = ring if ring_area(ring) > 0 else ring[::-1]
    closed = np.concatenate([ring, ring[:1]])
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, along[-1], n, endpoint=False)
    return np.column_stack([np.interp(at, along, closed[:, k]) for k in (0, 1)])


def _from_the_right(ring: _Array) -> _Array:
    ring = ring if ring_area(ring) > 0 else ring[::-1]
    return np.roll(ring, -int(np.argmax(ring[:, 0])), axis=0)


@dataclass(frozen=True)
class OutlineComponents:
    """Principal components; new shapes have normally distributed scores."""

    mean: _Array
    components: _Array
    spread: _Array

    @classmethod
    def fitted(cls, vectors: _Array, *, n: int) -> "OutlineComponents":
        """Of vectors (cells, length)."""
        mean = vectors.mean(axis=0)
        _, size, components = np.linalg.svd(vectors - mean, full_matrices=False)
        return cls(mean, components[:n], size[:n] / np.sqrt(len(vectors) - 1))

    def reconstructed(self, vectors: _Array) -> _Array:
        """The nearest vectors that the components hold."""
        return np.asarray(self.mean + (vectors - self.mean) @ self.components.T @ self.components)

    def drawn(self, n: int, *, rng: np.random.Generator) -> _Array:
        """(n, length) new ones."""
        scores = rng.normal(size=(n, len(self.spread))) * self.spread
        return np.asarray(self.mean + scores @ self.components)


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
