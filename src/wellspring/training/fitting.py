"""Training: Huber loss, Adam, early stopping on the validation error, and resuming after an interruption."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.models.devices import CPU, Device
from wellspring.tables import empty_table
from wellspring.training.batches import TrainingBatches, ValidationBatches
from wellspring.training.checkpoints import Checkpoint, State
from wellspring.training.progress import Progress
from wellspring.training.tables import HISTORY

__all__ = ["Schedule", "target_scale", "train", "trainer_for"]


_LOSS_SCALE = 2.0**12
# Relative difference below which targets are equal.
_SAME = 1e-9


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes
    ----------
    epochs : int
        At most so many.
    patience : int
        Stop after so many epochs without a lower validation error.
    batch_size : int
        Cells per step.
    learning_rate : float
        Adam's. Models undo the standardisation of the target inside, so a step is in units of the training targets'
        standard deviation, not of intensity.
    huber_delta : float
        Where the loss turns from quadratic to linear, in the target's unit.
    device : Device
        Dtype policy to train in, and whether to compile steps with XLA.
    """

    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    huber_delta: float = 1.0
    device: Device = CPU


def target_scale(targets: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and population standard deviation of the training targets (n,), n at least 1; 1 where all are equal.

    Targets that differ by less than 1e-9 of the largest count as equal, as means of equal intensities differ so by
    rounding.
    """
    given = np.asarray(targets, dtype=np.float64)
    are_equal = np.ptp(given) <= _SAME * np.abs(given).max()
    return float(given.mean()), 1.0 if are_equal else float(given.std())


def train(
    model: keras.Model,
    augmentation: Sequence[keras.layers.Layer] = (),
    *,
    training: TrainingBatches,
    validation: ValidationBatches,
    schedule: Schedule,
    checkpoint: Checkpoint,
    report: Callable[[str], None],
    label: str,
) -> pd.DataFrame:
    """Train `model` in place; it ends with the weights of the epoch with the lowest validation error.

    After each epoch the complete state is saved: weights, optimizer, random generators, history, best weights. Started
    again with the same checkpoint, a training resumes after the last finished epoch and, on a CPU, ends as it would
    have without the interruption. The checkpoint's file is the caller's to remove once the results are in place.

    Parameters
    ----------
    model
        From `wellspring.models.build_regressor`. Not compiled, and left so.
    augmentation
        Layers that change the training images, in this order.
    report
        Takes a line of progress, which begins with `label`, about every tenth of the epochs.

    Returns
    -------
    DataFrame
        Table `HISTORY`, one row per epoch, those before an interruption included.

    Raises
    ------
    ValueError
        When the validation error was not a number after any epoch.
    """
    trainer = trainer_for(model, augmentation, schedule=schedule)
    recorder = _Recorder(
        model,
        training=training,
        schedule=schedule,
        checkpoint=checkpoint,
        progress=Progress(label, schedule.epochs),
        report=report,
    )
    recorder.resume(trainer)
    training.epoch = recorder.n_epochs
    if not recorder.is_finished:
        epochs = {"initial_epoch": recorder.n_epochs, "epochs": schedule.epochs}
        # The batches are shuffled already, in an order that does not depend on the process.
        trainer.fit(training, validation_data=validation, callbacks=[recorder], shuffle=False, verbose=0, **epochs)
    if not recorder.best:
        raise InputError(
            f"{label}: the validation error was not a number after any of {recorder.n_epochs} epochs. Lower "
            "training.learning_rate, and look for missing values in the target."
        )
    model.set_weights(recorder.best)
    return recorder.history


def trainer_for(model: keras.Model, augmentation: Sequence[keras.layers.Layer], *, schedule: Schedule) -> keras.Model:
    """The model behind the augmentation, compiled, with an optimizer whose variables exist."""
    images = keras.Input(model.input_shape[1:], dtype="float32", name="training_images")
    changed = images
    for layer in augmentation:
        changed = layer(changed)
    trainer = keras.Model(images, model(changed), name="trainer")
    trainer.compile(
        optimizer=_optimizer(schedule, target_std=model.get_layer("target").scale),
        loss=keras.losses.Huber(delta=schedule.huber_delta),
        metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
        jit_compile=schedule.device.jit_compile,
    )
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def _optimizer(schedule: Schedule, *, target_std: float) -> keras.optimizers.Optimizer:
    """Adam; in float16, gradients are scaled so that they neither vanish nor overflow.

    The loss is in the target's unit, so gradients grow with its standard deviation. With Keras' first scale, 2^15, the
    first steps overflow and are left out: many epochs of a small data set with a wide target. From `_LOSS_SCALE`, a
    power of two with room for gradients of 8, Keras finds the largest scale that works.
    """
    adam = keras.optimizers.Adam(schedule.learning_rate)
    if schedule.device.dtype_policy != "mixed_float16":
        return adam
    return keras.optimizers.LossScaleOptimizer(
        adam, initial_scale=_LOSS_SCALE * 2.0 ** -math.ceil(math.log2(max(target_std, 1)))
    )


class _Recorder(keras.callbacks.Callback):
    """History, best weights, early stopping and checkpoints of one training."""

    def __init__(
        self,
        regressor: keras.Model,
        *,
        training: TrainingBatches,
        schedule: Schedule,
        checkpoint: Checkpoint,
        progress: Progress,
        report: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._progress = progress
        self._report = report
        self._regressor = regressor
        self._training = training
        self._schedule = schedule
        self._checkpoint = checkpoint
        self._waited = 0
        self._began = 0.0
        self.history = empty_table(HISTORY)
        self.best: list[NDArray[Any]] = []

    @property
    def n_epochs(self) -> int:
        """Finished epochs."""
        return len(self.history)

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done or patience has run out."""
        return self.n_epochs >= self._schedule.epochs or self._waited >= self._schedule.patience

    def resume(self, trainer: keras.Model) -> None:
        """Take up the checkpoint's state, if it has one of this training."""
        state = self._checkpoint.load()
        if state is None:
            return
        for variable, value in zip(_variables(trainer), state.variables, strict=True):
            variable.assign(value)
        self.history, self._waited, self.best = state.history, state.waited, state.best
        self._report(f"{self._progress.label}  resumes after epoch {self.n_epochs}")

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the epoch of the batches."""
        self._training.epoch = epoch
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch, keep the weights if they are the best, save the state, stop if it is time."""
        row = {name: float((logs or {})[name]) for name in ("loss", "mae", "val_loss", "val_mae")}
        row = {"epoch": epoch + 1, **row, "seconds": time.perf_counter() - self._began}
        lowest = self._lowest
        self.history = pd.DataFrame([*self.history.to_dict("records"), row])[HISTORY.names]
        self._waited += 1
        if row["val_mae"] < lowest:
            self._waited, self.best = 0, self._regressor.get_weights()
        variables = [np.asarray(keras.ops.convert_to_numpy(v.value)) for v in _variables(self.model)]
        self._checkpoint.save(State(self.history, self._waited, variables, self.best))
        self.model.stop_training = self.is_finished
        if self._progress.is_due(epoch + 1) or self.is_finished:
            self._report(self._line())

    @property
    def _lowest(self) -> float:
        return float(self.history["val_mae"].min()) if self.best else np.inf

    def _line(self) -> str:
        last = self.history.iloc[-1]
        return self._progress.line(
            self.n_epochs,
            val_mae=float(last["val_mae"]),
            best=self._lowest,
            seconds=float(self.history["seconds"].tail(10).median()),
        )


def _variables(trainer: keras.Model) -> list[Any]:
    """All that changes in training: weights, states of random generators, the optimizer's variables."""
    return [*trainer.variables, *trainer.optimizer.variables]
