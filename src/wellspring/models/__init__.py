"""models: the architectures, each a Keras graph from a batch of images to one value per image.

Keras is imported when a model is built or loaded, not when this package is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

__all__ = ["build_regressor", "load_regressor"]


def build_regressor(
    name: str,
    *,
    image_size: int,
    n_channels: int,
    input_channels: Sequence[int],
    target_mean: float = 0.0,
    target_std: float = 1.0,
) -> "keras.Model":
    """Build one architecture with fresh weights. See `wellspring.models.building.build_regressor`."""
    from wellspring.models import building

    return building.build_regressor(
        name,
        image_size=image_size,
        n_channels=n_channels,
        input_channels=input_channels,
        target_mean=target_mean,
        target_std=target_std,
    )


def load_regressor(path: Path) -> "keras.Model":
    """Load a saved model, on any Keras backend. See `wellspring.models.building.load_regressor`."""
    from wellspring.models import building

    return building.load_regressor(path)
