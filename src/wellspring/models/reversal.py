"""Domain adaptation by gradient reversal: features that tell labels, and not from which domain an image is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = [
    "Adapted",
    "GradientReversal",
    "ReversalSchedule",
    "adapted_rate",
    "adversarial_model",
    "domain_batches",
    "reversal_strength",
    "train_adapted",
]

_GAMMA = 10.0


def reversal_strength(progress: float, *, gamma: float = _GAMMA) -> float:
    """λ = 2 / (1 + exp(-γ p)) - 1 at the progress p of the training, 0 to 1: 0 first, near 1 in the end.

    So that the features do not follow the noise of a domain classifier that has learnt nothing yet (Ganin and
    Lempitsky 2015).
    """
    return float(2 / (1 + np.exp(-gamma * progress)) - 1)


def adapted_rate(progress: float, *, start: float = 0.01) -> float:
    """Learning rate η = start / (1 + 10 p)^0.75 at the progress p, 0 to 1 (Ganin and Lempitsky 2015)."""
    return float(start / (1 + 10 * progress) ** 0.75)


@keras.saving.register_keras_serializable(package="wellspring")
class GradientReversal(keras.layers.Layer):
    """The identity, whose gradient is multiplied by -λ.

    What lies before it learns to make what comes after it worse; the weights after it learn as usual.

    Parameters
    ----------
    strength
        λ, 0 or more: 0 cuts the gradient off. It is a weight that does not train, set by `ReversalSchedule`.
    """

    def __init__(self, strength: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if strength < 0:
            raise InputError(f"gradient reversal: expected a strength of 0 or more, got {strength}.")
        self._first = float(strength)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weight λ."""
        start = keras.initializers.Constant(self._first)
        self.strength = self.add_weight(name="strength", shape=(), initializer=start, trainable=False)
        self.built = True

    def call(self, values: Any) -> Any:
        """The same values."""
        strength = ops.cast(self.strength, values.dtype)
        # Forwards v; backwards -λ, since the first part alone has a gradient.
        return ops.stop_gradient((1 + strength) * values) - strength * values

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return {**super().get_config(), "strength": self._first}


class ReversalSchedule(keras.callbacks.Callback):
    """Sets λ and the learning rate before each batch by the progress of the training.

    Parameters
    ----------
    layer
        The reversal whose strength follows `reversal_strength`.
    n_batches
        Batches of the whole training.
    start
        First learning rate; it follows `adapted_rate`. None: it stays as it is.
    """

    def __init__(self, layer: GradientReversal, *, n_batches: int, start: float | None = 0.01) -> None:
        super().__init__()
        self._layer, self._n_batches, self._start, self._seen = layer, n_batches, start, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set both."""
        progress = min(self._seen / max(self._n_batches, 1), 1.0)
        self._layer.strength.assign(reversal_strength(progress))
        if self._start is not None:
            self.model.optimizer.learning_rate.assign(adapted_rate(progress, start=self._start))
        self._seen += 1


def adversarial_model(
    features: keras.Model, *, n_classes: int, n_hidden: int = 64
) -> tuple[keras.Model, GradientReversal]:
    """A label and a domain classifier on the same features, the second behind a gradient reversal.

    Parameters
    ----------
    features
        (B, ...) to (B, n).
    n_classes
        Of the labels.
    n_hidden
        Units of the domain classifier's layer.

    Returns
    -------
    model, layer
        The model's outputs are ``label``, (B, n_classes) softmax, and ``domain``, (B, 1) sigmoid, 1 = target.
    """
    values = features.output
    label = keras.layers.Dense(n_classes, activation="softmax", name="label")(values)
    reversal = GradientReversal(name="reversal")
    hidden = keras.layers.Dense(n_hidden, activation="relu", name="domain_hidden")(reversal(values))
    domain = keras.layers.Dense(1, activation="sigmoid", name="domain")(hidden)
    return keras.Model(features.input, {"label": label, "domain": domain}, name="adversarial"), reversal


def domain_batches(
    source: NDArray[np.float32],
    labels: NDArray[np.integer],
    target: NDArray[np.float32],
    *,
    half: int,
    rng: np.random.Generator,
) -> Iterator[tuple[NDArray[np.float32], dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]]:
    """Endless batches, half of them source and half target: images, truth and weights of both outputs.

    The target's labels have the weight 0: they are not known. Those of the source weigh 2, so that the loss of the
    labels is a mean over the source.
    """
    while True:
        one, other = (rng.integers(0, len(part), half) for part in (source, target))
        truth = np.concatenate([labels[one], np.zeros(half)]).astype(np.float32)
        domain = np.repeat(np.array([0, 1], np.float32), half)[:, None]
        weights = {"label": np.repeat(np.array([2, 0], np.float32), half), "domain": np.ones(2 * half, np.float32)}
        yield np.concatenate([source[one], target[other]]), {"label": truth, "domain": domain}, weights


@dataclass(frozen=True)
class Adapted:
    """A trained pair of classifiers, and how well the second tells the domains apart, 0.5 to 1, at the end."""

    model: keras.Model
    domain_accuracy: float


def train_adapted(
    build_features: Callable[[], keras.Model],
    source: NDArray[np.float32],
    labels: NDArray[np.integer],
    target: NDArray[np.float32],
    *,
    n_classes: int,
    n_batches: int,
    is_adapted: bool = True,
    half: int = 64,
    start: float = 0.01,
    seed: int = 0,
) -> Adapted:
    """Train on labelled source images and unlabelled target images.

    SGD with momentum 0.9, `ReversalSchedule`, as Ganin and Lempitsky (2015).

    Parameters
    ----------
    build_features
        Makes fresh features, (B, ...) to (B, n).
    source, labels, target
        (n, ...) float32, (n,) int, (m, ...) float32.
    is_adapted
        False: λ stays 0, so that the features see the source's labels alone.
    half
        Source images of a batch, and target images.

    Raises
    ------
    ValueError
        When a domain has no image, or labels do not fit.
    """
    if not len(source) or not len(target) or len(source) != len(labels):
        raise InputError(
            "adaptation: expected images of both domains and a label for each source image, got "
            f"{len(source)}, {len(target)} and {len(labels)}."
        )
    keras.utils.set_random_seed(seed)
    model, layer = adversarial_model(build_features(), n_classes=n_classes)
    optimizer = keras.optimizers.SGD(start, momentum=0.9)
    losses = {"label": "sparse_categorical_crossentropy", "domain": "binary_crossentropy"}
    model.compile(optimizer=optimizer, loss=losses)
    schedule = ReversalSchedule(layer, n_batches=n_batches, start=start)
    still = _RateSchedule(n_batches=n_batches, start=start)
    batches = domain_batches(source, labels, target, half=half, rng=np.random.default_rng(seed))
    callback = schedule if is_adapted else still
    model.fit(batches, steps_per_epoch=n_batches, epochs=1, verbose=0, shuffle=False, callbacks=[callback])
    said = [model.predict(part[:512], verbose=0)["domain"].ravel() > 0.5 for part in (source, target)]
    accuracy = float((1 - said[0].mean() + said[1].mean()) / 2)
    return Adapted(model, accuracy)


class _RateSchedule(keras.callbacks.Callback):
    """The learning rate of `ReversalSchedule` alone."""

    def __init__(self, *, n_batches: int, start: float) -> None:
        super().__init__()
        self._n_batches, self._start, self._seen = n_batches, start, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set it."""
        self.model.optimizer.learning_rate.assign(adapted_rate(self._seen / self._n_batches, start=self._start))
        self._seen += 1
