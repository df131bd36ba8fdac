"""A trained network as the start of a wider one, which draws the same maps before its training begins."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wellspring.models.weights import Weights, of_model

if TYPE_CHECKING:
    import keras

__all__ = ["widened"]

_Values = NDArray[np.float32]


def widened(weights: Weights, model: "keras.Model", *, widths: tuple[int, ...]) -> Weights:
    """Weights for `model`, a `build_strided_unet` of `widths`, from those of a network that is nowhere wider.

    After Chen, Goodfellow & Shlens 2016 (Net2Net), in another way: new features keep the random numbers of `model`, and
    what leads from them to the old ones is 0. The maps are thus those of the old network, and new features begin to
    count with the first steps.

    Raises
    ------
    ValueError
        When a level of the old network is wider.
    """
    if len(widths) != len(weights.widths) or any(new < old for new, old in zip(widths, weights.widths, strict=True)):
        raise ValueError(f"widths: expected {weights.widths} or wider, as many levels, got {widths}.")
    arrays = {
        path: _overlaid(fresh, weights.arrays[path], path=path, is_joined="decoder" in path and "_a/" in path)
        for path, fresh in of_model(model).items()
    }
    return Weights(weights.task, weights.n_inputs, weights.n_outputs, widths, arrays, weights.about)


def _overlaid(fresh: _Values, old: _Values, *, path: str, is_joined: bool) -> _Values:
    """The fresh array with the old one in it; a kernel's old outputs see no new input."""
    if fresh.ndim == 1:
        return np.concatenate([old, fresh[len(old) :]])
    # Kernels of transposed convolutions hold outputs before inputs.
    is_transposed = path.startswith(("up", "maps"))
    values, before = (np.swapaxes(array, -1, -2) if is_transposed else array for array in (fresh.copy(), old))
    n_in, n_out = before.shape[-2:]
    # After a concatenation the inputs are two blocks, from below and from the encoder.
    n_blocks = 2 if is_joined else 1
    own = np.arange(n_in).reshape(n_blocks, -1) + (np.arange(n_blocks) * (values.shape[-2] // n_blocks))[:, None]
    own -= (np.arange(n_blocks) * (n_in // n_blocks))[:, None]
    values[..., :n_out] = 0
    values[..., own.ravel(), :n_out] = before
    return np.ascontiguousarray(np.swapaxes(values, -1, -2) if is_transposed else values)
