"""Exact intensity statistics over any number of wells, from histograms that are small and merge.

Raw intensities are 16-bit, so 65,536 bins per channel hold every measured pixel without loss. Background is a float
and may differ between plates; it is subtracted from the bins, not from the pixels, when histograms are merged.
"""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wellspring.cells.shards import Crop, ShardHeader
from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole

__all__ = [
    "N_BINS",
    "Histogram",
    "Intensities",
    "channel_histograms",
    "clipped_moments",
    "exact_percentile",
    "load_histogram",
    "merged_intensities",
    "save_histogram",
]

N_BINS = 65_536
_BLOCK_PX = 4096


@dataclass(frozen=True)
class Histogram:
    """Raw intensities of a well's training cells.

    Attributes
    ----------
    header : ShardHeader
        Plate, well, channels, and the background of each channel, which is not yet subtracted.
    counts : (n_channels, 65536) int64
        Measured pixels of each raw intensity.
    """

    header: ShardHeader
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Intensities:
    """Background-subtracted intensities of one channel.

    Attributes
    ----------
    values : (k,) float64
        Distinct intensities, ascending, none below 0.
    counts : (k,) int64
        Measured pixels of each, none 0.
    """

    values: NDArray[np.float64]
    counts: NDArray[np.int64]


def channel_histograms(crops: Iterable[Crop], *, n_channels: int) -> NDArray[np.int64]:
    """(n_channels, 65536) int64: how many measured pixels of the crops have each raw intensity.

    One crop is held at a time. No crops give zeros.
    """
    counts = np.zeros((n_channels, N_BINS), dtype=np.int64)
    first_bin = np.arange(n_channels, dtype=np.int64) * N_BINS
    for crop in crops:
        for start in range(0, len(crop.pixels), _BLOCK_PX):
            bins = crop.pixels[start : start + _BLOCK_PX] + first_bin
            np.add.at(counts.reshape(-1), bins.reshape(-1), 1)
    return counts


def save_histogram(path: Path, histogram: Histogram) -> None:
    """Write a histogram as compressed ``.npz``, its empty bins left out."""
    channel, value = np.nonzero(histogram.counts)
    with replaced_when_whole(path) as temporary:
        np.savez_compressed(
            temporary,
            well=np.array([histogram.header.plate, histogram.header.well]),
            channels=np.array(histogram.header.channels, dtype=np.str_),
            background=histogram.header.background,
            channel=channel.astype(np.uint16),
            value=value.astype(np.uint16),
            count=histogram.counts[channel, value],
        )


def load_histogram(path: Path) -> Histogram:
    """Read what `save_histogram` wrote.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing, unreadable, or not such a histogram.
    """
    with as_readable(path, expected="intensity histograms (.npz)"):
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        (plate, well), channels = arrays["well"].tolist(), tuple(arrays["channels"].tolist())
        counts = np.zeros((len(channels), N_BINS), dtype=np.int64)
        counts[arrays["channel"], arrays["value"]] = arrays["count"]
        background = arrays["background"].astype(np.float64)
        return Histogram(ShardHeader(plate, well, channels, background), counts)


def merged_intensities(histograms: Iterable[Histogram]) -> dict[str, Intensities]:
    """The intensities of all histograms together, by channel, each well's background subtracted (floor 0).

    The histograms are consumed one at a time, so memory does not grow with their number. Neighbours of the same
    background (the wells of a plate) are added bin by bin; then the background is subtracted from the bins.

    Returns
    -------
    dict
        Channel name to `Intensities`, in the order of the channels; empty ones where no pixels were counted. No
        histograms give an empty dict.

    Raises
    ------
    ValueError
        When a well's channels differ from the first one's, in name or order.
    """
    merged: dict[str, Intensities] = {}
    for _, group in itertools.groupby(histograms, key=_background):
        wells = iter(group)
        first = next(wells)
        channels = first.header.channels
        _check_channels(first.header, tuple(merged) or channels)
        counts = first.counts.copy()
        for histogram in wells:
            _check_channels(histogram.header, channels)
            counts += histogram.counts
        for name, row, background in zip(channels, counts, first.header.background, strict=True):
            above = _subtracted(row, background=float(background))
            merged[name] = _together(merged[name], above) if name in merged else above
    return merged


def _check_channels(header: ShardHeader, expected: tuple[str, ...]) -> None:
    if header.channels != expected:
        raise InputError(
            f"plate {header.plate}, well {header.well}: expected the channels {list(expected)} of the wells before, "
            f"found {list(header.channels)}. All wells of a dataset need the same channels in the same order: leave "
            "this well out."
        )


def _background(histogram: Histogram) -> bytes:
    return histogram.header.background.tobytes()


def _subtracted(counts: NDArray[np.int64], *, background: float) -> Intensities:
    raw = np.flatnonzero(counts)
    return _distinct(np.maximum(raw - background, 0.0), counts[raw])


def _together(one: Intensities, other: Intensities) -> Intensities:
    return _distinct(np.concatenate([one.values, other.values]), np.concatenate([one.counts, other.counts]))


def _distinct(values: NDArray[np.float64], counts: NDArray[np.int64]) -> Intensities:
    distinct, index = np.unique(values, return_inverse=True)
    summed = np.zeros(len(distinct), dtype=np.int64)
    np.add.at(summed, index, counts)
    return Intensities(values=distinct, counts=summed)


def exact_percentile(intensities: Intensities, q: float) -> float:
    """The `q`-th percentile (0 to 100) of all pixels, bit for bit what ``np.percentile`` gives on them.

    Linear interpolation between the two nearest pixels in order of intensity, numpy's default.

    Raises
    ------
    ValueError
        When there are no pixels.
    """
    _check_any(intensities)
    last_of = np.cumsum(intensities.counts) - 1
    index = float(last_of[-1]) * (q / 100)
    below = math.floor(index)
    lower, upper = intensities.values[np.searchsorted(last_of, [below, min(below + 1, int(last_of[-1]))])]
    weight, step = index - below, upper - lower
    return float(lower + step * weight if weight < 0.5 else upper - step * (1 - weight))


def clipped_moments(intensities: Intensities, *, upper: float = math.inf) -> tuple[float, float]:
    """Mean and population standard deviation of all pixels, each cut at `upper` first.

    Sums are taken over distinct intensities and are correctly rounded (`math.fsum`), so the result is within 1e-12,
    relative, of the real value, whatever the number of pixels; a channel of one intensity has exactly that mean
    and a standard deviation of exactly 0.

    Raises
    ------
    ValueError
        When there are no pixels.
    """
    _check_any(intensities)
    values = np.minimum(intensities.values, upper)
    counts = intensities.counts
    n_px = int(counts.sum())
    above_first = values - values[0]
    excess = math.fsum(counts * above_first) / n_px
    variance = math.fsum(counts * (above_first - excess) ** 2) / n_px
    return float(values[0]) + excess, math.sqrt(variance)


def _check_any(intensities: Intensities) -> None:
    if len(intensities.values) == 0:
        raise InputError("expected measured pixels of training cells, got none. Choose cells with measured pixels.")
