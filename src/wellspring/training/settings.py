"""What one training depends on of the config: the block ``training``, and what its images are."""

from dataclasses import dataclass

__all__ = ["AugmentationSettings", "ImageSettings", "TrainingSettings"]


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """What is changed at random in the training images."""

    shift: float
    zoom: bool
    flip: bool
    rotate: bool
    noise_sd: float


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """How a model is trained. Models, regimes, seeds and learning rates are of the job, not of all jobs."""

    epochs: int
    patience: int
    batch_size: int
    huber_delta: float
    augmentation: AugmentationSettings


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """What a model sees of a cell: keys of the blocks ``dataset`` and ``cells``."""

    target_channel: str
    input_channels: tuple[str, ...] | None
    image_size: int
