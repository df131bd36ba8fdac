"""Removal levels: which values of an image go first, and a source of images without them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from wellspring.attribution.maps.baselines import Baselines
from wellspring.attribution.maps.estimates import Estimate, estimated
from wellspring.attribution.maps.paths import Gradients
from wellspring.attribution.maps.scores import Scoring, score_estimate
from wellspring.attribution.resume import ResumeArrays
from wellspring.attribution.roar.removal import removal_order
from wellspring.attribution.tables import ROAR
from wellspring.errors import InputError
from wellspring.files import as_readable, replaced_when_whole
from wellspring.training.runs import Run

if TYPE_CHECKING:
    from wellspring.training.sources import ImageSource

__all__ = [
    "Removal",
    "RemovedValues",
    "StoredLevels",
    "kept_channels",
    "ranked_levels",
    "removal_levels",
    "roar_row",
    "score_maps",
    "write_levels",
]


@dataclass(frozen=True)
class Removal:
    """What is removed from the input before retraining.

    Attributes
    ----------
    form : str
        ``pixels``: values of pixels and channels; ``channels``: complete channels.
    ranking : str
        ``map``, ``random``, ``intensity``; ``none``: nothing is removed.
    amount : int
        Percent of the values, or number of channels.
    seed : int
        Of the training, and of what is drawn at random.
    """

    form: str
    ranking: str
    amount: int
    seed: int


# Of a value that no fraction of the grid removes.
_NEVER = 255


def score_maps(
    source: "ImageSource",
    places: Iterable[int],
    *,
    inputs: NDArray[np.int64],
    scoring: Scoring,
    baselines: Baselines,
    gradients: Gradients,
    batch_size: int,
    seed: int,
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.float32]]]:
    """Place, values and scores of each cell: (n_px, c) float32 each, measured pixels and input channels.

    Noise depends on the seed and the cell's place alone.
    """
    waiting: list[tuple[int, NDArray[np.float32]]] = []

    def estimates() -> Iterator[Estimate[NDArray[np.float32]]]:
        for index in places:
            image = source.batch(np.array([index]))[0][0]
            rng = np.random.default_rng([seed, index])
            waiting.append((index, image))
            yield score_estimate(image, baselines.of(image, rng=rng), scoring=scoring, rng=rng)

    for score in estimated(estimates(), gradients=gradients, batch_size=batch_size):
        index, image = waiting.pop(0)
        mask = image[..., -1] > 0
        yield index, image[mask][:, inputs], score[mask][:, inputs]


def removal_levels(
    values: NDArray[np.float32],
    *,
    ranking: str,
    score: NDArray[np.float32] | None,
    percents: Sequence[float],
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """For each value, which of the ascending `percents` is the first to remove it; 255 for none. (n_px, c) uint8."""
    order = removal_order(values, ranking=ranking, score=score, rng=rng)
    levels = np.full(values.size, _NEVER, dtype=np.uint8)
    for level in reversed(range(len(percents))):
        levels[order[: round(percents[level] / 100 * values.size)]] = level
    return levels.reshape(values.shape)


def ranked_levels(
    maps: Callable[[range], Iterable[tuple[int, NDArray[np.float32], NDArray[np.float32]]]],
    *,
    n: int,
    percents: Sequence[float],
    run: Run,
    resume: ResumeArrays,
    report: Callable[[str], None],
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Place and levels by map of each of `n` cells; cells whose levels the resume files keep need no map again.

    Parameters
    ----------
    maps
        Given places, yields each with its values and scores, as `score_maps`.
    percents
        Ascending.
    report
        Called with a line of progress after about every tenth of the cells.
    """
    for part in resume.parts(n):
        kept = resume.read_arrays(part)
        if kept is None:
            found = []
            for index, values, score in maps(part):
                rng = np.random.default_rng([run.seed, index])
                found.append(removal_levels(values, ranking="map", score=score, percents=percents, rng=rng))
            kept = {"n_px": np.array([len(one) for one in found]), "levels": np.concatenate(found)}
            resume.write_arrays(part, kept)
        yield from zip(part, np.split(kept["levels"], np.cumsum(kept["n_px"])[:-1]), strict=True)
        if part.stop * 10 // n > part.start * 10 // n:
            report(f"{run.label}: ranked {part.stop} of {n} cells")


def write_levels(levels: Iterable[tuple[int, NDArray[np.uint8]]], path: Path) -> None:
    """Write the levels of the cells, in the order 0, 1, 2, ..., to an Arrow file, a cell per batch.

    Raises
    ------
    ValueError
        When a number is missing or out of order.
    """
    schema = pa.schema([("levels", pa.binary())])
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with (
        replaced_when_whole(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, schema, options=options) as writer,
    ):
        for expected, (index, found) in enumerate(levels):
            if index != expected:
                raise InputError(f"{path}: expected the levels of cell {expected}, got those of cell {index}.")
            writer.write_batch(pa.record_batch([pa.array([found.tobytes()], pa.binary())], schema=schema))


