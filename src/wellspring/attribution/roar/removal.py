"""Which values of an image are removed first: by a score map, by intensity, or at random; and what replaces them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.errors import InputError

__all__ = ["RANKINGS", "fill_values", "removal_order", "without_first"]

RANKINGS = ("map", "random", "intensity")


def removal_order(
    values: NDArray[np.floating], *, ranking: str, score: NDArray[np.floating] | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The values of a cell in the order of their removal: measured pixels and channels together.

    Parameters
    ----------
    values : (n_px, C) float
        Normalised intensities of the input channels on the measured pixels.
    ranking
        ``map``: highest score first; ``intensity``: highest intensity first; ``random``.
    score : (n_px, C) float
        The score map there; needed for ``map`` alone.
    rng
        Of the random order, and of the order of ties.

    Returns
    -------
    (n_px * C,) int64
        Places in the flattened `values`.

    Raises
    ------
    ValueError
        When the ranking is unknown, or ``map`` has no score.
    """
    if ranking not in RANKINGS or (ranking == "map" and score is None):
        raise InputError(
            f"attribution.validation: expected a ranking among {list(RANKINGS)}, with a score for 'map', "
            f"got {ranking!r}. Correct the config."
        )
    shuffled = rng.permutation(values.size)
    if ranking == "random":
        return shuffled
    key = np.asarray(values if score is None or ranking == "intensity" else score, dtype=np.float64).reshape(-1)
    return np.asarray(shuffled[np.argsort(-key[shuffled], kind="stable")], dtype=np.int64)


def without_first(
    values: NDArray[np.float32], *, order: NDArray[np.int64], share: float, fill: NDArray[np.floating]
) -> NDArray[np.float32]:
    """(n_px, C) float32: `values` with the first `share` (0 to 1) of them in `order` replaced by `fill` (C,)."""
    left = values.copy()
    gone = order[: round(share * len(order))]
    left.reshape(-1)[gone] = np.broadcast_to(np.asarray(fill, dtype=np.float32), values.shape).reshape(-1)[gone]
    return left


def fill_values(normalization: pd.DataFrame, *, channels: Sequence[str]) -> NDArray[np.float64]:
    """Each channel's mean over the measured pixels of the training cells, normalised, (C,) float64.

    From table `NORMALIZATION`; 0 for a z-score.
    """
    rows = normalization.set_index("channel").loc[list(channels)]
    return np.asarray((rows["mean"] - rows["shift"]) / rows["scale"], dtype=np.float64)
