"""Predictions of a trained model, and which channels it sees."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError
from wellspring.training.runs import Run
from wellspring.training.sources import Cells, loaded
from wellspring.training.tables import PREDICTIONS

if TYPE_CHECKING:
    import keras

__all__ = ["input_places", "predicted", "predictions_table"]


def input_places(input_channels: Sequence[str] | None, *, channels: Sequence[str]) -> tuple[int, ...]:
    """Indices in a batch of the channels that a model sees; None means all (the mask, last in a batch, is never one).

    Raises
    ------
    ValueError
        When a name is not among the batch's `channels`.
    """
    if input_channels is None:
        return tuple(range(len(channels)))
    unknown = [name for name in input_channels if name not in channels]
    if unknown:
        raise InputError(
            f"dataset.input_channels: {unknown} are not among the dataset's channels {list(channels)}. Correct the "
            "names; the target channel cannot be an input."
        )
    return tuple(list(channels).index(name) for name in input_channels)


def predicted(model: "keras.Model", cells: Cells, *, batch_size: int, jit_compile: bool = False) -> NDArray[np.float64]:
    """The model's value for each cell, (n,) float64, from its image as it is. No cells, no values."""
    model.jit_compile = jit_compile
    values = [np.empty(0)]
    for begin in range(0, len(cells), batch_size):
        images, _ = loaded(cells, np.arange(begin, min(begin + batch_size, len(cells))))
        values.append(np.asarray(model.predict_on_batch(images), dtype=np.float64)[:, 0])
    return np.concatenate(values)


def predictions_table(manifest: pd.DataFrame, prediction: NDArray[np.float64], *, run: Run) -> pd.DataFrame:
    """Table `PREDICTIONS`: the manifest's cells, in order, with the values that `run` predicts for them."""
    frame = manifest[["plate", "well", "object_id", "split", "target"]].reset_index(drop=True)
    return frame.assign(**run.columns, prediction=prediction)[PREDICTIONS.names]