class StoredLevels:
    """The levels that `write_levels` wrote: ``StoredLevels(path)[place]`` is (n,) uint8.

    Raises
    ------
    FileNotFoundError, ValueError
        When the file is missing or is no such file.
    """

    def __init__(self, path: Path) -> None:
        with as_readable(path, expected="removal levels of a run"):
            self._file = pa.ipc.open_file(pa.memory_map(str(path)))

    def __len__(self) -> int:
        """Number of cells."""
        return int(self._file.num_record_batches)

    def __getitem__(self, place: int) -> NDArray[np.uint8]:
        """The levels of one cell."""
        return np.frombuffer(self._file.get_batch(place)["levels"][0].as_buffer(), dtype=np.uint8)


class RemovedValues:
    """A source of images in which part of each cell's values is replaced; `training` reads it like any other.

    Parameters
    ----------
    source
        Where the images come from.
    inputs
        Places of the input channels.
    fill : (c,) float
        What replaces a removed value: the channel's mean over the training cells.
    ranking
        ``map``, ``random`` or ``intensity``.
    percent
        Of the values of each cell, from 0 to 100.
    level, levels
        For ``map``: the place of `percent` in the grid, and the stored levels.
    seed
        Of the random ranking and of ties.

    Attributes
    ----------
    channels, n_channels, image_size
        As of the source.
    """

    def __init__(
        self,
        source: "ImageSource",
        *,
        inputs: Sequence[int],
        fill: NDArray[np.floating],
        ranking: str,
        percent: float,
        seed: int,
        level: int = 0,
        levels: StoredLevels | None = None,
    ) -> None:
        self._source = source
        self._inputs = np.asarray(inputs, dtype=np.int64)
        self._fill = np.asarray(fill, dtype=np.float32)
        self._ranking, self._percent, self._seed = ranking, percent, seed
        self._level, self._levels = level, levels
        self.channels, self.n_channels, self.image_size = source.channels, source.n_channels, source.image_size

    def batch(
        self, indices: NDArray[np.integer], *, out: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Images (B, S, S, C) float32 without the removed values, and targets (B,) float32."""
        images, targets = self._source.batch(indices, out=out)
        for image, index in zip(images, np.asarray(indices).tolist(), strict=True):
            mask = image[..., -1] > 0
            pixels = image[mask]
            values = pixels[:, self._inputs]
            gone = self._removed(values, place=index)
            pixels[:, self._inputs] = np.where(gone, self._fill, values)
            image[mask] = pixels
        return images, targets

    def _removed(self, values: NDArray[np.float32], *, place: int) -> NDArray[np.bool_]:
        if self._levels is not None:
            return np.asarray(self._levels[place].reshape(values.shape) <= self._level)
        rng = np.random.default_rng([self._seed, place])
        levels = removal_levels(values, ranking=self._ranking, score=None, percents=[self._percent], rng=rng)
        return np.asarray(levels == 0)


def kept_channels(
    means: Sequence[float], *, channels: Sequence[str], ranking: str, n_removed: int, rng: np.random.Generator
) -> list[str]:
    """The channels that are left when the first `n_removed` are taken out, in their order.

    Parameters
    ----------
    means
        Importance of each channel, for the ranking ``map``: the most important ones go first.
    ranking
        ``map`` or ``random``; intensity says nothing about which channel goes first, as channels are normalised.

    Raises
    ------
    ValueError
        When the ranking is another, or no channel would be left.
    """
    if ranking not in ("map", "random") or not 0 <= n_removed < len(channels):
        raise InputError(
            f"attribution.validation.roar.channels: expected to remove fewer than the {len(channels)} channels by "
            f"'map' or 'random', got {n_removed} by {ranking!r}. Correct the config."
        )
    order = rng.permutation(len(channels))
    if ranking == "map":
        order = order[np.argsort(-np.asarray(means)[order], kind="stable")]
    gone = set(order[:n_removed].tolist())
    return [channel for index, channel in enumerate(channels) if index not in gone]


def roar_row(predictions: pd.DataFrame, *, run: Run, removal: Removal) -> pd.DataFrame:
    """Table `ROAR` with one row: the error on the test cells, from table `PREDICTIONS`.

    Raises
    ------
    ValueError
        When there is no test cell.
    """
    test = predictions[predictions["split"] == "test"]
    if test.empty:
        raise InputError("dataset.split: expected test cells, got none. Leave some out of train and validation.")
    target = test["target"].to_numpy(dtype=np.float64)
    error = test["prediction"].to_numpy(dtype=np.float64) - target
    spread = float(((target - target.mean()) ** 2).sum())
    row = {
        **run.columns,
        "form": removal.form,
        "ranking": removal.ranking,
        "amount": removal.amount,
        "retrained_seed": removal.seed,
        "n_cells": len(test),
        "mae": float(np.abs(error).mean()),
        "r2": 1 - float((error**2).sum()) / spread if spread > 0 else float("nan"),
    }
    return pd.DataFrame([row])[ROAR.names]
