"""Mean intensity of each channel."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from wellspring.raw.images import SiteImage

__all__ = ["channel_means"]


def channel_means(sites: Iterable[SiteImage], *, channels: Sequence[str]) -> pd.DataFrame:
    """Mean intensity over all pixels of all sites.

    Parameters
    ----------
    sites
        Images of the same `channels` in the same order.

    Returns
    -------
    DataFrame
        Columns channel and mean (camera counts), a row per channel; NaN without sites.
    """
    sums, n_px = np.zeros(len(channels), np.uint64), 0
    for site in sites:
        sums += site.image.sum(axis=(1, 2), dtype=np.uint64)
        n_px += site.image[0].size
    means = sums / n_px if n_px else np.full(len(channels), np.nan)
    return pd.DataFrame({"channel": list(channels), "mean": means})
