"""How every network is fitted: on some fields, to its lowest validation loss; then fields (n, C, S, S) to vectors."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.profiling.embeddings import Embedding
from wellspring.profiling.field_batches import FieldBatches
from wellspring.profiling.fields import standardized
from wellspring.profiling.network_layers import encoder_of

__all__ = [
    "Embed",
    "FitNetwork",
    "FitSettings",
    "Fitted",
    "Training",
    "cosine_rate",
    "embedded_by",
    "fit_of",
    "fitted_classifier",
    "trained",
]

Embed = Callable[[NDArray[np.uint16]], NDArray[np.float32]]
# Epochs from the highest to the lowest learning rate, and that lowest (Dincu 2021, section 6.3.1).
_HALF_PERIOD, _LOWEST_RATE = 10, 5e-10
_BATCH = 64


class FitSettings(Protocol):
    """What every network's settings have: copies of a field in an epoch, epochs, fields in a batch, highest rate."""

    @property
    def multiplication(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...


@dataclass(frozen=True)
class Training:
    """What a method is fitted with.

    Attributes
    ----------
    images : (n, C, S, S) uint16
    is_positive : (n,) bool
        Class of each field.
    is_validation : (n,) bool
        Fields of samples that say when a network is best, and are not trained on.
    seed : int
    """

    images: NDArray[np.uint16]
    is_positive: NDArray[np.bool_]
    is_validation: NDArray[np.bool_]
    seed: int


@dataclass(frozen=True)
class Fitted:
    """A fitted method.

    Attributes
    ----------
    embed : callable
    history : DataFrame
        Losses of its networks: columns network, epoch, loss, val_loss.
    score : callable or None
        Of a classifier: fields to (n, 1), its own last value, 0 to 1, above 0.5: positive.
    """

    embed: Embed
    history: pd.DataFrame
    score: Embed | None = None


class FitNetwork(Protocol):
    """Fits a network to some fields."""

    def __call__(self, training: Training, *, settings: Any) -> Fitted:
        """The fitted network, which embeds any fields; `settings` are of the embedding's ``settings_kind``."""


def fit_of(network: Embedding) -> FitNetwork:
    """The function that fits `network`.

    Raises
    ------
    ValueError
        When the embedding has no network.
    """
    if not network.needs_network:
        raise InputError(f"profiling.methods: {network.name} has no network to fit.")
    return network.function()


def fitted_classifier(model: keras.Model, training: Training, *, settings: FitSettings) -> Fitted:
    """Train `model`, as of `classified`, to distinguish positive fields from others."""
    labels = training.is_positive.astype(np.float32)
    history = trained(model, training.images, labels, training, settings=settings, loss="binary_crossentropy")
    return Fitted(partial(embedded_by, encoder_of(model)), history, partial(embedded_by, model))


def embedded_by(encoder: keras.Model, images: NDArray[np.uint16]) -> NDArray[np.float32]:
    """What a network makes of fields (n, C, S, S), standardised batch by batch: (n, d)."""
    size = encoder.output.shape[-1]
    parts = [
        np.asarray(encoder.predict_on_batch(np.moveaxis(standardized(images[at : at + _BATCH]), 1, -1)))
        for at in range(0, len(images), _BATCH)
    ]
    return np.concatenate([np.zeros((0, size)), *parts]).astype(np.float32)


def cosine_rate(epoch: int, *, highest: float) -> float:
    """Learning rate of an epoch (0 = first): down along a cosine over 10 epochs, up again over the next 10."""
    return _LOWEST_RATE + (highest - _LOWEST_RATE) * (1 + math.cos(math.pi * epoch / _HALF_PERIOD)) / 2


class _CosineRate(keras.callbacks.Callback):
    def __init__(self, highest: float) -> None:
        super().__init__()
        self._highest = highest

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = cosine_rate(epoch, highest=self._highest)


def trained(
    model: keras.Model,
    images: NDArray[np.uint16],
    labels: NDArray[np.float32] | None,
    training: Training,
    *,
    settings: FitSettings,
    loss: str,
    target: str = "mse",
) -> pd.DataFrame:
    """Train `model` in place to its lowest validation loss, of its training loss where nothing validates.

    Parameters
    ----------
    images : (n, C, S, S) uint16
        Rows as in `training`.
    labels
        As of `FieldBatches`, and `target` likewise.
    loss
        Name of a Keras loss.

    Returns
    -------
    DataFrame
        Columns network (the model's name), epoch, loss, val_loss.
    """
    valid = training.is_validation
    if valid.all():
        raise InputError("profiling: expected at least one field to fit on, got none.")
    rate = settings.learning_rate
    batches: dict[str, Any] = {"batch_size": settings.batch_size, "target": target, "seed": training.seed}
    train = FieldBatches(
        images[~valid],
        None if labels is None else labels[~valid],
        factor=settings.multiplication,
        crop=True,
        **batches,
    )
    validation = None
    if valid.any():
        of_valid = None if labels is None else labels[valid]
        validation = FieldBatches(images[valid], of_valid, factor=1, crop=False, **batches)
    watched = "loss" if validation is None else "val_loss"
    # Epochs enough that it never stops; what counts is that the best weights come back.
    epochs = settings.epochs
    best = keras.callbacks.EarlyStopping(watched, patience=epochs, restore_best_weights=True)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-5), loss=loss)
    done = model.fit(train, validation_data=validation, epochs=epochs, callbacks=[best, _CosineRate(rate)], verbose=0)
    losses = {key: np.asarray(values, dtype=np.float64) for key, values in done.history.items()}
    numbers = np.arange(1, len(losses["loss"]) + 1)
    other = losses.get("val_loss", np.full(len(numbers), np.nan))
    return pd.DataFrame({"network": model.name, "epoch": numbers, "loss": losses["loss"], "val_loss": other})
