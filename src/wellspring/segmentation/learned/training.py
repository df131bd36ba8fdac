"""Training of the network for nuclei: loss, crops made while it trains, checkpoints that a killed run resumes from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from wellspring.models.strided_unet import build_strided_unet
from wellspring.segmentation.learned.augmenting import Annotated, sample_batch
from wellspring.segmentation.learned.scale import N_INPUTS
from wellspring.segmentation.learned.targets import TARGETS
from wellspring.segmentation.learned.weights import TASK, Weights, into_model, of_model

__all__ = ["Plan", "map_loss", "train", "weights_of"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How the network is trained.

    Attributes
    ----------
    widths
        Features of each level of the U-Net.
    steps_per_epoch, n_epochs, batch, side_px
        Crops of `side_px` a side, `batch` a step.
    drawn_share
        Share of the crops that are drawn.
    rate
        Highest learning rate; it falls to 0 along half a cosine, after a twentieth of the steps in which it rises.
    seed
    """

    widths: tuple[int, ...] = (24, 32, 48, 64)
    steps_per_epoch: int = 50
    n_epochs: int = 40
    batch: int = 8
    side_px: int = 192
    drawn_share: float = 0.35
    rate: float = 2e-3
    seed: int = 1


def map_loss(wanted: Any, found: Any) -> Any:
    """Loss per image, (B,): cross-entropy of nucleus and contact, squared depth, absolute way to the centre.

    The last two are weighted so that all four are alike at the end of a training; the way counts inside nuclei only.
    """
    nucleus = wanted[..., 0]
    chance = _cross_entropy(nucleus, found[..., 0]) + _cross_entropy(wanted[..., 1], found[..., 1])
    depth = ops.square(wanted[..., 2] - found[..., 2])
    way = ops.sum(ops.abs(wanted[..., 3:] - found[..., 3:]), axis=-1) * nucleus
    return ops.mean(chance + 4.0 * depth + way, axis=(1, 2))


def _cross_entropy(wanted: Any, logit: Any) -> Any:
    return ops.relu(logit) - logit * wanted + ops.log1p(ops.exp(-ops.abs(logit)))


class _Crops(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches that depend on the seed, the epoch and the step alone, so that a resumed run sees the same ones."""

    def __init__(self, images: Sequence[Annotated], plan: Plan, *, epoch: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self.images, self.plan, self.epoch = images, plan, epoch

    def __len__(self) -> int:
        return self.plan.steps_per_epoch

    def __getitem__(self, step: int) -> tuple[Any, Any]:
        rng = np.random.default_rng([self.plan.seed, self.epoch, step])
        plan = self.plan
        return sample_batch(self.images, n=plan.batch, side_px=plan.side_px, drawn_share=plan.drawn_share, rng=rng)

    def on_epoch_end(self) -> None:
        self.epoch += 1


class _Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: the optimizer's and the model's state, the number of epochs done, and `each_epoch`."""

    def __init__(self, folder: Path, each_epoch: Callable[[int, "keras.Model", Mapping[str, float]], None]) -> None:
        super().__init__()
        self.folder, self.each_epoch = folder, each_epoch

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        state = {f"m{i}": np.asarray(v.value) for i, v in enumerate(self.model.variables)}
        state |= {f"o{i}": np.asarray(v.value) for i, v in enumerate(self.model.optimizer.variables)}
        temporary = self.folder / ".state.part.npz"
        np.savez(temporary, allow_pickle=False, n_done=np.array(epoch + 1), **state)
        temporary.replace(self.folder / "state.npz")
        self.each_epoch(epoch + 1, self.model, dict(logs or {}))


def train(
    images: Sequence[Annotated],
    *,
    plan: Plan,
    folder: Path,
    start: Weights | None = None,
    each_epoch: Callable[[int, "keras.Model", Mapping[str, float]], None],
) -> keras.Model:
    """Train a network, or go on with one that was stopped.

    Parameters
    ----------
    images
        Annotated images; drawn fields alone where there are none.
    plan
    folder
        Of the checkpoint; one of another plan is not taken up.
    start
        Weights to start from.
    each_epoch
        Called with the number of epochs done, the model and the epoch's loss.
    """
    keras.utils.set_random_seed(plan.seed)
    model = build_strided_unet(n_inputs=N_INPUTS, n_outputs=len(TARGETS), widths=plan.widths)
    if start is not None:
        into_model(model, start, name="the weights to start from")
    n_steps = plan.n_epochs * plan.steps_per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=plan.rate / 20,
        warmup_target=plan.rate,
        warmup_steps=max(1, n_steps // 20),
        decay_steps=max(1, n_steps - n_steps // 20),
    )
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-4, clipnorm=1.0), loss=map_loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    n_done = _resumed(model, folder, plan)
    if n_done < plan.n_epochs:
        checkpoint = _Checkpoint(folder, each_epoch)
        crops = _Crops(images, plan, epoch=n_done)
        model.fit(crops, epochs=plan.n_epochs, initial_epoch=n_done, callbacks=[checkpoint], verbose=0, shuffle=False)
    return model


def _resumed(model: keras.Model, folder: Path, plan: Plan) -> int:
    """Epochs that a run of the same plan has done; sets the state it had then."""
    of_plan, state = folder / "plan.json", folder / "state.npz"
    text = json.dumps(asdict(plan), sort_keys=True)
    if not (of_plan.is_file() and of_plan.read_text(encoding="utf-8") == text and state.is_file()):
        state.unlink(missing_ok=True)
        of_plan.write_text(text, encoding="utf-8")
        return 0
    with np.load(state, allow_pickle=False) as file:
        for prefix, variables in (("m", model.variables), ("o", model.optimizer.variables)):
            for i, variable in enumerate(variables):
                variable.assign(file[f"{prefix}{i}"])
        return int(file["n_done"])


def weights_of(model: keras.Model, *, plan: Plan, about: Mapping[str, Any]) -> Weights:
    """The weights of a trained network with what is to be said about them."""
    return Weights(TASK, N_INPUTS, len(TARGETS), plan.widths, of_model(model), about)
