"""What a regressor takes in and gives back, checked."""

import math
from dataclasses import dataclass

from wellspring.errors import InputError

__all__ = ["Specification"]


@dataclass(frozen=True)
class Specification:
    """Input and output of a regressor.

    Attributes
    ----------
    image_size : int
        Side of the square images, px.
    n_channels : int
        Channels of a batch, the mask (last) included.
    input_channels : tuple of int
        Places of the channels that the model sees, in this order.
    target_mean, target_std : float
        Mean and standard deviation of the training targets, in the target's unit.

    Raises
    ------
    ValueError
        When a size is below 1, a channel is missing, repeated or beyond the batch, or `target_std` is not positive.
    """

    image_size: int
    n_channels: int
    input_channels: tuple[int, ...]
    target_mean: float = 0.0
    target_std: float = 1.0

    def __post_init__(self) -> None:
        """Check the values."""
        if self.image_size < 1 or self.n_channels < 1:
            raise InputError(
                f"image_size and n_channels: expected at least 1, got {self.image_size} and {self.n_channels}."
            )
        beyond = [i for i in self.input_channels if not 0 <= i < self.n_channels]
        if not self.input_channels or beyond or len(set(self.input_channels)) < len(self.input_channels):
            raise InputError(
                f"input_channels: expected one or more different places from 0 to {self.n_channels - 1}, "
                f"got {list(self.input_channels)}. Name each channel once, and only channels of the batch."
            )
        if not (math.isfinite(self.target_mean) and math.isfinite(self.target_std) and self.target_std > 0):
            raise InputError(
                f"target_mean, target_std: expected a finite mean and a finite, positive standard deviation, got "
                f"{self.target_mean} and {self.target_std}. Use 1 where all training targets are equal."
            )
