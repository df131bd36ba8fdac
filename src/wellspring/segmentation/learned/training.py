"""Training of the network for nuclei: its loss, and crops of annotated images and of drawn fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from wellspring.models.map_training import EachEpoch, MapPlan, cross_entropy, train_maps
from wellspring.models.strided_unet import build_strided_unet
from wellspring.models.weights import Weights, into_model, of_model, read_weights
from wellspring.models.widening import widened
from wellspring.segmentation.learned.augmenting import Annotated, sample_batch
from wellspring.segmentation.learned.scale import N_INPUTS
from wellspring.segmentation.learned.targets import TARGETS, TASK
from wellspring.segmentation.settings import SHIPPED_WEIGHTS

__all__ = ["Plan", "fine_tuning_plan", "map_loss", "train", "weights_of"]


@dataclass(frozen=True, kw_only=True)
class Plan(MapPlan):
    """As `MapPlan`, and the share of the crops that are drawn."""

    widths: tuple[int, ...] = (24, 32, 48, 64)
    steps_per_epoch: int = 50
    n_epochs: int = 40
    batch: int = 4
    side_px: int = 192
    drawn_share: float = 0.35


def fine_tuning_plan(*, n_epochs: int, steps_per_epoch: int, seed: int) -> Plan:
    """The plan of a training on a user's annotations: a quarter of the rate, a tenth of the crops drawn."""
    widths = read_weights(SHIPPED_WEIGHTS, task=TASK, n_inputs=N_INPUTS, n_outputs=len(TARGETS)).widths
    return Plan(
        widths=widths, n_epochs=n_epochs, steps_per_epoch=steps_per_epoch, rate=5e-4, drawn_share=0.1, seed=seed
    )


def map_loss(wanted: Any, found: Any) -> Any:
    """Loss per image, (B,): cross-entropy of nucleus and contact, squared depth, absolute way to the centre.

    Depths weigh four times as much, so that no term rules the others; the way counts inside nuclei only.
    """
    nucleus = wanted[..., 0]
    chance = cross_entropy(nucleus, found[..., 0]) + cross_entropy(wanted[..., 1], found[..., 1])
    depth = ops.square(wanted[..., 2] - found[..., 2])
    way = ops.sum(ops.abs(wanted[..., 3:] - found[..., 3:]), axis=-1) * nucleus
    return ops.mean(chance + 4.0 * depth + way, axis=(1, 2))


def train(
    images: Sequence[Annotated],
    *,
    plan: Plan,
    folder: Path,
    start: Weights | None = None,
    each_epoch: EachEpoch,
) -> keras.Model:
    """Train a network, or resume a training that was stopped.

    Parameters
    ----------
    images
        Annotated images; drawn fields alone where there are none.
    plan
    folder
        Of the checkpoint; one of another plan is not taken up.
    start
        Weights to start from, of this network or a narrower one.
    each_epoch
        Called with the number of epochs done, the model and the epoch's loss.
    """
    keras.utils.set_random_seed(plan.seed)
    model = build_strided_unet(n_inputs=N_INPUTS, n_outputs=len(TARGETS), widths=plan.widths)
    if start is not None:
        if start.widths != plan.widths:
            start = widened(start, model, widths=plan.widths)
        into_model(model, start, name="the weights to start from")

    def sample(rng: np.random.Generator) -> tuple[Any, Any]:
        """A batch of crops and their maps."""
        return sample_batch(images, n=plan.batch, side_px=plan.side_px, drawn_share=plan.drawn_share, rng=rng)

    train_maps(model, sample, loss=map_loss, plan=plan, folder=folder, each_epoch=each_epoch)
    return model


def weights_of(model: keras.Model, *, plan: Plan, about: Mapping[str, Any]) -> Weights:
    """The weights of a trained network with what is to be said about them."""
    return Weights(TASK, N_INPUTS, len(TARGETS), plan.widths, of_model(model), about)
