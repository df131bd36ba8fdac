"""U-Net for maps of an image that works at half of the resolution, with batch normalization: small and fast."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

__all__ = ["build_strided_unet", "margin_px", "step_px"]

# As in `blocks`: Keras' default (0.99) would be stale for most of a short training.
_NORM_MOMENTUM = 0.9


def build_strided_unet(*, n_inputs: int, n_outputs: int, widths: Sequence[int]) -> keras.Model:
    """A U-Net without a fixed image size.

    After Ronneberger et al. 2015, with two changes: the stem is a convolution of 4 x 4 with a stride of 2, so that all
    levels work at half of the resolution or less, which a CPU can pay, and one transposed convolution gives the maps at
    full resolution; every convolution is followed by a batch normalization, which in prediction is one factor and one
    offset, so that a pixel does not depend on the rest of its batch or tile.

    Parameters
    ----------
    n_inputs, n_outputs
        Channels of the images and of the maps.
    widths
        Features of each level, finest first; at least two.

    Returns
    -------
    keras.Model
        (B, Y, X, n_inputs) float32 to (B, Y, X, n_outputs) float32, without an activation at the end. Y and X are
        multiples of `step_px`. Not compiled.
    """
    images = keras.Input((None, None, n_inputs), dtype="float32", name="images")
    features = _convolved(images, widths[0], name="stem", kernel=4, strides=2)
    skips = []
    for level, width in enumerate(widths):
        if level:
            features = layers.MaxPooling2D(name=f"down{level}")(features)
        features = _twice(features, width, name=f"encoder{level}")
        skips.append(features)
    for level in range(len(widths) - 2, -1, -1):
        features = layers.Conv2DTranspose(widths[level], 2, strides=2, name=f"up{level}")(features)
        features = layers.Concatenate(name=f"skip{level}")([features, skips[level]])
        features = _twice(features, widths[level], name=f"decoder{level}")
    maps = layers.Conv2DTranspose(n_outputs, 4, strides=2, padding="same", dtype="float32", name="maps")(features)
    return keras.Model(images, maps, name="strided_unet")


def step_px(n_levels: int) -> int:
    """Sides of an image are multiples of this, px: the stem halves it once, each further level again."""
    return int(2**n_levels)


def margin_px(n_levels: int) -> int:
    """How far a pixel of a map sees, px, rounded up to whole steps.

    On level i, of 2^(i+1) px a sample, two convolutions on the way down and two on the way up reach a sample each, and
    pooling up to two; the stem and the last layer reach 2 px each.
    """
    reach = 4 + 2 * 2**n_levels + sum(6 * 2 ** (level + 1) for level in range(n_levels - 1))
    step = step_px(n_levels)
    return int(-(-reach // step) * step)


def _twice(features: Any, width: int, *, name: str) -> Any:
    return _convolved(_convolved(features, width, name=f"{name}_a"), width, name=f"{name}_b")


def _convolved(features: Any, width: int, *, name: str, kernel: int = 3, strides: int = 1) -> Any:
    features = layers.Conv2D(width, kernel, strides=strides, padding="same", use_bias=False, name=name)(features)
    features = layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"{name}_norm")(features)
    return layers.ReLU(name=f"{name}_relu")(features)
