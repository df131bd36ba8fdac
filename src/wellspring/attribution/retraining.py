"""One model trained from scratch without part of its input: how well it does, and which channels it uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from wellspring.attribution.importance import channel_shares
from wellspring.attribution.opening import baselines_of, settings_of
from wellspring.attribution.records import Run
from wellspring.attribution.removal import fill_values
from wellspring.attribution.roar import Lack, RemovedValues, StoredLevels, kept_channels, roar_row, score_maps
from wellspring.attribution.selection import cells_of_split
from wellspring.attribution.tables import IMPORTANCE
from wellspring.jobs import log_device
from wellspring.models.devices import device_name, prepared_device
from wellspring.models.gradients import input_gradients
from wellspring.training import runs
from wellspring.training.batches import ImageSource
from wellspring.training.prediction import input_places
from wellspring.training.runs import Data, Schedule, augmentation_for, fit_run

__all__ = ["Retrained", "retrained"]


@dataclass(frozen=True)
class Retrained:
    """Table `ROAR` with one row, and table `IMPORTANCE` of the new model, on the images that it was trained for."""

    errors: pd.DataFrame
    importance: pd.DataFrame


def retrained(
    data: Data,
    run: Run,
    lack: Lack,
    *,
    importance: pd.DataFrame,
    levels: Path | None,
    params: Mapping[str, Any],
    threads: int,
    report: Callable[[str], None],
) -> Retrained:
    """Train the architecture of `run` from scratch without what `lack` names, in all splits, and test it.

    Parameters
    ----------
    data
        The manifest's cells, whole.
    run
        The explained run: its maps say what goes first.
    importance
        Table `IMPORTANCE` of that run.
    levels
        Its removal levels, for values ranked by the map.
    params
        Of the rule: ``input_channels``, ``training``, ``learning_rate``, ``attribution``, ``roar``, ``n_cells``,
        ``resume_folder``, ``code``.

    Raises
    ------
    ValueError
        As `fit_run` and `kept_channels`.
    """
    device = prepared_device(threads=threads)
    log_device(device_name())
    keras.utils.set_random_seed(lack.seed)
    names = list(params["input_channels"] or data.loader.channels)
    places = input_places(names, channels=data.loader.channels)
    if lack.form == "channels":
        means = importance.groupby("channel")["importance"].mean().reindex(names).fillna(0.0).tolist()
        rng = np.random.default_rng(lack.seed)
        names = kept_channels(means, channels=names, ranking=lack.ranking, n_removed=lack.amount, rng=rng)
    elif lack.ranking != "none":
        fill = fill_values(data.normalization, channels=names)
        # The grid numbers the levels of a map; no other ranking needs it.
        grid = [] if levels is None else sorted(params["roar"]["percents"])
        removed: ImageSource = RemovedValues(
            data.loader,
            inputs=places,
            fill=fill,
            ranking=lack.ranking,
            percent=lack.amount,
            seed=lack.seed,
            level=grid.index(lack.amount) if grid else 0,
            levels=None if levels is None else StoredLevels(levels),
        )
        data = replace(data, loader=removed)
    steps = {key: params["training"][key] for key in ("epochs", "patience", "batch_size", "huber_delta")}
    schedule = Schedule(**steps, learning_rate=params["learning_rate"], device=device)
    if params["roar"]["epochs"]:
        schedule = replace(schedule, epochs=params["roar"]["epochs"])
    fitted = fit_run(
        data,
        runs.Run(run.model, run.regime, lack.seed),
        input_channels=names,
        augmentation=augmentation_for(data, regime=run.regime, **params["training"]["augmentation"]),
        schedule=schedule,
        resume_folder=Path(params["resume_folder"]),
        code=params["code"],
        report=report,
    )
    used = _importance(fitted.model, data, names, run=replace(run, seed=lack.seed), params=params)
    return Retrained(errors=roar_row(fitted.predictions, run=run, lack=lack), importance=used)


def _importance(
    model: keras.Model, data: Data, channels: list[str], *, run: Run, params: Mapping[str, Any]
) -> pd.DataFrame:
    """Importance of the channels to the new model, in a few cells of the explained split."""
    task = params["attribution"]
    rng = np.random.default_rng(0)
    cells = cells_of_split(data.manifest, split=task["split"], max_cells=params["n_cells"], rng=rng)
    settings = settings_of(task)
    maps = score_maps(
        data.loader,
        cells["place"].tolist(),
        inputs=np.asarray(input_places(channels, channels=data.loader.channels), dtype=np.int64),
        scoring=replace(settings.scoring, samples=params["roar"]["samples"]),
        baselines=baselines_of(task["baseline"], loader=data.loader, manifest=data.manifest),
        gradients=input_gradients(model),
        batch_size=settings.batch_size,
        seed=run.seed,
    )
    parts = [
        pd.DataFrame({"channel": channels, "importance": channel_shares(score[:, None, :])}).assign(
            plate=cell.plate, well=cell.well, object_id=cell.object_id, level=cell.level
        )
        for cell, (_, _, score) in zip(cells.itertuples(), maps, strict=True)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(model=run.model, regime=run.regime, seed=run.seed)[IMPORTANCE.names]
