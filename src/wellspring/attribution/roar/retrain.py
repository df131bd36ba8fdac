"""One model trained from scratch without part of its input: how well it does, and which channels it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wellspring.attribution.importance import channel_shares
from wellspring.attribution.loading import baselines_of
from wellspring.attribution.maps.scores import scoring_of
from wellspring.attribution.roar.levels import (
    Removal,
    RemovedValues,
    StoredLevels,
    kept_channels,
    roar_row,
    score_maps,
)
from wellspring.attribution.roar.removal import fill_values
from wellspring.attribution.selection import cells_of_split
from wellspring.attribution.settings import MapSettings, RetrainSettings
from wellspring.attribution.tables import IMPORTANCE
from wellspring.jobs import log_device
from wellspring.models.devices import device_name, prepared_device
from wellspring.models.gradients import input_gradients
from wellspring.training import job
from wellspring.training.job import Data
from wellspring.training.prediction import input_places
from wellspring.training.runs import Run
from wellspring.training.settings import TrainingSettings

__all__ = ["Retrained", "retrained"]


@dataclass(frozen=True)
class Retrained:
    """Table `ROAR` with one row, and table `IMPORTANCE` of the new model, on the images that it was trained for."""

    errors: pd.DataFrame
    importance: pd.DataFrame


def retrained(
    data: Data,
    run: Run,
    removal: Removal,
    *,
    importance: pd.DataFrame,
    levels: Path | None,
    input_channels: Sequence[str] | None,
    training: TrainingSettings,
    learning_rate: float,
    maps: MapSettings,
    settings: RetrainSettings,
    n_cells: int,
    resume_folder: Path,
    code: str,
    threads: int,
    report: Callable[[str], None],
) -> Retrained:
    """Train the architecture of `run` from scratch without what `removal` names, in all splits, and test it.

    Parameters
    ----------
    data
        The manifest's cells, complete.
    run
        The explained run: its maps say what goes first.
    importance
        Table `IMPORTANCE` of that run.
    levels
        Its removal levels, for values ranked by the map.
    input_channels, training, learning_rate, resume_folder, code, report
        As `wellspring.training.job.run`.
    maps, n_cells
        How the new model is explained, on how many cells.

    Raises
    ------
    ValueError
        As `wellspring.training.job.run` and `kept_channels`.
    """
    device = prepared_device(threads=threads)
    log_device(device_name())
    keras.utils.set_random_seed(removal.seed)
    names = list(input_channels or data.loader.channels)
    if removal.form == "channels":
        names = _kept(importance, names, removal)
    elif removal.ranking != "none":
        grid = sorted(settings.percents)
        data = _without_values(data, names, removal, levels=levels, level=grid.index(removal.amount) if grid else 0)
    which = replace(run, seed=removal.seed)
    fitted = job.run(
        data,
        which,
        input_channels=names,
        settings=replace(training, epochs=settings.epochs or training.epochs),
        learning_rate=learning_rate,
        device=device,
        resume_folder=resume_folder,
        code=code,
        report=report,
    )
    used = _importance(fitted.model, data, names, run=which, maps=maps, samples=settings.samples, n_cells=n_cells)
    return Retrained(errors=roar_row(fitted.predictions, run=run, removal=removal), importance=used)


def _kept(importance: pd.DataFrame, names: list[str], removal: Removal) -> list[str]:
    means = importance.groupby("channel")["importance"].mean().reindex(names).fillna(0.0).tolist()
    rng = np.random.default_rng(removal.seed)
    return kept_channels(means, channels=names, ranking=removal.ranking, n_removed=removal.amount, rng=rng)


def _without_values(data: Data, names: list[str], removal: Removal, *, levels: Path | None, level: int) -> Data:
    """The same cells without the removed values; the grid numbers the levels of a map, no other ranking needs it."""
    removed = RemovedValues(
        data.loader,
        inputs=input_places(names, channels=data.loader.channels),
        fill=fill_values(data.normalization, channels=names),
        ranking=removal.ranking,
        percent=removal.amount,
        seed=removal.seed,
        level=level,
        levels=None if levels is None else StoredLevels(levels),
    )
    return replace(data, loader=removed)


def _importance(
    model: keras.Model, data: Data, channels: list[str], *, run: Run, maps: MapSettings, samples: int, n_cells: int
) -> pd.DataFrame:
    """Importance of the channels to the new model, in a few cells of the explained split."""
    cells = cells_of_split(data.manifest, split=maps.split, max_cells=n_cells, rng=np.random.default_rng(0))
    found = score_maps(
        data.loader,
        cells["place"].tolist(),
        inputs=np.asarray(input_places(channels, channels=data.loader.channels), dtype=np.int64),
        scoring=replace(scoring_of(maps), samples=samples),
        baselines=baselines_of(maps.baseline, loader=data.loader, manifest=data.manifest),
        gradients=input_gradients(model),
        batch_size=maps.batch_size,
        seed=run.seed,
    )
    parts = [
        pd.DataFrame({"channel": channels, "importance": channel_shares(score[:, None, :])}).assign(
            plate=cell.plate, well=cell.well, object_id=cell.object_id, level=cell.level
        )
        for cell, (_, _, score) in zip(cells.itertuples(), found, strict=True)
    ]
    return pd.concat(parts, ignore_index=True).assign(**run.columns)[IMPORTANCE.names]
