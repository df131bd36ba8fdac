"""Settings of the stage labelling."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Augmentation", "ModelSettings", "TrainingSettings"]


@dataclass(frozen=True)
class ModelSettings:
    """The network.

    Attributes
    ----------
    width : int
        Filters of the first level; twice as many on each level below.
    n_levels : int
        How often maps are halved.
    block_px : int
        Blocks of so many pixels a side enter and leave the network as channels. 1: LaChance's form. 2: a quarter of the
        work for the same field, and twice the context.
    window_px : int
        Light is taken relative to its mean in a square of this side, odd, so that lamp, exposure and vignette do not
        count; 0: as it is.
    dropout : float
        Share of values left out on the first levels.
    """

    width: int = 24
    n_levels: int = 3
    block_px: int = 2
    window_px: int = 65
    dropout: float = 0.1

    @property
    def step_px(self) -> int:
        """Images are computed on a grid of so many pixels."""
        return int(self.block_px * 2**self.n_levels)


@dataclass(frozen=True)
class Augmentation:
    """How crops are changed in training.

    Attributes
    ----------
    rotation : bool
        Any angle, and mirrored; what comes in at the corners is the original image.
    max_scale : float
        Enlarged or reduced by up to this factor.
    gain, offset_sd, noise_sd : float
        The light: multiplied by up to 1 ± gain around its mean, shifted by up to so many standard deviations, noise of
        up to so many standard deviations.
    """

    rotation: bool = True
    max_scale: float = 1.1
    gain: float = 0.25
    offset_sd: float = 0.25
    noise_sd: float = 0.1


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes
    ----------
    target : str
        ``asinh`` (relative errors count), ``linear``, or ``mask`` (stained or not).
    loss : str
        Name in `wellspring.labelling.losses.LOSSES`.
    optimizer : str
        ``adam`` or ``adadelta``.
    learning_rate : float
        The first; it falls to a hundredth along half a cosine with ``adam``.
    crop_px, batch_size, steps : int
        Crops of a step, and steps at most.
    steps_per_epoch : int
        After so many the validation fields are predicted and the state is saved.
    patience : int
        Stop after so many epochs without a lower validation loss.
    max_minutes : float or None
        Stop after so much time, with the learning rate lowered in time.
    seed : int
        Of the weights and the crops.
    """

    target: Literal["asinh", "linear", "mask"] = "asinh"
    loss: str = "mse"
    optimizer: Literal["adam", "adadelta"] = "adam"
    learning_rate: float = 1e-3
    crop_px: int = 256
    batch_size: int = 2
    steps: int = 6000
    steps_per_epoch: int = 200
    patience: int = 30
    max_minutes: float | None = 55
    seed: int = 1
    augmentation: Augmentation = field(default_factory=Augmentation)
