"""Classical features of the cells of a field: the baseline that learned embeddings have to beat."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.cells.shards import Crop, Shard

__all__ = ["cell_features", "field_features"]


def cell_features(crop: Crop, *, background: NDArray[np.float64], channels: Sequence[str]) -> dict[str, float]:
    """Size, elongation, and per channel mean, variation and centrality of a cell; correlations between channels.

    ``variation`` is standard deviation over mean, ``centrality`` the light's mean squared distance from the cell's
    centre over that of its pixels: below 1 for light in the middle, above 1 for light at the rim. What is not defined
    (no light, one pixel) is 0, and 1 for centrality.
    """
    y, x = np.nonzero(crop.mask())
    index = np.stack([y - y.mean(), x - x.mean()])
    spread = np.linalg.eigvalsh(np.cov(index, bias=True)) if y.size > 1 else np.zeros(2)
    far = (index**2).sum(axis=0)
    light = np.maximum(crop.pixels.astype(np.float64) - background, 0)
    found = {"area": float(y.size), "elongation": float(np.sqrt(spread[1] / max(spread[0], 1e-6)))}
    for name, values in zip(channels, light.T, strict=True):
        mean = float(values.mean())
        found[f"mean {name}"] = mean
        found[f"variation {name}"] = float(values.std() / mean) if mean > 0 else 0.0
        of_light = float(values @ far / values.sum()) if mean > 0 else 0.0
        found[f"centrality {name}"] = of_light / float(far.mean()) if mean > 0 and far.any() else 1.0
    for first, second in combinations(range(len(channels)), 2):
        pair = light[:, [first, second]]
        known = bool((pair.std(axis=0) > 0).all())
        found[f"correlation {channels[first]} {channels[second]}"] = float(np.corrcoef(pair.T)[0, 1]) if known else 0.0
    return found


def field_features(cells: pd.DataFrame, shard: Shard, *, sites: Sequence[str]) -> pd.DataFrame:
    """Number of cells of each site, and median and median absolute deviation of every feature over them.

    Parameters
    ----------
    cells
        Table of cells of the well, with the column ``site``, a row per crop of `shard`, in any order.
    shard
        The well's crops.
    sites
        Those wanted.

    Returns
    -------
    DataFrame
        Columns ``site``, ``n_cells`` and the features; sites without cells have 0 cells, and no other
        feature (NaN).
    """
    header = shard.header
    site_of = dict(zip(cells["object_id"], cells["site"], strict=True))
    rows = []
    for row in range(len(shard)):
        crop = shard.read(row)
        own = cell_features(crop, background=header.background, channels=header.channels)
        rows.append({"site": site_of[crop.object_id], **own})
    table = pd.DataFrame(rows)
    found = []
    for site in sites:
        own_cells = table[table["site"] == site].drop(columns="site") if rows else table
        median = own_cells.median()
        deviation = (own_cells - median).abs().median()
        values = {"site": site, "n_cells": float(len(own_cells))}
        found.append(
            values | {f"median {k}": v for k, v in median.items()} | {f"spread {k}": v for k, v in deviation.items()}
        )
    return pd.DataFrame(found, columns=None if found else ["site", "n_cells"])
