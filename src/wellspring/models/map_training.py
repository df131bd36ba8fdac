"""Training of networks that draw maps, on batches made while they train; a stopped run resumes from its last epoch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

__all__ = ["EachEpoch", "MapPlan", "cross_entropy", "train_maps"]

EachEpoch = Callable[[int, "keras.Model", Mapping[str, float]], None]
"""Called with the number of epochs done, the model, and the epoch's loss."""


@dataclass(frozen=True, kw_only=True)
class MapPlan:
    """How a network is trained.

    Attributes
    ----------
    widths
        Features of its levels or layers.
    steps_per_epoch, n_epochs, batch, side_px
        Crops of `side_px` a side, `batch` a step.
    rate
        Highest learning rate.
    course
        "cosine": it rises for a twentieth of the steps and falls to 0 along half a cosine. "level": it rises
        for an epoch and stays, for a round of training that another one follows. "line": it falls to 0 along a line.
    seed
    """

    widths: tuple[int, ...]
    steps_per_epoch: int
    n_epochs: int
    batch: int
    side_px: int
    rate: float = 2e-3
    course: Literal["cosine", "line", "level"] = "cosine"
    seed: int = 1


def cross_entropy(wanted: Any, logit: Any) -> Any:
    """Cross-entropy of each pixel, from the logarithm of the odds."""
    from keras import ops

    return ops.relu(logit) - logit * wanted + ops.log1p(ops.exp(-ops.abs(logit)))


class _Batches(keras.utils.PyDataset):
    """Batches that depend on the seed, the epoch and the step alone, so that a resumed run sees the same ones."""

    def __init__(self, sample: Callable[[np.random.Generator], tuple[Any, Any]], plan: MapPlan, *, epoch: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self.sample, self.plan, self.epoch = sample, plan, epoch

    def __len__(self) -> int:
        return self.plan.steps_per_epoch

    def __getitem__(self, step: int) -> tuple[Any, Any]:
        return self.sample(np.random.default_rng([self.plan.seed, self.epoch, step]))

    def on_epoch_end(self) -> None:
        self.epoch += 1


class _Checkpoint(keras.callbacks.Callback):
    """After each epoch: the optimizer's and the model's state, the number of epochs done, and `each_epoch`."""

    def __init__(self, folder: Path, each_epoch: EachEpoch) -> None:
        super().__init__()
        self.folder, self.each_epoch = folder, each_epoch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        state = {f"m{i}": np.asarray(v.value) for i, v in enumerate(self.model.variables)}
        state |= {f"o{i}": np.asarray(v.value) for i, v in enumerate(self.model.optimizer.variables)}
        temporary = self.folder / ".state.part.npz"
        np.savez(temporary, allow_pickle=False, n_done=np.array(epoch + 1), **state)
        temporary.replace(self.folder / "state.npz")
        self.each_epoch(epoch + 1, self.model, dict(logs or {}))


def train_maps(
    model: keras.Model,
    sample: Callable[[np.random.Generator], tuple[Any, Any]],
    *,
    loss: Callable[[Any, Any], Any],
    plan: MapPlan,
    folder: Path,
    each_epoch: EachEpoch,
) -> None:
    """Train a network, or resume a training that was stopped.

    Parameters
    ----------
    model
        Changed in place.
    sample
        A batch of images and maps.
    loss
        Of wanted and found maps, a value per image.
    plan
    folder
        Of the checkpoint; one of another plan is not taken up.
    each_epoch
    """
    # Without XLA: on a CPU, TensorFlow's own kernels are no slower and start sooner.
    model.compile(keras.optimizers.AdamW(_rate_of(plan), weight_decay=1e-4, clipnorm=1.0), loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    n_done = _resumed(model, folder, plan)
    if n_done < plan.n_epochs:
        model.fit(
            _Batches(sample, plan, epoch=n_done),
            epochs=plan.n_epochs,
            initial_epoch=n_done,
            callbacks=[_Checkpoint(folder, each_epoch)],
            verbose=0,
            shuffle=False,
        )


def _rate_of(plan: MapPlan) -> Any:
    """The learning rate by step."""
    schedules = keras.optimizers.schedules
    n_steps = plan.n_epochs * plan.steps_per_epoch
    if plan.course == "cosine":
        return schedules.CosineDecay(
            initial_learning_rate=plan.rate / 20,
            warmup_target=plan.rate,
            warmup_steps=max(1, n_steps // 20),
            decay_steps=max(1, n_steps - n_steps // 20),
        )
    if plan.course == "level":
        return schedules.PolynomialDecay(plan.rate / 20, plan.steps_per_epoch, end_learning_rate=plan.rate)
    return schedules.PolynomialDecay(plan.rate, n_steps, end_learning_rate=0.0)


def _resumed(model: keras.Model, folder: Path, plan: MapPlan) -> int:
    """Epochs that a run of the same plan has done; sets the state it had then."""
    of_plan, state = folder / "plan.json", folder / "state.npz"
    text = json.dumps(asdict(plan), sort_keys=True)
    if not (of_plan.is_file() and of_plan.read_text(encoding="utf-8") == text and state.is_file()):
        state.unlink(missing_ok=True)
        of_plan.write_text(text, encoding="utf-8")
        return 0
    with state.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        for prefix, variables in (("m", model.variables), ("o", model.optimizer.variables)):
            for i, variable in enumerate(variables):
                variable.assign(file[f"{prefix}{i}"])
        return int(file["n_done"])
