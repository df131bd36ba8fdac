"""The network that marks spots: residual blocks of dilated convolutions at full resolution."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

__all__ = ["build_spot_network"]

_NORM_MOMENTUM = 0.9


def build_spot_network(widths: Sequence[int]) -> keras.Model:
    """A residual network from an image to a map of marks.

    After DeepSpot (Bouilhol et al. 2022), which enhances spots by a residual bottleneck fed by dilated and pooled
    encoders. This one stays at full resolution, where spots of 1.5 px are seen best and a CPU can still pay: a
    convolution of 3 x 3, then for each entry of `widths` a residual block of two convolutions, the first dilated by 1,
    2, 4, 2, 1 in turn, each with batch normalization and ReLU, and a convolution of 1 x 1 to the mark's logarithm of
    odds.

    Parameters
    ----------
    widths
        Features of each block, all alike.

    Returns
    -------
    keras.Model
        (B, Y, X, 1) float32 to (B, Y, X, 1) float32. Not compiled.
    """
    images = keras.Input((None, None, 1), dtype="float32", name="images")
    features = layers.Conv2D(widths[0], 3, padding="same", name="stem")(images)
    for number, width in enumerate(widths):
        inner = _convolved(features, width, name=f"block{number}_a", dilation=(1, 2, 4, 2, 1)[number % 5])
        inner = _convolved(inner, width, name=f"block{number}_b")
        features = layers.Add(name=f"block{number}")([features, inner])
    marks = layers.Conv2D(1, 1, dtype="float32", bias_initializer=keras.initializers.Constant(-3.0), name="marks")
    return keras.Model(images, marks(features), name="spot_network")


def _convolved(features: Any, width: int, *, name: str, dilation: int = 1) -> Any:
    features = layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"{name}_norm")(features)
    features = layers.ReLU(name=f"{name}_relu")(features)
    return layers.Conv2D(width, 3, padding="same", dilation_rate=dilation, use_bias=False, name=name)(features)
