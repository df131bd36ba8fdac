"""Training of the network for spots on simulated fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from wellspring.models.map_training import EachEpoch, MapPlan, cross_entropy, train_maps
from wellspring.models.weights import Weights, of_model
from wellspring.spots.enhanced.fields import drawn_spots, marked
from wellspring.spots.enhanced.network import build_spot_network
from wellspring.spots.enhanced.scale import in_units_of_noise
from wellspring.spots.enhanced.task import TASK

__all__ = ["SpotPlan", "mark_loss", "sample_fields", "spot_weights", "train_spots"]


@dataclass(frozen=True, kw_only=True)
class SpotPlan(MapPlan):
    """As `MapPlan`."""

    widths: tuple[int, ...] = (16, 16, 16, 16, 16)
    steps_per_epoch: int = 50
    n_epochs: int = 11
    batch: int = 8
    side_px: int = 64


def mark_loss(wanted: Any, found: Any) -> Any:
    """Loss per image, (B,): cross-entropy, in which marks weigh four times, and the squared difference of the maxima.

    The second term is DeepSpot's; it keeps the marks of an image at full height.
    """
    weight = 1 + 3 * wanted[..., 0]
    chance = ops.mean(weight * cross_entropy(wanted[..., 0], found[..., 0]), axis=(1, 2))
    highest = ops.max(wanted, axis=(1, 2, 3)) - ops.max(ops.sigmoid(found), axis=(1, 2, 3))
    return chance + 0.1 * ops.square(highest)


def sample_fields(rng: np.random.Generator, *, n: int, side_px: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """`n` simulated fields as the network sees them and their marks, both (n, S, S, 1)."""
    seen, wanted = [], []
    for _ in range(n):
        image, places = drawn_spots(side_px, rng=rng)
        seen.append(in_units_of_noise(image))
        wanted.append(marked(places, shape=image.shape))
    return np.stack(seen)[..., None], np.stack(wanted)[..., None]


def train_spots(*, plan: SpotPlan, folder: Path, each_epoch: EachEpoch) -> keras.Model:
    """Train a network, or resume a training that was stopped; see `train_maps`."""
    keras.utils.set_random_seed(plan.seed)
    model = build_spot_network(plan.widths)

    def sample(rng: np.random.Generator) -> tuple[Any, Any]:
        """A batch of drawn fields and their marks."""
        return sample_fields(rng, n=plan.batch, side_px=plan.side_px)

    train_maps(model, sample, loss=mark_loss, plan=plan, folder=folder, each_epoch=each_epoch)
    return model


def spot_weights(model: keras.Model, *, plan: SpotPlan, about: Mapping[str, Any]) -> Weights:
    """The weights of a trained network with what is to be said about them."""
    return Weights(TASK, 1, 1, plan.widths, of_model(model), about)
