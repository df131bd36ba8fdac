"""DenseNet-121 fitted further to the classes, with a small layer on top as the embedding (Dincu 2021, appendix A.3)."""

from pathlib import Path
from urllib.error import URLError

import keras
from keras import layers

from wellspring.errors import InputError
from wellspring.files import as_readable
from wellspring.profiling.embeddings.densenet import DensenetSettings
from wellspring.profiling.network_fits import Fitted, Training, fitted_classifier
from wellspring.profiling.network_layers import classified

__all__ = ["build_densenet", "fit_densenet"]

_LEAST_SIZE = 32


def build_densenet(*, image_size: int, n_channels: int, embedding_size: int, weights: str) -> keras.Model:
    """DenseNet-121, a dense layer that is the embedding, a sigmoid (Dincu 2021, figure A.3.1).

    Parameters
    ----------
    weights
        ``random``; ``imagenet``, which Keras downloads; or a path of a ``.weights.h5`` file of
        `keras.applications.DenseNet121` without its top.

    Returns
    -------
    keras.Model
        (B, S, S, n_channels) float32 to (B, 1). A 1 x 1 convolution brings other numbers of channels to the three that
        ImageNet has. Not compiled.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is not there or does not fit, or the fields are below 32 px.
    ConnectionError
        When ImageNet's weights are neither on this machine nor to be had.
    """
    if image_size < _LEAST_SIZE:
        raise InputError(f"profiling.field_size_px: DenseNet-121 needs {_LEAST_SIZE} px or more, got {image_size}.")
    images = keras.Input((image_size, image_size, n_channels), name="images")
    three = images if n_channels == 3 else layers.Conv2D(3, 1, name="three_channels")(images)
    shape = (image_size, image_size, 3)
    base = _densenet(shape, weights="imagenet" if weights == "imagenet" else None)
    if weights not in ("random", "imagenet"):
        with as_readable(Path(weights), expected="weights of DenseNet-121"):
            base.load_weights(weights)
    return classified(images, base(three), embedding_size=embedding_size, name="densenet")


def _densenet(shape: tuple[int, int, int], *, weights: str | None) -> keras.Model:
    try:
        return keras.applications.DenseNet121(include_top=False, weights=weights, input_shape=shape, pooling="avg")
    except Exception as error:  # Keras raises no other kind where a download fails.
        if not isinstance(error.__context__, URLError):
            raise
        raise ConnectionError(
            "profiling.networks.densenet_weights: imagenet is downloaded when it is first used, and the download "
            f"failed ({error.__context__}). Run once on a machine with internet access, or give the path of a "
            ".weights.h5 file, or random."
        ) from error


def fit_densenet(training: Training, *, settings: DensenetSettings) -> Fitted:
    """Fit the classifier on DenseNet-121, all of whose weights are trained further."""
    model = build_densenet(
        image_size=training.images.shape[2],
        n_channels=training.images.shape[1],
        embedding_size=settings.embedding_size,
        weights=settings.densenet_weights,
    )
    return fitted_classifier(model, training, settings=settings)
