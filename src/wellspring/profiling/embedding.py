"""One interface for every network: fit on some fields, then images (n, C, S, S) to vectors (n, d)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.profiling.augmentation import FieldBatches
from wellspring.profiling.fields import standardized
from wellspring.profiling.networks import build_autoencoder, build_classifier, build_densenet, encoder_of

__all__ = ["EMBEDDERS", "Embed", "Fitted", "Training", "cosine_rate", "embedded_by", "fit_embedder"]

Embed = Callable[[NDArray[np.uint16]], NDArray[np.float32]]
# Epochs from the highest to the lowest learning rate, and that lowest (Dincu 2021, section 6.3.1).
_HALF_PERIOD, _LOWEST_RATE = 10, 5e-10
_BATCH = 64


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
    settings : mapping
        Block ``profiling.networks`` of the config.
    seed : int
    """

    images: NDArray[np.uint16]
    is_positive: NDArray[np.bool_]
    is_validation: NDArray[np.bool_]
    settings: Mapping[str, Any]
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


def fit_embedder(method: str, training: Training) -> Fitted:
    """Fit one method.

    Raises
    ------
    ValueError
        For an unknown method, or no fields to fit on.
    """
    if method not in EMBEDDERS:
        raise InputError(f"profiling.methods: {method!r} is no network; expected one of {list(EMBEDDERS)}.")
    if not (~training.is_validation).any():
        raise InputError("profiling: expected at least one field to fit on, got none.")
    return EMBEDDERS[method](training)


def fit_autoencoders(training: Training) -> Fitted:
    """One autoencoder per channel; the codes stand one after the other, in the order of the channels."""
    settings = training.settings
    encoders, histories = [], []
    for channel in range(training.images.shape[1]):
        model = build_autoencoder(
            image_size=training.images.shape[2],
            width=settings["width"],
            code_size=settings["code_size"],
            dropout=settings["dropout"],
            output=settings["reconstruction"],
        )
        own = training.images[:, channel : channel + 1]
        histories.append(_trained(model, own, None, training, loss="mse", name=f"channel {channel + 1}"))
        encoders.append(encoder_of(model))

    def embed(images: NDArray[np.uint16]) -> NDArray[np.float32]:
        codes = [embedded_by(encoder, images[:, c : c + 1]) for c, encoder in enumerate(encoders)]
        return np.concatenate(codes, axis=1)

    return Fitted(embed, pd.concat(histories, ignore_index=True))


def fit_classifier(training: Training) -> Fitted:
    """The small classifier of known classes."""
    settings = training.settings
    model = build_classifier(
        image_size=training.images.shape[2],
        n_channels=training.images.shape[1],
        width=settings["width"],
        n_blocks=settings["n_blocks"],
        embedding_size=settings["embedding_size"],
        dropout=settings["dropout"],
    )
    return _fitted_classifier(model, training)


def fit_densenet(training: Training) -> Fitted:
    """The classifier on DenseNet-121, all of whose weights are trained further."""
    model = build_densenet(
        image_size=training.images.shape[2],
        n_channels=training.images.shape[1],
        embedding_size=training.settings["embedding_size"],
        weights=training.settings["densenet_weights"],
    )
    return _fitted_classifier(model, training)


def _fitted_classifier(model: keras.Model, training: Training) -> Fitted:
    labels = training.is_positive.astype(np.float32)
    history = _trained(model, training.images, labels, training, loss="binary_crossentropy", name=model.name)
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


def _trained(
    model: keras.Model,
    images: NDArray[np.uint16],
    labels: NDArray[np.float32] | None,
    training: Training,
    *,
    loss: str,
    name: str,
) -> pd.DataFrame:
    """Train `model` in place to its lowest validation loss, of its training loss where nothing validates."""
    settings, valid = training.settings, training.is_validation
    rate = float(settings["learning_rate"])
    batches = {"batch_size": int(settings["batch_size"]), "target": settings["reconstruction"], "seed": training.seed}
    train = FieldBatches(
        images[~valid],
        None if labels is None else labels[~valid],
        factor=int(settings["multiplication"]),
        crop=True,
        **batches,
    )
    validation = None
    if valid.any():
        of_valid = None if labels is None else labels[valid]
        validation = FieldBatches(images[valid], of_valid, factor=1, crop=False, **batches)
    watched = "loss" if validation is None else "val_loss"
    # Epochs enough that it never stops; what counts is that the best weights come back.
    epochs = int(settings["epochs"])
    best = keras.callbacks.EarlyStopping(watched, patience=epochs, restore_best_weights=True)
    model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-5), loss=loss)
    done = model.fit(train, validation_data=validation, epochs=epochs, callbacks=[best, _CosineRate(rate)], verbose=0)
    losses = {key: np.asarray(values, dtype=np.float64) for key, values in done.history.items()}
    numbers = np.arange(1, len(losses["loss"]) + 1)
    other = losses.get("val_loss", np.full(len(numbers), np.nan))
    return pd.DataFrame({"network": name, "epoch": numbers, "loss": losses["loss"], "val_loss": other})


EMBEDDERS: dict[str, Callable[[Training], Fitted]] = {
    "autoencoder": fit_autoencoders,
    "classifier": fit_classifier,
    "densenet": fit_densenet,
}
