"""Classifiers of images of molecules in cells: SqueezeNet as in Dubois (2017), and InceptionV3."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from wellspring.errors import InputError

if TYPE_CHECKING:
    import keras

__all__ = ["IMAGE_CLASSIFIERS", "build_inception", "build_squeezenet"]

# Squeeze and expand filters of fire modules 2 to 9; a pool comes before modules 2, 4 and 6.
_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
_POOLED_BEFORE = (2, 4, 6)
_SMALLEST_SQUEEZENET, _SMALLEST_INCEPTION = 32, 75


def _fire(values: "keras.KerasTensor", *, squeeze: int, expand: int, has_skip: bool, name: str) -> "keras.KerasTensor":
    """1×1 to `squeeze` channels, then 1×1 and 3×3 to `expand` each, next to each other; the input may be added."""
    from keras import layers

    small = layers.Conv2D(squeeze, 1, activation="relu", name=f"{name}_squeeze")(values)
    one = layers.Conv2D(expand, 1, activation="relu", name=f"{name}_expand_1")(small)
    three = layers.Conv2D(expand, 3, padding="same", activation="relu", name=f"{name}_expand_3")(small)
    found = layers.Concatenate(name=f"{name}_joined")([one, three])
    return layers.Add(name=f"{name}_skip")([values, found]) if has_skip else found


def build_squeezenet(
    *, image_size: int, n_channels: int = 3, n_classes: int = 6, dropout: float = 0.5, has_skips: bool = True
) -> "keras.Model":
    """SqueezeNet v1.1 with identity skips around modules 3, 5, 7, 9 and a batch normalization of the class maps.

    725,598 parameters for three channels and six classes, as in Dubois (2017), 4.1: v1.1 has 725,574, and the four
    numbers of the normalization for each class are the 24 more; the thesis does not say where they are.

    Parameters
    ----------
    image_size
        Side, px; 32 or more. 600 in the thesis.
    n_channels
        Of the images: nucleus, membrane, molecules.
    dropout
        Before the last convolution, of the 512 channels whose mean is the embedding.
    has_skips
        Whether inputs are added; they have no parameters.

    Returns
    -------
    keras.Model
        (B, S, S, n_channels) float32 to (B, n_classes) softmax; the layer ``embedding`` is (B, 512).

    Raises
    ------
    ValueError
        When the images are too small.
    """
    import keras
    from keras import layers

    _check_size(image_size, least=_SMALLEST_SQUEEZENET)
    images = keras.Input((image_size, image_size, n_channels), name="images")
    values = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu", name="conv1")(images)
    for number, (squeeze, expand) in enumerate(_FIRES, start=2):
        if number in _POOLED_BEFORE:
            values = layers.MaxPooling2D(3, strides=2, name=f"pool_{number}")(values)
        is_odd = number % 2 == 1
        values = _fire(values, squeeze=squeeze, expand=expand, has_skip=has_skips and is_odd, name=f"fire{number}")
    embedding = layers.GlobalAveragePooling2D(name="embedding")(values)
    # The 1×1 convolution and the mean over pixels may change places: both are linear.
    kept = layers.Dropout(dropout, name="dropout")(embedding)
    scores = layers.Dense(n_classes, name="classes")(kept)
    scores = layers.BatchNormalization(name="class_normalization")(scores)
    return keras.Model(images, layers.Softmax(name="softmax")(scores), name="squeezenet")


def build_inception(*, image_size: int, n_channels: int = 3, n_classes: int = 8, dropout: float = 0.5) -> "keras.Model":
    """Keras' InceptionV3 without pre-trained weights, a global average (the layer ``embedding``, 2,048) and a softmax.

    (B, S, S, n_channels) float32, S at least 75 px, to (B, n_classes) float32.

    Raises
    ------
    ValueError
        When the images are too small.
    """
    import keras
    from keras import layers

    _check_size(image_size, least=_SMALLEST_INCEPTION)
    images = keras.Input((image_size, image_size, n_channels), name="images")
    backbone = keras.applications.InceptionV3(include_top=False, weights=None, input_tensor=images)
    embedding = layers.GlobalAveragePooling2D(name="embedding")(backbone.output)
    kept = layers.Dropout(dropout, name="dropout")(embedding)
    scores = layers.Dense(n_classes, activation="softmax", name="classes")(kept)
    return keras.Model(images, scores, name="inception")


def _check_size(image_size: int, *, least: int) -> None:
    if image_size < least:
        raise InputError(f"image_size: expected {least} px or more, got {image_size}. Render larger images.")


IMAGE_CLASSIFIERS: Mapping[str, "Callable[..., keras.Model]"] = MappingProxyType(
    {"squeezenet": build_squeezenet, "inception": build_inception}
)
"""By name."""
