"""Which channel of the image a channel of the score map looks like."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.importance import ALL
from wellspring.attribution.tables import SIMILAR
from wellspring.dataset.levels import LEVELS

__all__ = ["similar_channels", "similar_counts", "standardized"]


def standardized(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n, C) float64: each column with mean 0 and population standard deviation 1; a constant column is 0."""
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) == 0:
        return numbers
    centred = numbers - numbers.mean(axis=0)
    spread = centred.std(axis=0)
    # A constant column keeps a spread of rounding errors.
    flat = spread <= 1e-12 * np.abs(numbers).max(axis=0)
    return np.asarray(np.where(flat, 0.0, centred / np.where(flat, 1.0, spread)))


def similar_channels(
    score: NDArray[np.float32], image: NDArray[np.float32], *, mask: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For each channel of a score map the image channel with the least mean absolute difference.

    Both are standardised channel by channel on the measured pixels before, so brightness plays no part.

    Parameters
    ----------
    score, image : (S, S, C) float32
    mask : (S, S) bool
        Measured pixels.

    Returns
    -------
    (C,) int64
        Places of image channels, the first one of ties; -1 where a channel of the map is the same on all measured
        pixels: it looks like none. Nor does any map look like an image channel that is the same on all of them.

    Notes
    -----
    Becker (2021), equation 5.2, where flat channels are not spoken of. Standardised, one is 0 everywhere, and that is
    nearer to any map than a channel that has nothing to do with it (mean difference 0.8 against 1.1, if both are
    normal), so it would win wherever no channel is much like the map.
    """
    maps, channels = standardized(score[mask]), standardized(image[mask])
    found = np.full(score.shape[-1], -1, dtype=np.int64)
    is_flat = ~channels.any(axis=0)
    for index in range(score.shape[-1]):
        if maps[:, index].any() and not is_flat.all():
            difference = np.abs(maps[:, index, None] - channels).mean(axis=0)
            found[index] = np.where(is_flat, np.inf, difference).argmin()
    return found


def similar_counts(similarity: pd.DataFrame) -> pd.DataFrame:
    """How often each image channel is the most similar one, by level (table `SIMILAR`).

    Parameters
    ----------
    similarity
        Table `SIMILARITY` of one run.

    Returns
    -------
    DataFrame
        Per level (low, medium, high, then ``all``): per channel of the score map, and for ``all`` of them together,
        the image channels by falling count, with their percentage and its sum so far. Ties keep the alphabet's order.
        Flat maps, which look like none, are not counted.
    """
    known = similarity[similarity["image_channel"] != ""]
    both = pd.concat([known, known.assign(level=ALL)])
    both = pd.concat([both.assign(channel=ALL), both])
    keys = ["model", "regime", "seed", "level", "channel"]
    counts = both.groupby([*keys, "image_channel"]).size().rename("n_maps").reset_index()
    order = {name: index for index, name in enumerate((*LEVELS, ALL))}
    channels = {name: index for index, name in enumerate([ALL, *similarity["channel"].drop_duplicates()])}
    counts = counts.assign(_level=counts["level"].map(order), _channel=counts["channel"].map(channels))
    counts = counts.sort_values(
        ["_level", "_channel", "n_maps", "image_channel"], ascending=[True, True, False, True], ignore_index=True
    )
    groups = counts.groupby(keys, sort=False)["n_maps"]
    percent = 100 * counts["n_maps"] / groups.transform("sum")
    cumulative = 100 * groups.cumsum() / groups.transform("sum")
    return counts.assign(percent=percent, cumulative=cumulative)[SIMILAR.names]
