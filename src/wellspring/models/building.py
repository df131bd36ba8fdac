"""Architectures by name, and models from files."""

from collections.abc import Sequence
from pathlib import Path

import keras

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.methods import methods_in
from wellspring.models import layers  # noqa: F401  (registers the layers that a saved model is made of)
from wellspring.models.architecture import PLACE, Architecture
from wellspring.models.specification import Specification

__all__ = ["build_regressor", "load_regressor"]


def build_regressor(
    name: str,
    *,
    image_size: int,
    n_channels: int,
    input_channels: Sequence[int],
    target_mean: float = 0.0,
    target_std: float = 1.0,
) -> keras.Model:
    """Build one architecture with fresh weights (Keras' global seed and dtype policy).

    Parameters
    ----------
    name
        Of a module of `wellspring.models.architectures`.
    image_size
        Side of the images, px.
    n_channels
        Channels of a batch, its mask (last) included.
    input_channels
        Places in the batch of the channels that the model sees; the others are dropped inside the model.
    target_mean, target_std
        Of the training targets. The model predicts the standardised target and undoes the standardisation itself.

    Returns
    -------
    keras.Model
        (B, image_size, image_size, n_channels) float32 to (B, 1) float32, in the target's unit. Not compiled.

    Raises
    ------
    ValueError
        For an unknown name, an image too small for the architecture, or channels that the batch does not have.
    """
    known = methods_in(PLACE, Architecture)
    if name not in known:
        raise InputError(f"model {name!r}: expected one of {sorted(known)}. Correct training.models.")
    architecture = known[name]
    if image_size < architecture.min_image_size:
        raise InputError(
            f"image_size: {name} needs images of at least {architecture.min_image_size} px, got {image_size} px. "
            f"Raise cells.image_size, or take {name} out of training.models."
        )
    specification = Specification(
        image_size=image_size,
        n_channels=n_channels,
        input_channels=tuple(int(i) for i in input_channels),
        target_mean=float(target_mean),
        target_std=float(target_std),
    )
    return architecture.build(specification)


def load_regressor(path: Path) -> keras.Model:
    """Load a model that was saved as ``.keras``, on whichever backend Keras runs. Not compiled.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or it is not a saved model.
    """
    with as_readable(path, expected="a model that the rule training_fit saved"):
        return keras.saving.load_model(path, compile=False)
