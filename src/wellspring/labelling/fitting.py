"""Training of one stain's network: steps, validation, best weights, and resuming after an interruption."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.labelling.checkpoints import Checkpoint, State
from wellspring.labelling.crops import CropSource
from wellspring.labelling.fields import Field
from wellspring.labelling.losses import loss_named
from wellspring.labelling.network import margin_px, stain_scale_of, step_px, value_of
from wellspring.labelling.progress import line_of
from wellspring.labelling.settings import TrainingSettings
from wellspring.models.tiling import map_of_image

__all__ = ["share_done", "train"]

_LAST_RATE = 0.01
_TILE_PX = 512


def share_done(*, step: int, seconds: float, settings: TrainingSettings) -> float:
    """How much of a training is done, 0 to 1: by steps or by time, whichever is further."""
    by_time = seconds / (60 * settings.max_minutes) if settings.max_minutes else 0.0
    return min(max(step / settings.steps, by_time), 1.0)


def train(
    model: keras.Model,
    *,
    training: Sequence[Field],
    validation: Sequence[Field],
    threshold: float,
    settings: TrainingSettings,
    checkpoint: Checkpoint,
    report: Callable[[str], None],
    label: str,
    corrupted: Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]] | None = None,
) -> pd.DataFrame:
    """Train `model` in place; it ends with the weights of the lowest validation loss, without validation with the last.

    After each epoch the state is saved: weights, optimizer, random generators, history, time. Started again with the
    same checkpoint, a training resumes after its last epoch and draws the crops that it would have drawn. The file of
    the checkpoint is the caller's to remove.

    Parameters
    ----------
    model
        From `wellspring.labelling.network.build_label_model`.
    training, validation
        Fields with stains; no well in both.
    threshold
        Of `stain_threshold`; for the loss ``spotlight``.
    report
        Takes a line of progress after each epoch, which says the time left.

    Returns
    -------
    DataFrame
        Columns step, loss, validation_loss (NaN without validation fields), seconds; a row per epoch.

    Raises
    ------
    ValueError
        When the loss is not a number.
    """
    run = _Run(model, settings=settings, threshold=threshold, checkpoint=checkpoint, label=label, report=report)
    scale = stain_scale_of(model)
    source = CropSource(
        fields=training,
        scale=scale,
        crop_px=_crop_px(training, settings=settings, step_px=step_px(model)),
        batch_size=settings.batch_size,
        augmentation=settings.augmentation,
        seed=settings.seed,
        corrupted=corrupted,
    )
    run.resume()
    while not run.is_finished:
        run.epoch(source, validation)
    run.finish()
    return pd.DataFrame(run.history, columns=["step", "loss", "validation_loss", "seconds"])


def _crop_px(fields: Sequence[Field], *, settings: TrainingSettings, step_px: int) -> int:
    """Side of the crops: no larger than the smallest field, on the network's grid."""
    smallest = min(min(one.planes.shape[1:]) for one in fields)
    return int(max(min(settings.crop_px, smallest) // step_px, 1) * step_px)


@dataclass
class _Run:
    """A training under way: network, optimizer, history, and the best weights so far."""

    model: keras.Model
    settings: TrainingSettings
    threshold: float
    checkpoint: Checkpoint
    label: str
    report: Callable[[str], None]
    history: list[tuple[int, float, float, float]] = field(default_factory=list)
    best: list[NDArray[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        scale = stain_scale_of(self.model)
        self._scale = scale
        self._loss = loss_named(self.settings.loss, target=self.settings.target, threshold=self.threshold)
        self._trainer = value_of(self.model)
        kinds = {"adam": keras.optimizers.Adam, "adadelta": keras.optimizers.Adadelta}
        self._trainer.compile(kinds[self.settings.optimizer](self.settings.learning_rate), loss=self._loss)
        self._trainer.optimizer.build(self._trainer.trainable_variables)

    @property
    def step(self) -> int:
        return self.history[-1][0] if self.history else 0

    @property
    def seconds(self) -> float:
        return self.history[-1][3] if self.history else 0.0

    @property
    def is_finished(self) -> bool:
        losses = [row[2] for row in self.history]
        waited = len(losses) - 1 - int(np.argmin(losses)) if losses and not math.isnan(losses[0]) else 0
        done = share_done(step=self.step, seconds=self.seconds, settings=self.settings)
        return done >= 1 or waited >= self.settings.patience

    def resume(self) -> None:
        state = self.checkpoint.load()
        if state is None:
            return
        for variable, value in zip(self._variables(), state.variables, strict=True):
            variable.assign(value)
        self.history, self.best = list(state.history), list(state.best)
        self.report(f"{self.label}: resumes after step {self.step:,}")

    def epoch(self, source: CropSource, validation: Sequence[Field]) -> None:
        began, first, before = time.perf_counter(), self.step, self.seconds
        last = min(first + self.settings.steps_per_epoch, self.settings.steps)
        losses: list[float] = []
        for step in range(first, last):
            done = share_done(step=step, seconds=before + time.perf_counter() - began, settings=self.settings)
            if done >= 1 and losses:
                last = step
                break
            if self.settings.optimizer == "adam":
                self._trainer.optimizer.learning_rate.assign(_rate(done, first=self.settings.learning_rate))
            losses.append(float(self._trainer.train_on_batch(*source.batch(step))))
        loss = float(np.mean(losses))
        if not math.isfinite(loss):
            raise InputError(f"{self.label}: the loss is not a number after step {last}. Lower the learning rate.")
        valid = self._validation_loss(validation)
        self.history.append((last, loss, valid, before + time.perf_counter() - began))
        if math.isnan(valid) or valid <= min(row[2] for row in self.history):
            self.best = self._trainer.get_weights()
        arrays = [np.asarray(keras.ops.convert_to_numpy(one.value)) for one in self._variables()]
        self.checkpoint.save(State(tuple(self.history), arrays, list(self.best)))
        self.report(line_of(self.label, self.history, settings=self.settings, is_finished=self.is_finished))

    def finish(self) -> None:
        self._trainer.set_weights(self.best)

    def _variables(self) -> list[Any]:
        return [*self._trainer.variables, *self._trainer.optimizer.variables]

    def _validation_loss(self, fields: Sequence[Field]) -> float:
        """The mean loss over complete fields."""
        found = []
        for one in fields:
            value = map_of_image(
                self._value,
                one.planes,
                margin_px=margin_px(self.model),
                step_px=step_px(self.model),
                tile_px=_TILE_PX,
            )
            stain = np.asarray(one.stain)
            true = stain.astype(np.float32) if self._scale.kind == "mask" else self._scale.value(stain)
            found.append(float(self._loss(true[None, ..., None], value[None, ..., None])))
        return float(np.mean(found)) if found else math.nan

    def _value(self, batch: NDArray[np.float32]) -> Any:
        return keras.ops.convert_to_numpy(self._trainer(batch, training=False))


def _rate(done: float, *, first: float) -> float:
    """The learning rate: it falls along half a cosine to a hundredth."""
    return first * (_LAST_RATE + (1 - _LAST_RATE) * (1 + math.cos(math.pi * done)) / 2)


def checkpoint_of(path: Path, *, fingerprint: str) -> Checkpoint:
    """The checkpoint of a training whose model will be ``path``: a file next to it, gone once the model is there."""
    return Checkpoint(path.with_name(f"{path.name}.training.npz"), fingerprint)
