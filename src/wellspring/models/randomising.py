"""Models made random layer by layer, from the output down: what a map of the model must not survive."""

from collections.abc import Iterator

import keras
import numpy as np

__all__ = ["randomised_from_top"]


def randomised_from_top(model: keras.Model, *, seed: int) -> Iterator[str]:
    """Make the model's layers random, one more each time, and restore them at the end.

    Between two steps the model has its weights random from the output down to the layer whose name was given. The
    values of each weight array are shuffled, so that their scale stays; layers without a kernel (normalisations)
    go with the layer below them, and are not given.

    Parameters
    ----------
    model
        Changed in place, as it was before when the iteration ends or is given up.
    seed
        Same seed, same shuffles.

    Yields
    ------
    str
        Name of the layer.

    Notes
    -----
    Adebayo et al. (2018), cascading randomisation; there weights are drawn anew from the initialiser.
    """
    rng = np.random.default_rng(seed)
    original = model.get_weights()
    try:
        for layer in reversed(model.layers):
            weights = layer.get_weights()
            if not weights:
                continue
            layer.set_weights([rng.permutation(values.reshape(-1)).reshape(values.shape) for values in weights])
            if any(values.ndim > 1 for values in weights):
                yield str(layer.name)
    finally:
        model.set_weights(original)
