"""Groups of channels that hold the same information: found in the images, or named by what the markers stain."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from wellspring.attribution.importance import mean_importance
from wellspring.attribution.tables import CORRELATION, GROUP_IMPORTANCE, GROUPS
from wellspring.errors import InputError

if TYPE_CHECKING:
    from wellspring.training.sources import ImageSource

__all__ = [
    "correlation_groups",
    "correlation_in_training_cells",
    "correlation_table",
    "group_importance",
    "marker_groups",
    "pixel_correlation",
]

_UNKNOWN = "other"


def pixel_correlation(cells: Iterable[NDArray[np.floating]], *, n_channels: int) -> NDArray[np.float64]:
    """Correlation of the channels within cells: pixel by pixel, each cell's mean taken out.

    Parameters
    ----------
    cells
        (n_px, C) each: the measured pixels of a cell.
    n_channels
        C.

    Returns
    -------
    (C, C) float64
        Pearson's r of the pooled pixels, 1 on the diagonal. 0 between channels of which one is constant in every
        cell. Cells' means are taken out because they differ with staining and cell size, not with structure.
    """
    products = np.zeros((n_channels, n_channels))
    for pixels in cells:
        if len(pixels):
            centred = np.asarray(pixels, dtype=np.float64) - np.mean(pixels, axis=0, dtype=np.float64)
            products += centred.T @ centred
    length = np.sqrt(np.diag(products))
    scale = np.where(length > 0, length, 1.0)
    found = np.clip(products / np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def correlation_in_training_cells(
    loader: "ImageSource", splits: Iterable[str], *, channels: Sequence[str], n_cells: int
) -> NDArray[np.float64]:
    """`pixel_correlation` of `channels` in at most `n_cells` training cells, drawn with seed 0.

    Parameters
    ----------
    loader
        Of the manifest's cells.
    splits
        The split of each.
    """
    inputs = [list(loader.channels).index(channel) for channel in channels]
    training = np.flatnonzero(np.asarray(list(splits)) == "train")
    drawn = np.sort(np.random.default_rng(0).permutation(training)[:n_cells])
    images = (loader.batch(np.array([cell]))[0][0] for cell in drawn)
    pixels = (image[image[..., -1] > 0][:, inputs] for image in images)
    return pixel_correlation(pixels, n_channels=len(channels))


def correlation_table(correlation: NDArray[np.float64], *, channels: Sequence[str]) -> pd.DataFrame:
    """Table `CORRELATION` from a (C, C) matrix: one row per ordered pair."""
    n = len(channels)
    names = np.asarray(channels, dtype=np.str_)
    pairs = {"channel": np.repeat(names, n), "other": np.tile(names, n), "correlation": correlation.reshape(-1)}
    return pd.DataFrame(pairs)[CORRELATION.names]


def correlation_groups(
    correlation: NDArray[np.float64], *, channels: Sequence[str], min_correlation: float
) -> pd.DataFrame:
    """Channels grouped by hierarchical clustering with average linkage (table `GROUPS`).

    Parameters
    ----------
    correlation : (C, C) float64
        From `pixel_correlation`. Channels that are opposite (r below 0) are not grouped: they do not show the same
        place.
    min_correlation
        Groups are merged while the mean correlation between their channels is at least this, -1 to 1.

    Returns
    -------
    DataFrame
        A group is named by its first channel, and how many more it has. One channel is one group; none, none.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    labels = np.arange(len(channels))
    if len(channels) > 1:
        distance = 1.0 - (correlation + correlation.T) / 2
        np.fill_diagonal(distance, 0.0)
        tree = linkage(squareform(np.maximum(distance, 0.0), checks=False), method="average")
        labels = fcluster(tree, t=1.0 - min_correlation, criterion="distance")
    members: dict[int, list[str]] = {}
    for channel, label in zip(channels, labels.tolist(), strict=True):
        members.setdefault(label, []).append(str(channel))
    names = {
        channel: group[0] if len(group) == 1 else f"{group[0]} and {len(group) - 1} more"
        for group in members.values()
        for channel in group
    }
    return _grouped("correlation", channels, [names[str(channel)] for channel in channels])


def marker_groups(markers: pd.DataFrame, *, channels: Sequence[str]) -> pd.DataFrame:
    """Channels grouped by what their markers stain (table `GROUPS`).

    Parameters
    ----------
    markers
        Columns ``channel`` and ``kind``, as in ``resources/markers.csv``. A channel that is not in it is of the group
        ``other``.

    Raises
    ------
    ValueError
        When a column is missing or a channel is listed in it twice.
    """
    missing = {"channel", "kind"} - set(markers.columns)
    if missing or markers["channel"].duplicated().any():
        raise InputError(
            f"attribution.groups.markers: expected a table with the columns channel (each once) and kind, got "
            f"{list(markers.columns)}. Correct the table."
        )
    kinds = dict(zip(markers["channel"].astype(str), markers["kind"].astype(str), strict=True))
    return _grouped("marker", channels, [kinds.get(str(channel), _UNKNOWN) for channel in channels])


def _grouped(grouping: str, channels: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    table = pd.DataFrame({"channel": [str(channel) for channel in channels], "group": list(names)}, dtype=object)
    return table.assign(grouping=grouping)[GROUPS.names]


def group_importance(importance: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Mean importance of each group by level, with 99 % intervals of the mean (table `GROUP_IMPORTANCE`).

    Parameters
    ----------
    importance
        Table `IMPORTANCE` of one run.
    groups
        Table `GROUPS`: one group per channel and grouping. A cell's importances are added up within a group, so
        that the interval is that of the sum.

    Raises
    ------
    ValueError
        When a channel has no group.
    """
    found = []
    for grouping, part in groups.groupby("grouping", sort=False):
        names = dict(zip(part["channel"], part["group"], strict=True))
        unknown = sorted(set(importance["channel"]) - set(names))
        if unknown:
            raise InputError(f"groups: expected a group for every channel, found none for {unknown}. Make them again.")
        keys = [name for name in importance.columns if name not in ("channel", "importance")]
        summed = importance.assign(channel=importance["channel"].map(names))
        summed = summed.groupby([*keys, "channel"], sort=False)["importance"].sum(min_count=1).reset_index()
        sizes = pd.Series(list(names.values())).value_counts()
        means = mean_importance(summed).rename(columns={"channel": "group"})
        found.append(means.assign(grouping=grouping, n_channels=means["group"].map(sizes).astype("int64")))
    return pd.concat(found, ignore_index=True)[GROUP_IMPORTANCE.names]
