"""Gradients of a model's output with respect to its input: the one module where Keras' backends differ."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["InputGradients", "input_gradients"]

InputGradients = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""From images (B, S, S, C) to predictions (B,) and gradients (B, S, S, C), all float32."""

_Compiled = Callable[[NDArray[np.float32]], tuple[Any, Any]]


def input_gradients(model: keras.Model) -> InputGradients:
    """Compile a function for a regressor's predictions and their gradients with respect to each image.

    Parameters
    ----------
    model
        From (B, S, S, C) to (B, 1). It runs in inference mode: batch normalization uses its running averages, so
        each prediction depends on its own image alone. The weights are those at the time of each call.

    Returns
    -------
    callable
        Takes a float32 array (B, S, S, C), B at least 1; gives predictions (B,) and gradients (B, S, S, C), float32
        numpy arrays. Gradients are in the target's unit per unit of the (normalised) pixel. On ``jax`` each power
        of two is compiled once; a batch in between is filled up to the next one.

    Raises
    ------
    ValueError
        When Keras runs on a backend other than ``tensorflow`` or ``jax``; when a batch has not the model's shape.
    """
    makers = {"tensorflow": _on_tensorflow, "jax": _on_jax}
    backend = keras.backend.backend()
    if backend not in makers:
        raise InputError(
            f"KERAS_BACKEND: expected one of {sorted(makers)}, got {backend!r}. Set the environment variable "
            "KERAS_BACKEND to tensorflow."
        )
    compiled = makers[backend](model)
    shape = tuple(model.input_shape[1:])

    def gradients(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if images.shape[1:] != shape or len(images) == 0:
            raise InputError(f"images: expected a batch of shape (B, *{shape}), got {images.shape}.")
        predictions, slopes = compiled(np.asarray(images, dtype=np.float32))
        return np.asarray(predictions), np.asarray(slopes)

    return gradients


def _on_tensorflow(model: keras.Model) -> _Compiled:
    import tensorflow as tf

    def gradient(images: Any) -> tuple[Any, Any]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            predictions = model(images, training=False)[:, 0]
        return predictions, tape.gradient(predictions, images)

    compiled: _Compiled = tf.function(
        gradient, input_signature=[tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)]
    )
    return compiled


def _on_jax(model: keras.Model) -> _Compiled:
    import jax

    def total(images: Any, trainable: Any, other: Any) -> tuple[Any, Any]:
        outputs, _ = model.stateless_call(trainable, other, images, training=False)
        return outputs.sum(), outputs[:, 0]

    gradient = jax.jit(jax.grad(total, has_aux=True))

    def compiled(images: NDArray[np.float32]) -> tuple[Any, Any]:
        trainable = [v.value for v in model.trainable_variables]
        n = len(images)
        # Filled up to a power of two, so that few sizes are compiled.
        padded = np.pad(images, [(0, (1 << (n - 1).bit_length()) - n), (0, 0), (0, 0), (0, 0)])
        slopes, predictions = gradient(padded, trainable, [v.value for v in model.non_trainable_variables])
        return predictions[:n], slopes[:n]

    return compiled
